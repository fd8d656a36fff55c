"""What every stand-in of a CRM can do: break on demand, forget tokens, go away and come back on the same port."""

from collections.abc import AsyncIterator, Sequence

import aiohttp
import pytest

from bot.sandbox.crm import standin
from bot.sandbox.crm.standin import Exchange, Trouble, echo, hang, lost, malformed, passes, reset, reset_in_body, status
from tests.harness.crm_demo import SECRET, DemoCrm

GONE = (aiohttp.ClientError, TimeoutError)


@pytest.fixture
async def crm() -> AsyncIterator[DemoCrm]:
    async with DemoCrm() as found:
        yield found


@pytest.fixture
async def http(crm: DemoCrm) -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(force_close=True)
    timeout = aiohttp.ClientTimeout(total=0.5)
    async with aiohttp.ClientSession(crm.url, connector=connector, timeout=timeout) as found:
        yield found


async def token(http: aiohttp.ClientSession, secret: str = SECRET) -> str:
    form = {"grant_type": "client_credentials", "client_secret": secret}
    async with http.post("/oauth/token", data=form) as answer:
        return str((await answer.json()).get("access_token", "none"))


async def put(http: aiohttp.ClientSession, known: str, chat: str = "c1", headers: dict[str, str] | None = None) -> int:
    sent = {"authorization": f"Bearer {known}", **(headers or {})}
    async with http.put(f"/responses/{chat}", json={"reason": "slow"}, headers=sent) as answer:
        await answer.read()
        return answer.status


APPLIED = [
    (reset(), False),
    (lost(), True),
    (reset_in_body(), True),
    (hang(), False),
    (hang(applied=True), True),
]


@pytest.mark.parametrize(("trouble", "applied"), APPLIED, ids=lambda one: str(getattr(one, "kind", one)))
async def test_no_answer_comes_and_the_request_has_its_effect_or_not(
    crm: DemoCrm, http: aiohttp.ClientSession, trouble: Trouble, applied: bool
) -> None:
    known = await token(http)
    # aiohttp itself asks again for a PUT whose connection broke before an answer: that one breaks too.
    crm.fails(trouble, *[reset()] * 3)
    with pytest.raises(GONE):
        await put(http, known)
    assert ("c1" in crm.responses) is applied
    assert crm.exchanges[0].trouble == trouble.kind


@pytest.mark.parametrize(
    ("trouble", "code", "applied"),
    [(status(418), 418, False), (status(504, applied=True), 504, True), (malformed(), 200, True), (echo(), 400, False)],
)
async def test_another_answer_comes(
    crm: DemoCrm, http: aiohttp.ClientSession, trouble: Trouble, code: int, applied: bool
) -> None:
    crm.fails(trouble)
    assert await put(http, await token(http)) == code
    assert ("c1" in crm.responses) is applied
    assert await put(http, await token(http)) == 200


async def test_a_trouble_waits_for_the_request_that_it_is_meant_for(crm: DemoCrm, http: aiohttp.ClientSession) -> None:
    known = await token(http)
    crm.fails(status(500), at="/c3")
    crm.fails(status(501), method="POST")
    crm.fails(passes(), status(502))
    assert [await put(http, known, f"c{number}") for number in range(4)] == [200, 502, 200, 500]
    assert crm.troubles_left == 1
    crm.mends()
    assert crm.troubles_left == 0


async def test_tokens_run_out_and_a_lockout_ends(crm: DemoCrm, http: aiohttp.ClientSession) -> None:
    known = await token(http)
    assert await put(http, known) == 200
    assert await put(http, "another") == 401
    crm.expire()
    assert await put(http, known) == 401
    again = await token(http)
    crm.lock_out(True)
    assert (await put(http, again), await token(http)) == (401, "none")
    crm.lock_out(False)
    assert (await put(http, again), await token(http, "wrong")) == (200, "none")


async def test_it_goes_away_and_comes_back_with_what_it_had(crm: DemoCrm, http: aiohttp.ClientSession) -> None:
    known, port = await token(http), crm.port
    await put(http, known)
    await crm.down()
    with pytest.raises(aiohttp.ClientConnectorError):
        await put(http, known, "c2")
    await crm.up()
    await crm.up()
    assert (crm.port, await put(http, known, "c3"), sorted(crm.responses)) == (port, 200, ["c1", "c3"])


async def test_what_the_contract_refuses_is_refused_and_kept(crm: DemoCrm, http: aiohttp.ClientSession) -> None:
    def check(exchange: Exchange) -> Sequence[str]:
        return [] if "x-version" in exchange.headers or exchange.path == crm.login_path else ["x-version is missing"]

    crm.check = check
    crm.fails(status(500))
    assert await put(http, await token(http)) == 400
    assert crm.faults == ["PUT /responses/c1: x-version is missing"]
    assert (crm.troubles_left, crm.responses) == (1, {})


async def test_a_stand_in_that_breaks_says_so(crm: DemoCrm, http: aiohttp.ClientSession) -> None:
    known = await token(http)
    async with http.put("/responses/c1", data=b"[]", headers={"authorization": f"Bearer {known}"}) as answer:
        assert answer.status == 500
    assert crm.faults == ["the stand-in broke: TypeError: list indices must be integers or slices, not str"]
    async with http.put("/nowhere", headers={"authorization": f"Bearer {known}"}) as answer:
        assert (answer.status, await answer.json()) == (404, {"message": "Not Found"})


async def test_what_is_kept_is_bounded(crm: DemoCrm, http: aiohttp.ClientSession) -> None:
    assert (crm.exchanges.maxlen, crm.logins.maxlen) == (standin.KEPT, standin.KEPT)
    first = await token(http)
    for _ in range(standin.TOKENS):
        last = await token(http)
    assert (await put(http, first), await put(http, last)) == (401, 200)
