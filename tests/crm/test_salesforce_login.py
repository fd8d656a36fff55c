"""The four ways to log in, the renewal of a session, and what hangs."""

import asyncio
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.crm.salesforce.threads import Threads
from bot.errors import Retryable, Unauthorized
from bot.sandbox.crm.salesforce import Salesforce
from bot.sandbox.crm.salesforce_demo import PASSWORD, REFRESH, SECRET, USER
from bot.sandbox.crm.standin import Exchange, hang
from tests.crm.salesforce_parts import ONLY_RECORD, PLAIN, salesforce
from tests.crm.writer_parts import refused, written
from tests.harness.working import until

LOGIN = 'login: {client_id: "${SF_CLIENT_ID}", client_secret: "${SF_CLIENT_SECRET}"}'
KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
PUBLIC = KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
).decode()  # fmt: skip


class Org(Salesforce):
    """One whose settings may name further secrets."""

    def __init__(self, **secrets: str) -> None:
        super().__init__(PLAIN)
        self.secrets = secrets
        self.deaf = False
        """Every session is refused, those of new log-ins too."""

    def knows(self, exchange: Exchange) -> bool:
        return super().knows(exchange) and not self.deaf

    def environment(self) -> Mapping[str, str]:
        return {**super().environment(), **self.secrets}


@pytest.mark.parametrize(
    ("login", "secrets", "sent"),
    [
        ("", {}, {"grant_type": "client_credentials", "client_secret": SECRET}),
        ("refresh_token: ${R}", {"R": REFRESH}, {"grant_type": "refresh_token", "refresh_token": REFRESH}),
        (f"username: {USER}, password: ${{P}}", {"P": PASSWORD}, {"grant_type": "password", "username": USER}),
        (f"username: {USER}, password: ${{P}}, security_token: ${{T}}", {"P": PASSWORD[:6], "T": PASSWORD[6:]},
         {"grant_type": "password", "password": PASSWORD}),
    ],
)  # fmt: skip
async def test_a_way_to_log_in(tmp_path: Path, login: str, secrets: Mapping[str, str], sent: Mapping[str, str]) -> None:
    whole = LOGIN.replace("}", "", 1) if not login else LOGIN[:-1] + f", {login}" + "}"
    changes = {**ONLY_RECORD, LOGIN: LOGIN if not login else whole}
    async with salesforce(tmp_path, changes, Org(**secrets)) as (crm, writer):
        await written(writer)
        (form,) = [one.form() for one in crm.logins]
        assert {name: form[name] for name in sent} == sent


@pytest.mark.parametrize("breaks", ["\n", "\\n"])
async def test_a_signed_token(tmp_path: Path, breaks: str) -> None:
    """Verified by the public key, as Salesforce does with the certificate; the key may stand in one line."""
    org = Org(KEY=PEM.replace("\n", breaks))
    org.public_key = PUBLIC
    login = f'login: {{client_id: "${{SF_CLIENT_ID}}", username: {USER}, private_key: "${{KEY}}"}}'
    async with salesforce(tmp_path, {**ONLY_RECORD, LOGIN: login}, org) as (crm, writer):
        await written(writer)
        assert [one.form()["grant_type"] for one in crm.logins] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]


async def test_an_expired_session_is_renewed_once(tmp_path: Path) -> None:
    async with salesforce(tmp_path, ONLY_RECORD) as (crm, writer):
        await written(writer)
        crm.expire()
        await written(writer)
        assert len(crm.logins) == 2


async def test_a_session_that_is_always_refused_makes_two_logins_and_not_thousands(tmp_path: Path) -> None:
    """simple-salesforce 1.12.10 with login data of its own made 972 of them in 47 seconds, and a RecursionError."""
    org = Org()
    async with salesforce(tmp_path, ONLY_RECORD, org) as (crm, writer):
        org.deaf = True
        error = await refused(writer)
        assert isinstance(error, Unauthorized)
        assert "INVALID_SESSION_ID" in str(error)
        assert len(crm.logins) == 2
        assert len(crm.exchanges) == 2


async def test_a_login_that_is_refused_says_why_and_shows_nothing(tmp_path: Path) -> None:
    async with salesforce(tmp_path, ONLY_RECORD) as (crm, writer):
        crm.lock_out(True)
        error = await refused(writer)
        assert isinstance(error, Unauthorized)
        assert "invalid_client" in str(error)
        assert SECRET not in f"{error} {error.request}"
        assert "invalid_client" in await writer.check()
        crm.lock_out(False)
        assert await writer.check() == ""


async def test_what_hangs_is_left_behind_and_closing_does_not_wait_for_it(tmp_path: Path) -> None:
    async with salesforce(tmp_path, {**ONLY_RECORD, "allow_private": "timeout: 1s\n    allow_private"}) as (
        crm,
        writer,
    ):
        crm.fails(hang())
        error = await refused(writer)
        assert isinstance(error, Retryable)
        assert not error.doubt
        await written(writer)


async def test_threads_are_bounded_and_a_stuck_one_holds_nobody_up() -> None:
    free, threads = threading.Event(), Threads(2)
    for _ in range(2):
        with pytest.raises(Retryable, match="no answer within"):
            await threads.run(free.wait, 0.01)
    with pytest.raises(Retryable, match="stuck"):
        await threads.run(lambda: True, 5)
    free.set()

    async def has_room() -> bool:
        try:
            return await threads.run(lambda: "again", 5) == "again"
        except Retryable:
            return False  # the stuck ones are on their way back

    await until(has_room, what="a thread that is free again")


async def test_what_a_call_raises_is_raised_where_it_is_waited_for() -> None:
    def broken() -> None:
        raise LookupError("in a thread")

    with pytest.raises(LookupError, match="in a thread"):
        await Threads(1).run(broken, 5)


async def test_a_call_that_ends_after_its_service_is_nobodys() -> None:
    """The loop is closed by then; the thread ends without a word."""
    free, began, ended = threading.Event(), threading.Event(), threading.Event()

    def slow() -> None:
        began.set()
        free.wait()
        ended.set()

    def serve() -> None:
        async def give_up() -> None:
            with pytest.raises(Retryable):
                await Threads(1).run(slow, 0.01)

        asyncio.run(give_up())

    await asyncio.to_thread(serve)
    assert began.is_set()
    free.set()
    assert await asyncio.to_thread(ended.wait, 5)
