"""Ways to a Redis: TLS, sockets, users with few rights, sentinels with passwords; and what a wrong URL tells."""

import asyncio
import datetime
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.errors import ChatsurveyError, StoreUnavailable, UserMistake
from bot.model import Job
from bot.store.base import Commit
from bot.store.redis_check import Opened, open_redis
from bot.store.redis_url import place
from tests.harness.redis_server import Server, cluster, command, single, watched
from tests.store.stores import HOUR, RIGHTS, Clock, a_chat, a_turn, limited


async def serves(opened: Opened) -> None:
    store = opened.store
    try:
        assert await store.commit(a_turn("a", jobs=[Job("a:x", "x", 1)], event="e")) is Commit.DONE
        assert await store.load_id("a") == a_chat("a", 1, 1)
        assert len(await store.claim(1, 9, HOUR)) == 1
        heard: list[str] = []
        store.hear(heard.append)
        async with asyncio.timeout(10):
            while "word" not in heard:
                store.tell("word")
                await store.marks("processes")
    finally:
        await store.close()


@pytest.fixture
async def certified(tmp_path: Path) -> AsyncIterator[tuple[str, Path]]:
    """The URL of a server behind TLS, and the file of who signed its certificate."""
    own, key = certificate("our CA", None)
    signed, its_key = certificate("127.0.0.1", (own, key))
    ca, chain = tmp_path / "ca.pem", tmp_path / "server.pem"
    ca.write_bytes(own.public_bytes(serialization.Encoding.PEM))
    chain.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + its_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain)
    server = Server("--requirepass", "s/e:c@r#t")
    async with unwrapped(context, server.port) as port:
        yield f"rediss://:s%2Fe%3Ac%40r%23t@127.0.0.1:{port}/0", ca
    server.stop()


@asynccontextmanager
async def unwrapped(context: ssl.SSLContext, to: int) -> AsyncIterator[int]:
    """A port that takes TLS and passes on what is in it; the wheel's Valkey is built without."""
    busy: set[asyncio.Task[None]] = set()

    async def one_way(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.CancelledError):
            while piece := await reader.read(65_536):
                writer.write(piece)
                await writer.drain()
        writer.close()

    async def both(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, there = await asyncio.open_connection("127.0.0.1", to)
        busy.update(asyncio.create_task(way) for way in (one_way(reader, there), one_way(back, writer)))

    server = await asyncio.start_server(both, "127.0.0.1", 0, ssl=context)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await asyncio.gather(*busy)


def certificate(
    name: str, by: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Signed by itself, as a CA, or by one, for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by[0].subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
    )
    if by is None:
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        made = made.add_extension(usage, critical=True)
    else:
        address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        made = made.add_extension(address, critical=False).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(by[1].public_key()), critical=False
        )
    return made.sign(by[1] if by else key, hashes.SHA256()), key


async def test_tls_with_a_ca_of_one_s_own(certified: tuple[str, Path], prefix: str, clock: Clock) -> None:
    url, ca = certified
    await serves(await open_redis(f"{url}?ssl_ca_certs={ca}", clock, prefix=prefix))


async def test_a_certificate_that_nobody_vouches_for_is_told(
    certified: tuple[str, Path], prefix: str, clock: Clock
) -> None:
    with pytest.raises(UserMistake, match="certificate") as told:
        await open_redis(certified[0], clock, prefix=prefix)
    assert "ssl_ca_certs" in told.value.hint


async def test_a_socket_of_the_same_host(tmp_path: Path, prefix: str, clock: Clock) -> None:
    server = Server("--unixsocket", f"{tmp_path}/redis.sock")
    await serves(await open_redis(f"unix://{tmp_path}/redis.sock?db=1", clock, prefix=prefix))
    server.stop()


async def test_a_user_who_may_do_what_the_docs_say(prefix: str, clock: Clock) -> None:
    opened = await open_redis(limited(single()), clock, prefix=prefix)
    assert opened.warnings == (), "CONFIG GET is forbidden"
    await serves(opened)
    urls = [limited(server) for server in cluster()]
    await serves(await open_redis(urls[0], clock, prefix=prefix))


def lacking(less: str) -> str:
    """The URL of a user who may not do something of it."""
    rights = ["reset", "on", ">secret", "~test.*", "resetchannels", "&test.*", *RIGHTS.split(), *less.split()]
    with single().client() as admin:
        command(admin, "ACL", "SETUSER", "lacking", *rights)
    return single().url.replace("//", "//lacking:secret@")


@pytest.mark.parametrize("less", ["-@scripting", "-time", "-wait", "-@write", "resetkeys ~other:*"])
async def test_a_user_who_lacks_what_is_needed_is_refused_at_the_start(prefix: str, clock: Clock, less: str) -> None:
    """Else the first visitor would be told."""
    with pytest.raises(UserMistake, match="let this user in or do its work"):
        await open_redis(f"{lacking(less)}?replicas=1", clock, prefix=prefix)


@pytest.mark.parametrize("less", ["-@pubsub", "-publish", "-subscribe", "resetchannels"])
async def test_processes_that_may_not_talk_to_each_other_are_told_so(prefix: str, clock: Clock, less: str) -> None:
    opened = await open_redis(lacking(less), clock, prefix=prefix)
    assert ["over its channel" in line for line in opened.warnings] == [True]
    await opened.store.close()


def test_the_docs_tell_those_rights() -> None:
    assert RIGHTS in Path("docs/redis.md").read_text("utf-8")


async def test_sentinels_and_servers_with_passwords_of_their_own(prefix: str, clock: Clock) -> None:
    server = Server("--requirepass", "p?w")
    process, url = watched(server, secret="p?w", own="own")
    try:
        place_ = url.replace("//", "//:p%3Fw@")
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            deaf.listen()
            two = place_.replace("@", f"@127.0.0.1:{deaf.getsockname()[1]},")
            await serves(await open_redis(f"{two}?replicas=0&sentinel_password=own", clock, prefix=prefix))
        with pytest.raises(StoreUnavailable, match="no sentinel names a primary"):
            await open_redis(f"{place_}?replicas=0&sentinel_password=wrong", clock, prefix=prefix)
    finally:
        process.kill()
        process.wait()
        server.stop()


SECRET = "hunter2"


@pytest.mark.parametrize(
    "url",
    [
        f"http://{SECRET}@host",
        f"redis://:{SECRET}@host:{SECRET}",
        f"redis://user:{SECRET}/@host:6379",
        f"redis://user:{SECRET}#@host:6379",
        f"redis://:{SECRET}@host/0?replicas={SECRET}",
        f"redis://:{SECRET}@host/0?replicas=-1",
        f"redis://:{SECRET}@host/0?{SECRET}=1",
        f"redis://:{SECRET}@host/0?socket_timeout={SECRET}",
        f"redis+sentinel://:{SECRET}@host:x/name",
        f"redis://:{SECRET}@127.0.0.1:1/0",
        f"redis+sentinel://:{SECRET}@127.0.0.1:1/name",
        f"rediss://:{SECRET}@127.0.0.1:1/0?ssl_ca_certs=/nowhere/{SECRET}",
    ],
)
async def test_no_error_tells_a_password(url: str, clock: Clock) -> None:
    with pytest.raises((UserMistake, StoreUnavailable)) as told:
        await open_redis(url, clock)
    words: list[BaseException | None] = [told.value, told.value.__cause__]
    assert isinstance(told.value, ChatsurveyError)
    assert SECRET not in " ".join(map(repr, [*words, getattr(told.value, "hint", "")]))
    if not url.startswith(("redis://user", "http")) and "127.0.0.1" in url:
        assert SECRET not in repr(place(url))


async def test_a_wrong_password_is_told_without_it(prefix: str, clock: Clock) -> None:
    with pytest.raises(UserMistake, match="let this user in") as told:
        await open_redis(single().url.replace("//", f"//app:{SECRET}@"), clock, prefix=prefix)
    assert SECRET not in f"{told.value!r} {told.value.hint}"


@pytest.mark.parametrize("secret", ["12/hush", "12#hush", "12?hush", "12/hu@sh"])
def test_what_a_password_s_own_signs_make_of_a_url_is_shown_nowhere(secret: str) -> None:
    """12 would be a port, and the rest a path."""
    with pytest.raises(UserMistake, match="REDIS_URL cannot be read"):
        place(f"redis://:{secret}@127.0.0.1:6379/0")


async def test_a_database_that_is_none_is_told_at_once(clock: Clock) -> None:
    with pytest.raises(UserMistake, match="cannot be read"):
        place("redis://127.0.0.1/one")
    with pytest.raises(UserMistake, match="no database of this number"):
        await open_redis(f"{single().url}/99", clock)


@pytest.mark.parametrize("option", ["protocol=3", "decode_responses=true", "encoding=latin-1"])
def test_how_answers_are_read_is_not_for_the_url_to_say(option: str) -> None:
    """Each of them would be taken, and every answer misread."""
    with pytest.raises(UserMistake, match="cannot be read"):
        place(f"redis://127.0.0.1/0?{option}")


async def test_rights_that_are_taken_away_later_are_unavailable_until_they_are_back(prefix: str, clock: Clock) -> None:
    server = Server()
    opened = await open_redis(limited(server), clock, prefix=prefix)
    assert await opened.store.commit(a_turn("a")) is Commit.DONE
    with server.client() as admin:
        command(admin, "ACL", "SETUSER", "app", "-@scripting")
        with pytest.raises(StoreUnavailable):
            await opened.store.commit(a_turn("a", 2))
        command(admin, "ACL", "SETUSER", "app", "+@scripting")
    assert await opened.store.commit(a_turn("a", 2)) is Commit.DONE
    await opened.store.close()
    server.stop()
