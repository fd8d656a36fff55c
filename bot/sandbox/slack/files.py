"""files.* of the stand-in, as far as a text desk needs them: a file that came, and a file that the app uploads."""

import json
from typing import Any

from bot.sandbox.slack.events import message_event
from bot.sandbox.slack.method import Method, Refused, Scene, need, room
from bot.sandbox.slack.state import World
from bot.sandbox.slack.types import Json, Message


def file(world: World, origin: str, user: str, name: str, *, body: bytes = b"", kind: str = "") -> Json:
    """Keep a file; what messages say of it. It is read at url_private with the app's token."""
    file_id = world.new_id("F")
    links = {"url_private": f"{origin}/files/{file_id}/{name}", "permalink": f"{origin}/files/{user}/{file_id}/{name}"}
    found: Json = {
        "id": file_id,
        "name": name,
        "title": name,
        "mimetype": kind or "application/octet-stream",
        "filetype": name.rpartition(".")[2],
    }
    found |= {"size": len(body), "user": user, "mode": "hosted", "created": world.now(), **links}
    world.files[file_id] = (found, body)
    return found


def info(scene: Scene, args: Json) -> Json:
    found = scene.world.files.get(str(args.get("file")))
    if found is None:
        raise Refused("file_not_found")
    return {"file": found[0]}


def upload_url(scene: Scene, args: Json) -> Json:
    need(args, "filename", "length")
    found = file(scene.world, scene.origin, scene.team.bot.id, str(args["filename"]))
    return {"upload_url": f"{scene.origin}/upload/{found['id']}", "file_id": found["id"]}


def complete(scene: Scene, args: Json) -> Json:
    """Shares what was uploaded as a message in a channel, or in a thread of it."""
    need(args, "files")
    # Any: the list as it came, in a form as JSON text.
    given: Any = json.loads(args["files"]) if isinstance(args["files"], str) else args["files"]
    files = []
    for one in given:
        if one.get("id") not in scene.world.files:
            raise Refused("file_not_found")
        found, body = scene.world.files[one["id"]]
        found |= {"title": one.get("title") or found["name"], "size": len(body)}
        files.append(found)
    if name := args.get("channel_id"):
        channel = room(scene, {"channel": name})
        message = Message(
            team=scene.team.id,
            channel=channel.id,
            ts=scene.world.ts(),
            user=scene.team.bot.id,
            bot_id=scene.team.bot_id,
            text=str(args.get("initial_comment") or ""),
            thread_ts=str(args.get("thread_ts") or ""),
            files=tuple(files),
            subtype="file_share",
        )
        scene.world.keep(message)
        scene.emit(scene.team.id, message_event(scene.world, message))
    return {"files": files}


METHODS: dict[str, tuple[Method, tuple[str, ...]]] = {
    "files.info": (info, ("files:read",)),
    "files.getUploadURLExternal": (upload_url, ("files:write",)),
    "files.completeUploadExternal": (complete, ("files:write",)),
}
