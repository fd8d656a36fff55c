"""The event stream of a chat: server-sent events that follow the log.

Each event is the whole `{cursor, entries, ask, status}` after the one before, and its id is the cursor, so that a
reader goes on where it was with Last-Event-ID. The first event comes at once and says where the chat stands. A hint
only makes an event come sooner: the log is read again at every tick, so nothing is missed where a hint is. A stream
ends by itself when the chat has ended and when the service stops.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping

from aiohttp import web

from bot.channels import web_types as wire
from bot.channels import web_wire
from bot.channels.base import Front, Hint
from bot.channels.verify import Tokens
from bot.channels.web_errors import Refused
from bot.errors import StoreUnavailable

TICK = 15.0
"""Seconds between comments; a connection that nobody reads any more is found at the next one."""
MOST_A_CHAT = 6
"""As many connections as a browser gives one host over HTTP/1.1."""


class Streams:
    """The open streams. `tick` is in seconds."""

    def __init__(self, front: Front, tokens: Tokens, tick: float = TICK) -> None:
        self._front, self._tokens, self._tick = front, tokens, tick
        self._open: Counter[str] = Counter()
        self._closing = asyncio.Event()

    def close(self) -> None:
        """End every stream soon; a reader comes back to the next process with its Last-Event-ID."""
        self._closing.set()

    async def serve(
        self, request: web.Request, chat: str, cursor: int, headers: Mapping[str, str]
    ) -> web.StreamResponse:
        """Raises Unknown and StoreUnavailable before the stream begins, Refused where the chat has too many."""
        if self._open[chat] >= MOST_A_CHAT:
            raise Refused(429, "streams", "This chat has too many event streams open.", wait=self._tick)
        self._open[chat] += 1
        try:
            with self._front.listen(chat) as hint:
                first = web_wire.state(await self._front.look(chat, cursor), self._tokens)
                response = web.StreamResponse(headers=headers)
                response.headers["Content-Type"] = "text/event-stream"
                response.headers["X-Accel-Buffering"] = "no"
                await response.prepare(request)
                try:
                    await self._follow(response, hint, chat, first, cursor)
                    await response.write_eof()
                except ConnectionError:
                    pass  # the reader went away
                return response
        finally:
            self._open[chat] -= 1
            if not self._open[chat]:
                del self._open[chat]

    async def _follow(
        self, response: web.StreamResponse, hint: Hint, chat: str, first: wire.State, cursor: int
    ) -> None:
        now: wire.State | None = first
        told: tuple[int, int | None, str] | None = None
        hinted = False
        while not self._closing.is_set():
            if now is not None and _marks(now) != told:
                await response.write(b"id: %d\ndata: %b\n\n" % (now.cursor, web_wire.encode(now)))
                told, cursor = _marks(now), now.cursor
            elif not hinted:
                await response.write(b": still here\n\n")
            if now is not None and now.status == "ended":
                return
            hinted = await self._wait(hint)
            try:
                now = web_wire.state(await self._front.look(chat, cursor), self._tokens)
            except StoreUnavailable:
                now = None  # it is asked again at the next tick

    async def _wait(self, hint: Hint) -> bool:
        """Until a hint, a tick or the end of the service."""
        hinted = asyncio.ensure_future(hint.wait(self._tick))
        closing = asyncio.ensure_future(self._closing.wait())
        try:
            await asyncio.wait((hinted, closing), return_when=asyncio.FIRST_COMPLETED)
            return hinted.done() and hinted.result()
        finally:
            hinted.cancel()
            closing.cancel()


def _marks(state: wire.State) -> tuple[int, int | None, str]:
    """What a reader must be told of when it changes."""
    return state.cursor, None if state.ask is None else state.ask.fence, state.status
