"""Each record of a batch has its own outcome, and what HubSpot answers becomes one of the closed list."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import pytest

from bot.crm.base import Parcel, Receipt
from bot.crm.http.client import Answer
from bot.crm.hubspot.batch import Item, Objects
from bot.crm.hubspot.errors import judge
from bot.errors import DeliveryError, Permanent, Retryable, Throttled, Unauthorized
from bot.model import Answer as Given
from bot.model import Fact
from bot.sandbox.crm.hubspot_portal import Property
from bot.sandbox.crm.standin import Trouble, hang, malformed, status
from tests.crm.hubspot_parts import CONTACTS, NOTES, TICKETS, TO_CONTACT, hubspot, of, shown
from tests.crm.writer_parts import parcel, write
from tests.harness.responses import NOON, a_response

BAD = "eva at example"
QUOTED = [{"isValid": False, "message": "eva was not a number", "error": "INVALID_INTEGER", "name": "nps_score"}]
ABSENT = [{"isValid": False, "message": 'Property "x" does not exist', "error": "PROPERTY_DOESNT_EXIST", "name": "x"}]


@pytest.mark.parametrize(
    ("code", "body", "error", "words"),
    [
        (400, {"category": "VALIDATION_ERROR", "message": f"Property values were not valid: {json.dumps(QUOTED)}"},
         Permanent, "answered VALIDATION_ERROR: nps_score: INVALID_INTEGER"),
        (400, {"category": "VALIDATION_ERROR", "message": f"Property values were not valid: {json.dumps(ABSENT)}"},
         Permanent, "no property x; `chatsurvey crm setup hubspot` makes it"),
        (400, {"category": "VALIDATION_ERROR", "message": "", "errors": [
            {"message": 'Property "y" does not exist', "code": "PROPERTY_DOESNT_EXIST",
             "context": {"propertyName": ["y"]}}]}, Permanent, "no property y;"),
        (400, {"category": "VALIDATION_ERROR", "message": "Invalid input JSON"}, Permanent, "Invalid input JSON"),
        (400, None, Permanent, "answered status_400"),
        (400, {"message": "told in another way", "errors": "?"}, Permanent, "told in another way"),
        (400, "deep", Permanent, "answered status_400"),
        (401, {"category": "INVALID_AUTHENTICATION"}, None, ""),
        (403, {"category": "MISSING_SCOPES", "message": "no", "errors": [
            {"message": "m", "context": {"requiredGranularScopes": ["crm.objects.contacts.write"]}}]},
         Unauthorized, "MISSING_SCOPES: the app lacks the scope crm.objects.contacts.write"),
        (404, {}, None, ""),
        (404, {"category": "OBJECT_NOT_FOUND"}, Permanent, "OBJECT_NOT_FOUND"),
        (409, {"category": "CONFLICT"}, Retryable, "CONFLICT"),
        (423, None, Retryable, "423"),
        (429, {"errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING"}, Throttled, "TEN_SECONDLY_ROLLING"),
        (429, {"errorType": "RATE_LIMIT", "policyName": "DAILY"}, Throttled, "DAILY"),
        (477, None, Throttled, "477"),
        (503, None, None, ""),
        (200, {}, None, ""),
    ],
)  # fmt: skip
def test_what_an_answer_means(
    code: int, body: Mapping[str, object] | str | None, error: type[DeliveryError] | None, words: str
) -> None:
    """None: by the status, as everywhere."""
    deep = b'{"context": ' + b'{"a":' * 100_000
    sent = b"<html>" if body is None else deep if body == "deep" else msgspec.json.encode(body)
    found = judge(Answer(code, {}, sent))
    assert (found is None) if error is None else (type(found) is error or issubclass(type(found), error))
    assert words in str(found or "")
    assert "eva" not in str(found)


@pytest.mark.parametrize(
    ("body", "asked", "wait"),
    [
        ({"policyName": "TEN_SECONDLY_ROLLING"}, 0.0, 10.0),
        ({"policyName": "SECONDLY"}, 2.0, 2.0),
        ({"policyName": "DAILY"}, 0.0, 3600.0),
        ({"message": "You have reached your daily limit."}, 0.0, 3600.0),
        ({}, 0.0, 10.0),
    ],
)
def test_how_long_a_limit_holds(body: Mapping[str, str], asked: float, wait: float) -> None:
    found = judge(Answer(429, {}, msgspec.json.encode(body), wait=asked))
    assert isinstance(found, Throttled)
    assert found.after == wait


def who(number: int) -> dict[str, Fact]:
    return {"email": Fact(f"p{number}@example.com", proven=True)}


def refused(receipts: Sequence[Receipt]) -> list[int]:
    return [at for at, receipt in enumerate(receipts) if receipt.error is not None]


@pytest.mark.parametrize(("whole", "calls"), [(False, 1), (True, 13)])
async def test_one_bad_record_blocks_no_other(tmp_path: Path, whole: bool, calls: int) -> None:
    """Told apart by HubSpot, or found by halving where it refuses the batch."""
    parcels = [of(f"p{at}@example.com") for at in range(100)]
    parcels[37] = of(BAD)
    async with hubspot(tmp_path) as (crm, writer):
        crm.whole_batches = whole
        receipts = await writer.write(parcels)
        assert refused(receipts) == [37]
        error = receipts[37].error
        assert isinstance(error, Permanent)
        assert (error.code, "INVALID_EMAIL" in str(error)) == ("INVALID_EMAIL", True)
        assert BAD not in f"{error} {error.request}"
        assert {kind: len(shown(crm, kind)) for kind in crm.portal.records} == {
            "contacts": 99,
            "notes": 99,
            "tickets": 99,
        }
        assert sum(exchange.path == CONTACTS for exchange in crm.exchanges) == calls


@pytest.mark.parametrize("whole", [False, True])
async def test_a_property_that_is_not_there_is_named_with_the_command_that_makes_it(
    tmp_path: Path, whole: bool
) -> None:
    """Those who write it fail together, after one call more; those who do not are written."""
    without = parcel(a_response("c-without", answers=()))
    async with hubspot(tmp_path) as (crm, writer):
        crm.whole_batches = whole
        del crm.portal.properties["contacts"]["nps_reason"]
        receipts = await writer.write([*(of(f"p{at}@example.com") for at in range(40)), without])
        assert refused(receipts) == list(range(40))
        assert "no property nps_reason; `chatsurvey crm setup hubspot` makes it" in str(receipts[0].error)
        assert sum(exchange.path == CONTACTS for exchange in crm.exchanges) <= 2


async def test_two_responses_of_a_person_where_one_cannot_be_written(tmp_path: Path) -> None:
    bad = a_response("c2", revision=1, contact={"email": Fact("eva@example.com", proven=True)}, scored=NOON + 1)
    bad = msgspec.structs.replace(bad, answers=(Given("contact.phone", "x" * 10, "x", "phone", NOON),))
    async with hubspot(tmp_path) as (crm, writer):
        crm.portal.properties["contacts"]["phone"] = Property("phone", "number", "number")
        receipts = await writer.write([parcel(a_response(answers=())), parcel(bad)])
        assert refused(receipts) == [1]
        assert "phone: INVALID_INTEGER" in str(receipts[1].error)
        assert len(shown(crm, "notes")) == 1


async def test_a_note_that_is_refused_leaves_the_ticket(tmp_path: Path) -> None:
    async with hubspot(tmp_path) as (crm, writer):
        del crm.portal.properties["notes"]["chatsurvey_id"]
        receipt = await write(writer, parcel())
        assert isinstance(receipt.error, Permanent)
        assert len(shown(crm, "tickets")) == 1
        assert {"contact", "ticket", "ticket.to"} <= set(receipt.notes or ())


TEN = status(429, body=b'{"policyName": "TEN_SECONDLY_ROLLING", "message": "slow down"}')


@pytest.mark.parametrize("at", [CONTACTS, NOTES, TICKETS, f"notes{TO_CONTACT}"])
@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        ((status(503),), Retryable),
        ((TEN,), Throttled),
        ((malformed(),), Retryable),
        ((status(403), status(403)), Unauthorized),
    ],
    ids=["unavailable", "limit", "malformed", "scope"],
)
async def test_what_broke_half_way_is_taken_up_where_it_stood(
    tmp_path: Path, at: str, trouble: tuple[Trouble, ...], error: type[DeliveryError]
) -> None:
    async with hubspot(tmp_path) as (crm, writer):
        crm.fails(*trouble, at=at)
        receipts = await writer.write([of("a@example.com"), of("b@example.com")])
        assert [type(receipt.error) for receipt in receipts] == [error] * 2
        again = [
            parcel(given.response, receipt.notes, doubt=True)
            for given, receipt in zip([of("a@example.com"), of("b@example.com")], receipts, strict=True)
        ]
        assert refused(await writer.write(again)) == []
        assert {kind: len(shown(crm, kind)) for kind in crm.portal.records} == {
            "contacts": 2,
            "notes": 2,
            "tickets": 2,
        }
        assert len(crm.portal.associations) == 4
        assert crm.troubles_left == 0


async def test_an_id_that_is_none_blocks_no_other_while_people_are_looked_for(tmp_path: Path) -> None:
    by_id = {"match: {email: contact.email}": "match: {hs_object_id: contact.hubspot}"}

    def of_id(id: str) -> Parcel:
        return parcel(a_response(f"c-{id[:3]}", contact={"hubspot": Fact(id, proven=True)}))

    async with hubspot(tmp_path, by_id) as (crm, writer):
        ids = [crm.portal.create("contacts", {"firstname": name}).id for name in ("Eva", "Max", "Ana")]
        receipts = await writer.write([of_id(one) for one in (ids[0], "1 OR 1=1", ids[1], ids[2])])
        assert refused(receipts) == [1]
        assert isinstance(receipts[1].error, Permanent)
        assert [receipt.remote for receipt in receipts if receipt.remote] == ids


async def test_addresses_that_look_alike_are_two_people(tmp_path: Path) -> None:
    async with hubspot(tmp_path) as (crm, writer):
        await writer.write([of("strasse@example.com"), of("straße@example.com", score=9)])
        assert [contact["nps_score"] for contact in shown(crm, "contacts")] == ["3", "9"]


async def test_a_limit_in_the_middle_of_halving_ends_it(tmp_path: Path) -> None:
    parcels = [of(f"p{at}@example.com") for at in range(8)]
    parcels[5] = of(BAD)
    async with hubspot(tmp_path) as (crm, writer):
        crm.whole_batches = True
        crm.exchanges.clear()
        crm.fails(status(400, body=b'{"category": "VALIDATION_ERROR"}'), TEN, at=CONTACTS)
        receipts = await writer.write(parcels)
        assert {type(receipt.error) for receipt in receipts} == {Throttled}
        assert len(crm.exchanges) == 2


async def test_a_slow_hubspot_is_left_in_time_and_what_came_through_is_known(tmp_path: Path) -> None:
    """The engine gives a call of a writer 23 seconds, and one that it cuts off has told nothing."""
    items = [Item("a@example.com", {"nps_score": "1"}, "email"), Item("b@example.com", {"nps_score": "2"}, "email")]
    async with hubspot(tmp_path) as (crm, writer):
        now = asyncio.get_running_loop().time()
        late = Objects(writer._client, (now - 1, now + 60))
        assert [str(found) for found in await late.write("contacts", items)] == [
            "HubSpot is slow: the rest of the batch is written at the next attempt"
        ] * 2
        assert len(crm.exchanges) == 0
        crm.fails(hang())
        cut = Objects(writer._client, (now + 60, now + 0.2))
        errors = [found for found in await cut.write("contacts", items) if isinstance(found, Retryable)]
        assert [(error.doubt, error.request) for error in errors] == [(True, f"POST {CONTACTS[1:]}")] * 2


async def test_long_texts_make_smaller_batches(tmp_path: Path) -> None:
    long = (Given("reason", "x" * 60_000, "x", "text", NOON),)
    async with hubspot(tmp_path) as (crm, writer):
        receipts = await writer.write([parcel(a_response(f"c{at}", answers=long, contact=who(at))) for at in range(20)])
        assert refused(receipts) == []
        assert max(len(exchange.body) for exchange in crm.exchanges) < 500_000


async def test_results_that_name_nobody_are_asked_for_one_by_one(tmp_path: Path) -> None:
    """Should HubSpot neither echo the trace nor the address, nothing is given to the wrong person."""
    async with hubspot(tmp_path) as (crm, writer):
        crm.forgetful = True
        receipts = await writer.write([of("a@example.com"), of("b@example.com")])
        assert refused(receipts) == []
        records = crm.portal.records["contacts"]
        assert [records[receipt.remote].properties["email"] for receipt in receipts] == [
            "a@example.com",
            "b@example.com",
        ]


async def test_no_personal_data_in_what_is_told(tmp_path: Path) -> None:
    async with hubspot(tmp_path) as (crm, writer):
        crm.whole_batches = True
        crm.portal.properties["contacts"]["nps_reason"] = Property("nps_reason", "number", "number")
        receipt = await write(writer, parcel())
        told = f"{receipt.error} {receipt.error.request if receipt.error else ''}"
        assert "nps_reason: INVALID_INTEGER" in told
        assert not [word for word in ("too slow", "eva@example.com", "612345678") if word in told]
