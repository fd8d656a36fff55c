"""A Bot API that costs next to nothing, in the load driver's own loop: it answers each call at once and tells who was
written to. It checks nothing; that is what the stand-in of the sandbox is for."""

import asyncio
import json
import re
from collections import Counter
from typing import cast

_CHAT = re.compile(rb'"chat_id": ?"?(-?\d+)')
_LENGTH = re.compile(rb"\r\ncontent-length: ?(\d+)", re.IGNORECASE)
_ME = {"id": 4711, "is_bot": True, "first_name": "Bench", "username": "bench_bot"}


class BotApi:
    """`calls` counts by method. `written(chat)` is done with the next sendMessage to this chat."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self, port: int = 0) -> None:
        self._server = await asyncio.get_running_loop().create_server(lambda: _Calls(self), "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    def written(self, chat: int) -> "asyncio.Future[None]":
        waiting = self._waiting[chat] = asyncio.get_running_loop().create_future()
        return waiting

    def answer(self, method: str, body: bytes) -> object:
        self.calls[method] += 1
        if method == "getMe":
            return _ME
        if method != "sendMessage":
            return True
        found = _CHAT.search(body)
        chat = int(found[1]) if found else 0
        waiting = self._waiting.pop(chat, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)
        return {"message_id": self.calls.total(), "date": 1, "chat": {"id": chat, "type": "private"}, "text": "."}


class _Calls(asyncio.Protocol):
    """One kept connection; a request needs a Content-Length."""

    def __init__(self, api: BotApi) -> None:
        self._api = api
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            length = _LENGTH.search(head)
            size = int(length[1]) if length else 0
            if not found or len(rest) < size:
                return
            self._buffer = rest[size:]
            method = head.split(b" ", 2)[1].rpartition(b"/")[2].decode()
            answer = json.dumps({"ok": True, "result": self._api.answer(method, rest[:size])}).encode()
            assert self._transport is not None
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(answer)
                + answer
            )
