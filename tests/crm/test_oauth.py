"""Log-ins: one for all who wait, none too many, and what a token endpoint's refusal means."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import cache

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.crm.config import Connection
from bot.crm.http.client import Client
from bot.crm.http.oauth import BURST, PAUSE, Grant, OAuth, client_credentials, jwt_bearer, refresh_token
from bot.errors import DeliveryError, Retryable, Throttled, Unauthorized
from bot.sandbox.crm.standin import StandIn, Table, status

SECRET = "oauth-client-secret-77"


class Office(StandIn):
    """A token endpoint that keeps what it was asked, and answers as a test says."""

    title = "Office"
    login_path = "/token"

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[web.Response] = []
        self.more: dict[str, str] = {}

    def routes(self) -> Sequence[web.RouteDef]:
        async def ok(_request: web.Request) -> web.Response:
            return web.json_response({})

        return [web.get("/thing", ok)]

    def tables(self) -> Sequence[Table]:
        return ()

    def settings(self) -> str:
        return ""

    def granted(self) -> Mapping[str, str]:
        return self.more

    async def _log_in(self, request: web.Request) -> web.Response:
        return self.answers.pop(0) if self.answers else await super()._log_in(request)


class Now:
    def __init__(self) -> None:
        self.ms = 1_760_000_000_000

    def __call__(self) -> int:
        return self.ms

    def forward(self, seconds: float) -> None:
        self.ms += int(1000 * seconds)


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with Office() as found:
        yield found


@pytest.fixture
def now() -> Now:
    return Now()


GRANT = client_credentials("me", SECRET, scope="crm.write", audience="https://api.example.com")


def a_token(
    office: Office,
    now: Callable[[], int],
    grant: Grant = GRANT,
    extra: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> OAuth:
    connection = Connection(base_url=office.url, allow_private=True, timeout=5.0)
    url = f"{office.url}/token"
    return OAuth(connection, url, grant, name="Office", clock=now, extra=extra, headers=headers)


async def test_what_is_asked_for_and_what_is_sent_from_then_on(office: Office, now: Now) -> None:
    token = a_token(office, now, extra={"tenant": "acme"}, headers={"x-api-key": "k"})
    assert await token.headers() == {"authorization": "Bearer 000001-office-token", "x-api-key": "k"}
    assert office.logins[0].form() == {
        "grant_type": "client_credentials", "client_id": "me", "client_secret": SECRET, "scope": "crm.write",
        "audience": "https://api.example.com", "tenant": "acme",
    }  # fmt: skip
    await token.close()


async def test_whoever_needs_a_token_waits_for_the_same_log_in(office: Office, now: Now) -> None:
    token = a_token(office, now)
    found = await asyncio.gather(*(token.headers() for _ in range(20)))
    assert len({one["authorization"] for one in found}) == 1
    assert len(office.logins) == 1
    await token.close()


async def test_a_log_in_that_fails_fails_for_all_who_wait_and_is_made_anew(office: Office, now: Now) -> None:
    token = a_token(office, now)
    office.answers = [web.Response(status=503)]
    found = await asyncio.gather(*(token.headers() for _ in range(5)), return_exceptions=True)
    assert [type(one) for one in found] == [Retryable] * 5
    assert len(office.logins) == 1
    await token.headers()
    assert len(office.logins) == 2
    await token.close()


async def test_one_who_gives_up_waiting_takes_the_log_in_from_nobody(office: Office, now: Now) -> None:
    token = a_token(office, now)
    first, second = asyncio.create_task(token.headers()), asyncio.create_task(token.headers())
    await asyncio.sleep(0)
    first.cancel()
    assert "authorization" in await second
    await token.close()


async def test_closing_ends_a_log_in_that_is_under_way(office: Office, now: Now) -> None:
    token = a_token(office, now)
    waiting = asyncio.create_task(token.headers())
    await asyncio.sleep(0)
    await token.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


@pytest.mark.parametrize(
    ("expires_in", "used", "renewed"),
    [
        (3600, 3539, 3541),
        ("3600", 3539, 3541),
        (90, 44, 46),
        (None, 3539, 3541),
        ("soon", 3539, 3541),
        (0, 0, 1),
        ("inf", 31_535_939, 31_535_941),
        (1e308, 31_535_939, 31_535_941),
    ],
)
async def test_a_token_is_taken_anew_a_minute_before_its_end(
    office: Office, now: Now, expires_in: object, used: int, renewed: int
) -> None:
    answer = {"access_token": "t1"} | ({} if expires_in is None else {"expires_in": expires_in})
    office.answers = [web.json_response(answer)]
    token = a_token(office, now)
    await token.headers()
    now.forward(used)
    await token.headers()
    assert len(office.logins) == 1
    now.forward(renewed - used)
    await token.headers()
    assert len(office.logins) == 2
    await token.close()


async def test_the_newest_refresh_token_is_the_one_that_is_used(office: Office, now: Now) -> None:
    office.more = {"refresh_token": "second"}
    token = a_token(office, now, refresh_token("first", "me", SECRET))
    for _ in range(3):
        await token.headers()
        token.renew()
    assert [login.form()["refresh_token"] for login in office.logins] == ["first", "second", "second"]
    await token.close()


@cache
def a_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


async def test_a_jwt_is_signed_with_our_key_and_says_who_asks_whom(office: Office, now: Now) -> None:
    pem = a_key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    grant = jwt_bearer(pem.decode(), issuer="app", subject="robot@acme", audience="https://login.example", key_id="k1")
    token = a_token(office, now, grant)
    await token.headers()
    form = office.logins[0].form()
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    claims = jwt.decode(
        form["assertion"], a_key().public_key(), algorithms=["RS256"], audience="https://login.example",
        options={"verify_exp": False, "verify_iat": False},
    )  # fmt: skip
    assert (claims["iss"], claims["sub"]) == ("app", "robot@acme")
    assert (claims["iat"], claims["exp"]) == (now() // 1000, now() // 1000 + 180)
    assert jwt.get_unverified_header(form["assertion"])["kid"] == "k1"
    await token.close()


async def test_a_key_that_is_none_is_for_a_person_to_mend(office: Office, now: Now) -> None:
    token = a_token(office, now, jwt_bearer("no key at all", issuer="a", subject="b", audience="c"))
    with pytest.raises(Unauthorized, match="private key"):
        await token.headers()
    assert len(office.logins) == 0
    await token.close()


def refused(status: int, error: str, **headers: str) -> web.Response:
    words = {"error": error, "error_description": f"{SECRET} of eva@example.com is not right"}
    return web.json_response(words, status=status, headers=headers)


REFUSALS: list[tuple[web.Response, type[DeliveryError], str]] = [
    (refused(400, "invalid_grant"), Unauthorized, "invalid_grant"),
    (refused(401, "invalid_client"), Unauthorized, "invalid_client"),
    (refused(403, "access_denied"), Unauthorized, "access_denied"),
    (refused(400, "invalid_scope"), Unauthorized, "invalid_scope"),
    (web.Response(status=404), Unauthorized, "404"),
    (web.Response(status=301, headers={"location": "/"}), Unauthorized, "redirect"),
    (refused(429, "slow_down", **{"retry-after": "9"}), Throttled, "slow_down"),
    (web.Response(status=500), Retryable, "500"),
    (web.Response(status=502, body=b"<html>"), Retryable, "502"),
    (web.Response(status=408), Retryable, "408"),
    (web.Response(body=b"<html>"), Retryable, "not understood"),
    (web.json_response({"token": "x"}), Retryable, "not understood"),
    (web.json_response({"access_token": ""}), Retryable, "no token"),
    (web.json_response({"access_token": "a\r\nx-evil: 1"}), Retryable, "no token"),
]


@pytest.mark.parametrize("number", range(len(REFUSALS)))
async def test_what_a_token_endpoints_answer_means(office: Office, now: Now, number: int) -> None:
    answer, expected, words = REFUSALS[number]
    office.answers = [answer]
    token = a_token(office, now)
    with pytest.raises(expected, match=words) as caught:
        await token.headers()
    error = caught.value
    assert type(error) is expected
    assert not isinstance(error, Retryable) or not error.doubt  # nothing of a person's was on the way
    assert SECRET not in f"{error} {error.request}"
    assert "eva@" not in f"{error} {error.request}"
    assert "client_secret=***" in error.request
    await token.close()


async def test_a_service_that_refuses_each_token_is_asked_for_few(office: Office, now: Now) -> None:
    connection = Connection(base_url=office.url, allow_private=True)
    client = Client(connection, name="Office", clock=now, token=a_token(office, now))
    office.fails(*[status(401)] * 300)
    for _ in range(100):
        with pytest.raises(Unauthorized):
            await client.send("GET", "thing")
    assert len(office.logins) == BURST
    now.forward(PAUSE)
    with pytest.raises(Unauthorized):
        await client.send("GET", "thing")
    assert len(office.logins) == BURST + 1
    office.mends()
    now.forward(PAUSE)
    assert (await client.send("GET", "thing")).status == 200  # works again by itself
    await client.close()


async def test_tokens_of_a_moment_are_not_asked_for_without_end(office: Office, now: Now) -> None:
    office.life = 1
    token = a_token(office, now)
    for _ in range(BURST):
        await token.headers()
        now.forward(1)
    with pytest.raises(Throttled) as caught:
        await token.headers()
    assert 0 < caught.value.after <= PAUSE
    await token.close()
