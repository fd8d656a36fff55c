"""A load driver that costs little: HTTP/1.1 keep-alive on raw asyncio protocols, one connection a chat.

A full client library would use more of its core than the server under test and hide the server's speed.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import cast

Body = dict[str, object]


class HttpError(Exception):
    """The server answered something else than 2xx."""


class Connection(asyncio.Protocol):
    """One keep-alive connection with one request under way at a time; answers need a Content-Length."""

    def __init__(self, host: str) -> None:
        self._host = host
        self.headers = ""
        """More lines for the head of each request, each with its end."""
        self._buffer = b""
        self._waiter: asyncio.Future[bytes] | None = None
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, host: str, port: int) -> "Connection":
        loop = asyncio.get_running_loop()
        _, protocol = await loop.create_connection(lambda: cls(f"{host}:{port}"), host, port)
        return protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_exception(exc or ConnectionResetError("closed by the server"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        lower = head.lower()
        at = lower.find(b"content-length:")
        length = int(lower[at + 15 :].split(b"\r\n", 1)[0])
        if len(rest) < length:
            return
        self._buffer = b""
        waiter = self._waiter
        if waiter is None or waiter.done():
            return
        if head[9:10] == b"2":
            waiter.set_result(rest)
        else:
            waiter.set_exception(HttpError(f"{head[9:12].decode()} {rest[:300].decode(errors='replace')}"))

    async def post(self, path: str, body: bytes, token: str = "") -> bytes:
        assert self._transport is not None
        self._waiter = asyncio.get_running_loop().create_future()
        authorization = f"Authorization: Bearer {token}\r\n" if token else ""
        self._transport.write(
            f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\n"
            f"{authorization}{self.headers}Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        return await self._waiter

    def close(self) -> None:
        if self._transport:
            self._transport.close()


@dataclass
class Load:
    """What a run measured: turns answered, and each turn's latency in seconds."""

    turns: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return self.turns / self.seconds

    def percentile(self, share: float) -> float:
        """Milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


async def echo_turns(connection: Connection, load: Load) -> None:
    """Four posts of the size of an answer."""
    body = json.dumps(
        {"id": "0123456789abcdef", "cursor": 12, "fence": 3, "text": "The box was crushed twice."}
    ).encode()
    for _ in range(4):
        began = perf_counter()
        await connection.post("/echo", body)
        load.latencies.append(perf_counter() - began)
        load.turns += 1


ANSWERS: tuple[Body, ...] = (
    {"value": 3},
    {"text": "The box was crushed twice."},
    {"text": "A stronger box."},
    {"value": "no"},
)


async def survey_turns(connection: Connection, load: Load) -> None:
    """A whole chat of the shipped flow: opened, score 3, a reason, an idea, no call. Every request is a turn."""
    path, body, token = "/api/v1/chats", b'{"locale": "en"}', ""
    state: Body = {}
    for number in range(len(ANSWERS) + 1):
        began = perf_counter()
        answer = await connection.post(path, body, token)
        load.latencies.append(perf_counter() - began)
        load.turns += 1
        state |= json.loads(answer)
        path, token = f"/api/v1/chats/{state['chat']}/messages", cast("str", state["token"])
        if ask := cast("Body | None", state["ask"]):
            said = ANSWERS[number]
            body = json.dumps({"id": f"m{number}", "cursor": state["cursor"], "fence": ask["fence"], **said}).encode()


async def drive(port: int, at_once: int, seconds: float, chat: Callable[[Connection, Load], Awaitable[None]]) -> Load:
    """`at_once` chats at a time for `seconds`, each on its own connection."""
    load = Load()
    connections = [await Connection.open("127.0.0.1", port) for _ in range(at_once)]
    began = perf_counter()
    until = began + seconds

    async def run(connection: Connection) -> None:
        while perf_counter() < until:
            await chat(connection, load)

    await asyncio.gather(*(run(connection) for connection in connections))
    load.seconds = perf_counter() - began
    for connection in connections:
        connection.close()
    return load
