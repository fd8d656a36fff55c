"""Slack over HTTP: events and interactions at /slack/events, and the two pages of an installation.

A request is read up to its limit, its signature is checked, and only then anything in it is parsed. So what a client
without the signing secret can send is answered with 400, 401, 408 or 413, at the cost of one hash.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.signature import SignatureVerifier

log = logging.getLogger(__name__)

LARGEST = 1024 * 1024
"""Bytes. An interaction carries the whole message that it was made in."""
SLOWEST = 10.0
"""Seconds that a body may take."""
SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")
TIMESTAMP = re.compile(r"[0-9]{1,12}")

Serve: TypeAlias = Callable[[AsyncBoltRequest], Awaitable[BoltResponse]]


def routes(app: AsyncApp, signing_secret: str, oauth: AsyncOAuthFlow | None) -> list[web.RouteDef]:
    """Those that the settings ask for: events where there is a signing secret, pages where there is an OAuth flow."""
    found = [web.post("/slack/events", _Events(app, signing_secret).receive)] if signing_secret else []
    if oauth is not None:
        found.append(web.get("/slack/install", _page(oauth.handle_installation)))
        found.append(web.get("/slack/oauth_redirect", _page(oauth.handle_callback)))
    return found


class _Events:
    def __init__(self, app: AsyncApp, signing_secret: str) -> None:
        self._app = app
        self._verifier = SignatureVerifier(signing_secret)

    async def receive(self, request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(SLOWEST):
                raw = await _body(request)
        except TimeoutError:
            return web.Response(status=408)
        if raw is None:
            return web.Response(status=413)
        if not self._signed(raw, request.headers):
            return web.Response(status=401)
        try:
            asked = AsyncBoltRequest(body=raw.decode(), headers=_headers(request.headers))
        except (ValueError, AttributeError, TypeError, RecursionError):
            return web.Response(status=400)  # signed, and no payload of Slack's all the same
        try:
            return await to_aiohttp_response(await self._app.async_dispatch(asked))
        except Exception as error:
            # Bolt looks for keys that a body of Slack's always has.
            log.exception("a request of Slack's could not be understood", exc_info=error)
            return web.Response(status=503)

    def _signed(self, raw: bytes, headers: Mapping[str, str]) -> bool:
        signature, timestamp = headers.get("X-Slack-Signature", ""), headers.get("X-Slack-Request-Timestamp", "")
        if SIGNATURE.fullmatch(signature) is None or TIMESTAMP.fullmatch(timestamp) is None:
            return False
        try:
            return bool(self._verifier.is_valid(raw, timestamp, signature))
        except UnicodeDecodeError:
            return False


async def _body(request: web.Request) -> bytes | None:
    """None where there is more than may be. The limit of the web chat is a smaller one."""
    raw = bytearray()
    async for chunk in request.content.iter_any():
        raw += chunk
        if len(raw) > LARGEST:
            return None
    return bytes(raw)


def _headers(headers: Mapping[str, str]) -> dict[str, str | Sequence[str]]:
    """Those that bolt shall see. Others are not covered by the signature, and some would change what it does."""
    kept = ("Content-Type", "X-Slack-Signature", "X-Slack-Request-Timestamp")
    return {name: headers[name] for name in kept if name in headers}


def _page(serve: Serve) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def page(request: web.Request) -> web.StreamResponse:
        cookie = request.headers.get("Cookie", "")
        asked = AsyncBoltRequest(body="", query=request.query_string, headers={"cookie": cookie} if cookie else {})
        try:
            answer = await to_aiohttp_response(await serve(asked))
        except Exception as error:
            # The browser of whoever installs waits for a page, whatever the store or Slack is up to.
            log.exception("a Slack installation failed", exc_info=error)
            answer = web.Response(status=503, text="The app could not be installed now. Please try again.")
        answer.headers["Cache-Control"] = "no-store"
        answer.headers["Referrer-Policy"] = "no-referrer"
        answer.headers["X-Frame-Options"] = "DENY"
        return answer

    return page
