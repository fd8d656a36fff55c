"""The web hook: one route at a path that cannot be guessed, open to whoever knows the secret token too.

200 says that an update is done with, 503 that it shall come again. What is no update of the Bot API is answered with
200 as well, as is one that is far larger than any can be: the platform would send it again and again otherwise.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from hmac import compare_digest

from aiohttp import web

from bot.channels.telegram.read import read
from bot.channels.telegram.types import Update

log = logging.getLogger(__name__)

HEADER = "X-Telegram-Bot-Api-Secret-Token"
LARGEST = 512 * 1024
PATIENCE = 10.0
"""Seconds for a body to arrive."""
LATER = {"Retry-After": "1"}


class Webhook:
    def __init__(self, take: Callable[[Update], Awaitable[bool]], path: str, secret: str) -> None:
        self.path = f"/telegram/{path}"
        self.secret = secret
        self._take = take

    def routes(self) -> list[web.RouteDef]:
        return [web.post(self.path, self._receive)]

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        given = request.headers.get(HEADER, "").encode("utf-8", "replace")
        if not compare_digest(given, self.secret.encode()):
            # As any other path: whoever has only the path learns nothing.
            return web.Response(status=404)
        try:
            body = await _body(request)
        except (TimeoutError, ConnectionError, web.RequestPayloadError):
            return web.Response(status=408)
        if body is None:
            log.warning("an update of Telegram is larger than %d bytes; it is left out", LARGEST)
            return web.Response()
        if await self._take(read(body)):
            return web.Response()
        return web.Response(status=503, headers=LATER)


async def _body(request: web.Request) -> bytes | None:
    """None where there is too much of it. Raises TimeoutError."""
    content = request.content
    if content.is_eof() and content.total_bytes <= LARGEST and not content.exception():
        return content.read_nowait()  # it came with the head, as nearly every update does
    parts, size = [], 0
    async with asyncio.timeout(PATIENCE):
        async for part in content.iter_any():
            size += len(part)
            if size > LARGEST:
                return None
            parts.append(part)
    return b"".join(parts)
