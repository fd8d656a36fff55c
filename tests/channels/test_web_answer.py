"""Answers in one piece: whole and dated, on a connection that is kept, or closed as its client asked."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.channels.web.answer import answer

HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store"}


async def _handle(request: web.Request) -> web.StreamResponse:
    return answer(request, int(request.match_info["status"]), b'{"told": "\xc3\xa9"}', HEADERS)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    app = web.Application()
    app.router.add_post("/{status}", _handle)
    async with TestServer(app) as server:
        assert server.port is not None
        yield server.port


async def exchange(port: int, *requests: str) -> tuple[bytes, bool]:
    """Everything that comes back, and whether the server then closed the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write("".join(requests).encode())
    told = b""
    for _ in requests:
        head = await reader.readuntil(b"\r\n\r\n")
        told += head + await reader.readexactly(14)
    try:
        async with asyncio.timeout(0.2):
            closed = await reader.read() == b""
    except TimeoutError:
        closed = False
    writer.close()
    return told, closed


@pytest.mark.parametrize(
    ("request_", "status", "closed"),
    [
        ("POST /200 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 200 OK", False),
        ("POST /201 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 201 Created", False),
        ("POST /202 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 202 Accepted", False),
        ("POST /200 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"HTTP/1.1 200 OK", True),
        ("POST /200 HTTP/1.0\r\n\r\n", b"HTTP/1.0 200 OK", True),
    ],
)
async def test_an_answer_is_whole(port: int, request_: str, status: bytes, closed: bool) -> None:
    told, was_closed = await exchange(port, request_)
    assert told.startswith(status)
    assert told.endswith(b'\r\n\r\n{"told": "\xc3\xa9"}')
    head = told.lower()
    for line in (b"content-type: application/json", b"cache-control: no-store", b"content-length: 14", b"date: "):
        assert head.count(b"\r\n" + line) == 1
    assert was_closed == closed


async def test_answers_on_one_connection_come_in_order(port: int) -> None:
    one = "POST /200 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    told, closed = await exchange(port, one, one.replace("/200", "/201"), one)
    assert re.findall(rb"HTTP/1.1 (\d+)", told) == [b"200", b"201", b"200"]
    assert not closed
