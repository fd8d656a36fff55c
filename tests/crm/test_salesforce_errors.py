"""What Salesforce answers becomes one of the closed list; each record of a batch has its own outcome; the quota of the
day is spared, and nothing that somebody typed is told."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.crm.salesforce.errors import LONG, SHORT, fault_of
from bot.errors import DeliveryError, Permanent, Retryable, Throttled, Unauthorized
from bot.model import Answer
from bot.sandbox.crm.salesforce_objects import Column
from bot.sandbox.crm.standin import Trouble, status
from tests.crm.salesforce_parts import CASE, ONLY_RECORD, RESPONSE, by, eva, only, salesforce
from tests.crm.writer_parts import parcel, refused, write, written
from tests.harness.responses import NOON, a_response


def said(code: str, message: str = "no", *fields: str) -> list[Mapping[str, object]]:
    return [{"message": message, "errorCode": code, **({"fields": list(fields)} if fields else {})}]


@pytest.mark.parametrize(
    ("code", "content", "error", "words"),
    [
        (
            400,
            said("INVALID_FIELD", "No such column 'Nps__c' on sobject of type Contact"),
            Permanent,
            "column 'Nps__c'",
        ),
        (400, said("REQUIRED_FIELD_MISSING", "Required", "LastName"), Permanent, "(LastName)"),
        (400, said("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Score first"), Permanent, "Score first"),
        (400, said("DUPLICATES_DETECTED"), Permanent, "`allow_duplicates`"),
        (400, said("STRING_TOO_LONG"), Permanent, "truncate"),
        (400, said("UNABLE_TO_LOCK_ROW"), Retryable, "UNABLE_TO_LOCK_ROW"),
        (400, said("STORAGE_LIMIT_EXCEEDED"), Retryable, "STORAGE_LIMIT_EXCEEDED"),
        (300, ["/services/data/v64.0/sobjects/Case/1"], Permanent, "several records"),
        (301, "moved", Permanent, "My Domain"),
        (401, said("INVALID_SESSION_ID"), Unauthorized, "INVALID_SESSION_ID"),
        (401, "<html>", Unauthorized, "401"),
        (403, said("API_DISABLED_FOR_ORG"), Unauthorized, "API_DISABLED_FOR_ORG"),
        (403, said("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), Throttled, "TotalRequests"),
        (403, said("INSUFFICIENT_ACCESS_OR_READONLY"), Permanent, "permission"),
        (404, {"message": "gone", "errorCode": "NOT_FOUND"}, Permanent, "NOT_FOUND: gone"),
        (404, "<html>", Permanent, "404"),
        (429, said("REQUEST_LIMIT_EXCEEDED"), Throttled, "429"),
        (500, said("UNKNOWN_EXCEPTION"), Retryable, "UNKNOWN_EXCEPTION"),
        (500, said("SOMETHING_NEW"), Retryable, "500"),
        (503, "down for maintenance", Retryable, "503"),
        (409, [], Retryable, "409"),
    ],
)
def test_what_an_answer_means(code: int, content: object, error: type[DeliveryError], words: str) -> None:
    found = fault_of(code, content, 0.0)
    assert type(found) is error
    assert words in str(found)


@pytest.mark.parametrize(
    ("code", "message", "asked", "wait"),
    [
        (403, "TotalRequests Limit exceeded.", 0.0, LONG),
        (403, "ConcurrentPerOrgLongTxn Limit exceeded.", 0.0, SHORT),
        (403, "TotalRequests Limit exceeded.", 60.0, 60.0),
        (429, "too fast", 7.0, 7.0),
        (503, "busy", 9.0, 9.0),
    ],
)
def test_how_long_to_wait(code: int, message: str, asked: float, wait: float) -> None:
    found = fault_of(code, said("REQUEST_LIMIT_EXCEEDED" if code == 403 else "X", message), asked)
    assert isinstance(found, Throttled)
    assert found.after == wait


async def test_one_bad_record_blocks_no_other_and_is_not_quoted(tmp_path: Path) -> None:
    async with salesforce(tmp_path, ONLY_RECORD) as (crm, writer):
        crm.org.objects["Contact"].columns["Email"] = Column("Email", "email", 30)
        long = "somebody.with.a.long.name@example.com"
        receipts = await writer.write([by("p1@example.com", "c1"), by(long, "c2"), by("p3@example.com", "c3")])
        error = receipts[1].error
        assert isinstance(error, Permanent)
        assert error.code == "string_too_long"
        assert "(Email)" in str(error)
        assert "somebody" not in f"{error} {error.request}"
        assert [receipt.error is None for receipt in receipts] == [True, False, True]
        assert [row["Chat_Id__c"] for row in crm.org.rows("NPS_Response__c")] == ["c1", "c3"]


async def test_a_field_that_is_not_there_fails_those_who_write_it(tmp_path: Path) -> None:
    """Salesforce refuses the whole call; the others go into one of their own."""
    async with salesforce(tmp_path, ONLY_RECORD) as (crm, writer):
        del crm.org.objects["NPS_Response__c"].columns["Reason__c"]
        parcels = [*(by(f"p{n}@example.com", f"c{n}") for n in range(20)), parcel(a_response("without", answers=()))]
        receipts = await writer.write(parcels)
        assert [receipt.error is None for receipt in receipts] == [*[False] * 20, True]
        assert "No such column 'Reason__c'" in str(receipts[0].error)
        assert "`chatsurvey check --live`" in str(receipts[0].error)
        assert sum(one.path.endswith(RESPONSE) for one in crm.exchanges) == 3


async def test_a_record_that_is_refused_leaves_the_others_of_its_batch_their_cases(tmp_path: Path) -> None:
    async with salesforce(tmp_path) as (crm, writer):
        del crm.org.objects["Case"].columns["Chat_Id__c"]
        error = await refused(writer)
        assert isinstance(error, Permanent)
        assert error.code == "not_found"
        assert "external ID" in str(error)
        assert len(crm.org.rows("NPS_Response__c")) == 1


async def test_a_record_twice_there_is_not_written_a_third_time(tmp_path: Path) -> None:
    async with salesforce(tmp_path, ONLY_RECORD) as (crm, writer):
        for _ in range(2):
            crm.org.put("NPS_Response__c", {"Chat_Id__c": "c1"})
        error = await refused(writer)
        assert isinstance(error, Permanent)
        assert error.code == "duplicate_external_id"


async def test_a_locked_row_is_tried_again_and_the_rest_stays(tmp_path: Path) -> None:
    row = {
        "success": False,
        "errors": [{"statusCode": "UNABLE_TO_LOCK_ROW", "message": "unable to lock", "fields": []}],
    }
    async with salesforce(tmp_path) as (crm, writer):
        crm.fails(status(200, body=json.dumps([row]).encode()), at=CASE)
        receipt = await write(writer)
        assert isinstance(receipt.error, Retryable)
        assert not receipt.error.doubt
        assert len(crm.org.rows("NPS_Response__c")) == 1
        await written(writer, parcel(notes=receipt.notes))
        assert len(crm.org.rows("Case")) == len(crm.org.rows("Task")) == 1


@pytest.mark.parametrize(
    "trouble",
    [status(200, body=b"[]"), status(200, body=b'{"records": 1}'), status(200, body=b'[{"success": "perhaps"}]')],
)
async def test_an_answer_that_is_none(tmp_path: Path, trouble: Trouble) -> None:
    async with salesforce(tmp_path, ONLY_RECORD) as (crm, writer):
        crm.fails(trouble, at=RESPONSE)
        assert isinstance(await refused(writer), Retryable)
        await written(writer)


async def test_a_quotation_mark_in_an_address_ends_no_literal(tmp_path: Path) -> None:
    for address in ("o'hara@example.com", "x' OR Email != '@example.com", "\\' OR Id != '", "a\\@example.com"):
        async with salesforce(tmp_path, {**ONLY_RECORD, "unknown: create": "unknown: skip"}) as (crm, writer):
            eva(crm)
            assert (await write(writer, by(address, "c1"))).skipped
            assert only(crm, "Contact").get("NPS_Score__c") is None


async def test_nothing_of_the_person_is_in_an_error(tmp_path: Path) -> None:
    words = "My order 4711 never came, says Zebulon"
    answers = (Answer("reason", words, words, "text", NOON),)
    async with salesforce(tmp_path) as (crm, writer):
        crm.org.objects["Case"].columns["Subject"] = Column("Subject", length=10)
        error = await refused(writer, parcel(a_response(answers=answers)))
        assert "STRING_TOO_LONG: Subject" in str(error)
        for word in ("Zebulon", "4711", "eva@", "never came"):
            assert word not in f"{error} {error.request}"
        assert error.request.startswith("PATCH http")


async def test_the_quota_used_up_is_waited_for(tmp_path: Path) -> None:
    async with salesforce(tmp_path, ONLY_RECORD) as (crm, writer):
        crm.used = crm.allowed
        error = await refused(writer)
        assert isinstance(error, Throttled)
        assert error.after == LONG


@pytest.mark.parametrize(("used", "waits"), [(80_000, False), (95_000, True)])
async def test_near_the_end_of_the_quota_it_goes_slowly(tmp_path: Path, used: int, waits: bool) -> None:
    async with salesforce(tmp_path, ONLY_RECORD) as (crm, writer):
        crm.used = used
        assert (await write(writer)).error is None
        before = len(crm.exchanges)
        receipt = await write(writer, parcel(a_response("c2")))
        assert isinstance(receipt.error, Throttled) is waits
        assert (len(crm.exchanges) == before) is waits
        if isinstance(receipt.error, Throttled):
            assert receipt.error.after == 300


async def test_a_duplicate_rule_can_be_told_to_allow_it(tmp_path: Path) -> None:
    async with salesforce(tmp_path, {**ONLY_RECORD, "unknown: create": "allow_duplicates: true"}) as (crm, writer):
        await written(writer)
        (made,) = [one for one in crm.exchanges if "Contact/Chat_Id__c" in one.path]
        assert made.headers["sforce-duplicate-rule-header"] == "allowSave=true"
