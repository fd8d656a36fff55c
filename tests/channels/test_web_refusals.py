"""What a client may send that is no request of the contract: the right 4xx as a problem, and the chat unharmed."""

import asyncio
import gzip
import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from bot.channels.base import Reply
from bot.channels.web.channel import WebChannel
from bot.channels.web.options import WebOptions
from bot.http import CHANNEL
from bot.model import Start
from bot.runtime import Runtime
from tests.channels.service import SECRETS, Said, Service, running, serve, token_of

PROBLEM = "application/problem+json"
OPEN = "/api/v1/chats"


def is_problem(said: Said, status: int) -> bool:
    """RFC 9457, with the members that every problem of ours has."""
    assert said.response.headers["Content-Type"] == PROBLEM
    assert set(said.body) == {"type", "title", "status", "code", "detail"}, said.body
    assert said.body["status"] == said.status
    return said.status == status


BODIES = {
    "empty": b"",
    "no JSON": b"hello",
    "half of it": b'{"flow": "nps"',
    "two values": b"{} {}",
    "a list": b"[]",
    "a number": b"1",
    "null": b"null",
    "byte order mark": b"\xef\xbb\xbf{}",
    "no UTF-8": b'{"locale": "\xff"}',
    "UTF-16": '{"locale": "en"}'.encode("utf-16"),
    "lone surrogate": b'{"visitor": "\\ud800"}',
    "lone surrogate in an unknown field": b'{"unknown": "\\udc00"}',
    "NUL escaped": b'{"visitor": "a\\u0000b"}',
    "NUL after a backslash": b'{"visitor": "a\\\\\\u0000b"}',
    "NUL in the name of a fact": b'{"contact": {"a\\u0000": "b"}}',
    "NUL raw": b'{"visitor": "a\x00b"}',
    "nested deeply": b'{"x": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "huge number": b'{"cursor": 1e400}',
    "long number": b'{"cursor": ' + b"9" * 400 + b"}",
    "negative cursor": b'{"cursor": -1}',
    "cursor in words": b'{"cursor": "one"}',
    "NaN": b'{"cursor": NaN}',
    "locale a number": b'{"locale": 5}',
    "prefill half": b'{"prefill": {"value": 7.5}}',
    "prefill without value": b'{"prefill": {}}',
    "prefill long": b'{"prefill": {"value": ' + b"9" * 30 + b"}}",
    "contact a list": b'{"contact": []}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_a_malformed_opening(service: Service, body: bytes) -> None:
    said = await service.post(OPEN, body)
    assert is_problem(said, 400)
    assert said.body["code"] == "malformed"


@pytest.mark.parametrize(
    "body", [b'{"visitor": "a\\\\u0000b"}', b'{"cursor": 0.0}', b'{"unknown": [true, {"a": null}]}', b" {}\n"]
)
async def test_what_only_looks_malformed(service: Service, body: bytes) -> None:
    assert (await service.post(OPEN, body)).status == 201


MESSAGES: dict[str, dict[str, object]] = {
    "nothing said": {},
    "no id": {"id": None, "text": "x"},
    "empty id": {"id": "", "text": "x"},
    "long id": {"id": "x" * 65, "text": "x"},
    "value without fence": {"value": 9},
    "value and text": {"value": 9, "fence": 1, "text": "x"},
    "value and action": {"value": 9, "fence": 1, "action": "back"},
    "text and action": {"text": "x", "action": "back"},
    "a half": {"value": 7.5, "fence": 1},
    "true": {"value": True, "fence": 1},
    "a table": {"value": {}, "fence": 1},
    "a list of numbers": {"value": [1], "fence": 1},
    "a number beyond JavaScript's": {"value": 2**53, "fence": 1},
    "fence in words": {"value": 9, "fence": "1"},
    "fence below zero": {"value": 9, "fence": -1},
    "unknown action": {"action": "explode"},
    "text a number": {"text": 9},
    "cursor below zero": {"text": "x", "cursor": -1},
}


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES.keys())
async def test_a_malformed_message_leaves_the_chat_as_it_was(service: Service, message: dict[str, object]) -> None:
    chat = await service.open()
    before = await chat.stored()
    assert is_problem(await chat.send(**message), 400)
    assert await chat.stored() == before


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic {token}",
        "{token}",
        "Bearer {token}x",
        "Bearer {other}",
        "Bearer \udcff",
    ],
)
async def test_the_token_must_be_that_of_the_chat(service: Service, authorization: str) -> None:
    chat, other = await service.open(), await service.open()
    headers = {"Authorization": authorization.format(token=chat.token, other=other.token)}
    said = await service.post(f"{OPEN}/{chat.chat}/messages", {"id": "1", "text": "9"}, headers=headers)
    assert is_problem(said, 401)
    assert said.response.headers["WWW-Authenticate"].startswith("Bearer")
    events = await service.get(f"{OPEN}/{chat.chat}/events", headers=headers)
    assert events.status == 401


@pytest.mark.parametrize("token", ["x", ".", "x.y", "{chat}", "{token}x", "\U0001f937.x"])
async def test_resuming_needs_a_token_of_ours(service: Service, token: str) -> None:
    chat = await service.open()
    said = await service.post(OPEN, {"chat": token.format(chat=chat.chat, token=chat.token)})
    assert is_problem(said, 401)


async def test_a_chat_that_is_gone(service: Service) -> None:
    token = token_of("gone", "first-secret-of-the-tests-0123456789")
    headers = {"Authorization": f"Bearer {token}"}
    assert is_problem(await service.post(OPEN, {"chat": token}), 404)
    assert is_problem(await service.post(f"{OPEN}/gone/messages", {"id": "1", "text": "x"}, headers=headers), 404)
    assert (await service.get(f"{OPEN}/gone/events", headers=headers)).status == 404


async def test_a_body_that_is_too_large(service: Service) -> None:
    for size, status in ((64 * 1024 - 20, 201), (64 * 1024 + 1, 413), (3 * 1024 * 1024, 413)):
        said = await service.post(OPEN, json.dumps({"x": "y" * size}).encode())
        assert said.status == status
        assert status == 201 or is_problem(said, 413)


async def test_a_compressed_body_is_not_unpacked(service: Service) -> None:
    said = await service.post(OPEN, gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"})
    assert is_problem(said, 400)


@pytest.mark.parametrize("query", ["cursor=x", "cursor=-1", "cursor=1.5", "cursor=%C2%B2", "cursor=" + "9" * 16])
async def test_a_cursor_that_is_none(service: Service, query: str) -> None:
    chat = await service.open()
    response = await service.get(f"{OPEN}/{chat.chat}/events?{query}", headers=chat.headers)
    assert (response.status, response.headers["Content-Type"]) == (400, PROBLEM)


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/api/v1/none", 404, None),
        ("GET", "/%ff%00", 404, None),
        ("GET", "/chat/none", 404, None),
        ("GET", "/w/widget.00000000.exe", 404, None),
        ("GET", "/w/..%2f..%2fpyproject.toml", 404, None),
        ("GET", OPEN, 405, "OPTIONS, POST"),
        ("PUT", f"{OPEN}/x/messages", 405, "OPTIONS, POST"),
        ("POST", f"{OPEN}/x/events", 405, "GET, OPTIONS"),
        ("HEAD", f"{OPEN}/x/events", 405, "GET, OPTIONS"),
        ("POST", "/", 405, "GET, HEAD"),
        ("DELETE", "/healthz", 405, "GET, HEAD"),
        ("PATCH", "/healthz", 405, "GET, HEAD"),
    ],
)
async def test_an_address_or_method_that_is_not_there(
    service: Service, method: str, path: str, status: int, allow: str | None
) -> None:
    response = await service.get(path, method)
    assert (response.status, response.headers["Content-Type"]) == (status, PROBLEM)
    assert response.headers.get("Allow") == allow


async def test_a_store_that_cannot_be_written(tmp_path: Path) -> None:
    async with serve(tmp_path) as service:
        chat = await service.open()
        await service.store.close()
        said = await chat.send(value=3, fence=1)
        assert is_problem(said, 503)
        assert said.response.headers["Retry-After"] == "2"
        assert is_problem(await service.post(OPEN, {}), 503)


async def send_raw(url: str, request: bytes) -> bytes:
    """What a client sends that is no library; the head of the answer."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        async with asyncio.timeout(10):
            writer.write(request)
            return await reader.readuntil(b"\r\n\r\n")
    finally:
        writer.close()


async def test_a_client_that_names_no_host(service: Service) -> None:
    answer = await send_raw(
        service.url, b"POST /api/v1/chats HTTP/1.0\r\nOrigin: http://x\r\nContent-Length: 2\r\n\r\n{}"
    )
    assert answer.startswith(b"HTTP/1.0 403")


async def test_a_body_that_never_comes(service: Service) -> None:
    channel = WebChannel(service.runtime, WebOptions(patience=0.01), SECRETS, service.clock.ms)
    async with running(application(channel)) as client:
        request = b"POST /api/v1/chats HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n{"
        answer = await send_raw(str(client._base_url), request)
    assert answer.startswith(b"HTTP/1.1 408")
    assert PROBLEM.encode() in answer


@pytest.mark.parametrize(
    "request_",
    [
        b"POST /api/v1/chats HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nno length\r\n",
        b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 9000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    ],
)
async def test_what_is_no_http(service: Service, caplog: pytest.LogCaptureFixture, request_: bytes) -> None:
    """Refused by the parser itself, in its own words, and not worth a line of the log."""
    assert (await send_raw(service.url, request_)).startswith(b"HTTP/1.0 400")
    assert (await service.get("/healthz")).status == 200
    assert caplog.records == []


class Broken(Runtime):
    async def open(self, start: Start, flow: str = "") -> Reply:
        raise ZeroDivisionError(start.visitor)


async def test_a_bug_is_told_as_one(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    front = Broken(service.store, service.catalog, service.clock.ms, lambda _: None)
    async with running(application(WebChannel(front, WebOptions(), SECRETS, service.clock.ms))) as client:
        said = await replace(service, client=client).post(OPEN, {"visitor": "someone"})
    assert is_problem(said, 500)
    assert [record.message for record in caplog.records] == ["a request could not be answered"]


def application(channel: WebChannel) -> web.Application:
    app = web.Application()
    app[CHANNEL] = channel
    app.add_routes(channel.routes())
    return app


async def test_a_client_that_goes_away_in_mid_sentence(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    seen: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    channel = WebChannel(
        *(service.runtime, WebOptions(), SECRETS, service.clock.ms),
        observe=lambda _route, status, _s: seen.set_result(status),
    )
    async with running(application(channel)) as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", client._base_url.port if client._base_url else 0)
        writer.write(b"POST /api/v1/chats HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 20\r\n\r\n")
        async with asyncio.timeout(10):
            await reader.readuntil(b"100 Continue\r\n\r\n")  # so that the service is reading when the client goes
            writer.write(b"{")
            writer.close()
            assert await seen == 400
    assert caplog.records == []
