"""A network between a service and its server that can be slow, jumpy, narrow, cut, or swallow everything.

It passes TCP on and understands nothing of it. What holds now is set at any time and counts for what passes next:

    latency, jitter   seconds before a piece goes on, in each direction
    bandwidth         bytes a second and direction; 0: no limit
    hole              everything is swallowed, as by a firewall that drops: it goes on when there is a way again
    cuts              so many answers are cut: the question arrived, and the connection is reset behind half of it
    port              of the other side; what is connected stays where it is until it is reset
"""

import asyncio
import random
import socket
import struct
from contextlib import suppress
from types import TracebackType
from typing import Self

PIECE = 65_536
_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER that makes closing a reset (RST)."""


class Proxy:
    """`async with Proxy(port) as proxy:` listens on `proxy.here`, a free port of 127.0.0.1."""

    def __init__(self, port: int, seed: int = 0) -> None:
        self.port = port
        self.here = 0
        self.latency = self.jitter = self.bandwidth = 0.0
        self.cuts = 0
        self.passed = 0
        """Connections so far."""
        self._way = asyncio.Event()
        self._way.set()
        self._rng = random.Random(seed)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._busy: set[asyncio.Task[None]] = set()

    @property
    def hole(self) -> bool:
        return not self._way.is_set()

    @hole.setter
    def hole(self, swallows: bool) -> None:
        if swallows:
            self._way.clear()
        else:
            self._way.set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self.here)
        self.here = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.reset()
        for task in self._busy:
            task.cancel()
        await asyncio.gather(*self._busy, return_exceptions=True)

    def mend(self) -> None:
        """As good as none from here on."""
        self.latency = self.jitter = self.bandwidth = 0.0
        self.cuts = 0
        self.hole = False

    def reset(self, share: float = 1.0) -> None:
        """Reset this share of the connections, both sides of each."""
        for writer in [writer for writer in self._open if share >= 1 or self._rng.random() < share]:
            _reset(writer)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._busy.add(task)
        self.passed += 1
        self._open.add(writer)
        there: asyncio.StreamWriter | None = None
        try:
            with suppress(OSError):  # a network tells of nothing: both sides see that they are cut off
                await self._way.wait()
                back, there = await asyncio.open_connection("127.0.0.1", self.port)
                self._open.add(there)
                await self._both(reader, writer, back, there)
        except asyncio.CancelledError:
            pass  # of the end of this proxy; the streams' own callback would tell of it as an error
        finally:
            for one in (writer, there):
                if one is not None:
                    self._open.discard(one)
                    one.close()
            self._busy.discard(task)

    async def _both(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        back: asyncio.StreamReader,
        there: asyncio.StreamWriter,
    ) -> None:
        ways = [
            asyncio.ensure_future(self._one_way(reader, there, answers=False)),
            asyncio.ensure_future(self._one_way(back, writer, answers=True)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _one_way(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool) -> None:
        while piece := await reader.read(PIECE):
            wait = self.latency + self._rng.random() * self.jitter
            wait += len(piece) / self.bandwidth if self.bandwidth else 0.0
            if wait:
                await asyncio.sleep(wait)
            await self._way.wait()
            if answers and self.cuts:
                self.cuts -= 1
                writer.write(piece[: len(piece) // 2])
                await writer.drain()
                _reset(writer)
                return
            writer.write(piece)
            await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    if sock is not None and not writer.transport.is_closing():
        with suppress(OSError):  # it is closed already
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    writer.transport.abort()
