"""What goes over the wire whatever the other side does: bounded in time and size, through the proxy that is set, with
certificates that are trusted, and nothing of the environment beside."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

from bot.crm.config import Connection, WriterConfig
from bot.crm.salesforce.api import PAGES, Api
from bot.crm.salesforce.wire import LARGEST
from bot.crm.salesforce.writer import make
from bot.errors import Retryable
from bot.sandbox.crm.salesforce import Salesforce
from bot.sandbox.crm.salesforce_demo import CLIENT, SECRET
from tests.crm.test_client_ways import a_context
from tests.harness.responses import NOON

Handler: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
CONTACT = b'{"name": "Contact", "fields": []}'
TOKEN = b'{"access_token": "00D!token", "token_type": "Bearer"%s}'


def config(base_url: str, timeout: float = 2.0, proxy: str = "", ca: Path | None = None) -> WriterConfig:
    return WriterConfig(
        "salesforce", "salesforce", Path(), login="client_credentials",
        secrets={"client_id": (CLIENT,), "client_secret": (SECRET,)},
        connection=Connection(base_url, proxy, ca, allow_private=True, timeout=timeout),
    )  # fmt: skip


@asynccontextmanager
async def serving(handler: Handler, extra: bytes = b"", context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server whose log-in works, and whose other answers the handler writes."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if b"oauth2/token" in head:
            body = TOKEN % extra
            writer.write(HEAD + b"content-length: %d\r\nconnection: close\r\n\r\n" % len(body) + body)
        else:
            await handler(reader, writer)
        writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def told(found: WriterConfig) -> str:
    writer = make(found, lambda: NOON)
    try:
        return await writer.check()
    finally:
        await writer.close()


async def test_an_answer_that_drips_ends_with_its_time() -> None:
    ended = asyncio.Event()

    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"content-length: 1000000000\r\n\r\n")
        try:
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0)
        except OSError:
            ended.set()

    async with serving(drip) as url:
        assert "ChunkedEncodingError" in await told(config(url, timeout=0.3))
        async with asyncio.timeout(10):
            await ended.wait()


async def test_an_answer_that_is_too_long_is_not_read_to_its_end() -> None:
    async def flood(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"content-length: %d\r\n\r\n" % (4 * LARGEST))
        try:
            for _ in range(4 * LARGEST // 1_000_000):
                writer.write(b" " * 1_000_000)
                await writer.drain()
        except OSError:
            return

    async with serving(flood) as url:
        assert "connection broke" in await told(config(url, timeout=10.0))


@pytest.mark.parametrize("body", [b"[" * 100_000, b"null", b"1"])
async def test_an_answer_that_is_not_what_a_library_expects_is_not_understood(body: bytes) -> None:
    async def odd(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"content-length: %d\r\n\r\n" % len(body) + body)

    async with serving(odd) as url:
        assert await told(config(url)) == "the answer was not understood"


async def test_pages_without_end_are_left() -> None:
    asked: list[str] = []

    async def more(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append("page")
        body = b'{"records": [], "done": false, "nextRecordsUrl": "/services/data/v64.0/query/01g-2000"}'
        writer.write(HEAD + b"content-length: %d\r\nconnection: close\r\n\r\n" % len(body) + body)

    async with serving(more) as url:
        api = Api(config(url), lambda: NOON)
        with pytest.raises(Retryable, match="does not end"):
            await api.rows("SELECT Id FROM Contact", "Email", ["eva@example.com"])
        await api.close()
    assert len(asked) == PAGES


async def test_a_redirect_is_not_followed() -> None:
    async def away(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n")

    async with serving(away) as url:
        assert "My Domain" in await told(config(url))


async def test_a_session_may_live_at_another_address() -> None:
    """The log-in says where."""
    async with Salesforce() as crm, serving(_nothing, b', "instance_url": "%s"' % crm.url.encode()) as url:
        assert "INVALID_SESSION_ID" in await told(config(url))  # it was asked, and does not know this session
        assert crm.exchanges


async def test_a_proxy_takes_what_is_sent_and_an_entry_of_netrc_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine salesforce.test login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    seen: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        body = TOKEN % b"" if b"oauth2" in seen[-1] else CONTACT
        writer.write(HEAD + b"content-length: %d\r\nconnection: close\r\n\r\n" % len(body) + body)
        writer.close()

    server = await asyncio.start_server(proxy, "127.0.0.1", 0)
    async with server:
        way = f"http://me:secret@127.0.0.1:{server.sockets[0].getsockname()[1]}"
        assert await told(config("http://salesforce.test", proxy=way)) == ""
    assert [one.partition(b" HTTP")[0] for one in seen] == [
        b"POST http://salesforce.test/services/oauth2/token",
        b"GET http://salesforce.test/services/data/v64.0/sobjects/Contact/describe",
    ]
    assert b"Authorization: Bearer 00D!token" in seen[1]
    assert all(b"proxy-authorization: basic" in one.lower() for one in seen)


async def test_nobody_there_is_told_as_what_it_is() -> None:
    async with Salesforce() as crm:
        writer = make(config(crm.url), lambda: NOON)
        assert await writer.check() == ""
        await crm.down()
        assert await writer.check() == "no connection to 127.0.0.1"
        await writer.close()


async def _nothing(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """It hangs up."""


async def test_a_certificate_is_trusted_only_where_the_bundle_says_so(tmp_path: Path) -> None:
    """Of the session's own address; that of the log-in is the shared client's."""
    context, bundle = a_context(tmp_path)
    async with (
        serving(_content, context=context) as org,
        serving(_nothing, b', "instance_url": "%s"' % org.replace("http:", "https:").encode()) as url,
    ):
        assert await told(config(url)) == "no trusted connection"
        assert await told(config(url, ca=bundle)) == ""


async def _content(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"content-length: %d\r\nconnection: close\r\n\r\n" % len(CONTACT) + CONTACT)
