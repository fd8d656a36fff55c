"""The writers' HTTP client against a server on a real socket: what each answer means, what is in doubt, what is never
done (a redirect followed, a certificate not looked at, an answer without end)."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime

import pytest
from aiohttp import web
from msgspec import Struct

from bot.crm.base import Parcel, Receipt
from bot.crm.config import Connection
from bot.crm.http.client import LARGEST, Answer, Client, Fixed, one_by_one, segment
from bot.errors import DeliveryError, Permanent, Retryable, Throttled, Unauthorized
from bot.sandbox.crm.standin import (
    Exchange,
    StandIn,
    Table,
    Trouble,
    hang,
    lost,
    malformed,
    reset,
    reset_in_body,
    status,
)
from tests.harness.responses import NOON, a_response

KEY = "app-key-55aa"


class Thing(Struct, frozen=True):
    id: str


class Shop(StandIn):
    title = "Shop"

    def __init__(self) -> None:
        super().__init__()
        self.peers: set[object] = set()

    def routes(self) -> Sequence[web.RouteDef]:
        return [web.route("*", "/api/things/{id}", self._thing), web.get("/api/long/{size}", self._long)]

    def tables(self) -> Sequence[Table]:
        return ()

    def settings(self) -> str:
        return ""

    def knows(self, exchange: Exchange) -> bool:
        return not self.locked and exchange.headers.get("authorization") == f"Bearer {KEY}"

    async def _thing(self, request: web.Request) -> web.Response:
        self.peers.add(request.transport and request.transport.get_extra_info("peername"))
        return web.json_response({"id": request.match_info["id"]})

    async def _long(self, request: web.Request) -> web.Response:
        return web.Response(body=b" " * int(request.match_info["size"]))


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with Shop() as found:
        yield found
        assert found.faults == []
        assert found.troubles_left == 0


@pytest.fixture
async def client(shop: Shop) -> AsyncIterator[Client]:
    found = a_client(f"{shop.url}/api")
    yield found
    await found.close()


def a_client(url: str, timeout: float = 5.0, **more: object) -> Client:
    connection = Connection(base_url=url, allow_private=bool(more.get("private", True)), timeout=timeout)
    return Client(connection, name="Shop", clock=lambda: NOON, token=Fixed({"authorization": f"Bearer {KEY}"}))


async def failure(client: Client, method: str = "POST", path: str = "things/1", **more: bool) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await client.send(method, path, json={"email": "eva@example.com"}, safe=more.get("safe", False))
    assert caught.value.request.startswith(method)
    assert "eva@" not in caught.value.request
    return caught.value


async def test_what_is_sent_and_what_comes_back(shop: Shop, client: Client) -> None:
    params = [("tag", "a b"), ("tag", "c&d=1")]
    answer = await client.send("PATCH", f"/things/{segment('a b/../é')}", params=params, json={"é": 1})
    assert (answer.status, answer.read(Thing).id) == (200, "a b/../é")
    sent = shop.exchanges[0]
    assert (sent.method, sent.raw_path, sent.pairs) == ("PATCH", "/api/things/a%20b%2F..%2F%C3%A9", tuple(params))
    assert (sent.json(), sent.headers["content-type"]) == ({"é": 1}, "application/json")
    assert sent.headers["user-agent"].startswith("chatsurvey/")


async def test_a_form_a_header_and_a_whole_address(shop: Shop, client: Client) -> None:
    await client.send(
        "POST", f"{shop.url}/api/things/9?x=1", params={"y": "2"}, form={"a": "1&b=2"}, headers={"x-z": "z"}
    )
    sent = shop.exchanges[0]
    assert (sent.form(), dict(sent.query)) == ({"a": "1&b=2"}, {"x": "1", "y": "2"})
    assert (sent.headers["content-type"], sent.headers["x-z"]) == ("application/x-www-form-urlencoded", "z")


SOON = datetime.fromtimestamp(NOON / 1000 + 60, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
ELSEWHERE = {"location": "http://127.0.0.1:9/elsewhere"}
ANSWERS: list[tuple[Trouble, type[DeliveryError], str | float | bool]] = [
    (status(400), Permanent, "status_400"),
    (status(402), Permanent, "status_402"),
    (status(403), Permanent, "status_403"),
    (status(404), Permanent, "status_404"),
    (status(422), Permanent, "status_422"),
    (status(300), Permanent, "status_300"),
    (status(301, ELSEWHERE), Permanent, "redirect"),
    (status(308, ELSEWHERE), Permanent, "redirect"),
    (status(302, ELSEWHERE), Retryable, False),
    (status(307, ELSEWHERE), Retryable, False),
    (status(408), Retryable, True),
    (status(409), Retryable, False),
    (status(425), Retryable, False),
    (status(500), Retryable, False),
    (status(502), Retryable, True),
    (status(503), Retryable, False),
    (status(504, {"retry-after": "3"}), Retryable, True),
    (status(429), Throttled, 0.0),
    (status(429, {"retry-after": "7"}), Throttled, 7.0),
    (status(429, {"retry-after": "0.5"}), Throttled, 0.5),
    (status(429, {"retry-after": SOON}), Throttled, 60.0),
    (status(429, {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}), Throttled, 0.0),
    (status(429, {"retry-after": "soon"}), Throttled, 0.0),
    (status(429, {"retry-after": "-5"}), Throttled, 0.0),
    (status(429, {"retry-after": "Mon, 01 Jan 99999999999 00:00:00 GMT"}), Throttled, 0.0),
    (status(429, {"retry-after": "9" * 400}), Throttled, 0.0),
    (status(503, {"retry-after": "120"}), Throttled, 120.0),
    (status(401), Unauthorized, ""),
    (reset(), Retryable, True),
    (lost(), Retryable, True),
    (reset_in_body(), Retryable, True),
]


@pytest.mark.parametrize("number", range(len(ANSWERS)))
async def test_what_an_answer_means(shop: Shop, client: Client, number: int) -> None:
    trouble, expected, detail = ANSWERS[number]
    shop.fails(trouble)
    error = await failure(client)
    assert type(error) is expected, repr(error)
    match error:
        case Permanent():
            assert error.code == detail
        case Throttled():
            assert error.after == detail
        case Retryable():
            assert error.doubt is detail
    assert len(shop.exchanges) == 1  # nothing was followed, nothing tried again


@pytest.mark.parametrize("trouble", [reset(), lost(), reset_in_body(), status(502), status(408)], ids=lambda t: t.kind)
async def test_what_is_safe_to_repeat_is_never_in_doubt(shop: Shop, client: Client, trouble: Trouble) -> None:
    shop.fails(trouble)
    error = await failure(client, safe=True)
    assert isinstance(error, Retryable)
    assert not error.doubt


async def test_no_answer_in_time_is_in_doubt(shop: Shop) -> None:
    client = a_client(f"{shop.url}/api", timeout=0.2)
    shop.fails(hang(), hang())
    for safe in (False, True):
        error = await failure(client, safe=safe)
        assert isinstance(error, Retryable)
        assert error.doubt is not safe
    await client.close()


async def test_what_never_went_out_is_not_in_doubt(shop: Shop, client: Client) -> None:
    await shop.down()
    for url in ("things/1", "https://nowhere.invalid/", f"{shop.url.replace('http:', 'https:')}/"):
        error = await failure(client, path=url)
        assert isinstance(error, Retryable), url
        assert not error.doubt


@pytest.mark.parametrize("path", ["http://[", "http://", "https://127.0.0.1:99999/"])
async def test_what_is_no_address_is_refused_for_good(client: Client, path: str) -> None:
    assert isinstance(await failure(client, path=path), Permanent)


async def test_plain_http_needs_leave(shop: Shop) -> None:
    client = a_client(f"{shop.url}/api", private=False)
    error = await failure(client)
    assert isinstance(error, Permanent)
    assert error.code == "address"
    assert len(shop.exchanges) == 0
    await client.close()


async def test_an_answer_that_is_not_what_was_asked_for_is_in_doubt(shop: Shop, client: Client) -> None:
    for safe in (False, True):
        shop.fails(malformed())
        answer = await client.send("POST", "things/1", json={"email": "eva@example.com"}, safe=safe)
        with pytest.raises(Retryable) as caught:
            answer.read(Thing)
        assert caught.value.doubt is not safe
        assert caught.value.request.startswith("POST http://")


async def test_an_answer_ends_somewhere(shop: Shop, client: Client) -> None:
    assert len((await client.send("GET", f"long/{LARGEST}")).body) == LARGEST
    error = await failure(client, "GET", f"long/{LARGEST + 1}", safe=True)
    assert isinstance(error, Retryable)


@pytest.mark.parametrize(
    ("json", "headers", "code"),
    [
        ({"a": "\ud800"}, {}, "json"),
        ({"a": object()}, {}, "json"),
        ({}, {"x-name": "Eva\r\nx-evil: 1"}, "header"),
    ],
)
async def test_what_cannot_be_said_is_refused_for_good(
    shop: Shop, client: Client, json: object, headers: Mapping[str, str], code: str
) -> None:
    with pytest.raises(Permanent) as caught:
        await client.send("POST", "things/1", json=json, headers=headers)
    assert caught.value.code == code
    assert len(shop.exchanges) == 0


@pytest.mark.parametrize("value", ["", ".", "..", "\ud800"])
def test_a_value_that_is_no_part_of_a_path_is_refused_for_good(value: str) -> None:
    with pytest.raises(Permanent):
        segment(value)


SAID = [
    (b'{"message": "No such field", "category": "VALIDATION"}', "answered 400: VALIDATION No such field"),
    (b'[{"errorCode": "INVALID_FIELD", "message": "No column"}]', "answered 400: INVALID_FIELD No column"),
    (b'{"error": {"code": 403, "message": "No access", "status": "X"}}', "answered 400: 403 No access"),
    (b'{"error_code": "401013", "message": "Not valid"}', "answered 400: 401013 Not valid"),
    (b'{"error": "invalid_grant", "error_description": "gone"}', "answered 400: invalid_grant gone"),
    (b'{"errors": [{"message": "eva@example.com is bad"}]}', "answered 400: *** is bad"),
    (b"<html>eva@example.com</html>", "answered 400"),
    (b'{"message": 7}', "answered 400"),
    (b"[]", "answered 400"),
    (b"[" * 5_000, "answered 400"),
    (b'{"message": "' + b"x" * 90_000 + b'"}', "answered 400: " + "x" * 385 + "…"),
]


@pytest.mark.parametrize(("body", "told"), SAID)
async def test_the_other_sides_own_words_are_told(shop: Shop, client: Client, body: bytes, told: str) -> None:
    shop.fails(status(400, body=body))
    assert str(await failure(client)) == told


async def test_a_vendors_own_table_comes_first(shop: Shop) -> None:
    def judge(answer: Answer) -> DeliveryError | None:
        if answer.status == 403 and b"LIMIT" in answer.body:
            return Throttled("the daily limit", 600.0)
        return Permanent("an error in a 200", "graphql") if b"errors" in answer.body else None

    connection = Connection(base_url=f"{shop.url}/api", allow_private=True)
    token = Fixed({"authorization": f"Bearer {KEY}"})
    client = Client(connection, name="Shop", clock=lambda: NOON, token=token, judge=judge)
    shop.fails(status(403, body=b'["LIMIT"]'), status(200, body=b'{"errors": []}'), status(404))
    found = [await failure(client) for _ in range(3)]
    assert [type(error) for error in found] == [Throttled, Permanent, Permanent]
    assert found[2].args == ("answered 404: trouble",)
    await client.close()


async def test_a_key_that_is_refused_is_not_tried_twice(shop: Shop, client: Client) -> None:
    shop.lock_out(True)
    error = await failure(client)
    assert isinstance(error, Unauthorized)
    assert len(shop.exchanges) == 1
    shop.lock_out(False)
    await client.send("GET", "things/1")


async def test_no_key_shows_in_anything_that_is_told(shop: Shop, client: Client) -> None:
    shop.fails(status(400, body=b'{"message": "key app-key-55aa, Bearer app-key-55aa"}'))
    error = await failure(client)
    assert KEY not in f"{error} {error.request} {client!r} {client.__dict__}".replace(repr(client._token), "")


async def test_nothing_is_opened_before_it_is_used_and_a_closed_one_opens_again(shop: Shop) -> None:
    client = a_client(f"{shop.url}/api")
    await client.close()
    await client.send("GET", "things/1")
    await client.close()
    await client.close()
    await client.send("GET", "things/1")
    await client.close()
    assert [exchange.path for exchange in shop.exchanges] == ["/api/things/1"] * 2


async def test_no_more_connections_than_said(shop: Shop) -> None:
    connection = Connection(base_url=f"{shop.url}/api", allow_private=True)
    token = Fixed({"authorization": f"Bearer {KEY}"})
    client = Client(connection, name="Shop", clock=lambda: NOON, token=token, connections=2)
    await asyncio.gather(*(client.send("GET", f"things/{number}") for number in range(20)))
    assert len(shop.peers) == 2
    await client.close()


def parcels(number: int) -> Sequence[Parcel]:
    return [Parcel(a_response(f"c{one}"), f"resp_c{one}_1") for one in range(number)]


async def test_one_by_one_keeps_the_order_and_the_bound() -> None:
    under_way, most = 0, 0

    async def write(parcel: Parcel) -> Receipt:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        if parcel.response.chat == "c3":
            raise Permanent("no", "no")
        return Receipt(remote=parcel.response.chat)

    receipts = await one_by_one(parcels(9), write, 4)
    assert [receipt.remote for receipt in receipts] == ["c0", "c1", "c2", "", "c4", "c5", "c6", "c7", "c8"]
    assert isinstance(receipts[3].error, Permanent)
    assert most == 4


@pytest.mark.parametrize("error", [Throttled("too fast", 5.0), Unauthorized("who?")])
async def test_after_too_fast_and_not_known_the_rest_is_not_even_begun(error: DeliveryError) -> None:
    begun: list[str] = []

    async def write(parcel: Parcel) -> Receipt:
        begun.append(parcel.response.chat)
        raise error

    receipts = await one_by_one(parcels(9), write, 1)
    assert begun == ["c0"]
    assert [receipt.error for receipt in receipts] == [error] * 9


async def test_after_another_failure_the_rest_goes_on() -> None:
    async def write(parcel: Parcel) -> Receipt:
        raise Retryable(parcel.response.chat)

    receipts = await one_by_one(parcels(3), write, 1)
    assert [str(receipt.error) for receipt in receipts] == ["c0", "c1", "c2"]


async def test_a_bug_is_raised_once_none_is_left_under_way() -> None:
    written: list[str] = []

    async def write(parcel: Parcel) -> Receipt:
        if parcel.response.chat == "c0":
            raise KeyError("a bug")
        for _ in range(3):
            await asyncio.sleep(0)
        written.append(parcel.response.chat)
        return Receipt()

    with pytest.raises(KeyError):
        await one_by_one(parcels(3), write, 3)
    assert written == ["c1", "c2"]
