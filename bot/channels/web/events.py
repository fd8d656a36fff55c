"""The event stream of a chat: server-sent events that follow the log.

Each event is the whole `{cursor, entries, ask, status}` after the one before, and its id is the cursor, so that a
reader goes on where it was with Last-Event-ID. The first event comes at once and says where the chat stands. A hint
only makes an event come sooner: the log is read again at every tick, so nothing is missed where a hint is. A stream
ends by itself when the chat has ended and when the service stops. In a handoff those at the desk hear when the chat's
first stream at this process opens and when its last one here ends, which is found within seconds.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from aiohttp import web

from bot.channels.base import Front, Hint
from bot.channels.verify import Tokens
from bot.channels.web import types as wire
from bot.channels.web import wire as web_wire
from bot.channels.web.errors import Refused
from bot.errors import StoreUnavailable

TICK = 15.0
"""Seconds between comments; a connection that nobody reads any more is found at the next one."""
SOON = 1.0
"""Seconds until a chat that could not be read is read again, what was hinted being known then."""
GLANCE = 2.0
"""Seconds between looks whether the reader is still there."""
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
        stream: _Stream | None = None
        try:
            with self._front.listen(chat) as hint:
                first = web_wire.state(await self._front.look(chat, cursor), self._tokens)
                response = web.StreamResponse(headers=headers)
                response.headers["Content-Type"] = "text/event-stream"
                response.headers["X-Accel-Buffering"] = "no"
                await response.prepare(request)
                stream = _Stream(request, response, hint, chat, first.status)
                try:
                    if self._open[chat] == 1:
                        await self._tell(stream)
                    await self._follow(stream, first, cursor)
                    await response.write_eof()
                except ConnectionError:
                    pass  # the reader went away
                return response
        finally:
            self._open[chat] -= 1
            if not self._open[chat]:
                del self._open[chat]
                if stream is not None:
                    await self._tell(stream)

    async def _tell(self, stream: "_Stream") -> None:
        """Those at the desk; where that cannot be saved now, the reader matters more."""
        if stream.status == "handoff":
            with suppress(StoreUnavailable):
                await self._front.came_or_went(stream.chat)

    async def _follow(self, stream: "_Stream", first: wire.State, cursor: int) -> None:
        response, chat = stream.response, stream.chat
        now: wire.State | None = first
        told: tuple[int, int | None, str] | None = None
        hinted = False
        while not self._closing.is_set():
            if now is not None and _marks(now) != told:
                await response.write(b"id: %d\ndata: %b\n\n" % (now.cursor, web_wire.encode(now)))
                told, cursor, stream.status = _marks(now), now.cursor, now.status
            elif not hinted:
                await response.write(b": still here\n\n")
            if now is not None and now.status == "ended":
                return
            hinted = await self._wait(stream, self._tick if now is not None else min(SOON, self._tick))
            try:
                now = web_wire.state(await self._front.look(chat, cursor), self._tokens)
            except StoreUnavailable:
                now = None

    async def _wait(self, stream: "_Stream", seconds: float) -> bool:
        """Until a hint, so many seconds or the end of the service. Raises ConnectionError once the reader has gone: a
        write would tell it too, but not before the next tick."""
        hinted = asyncio.ensure_future(stream.hint.wait(seconds))
        closing = asyncio.ensure_future(self._closing.wait())
        try:
            while True:
                done, _ = await asyncio.wait((hinted, closing), timeout=GLANCE, return_when=asyncio.FIRST_COMPLETED)
                if done:
                    return hinted.done() and hinted.result()
                if stream.left:
                    raise ConnectionResetError
        finally:
            hinted.cancel()
            closing.cancel()


@dataclass(slots=True)
class _Stream:
    """One reader of a chat."""

    request: web.Request
    response: web.StreamResponse
    hint: Hint
    chat: str
    status: str
    """Of the chat, as the reader knows it."""

    @property
    def left(self) -> bool:
        transport = self.request.transport
        return transport is None or transport.is_closing()


def _marks(state: wire.State) -> tuple[int, int | None, str]:
    """What a reader must be told of when it changes."""
    return state.cursor, None if state.ask is None else state.ask.fence, state.status
