"""The signed web hook, against a receiver on a real socket."""

import json
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace
from standardwebhooks import Webhook

from bot.crm.base import Parcel
from bot.crm.config import Connection, WriterConfig
from bot.crm.http.guard import is_public
from bot.crm.shape import moment
from bot.crm.webhook.event import LARGEST, event_of, event_type
from bot.crm.webhook.writer import WebhookWriter
from bot.errors import DeliveryError, Permanent, Retryable, Throttled, Unauthorized
from bot.model import Answer, CaseFacts, CaseState, Entry, Fact, Response
from tests.harness import contracts
from tests.harness.receiver import SECRET, Receiver
from tests.harness.receiver import Answer as Said
from tests.harness.responses import NOON, a_response

OTHER_SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


def now() -> int:
    return time.time_ns() // 1_000_000


def a_writer(
    url: str,
    *secrets: str,
    private: bool = True,
    timeout: float = 5.0,
    permitted: Callable[[str], bool] | None = None,
) -> WebhookWriter:
    return WebhookWriter(a_config(url, *secrets, private=private, timeout=timeout), now, permitted)


def a_config(url: str, *secrets: str, private: bool = False, timeout: float = 5.0, proxy: str = "") -> WriterConfig:
    return WriterConfig(
        *("webhook", "crm", Path()),
        options={"url": url},
        secrets={"secret": secrets or (SECRET,)},
        connection=Connection(proxy=proxy, allow_private=private, timeout=timeout),
    )


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as found:
        yield found


async def send(writer: WebhookWriter, response: Response | None = None) -> DeliveryError | None:
    """What was wrong with it."""
    try:
        (receipt,) = await writer.write([Parcel(response or a_response(), "resp_c1_1")])
    finally:
        await writer.close()
    return receipt.error


async def refusal(writer: WebhookWriter, response: Response | None = None) -> DeliveryError:
    error = await send(writer, response)
    assert error is not None
    return error


async def test_a_response_arrives_signed_with_an_id_that_names_chat_and_revision(receiver: Receiver) -> None:
    assert await send(a_writer(receiver.url)) is None
    (event,) = receiver.events
    assert (event.id, event.type, receiver.faults) == ("resp_c1_1", "response.scored", [])
    assert event.data["score"] == 3
    assert event.data["segment"] == "detractor"
    assert event.data["answers"][1] == {
        "key": "reason", "kind": "text", "value": "too slow", "label": "too slow", "at": "2025-10-09T08:53:21.000Z",
    }  # fmt: skip
    assert event.data["contact"] == {
        "email": {"value": "eva@example.com", "source": "proven"},
        "phone": {"value": "+33612345678", "source": "typed"},
    }
    assert "transcript" not in event.data


async def test_while_a_secret_is_replaced_both_sign(receiver: Receiver) -> None:
    assert await send(a_writer(receiver.url, OTHER_SECRET, SECRET)) is None
    assert len(receiver.events[0].signatures) == 2


async def test_a_receiver_with_another_secret_refuses_for_good(receiver: Receiver) -> None:
    assert isinstance(await refusal(a_writer(receiver.url, OTHER_SECRET)), Permanent)
    assert receiver.events == []


def test_signatures_are_those_of_the_specification() -> None:
    known = {
        "secret": SECRET,
        "id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "timestamp": "1614265330",
        "payload": '{"test": 2432232314}',
        "signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    vectors = contracts.load("standard-webhooks/test-vectors.json") or {"vectors": []}
    for vector in (known, *vectors["vectors"]):
        at = datetime.fromtimestamp(int(vector["timestamp"]), UTC)
        assert Webhook(vector["secret"]).sign(vector["id"], at, vector["payload"]) == vector["signature"]
        writer = WebhookWriter(
            a_config("https://x.example", vector["secret"]),
            partial(int, vector["timestamp"] + "000"),
        )
        headers = writer._headers(vector["id"], vector["payload"].encode())
        assert (headers["webhook-signature"], headers["webhook-timestamp"]) == (
            vector["signature"],
            vector["timestamp"],
        )


LASTING = "http://127.0.0.1:9/elsewhere"
ANSWERS: list[tuple[Said, type[DeliveryError], str | float]] = [
    (Said(500), Retryable, ""),
    (Said(501), Retryable, ""),
    (Said(408), Retryable, ""),
    (Said(409), Retryable, ""),
    (Said(425), Retryable, ""),
    (Said(429), Throttled, 0.0),
    (Said(429, {"Retry-After": "7"}), Throttled, 7.0),
    (Said(502, {"Retry-After": "120"}), Throttled, 120.0),
    (Said(503, {"Retry-After": "-5"}), Throttled, 0.0),
    (Said(503, {"Retry-After": "soon"}), Throttled, 0.0),
    (Said(504, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}), Throttled, 0.0),
    (Said(503, {"Retry-After": "9" * 400}), Throttled, 0.0),
    (Said(400), Permanent, "status_400"),
    (Said(401), Unauthorized, ""),
    (Said(403), Permanent, "status_403"),
    (Said(404), Permanent, "status_404"),
    (Said(413), Permanent, "status_413"),
    (Said(410), Unauthorized, ""),
    (Said(301, {"Location": LASTING}), Permanent, "redirect"),
    (Said(308, {"Location": LASTING}), Permanent, "redirect"),
    (Said(302, {"Location": LASTING}), Retryable, ""),
    (Said(307, {"Location": "http://["}), Retryable, ""),
    (Said(303, {"Location": "https://nowhere.invalid/"}), Retryable, ""),
    (Said(raw=b"\x00\xff garbage\r\n\r\n"), Retryable, ""),
    (Said(raw=b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 100_000 + b"\r\n\r\n"), Retryable, ""),
    (Said(raw=b"HTTP/1.1 999999 ?\r\n\r\n"), Retryable, ""),
    (Said(raw=b""), Retryable, ""),
]


@pytest.mark.parametrize(("said", "expected", "detail"), ANSWERS, ids=lambda v: repr(v)[:50])
async def test_what_an_answer_means(
    receiver: Receiver, said: Said, expected: type[DeliveryError], detail: str | float
) -> None:
    receiver.answers = [said]
    error = await refusal(a_writer(receiver.url))
    assert type(error) is expected
    assert (
        error.code if isinstance(error, Permanent) else error.after if isinstance(error, Throttled) else ""
    ) == detail
    assert "127.0.0.1" not in str(error)


@pytest.mark.parametrize("body", [b"", b"\xff\xfe<html>", b"x" * 2_000_000], ids=["none", "garbage", "2 MB"])
async def test_2xx_is_taken_whatever_its_body_is(receiver: Receiver, body: bytes) -> None:
    receiver.answers = [Said(200, {"Content-Encoding": "gzip"} if body else {}, body)]
    assert await send(a_writer(receiver.url)) is None
    assert len(receiver.events) == 1


async def test_a_date_in_retry_after_is_a_wait(receiver: Receiver) -> None:
    soon = datetime.fromtimestamp(now() / 1000 + 60, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    receiver.answers = [Said(429, {"Retry-After": soon})]
    error = await refusal(a_writer(receiver.url))
    assert isinstance(error, Throttled)
    assert 50 < error.after <= 61


async def test_a_receiver_that_is_slow_or_down_is_tried_again(receiver: Receiver) -> None:
    receiver.answers = [Said(hang=True)]
    assert isinstance(await refusal(a_writer(receiver.url, timeout=0.05)), Retryable)
    await receiver.down()
    assert isinstance(await refusal(a_writer(receiver.url)), Retryable)
    assert isinstance(await refusal(a_writer("https://nowhere.invalid/hook", private=False)), Retryable)


async def test_a_receiver_without_a_trusted_certificate_is_not_told_anything(receiver: Receiver) -> None:
    error = await refusal(a_writer(receiver.url.replace("http:", "https:")))
    assert isinstance(error, Retryable)
    assert "no trusted connection" in str(error)
    assert receiver.requests == 0


async def test_what_cannot_be_said_in_json_is_refused_for_good(receiver: Receiver) -> None:
    error = await refusal(a_writer(receiver.url), a_response(visitor="\ud800"))
    assert isinstance(error, Permanent)
    assert error.code == "json"


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/hook", "https://[::1]/hook", "https://10.1.2.3/", "https://192.168.0.1/",
        "https://169.254.169.254/latest/meta-data", "https://100.64.0.1/", "https://0.0.0.0/",
        "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::a00:1]/", "https://localhost/", "https://2130706433/",
        "https://127.1/", "http://example.com/hook", "ftp://example.com/",
    ],
)  # fmt: skip
async def test_a_private_or_insecure_address_is_refused_for_good(url: str) -> None:
    error = await refusal(a_writer(url, private=False))
    assert isinstance(error, Permanent)
    assert error.code == "address"
    writer = a_writer(url, private=False)
    assert await writer.check() != ""
    await writer.close()


@pytest.mark.parametrize(
    "target", ["http://10.0.0.8/", "//169.254.169.254/x", "http://localhost./", "http://[fd00::1]/"]
)
async def test_a_redirect_into_a_private_network_is_refused_for_good(receiver: Receiver, target: str) -> None:
    receiver.answers = [Said(302, {"Location": target})]
    error = await refusal(a_writer(receiver.url, permitted=lambda _: receiver.requests == 0))
    assert isinstance(error, Permanent), error
    assert receiver.requests == 1


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True), ("2606:2800:220:1::1", True), ("224.0.0.1", False), ("240.0.0.1", False),
        ("fe80::1%eth0", False), ("::", False), ("2002:7f00:1::", False), ("172.16.0.1", False), ("198.18.0.1", False),
        ("fec0::1", False),
    ],
)  # fmt: skip
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("revision", "score", "outcome", "expected"),
    [
        (1, 3, "", "response.scored"),
        (2, 3, "", "response.updated"),
        (1, None, "", "response.updated"),
        (4, 3, "completed", "response.completed"),
        (4, 3, "abandoned", "response.abandoned"),
        (4, 3, "stopped", "response.stopped"),
        (4, 3, "escalated", "response.ended"),
    ],
)
def test_the_type_says_how_far_the_chat_is(revision: int, score: int | None, outcome: str, expected: str) -> None:
    assert event_type(a_response("c1", revision, score, outcome=outcome, ended=NOON if outcome else 0)) == expected


@pytest.mark.parametrize(
    ("state", "resolved", "expected"),
    [
        ("claimed", 0, "response.completed"),
        ("resolved", NOON + 9_000, "case.resolved"),
        ("resolved", NOON - 9_000, "response.completed"),
    ],
)
def test_a_case_that_is_resolved_after_the_rest_is_told_as_that(state: CaseState, resolved: int, expected: str) -> None:
    case = CaseFacts(state, "unhappy", NOON, 0, resolved=resolved)
    response = a_response("c1", 4, outcome="completed", ended=NOON, updated=NOON, case=case)
    event = json.loads(event_of(response))
    assert event["type"] == expected
    assert event["timestamp"] == moment(max(NOON, resolved))


async def test_an_event_stays_under_20_kb_and_says_so(receiver: Receiver) -> None:
    long = tuple(Answer(f"a{n}", "é" * 4_000, "é" * 4_000, "text", NOON) for n in range(12))
    for answers, context in ((long, {}), (long * 40, {f"k{n}": "x" * 90 for n in range(400)})):
        response = a_response(answers=answers, context=context)
        assert len(event_of(response)) < LARGEST
        assert await send(a_writer(receiver.url), response) is None
    assert [event.data["truncated"] for event in receiver.events] == [True, True]
    assert receiver.events[0].data["answers"][3]["value"].endswith("é…")


LONG = "é" * 15_000
MANY = tuple(Answer(f"a{n}", n, "x" * 50, "nps", NOON) for n in range(400))


@pytest.mark.parametrize(
    ("fields", "place", "answers"),
    [
        ({"answers": (Answer("why", LONG, "", "text", NOON),)}, ("answers", 0, "value"), 1),
        ({"answers": (Answer("what", ("a", LONG), "", "choice", NOON),)}, ("answers", 0, "value", 1), 1),
        ({"answers": (Answer("score", 9, LONG, "nps", NOON),)}, ("answers", 0, "label"), 1),
        ({"contact": {"name": Fact(LONG)}}, ("contact", "name", "value"), 0),
        ({"context": {"page_url": LONG}}, ("context", "page_url"), 0),
        ({"visitor": LONG}, ("visitor",), 0),
        ({"case": CaseFacts("claimed", "unhappy", NOON, 0, owner=LONG)}, ("case", "owner"), 0),
        ({"case": CaseFacts("claimed", "unhappy", NOON, 0, note=LONG)}, ("case", "note"), 0),
        ({"case": CaseFacts("claimed", "unhappy", NOON, 0, note=LONG), "answers": MANY}, ("case", "note"), 0),
    ],
)
def test_whatever_is_long_is_cut(fields: dict[str, object], place: tuple[str | int, ...], answers: int) -> None:
    body = event_of(replace(a_response(answers=()), **fields))
    found = data = json.loads(body)["data"]
    for part in place:
        found = found[part]
    assert len(body) < LARGEST
    assert found == LONG[:1_999] + "…"
    assert len(data["answers"]) == answers


async def test_a_transcript_goes_along_only_where_there_is_room(receiver: Receiver) -> None:
    short = (Entry(1, NOON, "bot", "How likely ...?"),)
    assert await send(a_writer(receiver.url), a_response(transcript=short)) is None
    assert await send(a_writer(receiver.url), a_response(transcript=(replace(short[0], text="x" * 30_000),))) is None
    first, second = (event.data for event in receiver.events)
    assert first["transcript"] == [
        {"seq": 1, "at": "2025-10-09T08:53:20.000Z", "author": "bot", "text": "How likely ...?"}
    ]
    assert ("transcript" in second, second["truncated"], second["answers"]) == (False, True, first["answers"])
