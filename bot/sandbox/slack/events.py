"""Events as the Events API words them, and which subscription each needs."""

from bot.sandbox.slack.state import APP_ID, Channel, Team, World
from bot.sandbox.slack.types import Json, Message

SUBSCRIPTIONS = (
    *("app_home_opened", "app_mention", "app_uninstalled", "channel_archive", "member_joined_channel"),
    *("message.channels", "message.groups", "message.im", "reaction_added", "reaction_removed", "tokens_revoked"),
)
"""All that the stand-in can tell."""
KINDS = {"channel": "message.channels", "group": "message.groups", "im": "message.im"}


def subscription(world: World, event: Json) -> str:
    """The name under which an app subscribes to this event."""
    if event["type"] != "message":
        return str(event["type"])
    return KINDS[world.channels[event["channel"]].kind]


def place(world: World, channel: str) -> Json:
    return {"channel": channel, "channel_type": world.channels[channel].kind}


def message_event(world: World, message: Message) -> Json:
    """Somebody (the app as well) said something."""
    found = message.json(metadata=True) | place(world, message.channel) | {"event_ts": message.ts}
    parent = world.channels[message.channel].messages.get(message.thread_ts) if message.is_reply else None
    return found | ({"parent_user_id": parent.user} if parent else {})


def mention_event(message: Message) -> Json:
    return message.json() | {"type": "app_mention", "channel": message.channel, "event_ts": message.ts}


def changed_event(world: World, old: Message, new: Message) -> Json:
    at = world.ts()
    found: Json = {"type": "message", "subtype": "message_changed", "hidden": True, "ts": at, "event_ts": at}
    return found | place(world, new.channel) | {"message": new.json(metadata=True), "previous_message": old.json()}


def deleted_event(world: World, old: Message) -> Json:
    at = world.ts()
    found: Json = {"type": "message", "subtype": "message_deleted", "hidden": True, "ts": at, "event_ts": at}
    return found | place(world, old.channel) | {"deleted_ts": old.ts, "previous_message": old.json()}


def reaction_event(world: World, message: Message, user: str, name: str, kind: str) -> Json:
    item = {"type": "message", "channel": message.channel, "ts": message.ts}
    return {
        "type": kind,
        "user": user,
        "reaction": name,
        "item_user": message.user,
        "item": item,
        "event_ts": world.ts(),
    }


def joined_event(world: World, channel: Channel, user: str) -> Json:
    found: Json = {"type": "member_joined_channel", "user": user, "channel": channel.id, "channel_type": "C"}
    return found | {"team": channel.team, "event_ts": world.ts()}


def by_person(team: Team, event: Json) -> bool:
    """Whether a person caused it, and not the app itself."""
    inner = event.get("message") or event.get("previous_message") or event
    return inner.get("bot_id") != team.bot_id and inner.get("user") != team.bot.id


def envelope(world: World, team: Team, event: Json, event_id: str) -> Json:
    """What travels: the event with everything around it."""
    found: Json = {"token": "sandbox", "type": "event_callback", "api_app_id": APP_ID, "team_id": team.id}
    found |= {"event": event, "event_id": event_id, "event_time": world.now(), "is_ext_shared_channel": False}
    whose: Json = {"enterprise_id": None, "team_id": team.id, "user_id": team.bot.id, "is_bot": True}
    return found | {"authorizations": [whose | {"is_enterprise_install": False}], "event_context": f"4-{event_id}"}
