"""conversations.* and users.* of the stand-in, and auth.*: where one can speak, and to whom."""

from bot.sandbox.slack.events import joined_event
from bot.sandbox.slack.method import Method, Refused, Scene, need, page, room
from bot.sandbox.slack.state import APP_ID
from bot.sandbox.slack.types import Json, Message, User

READ = ("channels:read", "groups:read", "im:read", "mpim:read")
HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")


def _user(scene: Scene, name: object) -> User:
    found = scene.world.users.get(str(name))
    if found is None or found.team != scene.team.id:
        raise Refused("user_not_found")
    return found


def test(scene: Scene, args: Json) -> Json:
    team = scene.team
    found: Json = {"url": f"{scene.origin}/", "team": team.name, "user": team.bot.name, "team_id": team.id}
    return found | {"user_id": team.bot.id, "bot_id": team.bot_id, "app_id": APP_ID, "is_enterprise_install": False}


def revoke(scene: Scene, args: Json) -> Json:
    scene.grant.revoked = "token_revoked"
    return {"revoked": True}


def bot(scene: Scene, args: Json) -> Json:
    shown = {"id": scene.team.bot_id, "app_id": APP_ID, "user_id": scene.team.bot.id, "name": scene.team.bot.name}
    return {"bot": {**shown, "deleted": False}}


def open_(scene: Scene, args: Json) -> Json:
    """Direct messages with one person; `return_im` gives the whole channel."""
    users = [name for name in str(args.get("users") or "").split(",") if name]
    if not users and args.get("channel"):
        return {"channel": {"id": room(scene, args).id}, "no_op": True, "already_open": True}
    if len(users) != 1:
        raise Refused("users_list_not_supplied" if not users else "method_not_supported_for_channel_type")
    person = _user(scene, users[0])
    if person.deleted:
        raise Refused("user_disabled")
    if person.is_bot:
        raise Refused("cannot_dm_bot")
    channel = scene.world.direct(person, scene.team.bot)
    return {"channel": channel.json(scene.team.bot.id) if args.get("return_im") else {"id": channel.id}}


def info(scene: Scene, args: Json) -> Json:
    return {"channel": room(scene, args, inside=False).json(scene.team.bot.id)}


def list_(scene: Scene, args: Json) -> Json:
    """Public channels, and others that `types` names and the app is in."""
    kinds = {"public_channel": "channel", "private_channel": "group", "im": "im"}
    wanted = {kinds.get(one, one) for one in str(args.get("types") or "public_channel").split(",")}
    me = scene.team.bot.id
    found = [
        channel.json(me)
        for channel in scene.world.channels.values()
        if channel.team == scene.team.id
        and channel.kind in wanted
        and (channel.kind == "channel" or me in channel.members)
        and not (channel.archived and args.get("exclude_archived"))
    ]
    items, metadata = page(found, args)
    return {"channels": items, "response_metadata": metadata}


def members(scene: Scene, args: Json) -> Json:
    channel = room(scene, args, inside=False)
    items, metadata = page([{"id": name} for name in sorted(channel.members)], args)
    return {"members": [item["id"] for item in items], "response_metadata": metadata}


def join(scene: Scene, args: Json) -> Json:
    channel = room(scene, args, inside=False)
    if channel.kind != "channel":
        raise Refused("method_not_supported_for_channel_type")
    if channel.archived:
        raise Refused("is_archived")
    if scene.team.bot.id not in channel.members:
        channel.members.add(scene.team.bot.id)
        scene.world.bell.ring()
        scene.emit(scene.team.id, joined_event(scene.world, channel, scene.team.bot.id))
    return {"channel": channel.json(scene.team.bot.id)}


def _shown(scene: Scene, messages: list[Message], args: Json) -> tuple[list[Json], bool, Json]:
    oldest, latest = str(args.get("oldest") or "0"), str(args.get("latest") or "9" * 17)
    wide = bool(args.get("inclusive"))
    kept = [m for m in messages if oldest < m.ts < latest or (wide and m.ts in (oldest, latest))]
    metadata = bool(args.get("include_all_metadata"))
    some, more = page(kept, args)
    replies = scene.world.channels[some[0].channel].replies if some else {}
    items = [message.json(metadata=metadata) | _as_parent(message, replies.get(message.ts, [])) for message in some]
    return items, bool(more["next_cursor"]), more


def _as_parent(message: Message, replies: list[Message]) -> Json:
    """What conversations.history and replies add to a message that has replies."""
    if not replies:
        return {}
    users = list(dict.fromkeys(reply.user for reply in replies))
    latest = {"latest_reply": replies[-1].ts, "reply_users": users, "reply_users_count": len(users)}
    return {"thread_ts": message.ts, "reply_count": len(replies), **latest}


def history(scene: Scene, args: Json) -> Json:
    """Newest first, without replies."""
    channel = room(scene, args)
    top = [message for message in reversed(channel.messages.values()) if not message.is_reply]
    items, more, metadata = _shown(scene, top, args)
    return {"messages": items, "has_more": more, "response_metadata": metadata}


def replies(scene: Scene, args: Json) -> Json:
    """The message first, then its replies in order."""
    need(args, "channel", "ts")
    channel = room(scene, args)
    thread = list(scene.world.thread(channel.id, str(args["ts"])))
    if not thread:
        raise Refused("thread_not_found")
    items, more, metadata = _shown(scene, thread, args)
    return {"messages": items, "has_more": more, "response_metadata": metadata}


def user_info(scene: Scene, args: Json) -> Json:
    email = "users:read.email" in scene.grant.scopes
    return {"user": _user(scene, args.get("user")).json(locale=bool(args.get("include_locale")), email=email)}


def by_email(scene: Scene, args: Json) -> Json:
    need(args, "email")
    for user in scene.world.users.values():
        if user.team == scene.team.id and user.email.lower() == str(args["email"]).lower() and not user.deleted:
            return {"user": user.json()}
    raise Refused("users_not_found")


def users(scene: Scene, args: Json) -> Json:
    found = [user.json() for user in scene.world.users.values() if user.team == scene.team.id]
    items, metadata = page(found, args)
    return {"members": items, "cache_ts": scene.world.now(), "response_metadata": metadata}


METHODS: dict[str, tuple[Method, tuple[str, ...]]] = {
    "auth.test": (test, ()),
    "auth.revoke": (revoke, ()),
    "bots.info": (bot, ("users:read",)),
    "conversations.open": (open_, ("im:write", "mpim:write")),
    "conversations.info": (info, READ),
    "conversations.list": (list_, READ),
    "conversations.members": (members, READ),
    "conversations.join": (join, ("channels:join",)),
    "conversations.history": (history, HISTORY),
    "conversations.replies": (replies, HISTORY),
    "users.info": (user_info, ("users:read",)),
    "users.list": (users, ("users:read",)),
    "users.lookupByEmail": (by_email, ("users:read.email",)),
}
