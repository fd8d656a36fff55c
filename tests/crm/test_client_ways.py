"""The ways to the other side: certificates, proxies, and what of the environment is not looked at."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from yarl import URL

from bot.crm.config import Connection
from bot.crm.http.client import Client, Fixed
from bot.crm.http.proxy import proxy_of
from bot.errors import Permanent, Retryable
from tests.harness.responses import NOON

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"


@dataclass
class Ear:
    """A server that keeps the head of each request and answers with what it was made with."""

    heads: list[str] = field(default_factory=list)
    port: int = 0


@asynccontextmanager
async def listening(answer: bytes = ANSWER, context: ssl.SSLContext | None = None) -> AsyncIterator[Ear]:
    ear = Ear()

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ear.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", ssl=context)
    async with server:
        ear.port = server.sockets[0].getsockname()[1]
        yield ear


@asynccontextmanager
async def a_client(url: str, **more: object) -> AsyncIterator[Client]:
    ca = more.get("ca")
    connection = Connection(
        base_url=url, proxy=str(more.get("proxy", "")), ca=ca if isinstance(ca, Path) else None, allow_private=True
    )
    client = Client(connection, name="x", clock=lambda: NOON)
    try:
        yield client
    finally:
        await client.close()


@cache
def certificate() -> tuple[bytes, bytes]:
    """For 127.0.0.1, signed by itself: key and certificate in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "local")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(pem, form, plain), made.public_bytes(pem)


def a_context(folder: Path) -> tuple[ssl.SSLContext, Path]:
    key, made = certificate()
    (folder / "key.pem").write_bytes(key)
    (folder / "ca.pem").write_bytes(made)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return context, folder / "ca.pem"


async def test_a_certificate_is_trusted_only_where_the_bundle_says_so(tmp_path: Path) -> None:
    context, ca = a_context(tmp_path)
    async with listening(context=context) as ear:
        url = f"https://127.0.0.1:{ear.port}"
        async with a_client(url, ca=ca) as client:
            assert (await client.send("GET", "a")).body == b"{}"
        async with a_client(url) as client:
            with pytest.raises(Retryable, match="no trusted connection") as caught:
                await client.send("POST", "a")
            assert not caught.value.doubt
        async with a_client(f"https://localhost:{ear.port}", ca=ca) as client:  # the certificate is for another name
            with pytest.raises(Retryable, match="no trusted connection"):
                await client.send("POST", "a")
    assert len(ear.heads) == 1


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_a_bundle_that_cannot_be_read_is_said(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    async with a_client("https://127.0.0.1:9", ca=file) as client:
        with pytest.raises(Retryable, match="certificates") as caught:
            await client.send("POST", "a")
    assert not caught.value.doubt


async def test_a_proxy_is_asked_for_the_whole_address_with_its_own_password() -> None:
    async with (
        listening() as ear,
        a_client("http://crm.invalid", proxy=f"http://me:p%40ss@127.0.0.1:{ear.port}") as client,
    ):
        await client.send("GET", "a", params={"b": "c"})
    assert ear.heads[0].startswith("GET http://crm.invalid/a?b=c HTTP/1.1")
    assert "proxy-authorization: Basic bWU6cEBzcw==" in ear.heads[0]  # me:p@ss


async def test_https_goes_through_a_tunnel_and_a_proxy_that_refuses_is_no_doubt() -> None:
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n"
    async with (
        listening(refusal) as ear,
        a_client("https://crm.invalid", proxy=f"http://me:secretpw@127.0.0.1:{ear.port}") as client,
    ):
        with pytest.raises(Retryable, match="the proxy answered 407") as caught:
            await client.send("POST", "a", headers={"authorization": "Bearer crm-key"})
    assert not caught.value.doubt
    assert "secretpw" not in f"{caught.value} {caught.value.request}"
    assert ear.heads[0].startswith("CONNECT crm.invalid:443")
    assert "crm-key" not in ear.heads[0]


async def test_a_proxy_that_is_away_is_no_doubt() -> None:
    async with a_client("http://crm.invalid", proxy="http://127.0.0.1:9") as client:
        with pytest.raises(Retryable, match="no connection to the proxy") as caught:
            await client.send("POST", "a")
    assert not caught.value.doubt


@pytest.mark.parametrize(
    ("url", "said"),
    [("http://127.0.0.1:9", "no connection to 127.0.0.1"), ("http://crm.invalid", "the name crm.invalid is unknown")],
)
async def test_who_is_not_there_is_named(url: str, said: str) -> None:
    async with a_client(url) as client:
        with pytest.raises(Retryable, match=said) as caught:
            await client.send("POST", "a")
    assert not caught.value.doubt


ENVIRONMENT = [
    ({"HTTPS_PROXY": "http://p:1"}, "https://crm.example", "", "http://p:1"),
    ({"https_proxy": "p:1"}, "https://crm.example", "", "http://p:1"),
    ({"HTTPS_PROXY": "http://p:1"}, "http://crm.example", "", ""),
    ({"http_proxy": "http://p:1"}, "http://crm.example", "", "http://p:1"),
    ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "other.example, crm.example"}, "https://crm.example", "", ""),
    ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": ".example"}, "https://crm.example", "", ""),
    ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, "https://crm.example", "", ""),
    ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "example"}, "https://crm.invalid", "", "http://p:1"),
    ({"HTTPS_PROXY": "http://p:1"}, "https://crm.example", "http://q:2", "http://q:2"),
    ({"NO_PROXY": "*"}, "https://crm.example", "http://q:2", "http://q:2"),
    ({}, "https://crm.example", "", ""),
]


@pytest.mark.parametrize(("environ", "url", "configured", "proxy"), ENVIRONMENT)
def test_which_proxy_is_taken(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], url: str, configured: str, proxy: str
) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    found, _ = proxy_of(URL(url), configured)
    assert str(found or "").rstrip("/") == proxy


async def test_no_netrc_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login me password from-netrc\n")
    monkeypatch.setenv("NETRC", str(file))
    async with listening() as ear, a_client(f"http://127.0.0.1:{ear.port}") as client:
        await client.send("GET", "a")
    assert "authorization" not in ear.heads[0].lower()


async def test_an_answer_in_no_http_is_in_doubt() -> None:
    long = b"HTTP/1.1 200 OK\r\nx: " + b"y" * 99_999 + b"\r\n\r\n"
    for answer in (b"\x00\xff garbage\r\n\r\n", b"HTTP/1.1 999999 ?\r\n\r\n", long, b""):
        async with listening(answer) as ear, a_client(f"http://127.0.0.1:{ear.port}") as client:
            with pytest.raises(Retryable) as caught:
                await client.send("POST", "a")
            assert caught.value.doubt, answer[:20]


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("127.0.0.1", "private"), ("10.0.0.1", "private"), ("[::1]", "private"), ("169.254.169.254", "private"),
        ("localhost", "private"), ("[::ffff:127.0.0.1]", "private"), ("127.1", "not a web address"),
    ],
)  # fmt: skip
async def test_an_address_of_ones_own_network_needs_permission(host: str, told: str) -> None:
    async with listening() as ear:
        connection = Connection(base_url=f"https://{host}:{ear.port}")
        client = Client(connection, name="x", clock=lambda: NOON, token=Fixed({"authorization": "Bearer s3cr3t"}))
        with pytest.raises(Permanent, match=told) as found:
            await client.send("GET", "a")
        assert (found.value.code, ear.heads) == ("address", [])
        await client.close()
