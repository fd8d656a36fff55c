"""chat.* and reactions.* of the stand-in: what the app says, changes, takes back and marks."""

import json

from msgspec.structs import replace

from bot.sandbox.slack import check as slack_check
from bot.sandbox.slack.events import changed_event, deleted_event, message_event, reaction_event
from bot.sandbox.slack.method import Method, Refused, Scene, need, room, said
from bot.sandbox.slack.state import APP_ID, Channel
from bot.sandbox.slack.types import Json, Message

METADATA = 8_000
"""Characters of a message's metadata."""


def checked(args: Json, most: int = slack_check.TEXT) -> None:
    """Raises Refused for a message that Slack would not show."""
    blocks, text = args.get("blocks"), str(args.get("text") or "")
    if not text and not blocks and not args.get("attachments"):
        raise Refused("no_text")
    if len(text) > most:
        raise Refused("msg_too_long")
    if blocks:
        if faults := slack_check.faults_of_blocks(blocks):
            raise Refused("invalid_blocks", errors=faults, response_metadata={"messages": faults})
        if slack_check.words_of_blocks(blocks) > slack_check.ALL_WORDS:
            raise Refused("msg_blocks_too_long")
    metadata = args.get("metadata")
    if metadata and not (isinstance(metadata, dict) and {"event_type", "event_payload"} <= set(metadata)):
        raise Refused("invalid_metadata_format")
    if metadata and len(json.dumps(metadata)) > METADATA:
        raise Refused("metadata_too_large")


def _target(scene: Scene, args: Json) -> Channel:
    """Where chat.postMessage goes: a channel by id or name, or a person's direct messages by the person's id."""
    need(args, "channel")
    world, name = scene.world, str(args["channel"])
    person = world.users.get(name)
    try:
        ours = person is not None and person.team == scene.team.id
        channel = world.direct(person, scene.team.bot) if person and ours else world.channel(name, scene.team.id)
    except LookupError:
        raise Refused("channel_not_found") from None
    open_to_all = channel.kind == "channel" and "chat:write.public" in scene.grant.scopes
    channel = channel if open_to_all else room(scene, {"channel": channel.id})
    if channel.archived:
        raise Refused("is_archived")
    return channel


def _message(scene: Scene, channel: Channel, args: Json) -> Message:
    return Message(
        team=scene.team.id,
        channel=channel.id,
        ts=scene.world.ts(),
        user=scene.team.bot.id,
        bot_id=scene.team.bot_id,
        app_id=APP_ID,
        username=str(args.get("username") or "") if "chat:write.customize" in scene.grant.scopes else "",
        text=str(args.get("text") or ""),
        blocks=scene.world.with_ids(args.get("blocks") or []),
        thread_ts=str(args.get("thread_ts") or ""),
        metadata=args.get("metadata") or None,
    )


def post(scene: Scene, args: Json) -> Json:
    channel = _target(scene, args)
    checked(args)
    message = scene.world.keep(_message(scene, channel, args))
    scene.emit(scene.team.id, message_event(scene.world, message))
    return {"channel": channel.id, "ts": message.ts, "message": message.json(metadata=True)}


def update(scene: Scene, args: Json) -> Json:
    """Text alone takes the blocks away; metadata stays unless it is given; only a text shows as edited."""
    need(args, "channel", "ts")
    channel = room(scene, args)
    old = said(channel, args["ts"])
    if old.user != scene.team.bot.id:
        raise Refused("cant_update_message")
    if channel.archived:
        raise Refused("is_archived")
    checked(args, slack_check.UPDATED_TEXT)
    metadata = args["metadata"] or None if isinstance(args.get("metadata"), dict) else old.metadata
    blocks = scene.world.with_ids(args.get("blocks") or [])
    edited = old.edited if blocks else scene.world.ts()
    new = replace(old, text=str(args.get("text") or ""), blocks=blocks, metadata=metadata, edited=edited)
    scene.world.keep(new)
    scene.emit(scene.team.id, changed_event(scene.world, old, new))
    return {"channel": channel.id, "ts": new.ts, "text": new.text, "message": new.json(metadata=True)}


def delete(scene: Scene, args: Json) -> Json:
    need(args, "channel", "ts")
    channel = room(scene, args)
    old = said(channel, args["ts"])
    if old.user != scene.team.bot.id:
        raise Refused("cant_delete_message")
    del channel.messages[old.ts]
    scene.world.bell.ring()
    scene.emit(scene.team.id, deleted_event(scene.world, old))
    return {"channel": channel.id, "ts": old.ts}


def post_ephemeral(scene: Scene, args: Json) -> Json:
    need(args, "channel", "user")
    channel = _target(scene, args)
    if args["user"] not in channel.members:
        raise Refused("user_not_in_channel")
    checked(args)
    message = scene.world.keep(replace(_message(scene, channel, args), ephemeral=args["user"]))
    return {"message_ts": message.ts}


def permalink(scene: Scene, args: Json) -> Json:
    need(args, "channel", "message_ts")
    channel = room(scene, args, inside=False)
    message = said(channel, args["message_ts"])
    link = f"{scene.origin}/archives/{channel.id}/p{message.ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": link}


def react(scene: Scene, args: Json) -> Json:
    message, name, users = _reaction(scene, args)
    if scene.team.bot.id in users:
        raise Refused("already_reacted")
    scene.world.keep(replace(message, reactions={**message.reactions, name: (*users, scene.team.bot.id)}))
    scene.emit(scene.team.id, reaction_event(scene.world, message, scene.team.bot.id, name, "reaction_added"))
    return {}


def unreact(scene: Scene, args: Json) -> Json:
    message, name, users = _reaction(scene, args)
    if scene.team.bot.id not in users:
        raise Refused("no_reaction")
    left = tuple(user for user in users if user != scene.team.bot.id)
    rest = {key: value for key, value in message.reactions.items() if key != name}
    scene.world.keep(replace(message, reactions=rest | ({name: left} if left else {})))
    scene.emit(scene.team.id, reaction_event(scene.world, message, scene.team.bot.id, name, "reaction_removed"))
    return {}


def _reaction(scene: Scene, args: Json) -> tuple[Message, str, tuple[str, ...]]:
    need(args, "channel", "timestamp", "name")
    channel = room(scene, args)
    message = said(channel, args["timestamp"])
    name = str(args["name"]).strip(":")
    if not name.replace("_", "").replace("-", "").replace("+", "").isalnum():
        raise Refused("invalid_name")
    return message, name, message.reactions.get(name, ())


def reactions(scene: Scene, args: Json) -> Json:
    need(args, "channel", "timestamp")
    channel = room(scene, args)
    return {"type": "message", "channel": channel.id, "message": said(channel, args["timestamp"]).json()}


METHODS: dict[str, tuple[Method, tuple[str, ...]]] = {
    "chat.postMessage": (post, ("chat:write",)),
    "chat.update": (update, ("chat:write",)),
    "chat.delete": (delete, ("chat:write",)),
    "chat.postEphemeral": (post_ephemeral, ("chat:write",)),
    "chat.getPermalink": (permalink, ()),
    "reactions.add": (react, ("reactions:write",)),
    "reactions.remove": (unreact, ("reactions:write",)),
    "reactions.get": (reactions, ("reactions:read",)),
}
"""Each with the scopes of which one is needed."""
