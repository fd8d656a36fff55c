"""A relay before a Redis that counts what passes: calls and bytes by what they are for, and round trips.

It runs in a thread of its own, on the driver's core. A round trip is whatever a connection sends between two answers.
"""

import asyncio
import contextlib
import threading
from collections import Counter
from collections.abc import Iterator
from importlib import resources

from bot.store.redis_wire import Script

TURN = ("GET", "at", "commit")
"""What a turn asks: its chat, by id or by address, and its commit."""


class Relay:
    """`port` is where it listens."""

    def __init__(self, there: int) -> None:
        self._there = there
        self.port = 0
        self.calls: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()
        """Bytes to Redis by what was asked."""
        self.received = 0
        self.trips = 0
        self.of_turns = 0
        """Round trips with a part of a turn in them."""
        lua = resources.files("bot.store") / "lua"
        names = [file.name.removesuffix(".lua") for file in lua.iterdir() if file.name != "lib.lua"]
        self.names = {Script(name).digest.encode(): name for name in names}

    @contextlib.contextmanager
    def running(self) -> Iterator["Relay"]:
        loop, ready = asyncio.new_event_loop(), threading.Event()

        async def serve() -> None:
            server = await loop.create_server(lambda: _Front(self), "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            ready.set()

        def run() -> None:
            loop.create_task(serve())
            loop.run_forever()

        thread = threading.Thread(target=run, name="relay", daemon=True)
        thread.start()
        ready.wait()
        try:
            yield self
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()

    def begin(self) -> None:
        """Count from here on."""
        self.calls.clear()
        self.sent.clear()
        self.received = self.trips = self.of_turns = 0

    async def connect(self, front: "_Front") -> "_Back":
        loop = asyncio.get_running_loop()
        _, back = await loop.create_connection(lambda: _Back(self, front), "127.0.0.1", self._there)
        return back


class _Side(asyncio.Protocol):
    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport


class _Back(_Side):
    def __init__(self, relay: Relay, front: "_Front") -> None:
        self._relay, self._front = relay, front

    def data_received(self, data: bytes) -> None:
        self._relay.received += len(data)
        self._front.answered = True
        self._front.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._front.transport.close()


class _Front(_Side):
    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._back: asyncio.Task[_Back] | None = None
        self._rest = b""
        self._of_turn = False
        self.answered = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._back = asyncio.get_running_loop().create_task(self._relay.connect(self))

    def data_received(self, data: bytes) -> None:
        assert self._back is not None
        if self.answered:
            self.answered = self._of_turn = False
            self._relay.trips += 1
        self._count(data)
        self._back.add_done_callback(lambda back: back.result().transport.write(data))

    def connection_lost(self, exc: Exception | None) -> None:
        assert self._back is not None
        self._back.add_done_callback(_hang_up)

    def _count(self, data: bytes) -> None:
        self._rest += data
        at = 0
        while (found := _call(self._rest, at)) is not None:
            words, end = found
            name = words[0].decode()
            if name == "EVALSHA":
                name = self._relay.names.get(words[1], name)
            self._relay.calls[name] += 1
            self._relay.sent[name] += end - at
            if name in TURN and not self._of_turn:
                self._of_turn = True
                self._relay.of_turns += 1
            at = end
        self._rest = self._rest[at:]


def _hang_up(back: asyncio.Task[_Back]) -> None:
    if not back.cancelled() and back.exception() is None:
        back.result().transport.close()


def _call(data: bytes, at: int) -> tuple[list[bytes], int] | None:
    """The first two words of a call in RESP, and where it ends; None where it is not all there."""
    line = data.find(b"\r\n", at)
    if line < 0:
        return None
    number, at = int(data[at + 1 : line]), line + 2
    words: list[bytes] = []
    for _ in range(number):
        line = data.find(b"\r\n", at)
        if line < 0:
            return None
        begin = line + 2
        at = begin + int(data[at + 1 : line]) + 2
        if at > len(data):
            return None
        if len(words) < 2:
            words.append(data[begin : at - 2])
    return words, at
