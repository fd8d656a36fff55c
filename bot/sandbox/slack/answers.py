"""What the app answers to an interaction without the Web API: in its acknowledgement, or later at a response_url."""

import asyncio
import json
from collections.abc import Callable

from aiohttp import web
from msgspec import Struct
from msgspec.structs import replace

from bot.sandbox.slack.chat import checked
from bot.sandbox.slack.check import faults_of_view
from bot.sandbox.slack.delivery import Ack
from bot.sandbox.slack.events import changed_event, deleted_event, message_event
from bot.sandbox.slack.method import Refused
from bot.sandbox.slack.state import APP_ID, World
from bot.sandbox.slack.types import Json, Message, User, View
from bot.sandbox.slack.web import Request

USES = 5
SECONDS = 1800.0


class Place(Struct):
    """Where a response_url leads."""

    user: User
    channel: str
    message: Message | None
    until: float
    used: int = 0


class Answers:
    def __init__(self, world: World, emit: Callable[[str, Json], None], record: Callable[[Request], None]) -> None:
        self._world = world
        self._emit = emit
        self._record = record
        self._places: dict[str, Place] = {}
        self.origin = ""
        self.faults: list[str] = []
        """What was wrong with answers; a test wants it empty."""

    def url(self, user: User, channel: str, message: Message | None = None) -> str:
        """Good for five answers in half an hour."""
        name = self._world.new_id("response")
        until = asyncio.get_running_loop().time() + SECONDS
        self._places[name] = Place(user, channel, message, until)
        return f"{self.origin}/response/{name}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        now = asyncio.get_running_loop().time()
        place = self._places.get(request.match_info["name"])
        args: Json = json.loads(await request.text())
        team = place.user.team if place else ""
        error = "used_url" if place and place.used >= USES else "expired_url" if place and now > place.until else ""
        if place is None or error:
            self._record(Request(method="response_url", args=args, team=team, at=now, error=error or "not_found"))
            return web.json_response({"ok": False, "error": error or "not_found"}, status=404)
        place.used += 1
        try:
            self._answered(place, args)
        except Refused as refused:
            error = refused.error
            self.faults.append(f"response_url: {error} {refused.extra}")
        self._record(Request(method="response_url", args=args, team=team, at=now, error=error))
        self._world.bell.ring()
        return web.json_response({"ok": False, "error": error}, status=500) if error else web.Response(text="ok")

    def _answered(self, place: Place, args: Json) -> None:
        old = place.message
        if old and args.get("delete_original"):
            self._gone(old)
        elif old and args.get("replace_original"):
            checked(args)
            blocks = self._world.with_ids(args.get("blocks") or [])
            self._changed(old, replace(old, text=str(args.get("text") or ""), blocks=blocks))
        else:
            self.post(place.user, place.channel, args, strict=True)

    def _gone(self, old: Message) -> None:
        if old.ephemeral:
            self._world.ephemeral[:] = [one for one in self._world.ephemeral if one.ts != old.ts]
            return
        self._world.channels[old.channel].messages.pop(old.ts, None)
        self._emit(old.team, deleted_event(self._world, old))

    def _changed(self, old: Message, new: Message) -> None:
        if old.ephemeral:
            self._world.ephemeral[:] = [new if one.ts == old.ts else one for one in self._world.ephemeral]
            return
        self._world.keep(new)
        self._emit(old.team, changed_event(self._world, old, new))

    def post(self, user: User, channel: str, args: Json, *, strict: bool = False) -> None:
        """A message of the app: for this person only, unless response_type is in_channel. Where it cannot be shown,
        it is noted, or (`strict`) refused."""
        try:
            checked(args)
        except Refused as refused:
            if strict:
                raise
            self.faults.append(f"acknowledgement: {refused.error} {refused.extra}")
            return
        team = self._world.teams[user.team]
        message = Message(
            team=team.id,
            channel=channel,
            ts=self._world.ts(),
            user=team.bot.id,
            bot_id=team.bot_id,
            app_id=APP_ID,
            text=str(args.get("text") or ""),
            blocks=self._world.with_ids(args.get("blocks") or []),
            thread_ts=str(args.get("thread_ts") or ""),
            ephemeral="" if args.get("response_type") == "in_channel" else user.id,
        )
        self._world.keep(message)
        if not message.ephemeral:
            self._emit(team.id, message_event(self._world, message))

    def submitted(self, user: User, view: View, ack: Ack) -> Ack:
        """What the acknowledgement of a submitted modal does to it."""
        body = ack.body if isinstance(ack.body, dict) else {}
        kind, stack = body.get("response_action", ""), self._world.modals.get(user.id, [])
        given = body.get("view") if kind in ("update", "push") else None
        faults = faults_of_view(given) if isinstance(given, dict) else []
        unknown = set(body.get("errors", ())) - {block.get("block_id") for block in view.blocks}
        faults += [f"errors: no block {name}" for name in sorted(unknown)]
        if faults or kind not in ("", "errors", "update", "push", "clear"):
            self.faults.append(f"view_submission: {kind} {faults}")
            return replace(ack, ok=False, reason="invalid_response")
        if kind == "errors":
            self._world.show(replace(view, errors=dict(body["errors"])))
        elif kind == "update" and isinstance(given, dict):
            self._world.changed_view(view, given)
        elif kind == "push" and isinstance(given, dict):
            self._world.new_view(user, given, view)
        elif kind == "clear":
            stack.clear()
        else:
            stack[:] = [one for one in stack if one.id != view.id]
        self._world.bell.ring()
        return ack
