"""The Web API of the stand-in: reads a request as Slack does, asks the method, answers as Slack does.

Answers are HTTP 200 with `ok`; what a quirk orders goes first. Every request is recorded before it is looked at.
"""

import asyncio
import json
from base64 import b64decode
from collections.abc import Callable, Sequence
from typing import TypeAlias

from aiohttp import web
from msgspec import Struct

from bot.sandbox.slack import chat as slack_chat
from bot.sandbox.slack import files as slack_files
from bot.sandbox.slack import rooms as slack_rooms
from bot.sandbox.slack import views as slack_views
from bot.sandbox.slack.method import Method, Refused, Scene
from bot.sandbox.slack.quirks import Quirk, Quirks
from bot.sandbox.slack.state import Grant, World
from bot.sandbox.slack.types import Json

METHODS: dict[str, tuple[Method, tuple[str, ...]]] = {
    **slack_chat.METHODS,
    **slack_rooms.METHODS,
    **slack_views.METHODS,
    **slack_files.METHODS,
}
DOCUMENTS = ("blocks", "attachments", "view", "metadata")
"""Arguments that travel as JSON text inside a form."""
FLAGS = ("inclusive", "include_all_metadata", "return_im", "include_locale", "exclude_archived", "unfurl_links")
FLAGS_MORE = ("unfurl_media", "mrkdwn", "link_names", "reply_broadcast", "prevent_creation")

Check: TypeAlias = Callable[[str, Json], Sequence[str]]
"""What somebody has against a request: method and arguments (documents parsed, flags as booleans, without token)."""


class Request(Struct, kw_only=True):
    """One request to the Web API. `error` is what it was answered: empty for ok, `http_429` and the like else."""

    method: str
    args: Json
    team: str
    at: float
    """Seconds of the loop's clock."""
    error: str = "unanswered"


class Special(Struct, frozen=True):
    """Methods that are not a bot token's: given the arguments, they answer or raise Refused."""

    connect: Callable[[], str]
    access: Callable[[Json], Json]


class WebApi:
    """`handle` is the whole of it. `faults` collects what `check` said: a test wants it empty."""

    def __init__(self, world: World, special: Special, app_token: str, emit: Callable[[str, Json], None]) -> None:
        self._world = world
        self._special = special
        self._app_token = app_token
        self._emit = emit
        self.quirks = Quirks()
        self.check: Check | None = None
        self.requests: list[Request] = []
        self.faults: list[str] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        token, args, bad = await _read(request)
        grant = self._world.grants.get(token)
        record = Request(
            method=method, args=args, team=grant.team if grant else "", at=asyncio.get_running_loop().time()
        )
        self.requests.append(record)
        quirk = self.quirks.take(method)
        if quirk and quirk.kind in ("throttled", "broken") and not quirk.after:
            return self._ended(record, quirk)
        answer = {"ok": False, "error": bad} if bad else self._answer(request, method, token, args, quirk)
        record.error = str(answer.get("error", ""))
        self._world.bell.ring()
        if quirk and quirk.gate:
            await quirk.gate.wait()
        if quirk and quirk.seconds:
            await asyncio.sleep(quirk.seconds)
        if quirk and quirk.kind == "broken":
            return self._ended(record, quirk, request)
        scopes = {"x-oauth-scopes": ",".join(grant.scopes), "x-accepted-oauth-scopes": ""} if grant else {}
        return web.json_response(answer, headers=scopes)

    def _ended(self, record: Request, quirk: Quirk, request: web.Request | None = None) -> web.Response:
        record.error = f"http_{quirk.status}" if quirk.status else "lost"
        self._world.bell.ring()
        if quirk.kind == "throttled":
            told = {"ok": False, "error": "ratelimited"}
            return web.json_response(told, status=429, headers={"Retry-After": str(int(quirk.seconds))})
        if request is not None and not quirk.status and request.transport is not None:
            request.transport.close()
        return web.Response(status=quirk.status or 500, text="<html>upstream error</html>", content_type="text/html")

    def _answer(self, request: web.Request, method: str, token: str, args: Json, quirk: Quirk | None) -> Json:
        try:
            if quirk and quirk.kind == "refused":
                raise Refused(quirk.error, **(quirk.extra or {}))
            if self.check and (faults := self.check(method, args)):
                self.faults += [f"{method}: {fault}" for fault in faults]
                raise Refused("invalid_arguments", response_metadata={"messages": list(faults)})
            return {"ok": True, **self._call(str(request.url.origin()), method, token, args)}
        except Refused as refused:
            return {"ok": False, "error": refused.error, **refused.extra}

    def _call(self, origin: str, method: str, token: str, args: Json) -> Json:
        if method == "oauth.v2.access":
            return self._special.access(args)
        if method != "apps.connections.open" and method not in METHODS:
            raise Refused("unknown_method", req_method=method)
        if not token:
            raise Refused("not_authed")
        if (method == "apps.connections.open") != token.startswith("xapp-"):
            raise Refused("not_allowed_token_type")
        if method == "apps.connections.open":
            if token != self._app_token:
                raise Refused("invalid_auth")
            return {"url": self._special.connect()}
        call, scopes = METHODS[method]
        grant = self._granted(token, scopes)
        return call(Scene(self._world, self._world.teams[grant.team], grant, self._emit, origin), args)

    def _granted(self, token: str, scopes: tuple[str, ...]) -> Grant:
        grant = self._world.grants.get(token)
        if grant is None:
            raise Refused("invalid_auth")
        if grant.revoked:
            raise Refused(grant.revoked)
        if scopes and not set(scopes) & set(grant.scopes):
            raise Refused("missing_scope", needed=",".join(scopes), provided=",".join(grant.scopes))
        return grant


def _client(scheme: str, credentials: str) -> dict[str, str]:
    """Who an app says it is where it has no token yet: id and secret, by HTTP Basic."""
    if scheme.lower() != "basic":
        return {}
    name, _, secret = b64decode(credentials).decode("latin-1").partition(":")
    return {"client_id": name, "client_secret": secret}


async def _read(request: web.Request) -> tuple[str, Json, str]:
    """The token, the arguments, and the error where the request cannot be read. A JSON body needs the header."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    token = bearer if scheme.lower() == "bearer" else ""
    if request.content_type == "application/json":
        try:
            args = json.loads(await request.text() or "{}")
        except ValueError:
            return token, {}, "invalid_json"
        if not isinstance(args, dict):
            return token, {}, "json_not_object"
        return token, args, ""
    form = {**_client(scheme, bearer), **request.query, **await request.post()}
    args = {name: value for name, value in form.items() if isinstance(value, str)}
    token = str(args.pop("token", "")) or token
    for name in DOCUMENTS:
        if name in args:
            try:
                args[name] = json.loads(args[name])
            except ValueError:
                return token, args, "invalid_blocks_format" if name == "blocks" else "invalid_arguments"
    for name in (*FLAGS, *FLAGS_MORE):
        if name in args:
            args[name] = args[name].lower() in ("1", "true")
    return token, args, ""
