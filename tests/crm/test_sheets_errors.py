"""What is in the way in Google Sheets, in words that say what to click; and what `chatsurvey crm setup` makes."""

import json
from pathlib import Path

import pytest

from bot.crm.base import Describing, Preparing, Reconciling
from bot.crm.http.client import Answer
from bot.crm.sheets.api import judge
from bot.crm.sheets.key import ServiceAccount
from bot.crm.sheets.writer import spreadsheet_of
from bot.errors import DeliveryError, Permanent, Retryable, Throttled, Unauthorized
from bot.sandbox.crm.sheets import SPREADSHEET
from bot.sandbox.crm.sheets_wire import ADDRESS, key_file
from bot.sandbox.crm.standin import status
from tests.crm.sheets_parts import HEADER, one, sheets
from tests.crm.writer_parts import parcel
from tests.harness.responses import a_response


def said(code: int, words: str = "", state: str = "", reason: str = "") -> Answer:
    details = [{"reason": reason}] if reason else []
    return Answer(code, {}, json.dumps({"error": {"message": words, "status": state, "details": details}}).encode())


ANSWERS: list[tuple[Answer, type[DeliveryError] | None, str]] = [
    (said(200), None, ""),
    (said(400, "Unable to parse range: Responses!A1"), Permanent, "no_sheet"),
    (said(400, "Range (Responses!AA1) exceeds grid limits. Max rows: 1000, max columns: 26"), Permanent, "grid"),
    (said(400, "You are trying to edit a protected cell or object."), Permanent, "protected"),
    (said(400, "This action would increase the number of cells above the limit of 10000000 cells."), Permanent, "full"),
    (said(400, 'Invalid JSON payload received. Unknown name "x"'), None, ""),
    (said(403, "The caller does not have permission", "PERMISSION_DENIED"), Permanent, "forbidden"),
    (said(403, "Google Sheets API has not been used in project 7 before"), Permanent, "api_disabled"),
    (said(403, "x", "PERMISSION_DENIED", "SERVICE_DISABLED"), Permanent, "api_disabled"),
    (said(403, "Quota exceeded", "RESOURCE_EXHAUSTED"), Throttled, ""),
    (said(403, "Rate Limit Exceeded", "", "rateLimitExceeded"), Throttled, ""),
    (said(404, "Requested entity was not found."), Permanent, "not_found"),
    (Answer(403, {}, b"<html>"), Permanent, "forbidden"),
    (said(429, "Quota exceeded", "RESOURCE_EXHAUSTED"), None, ""),
    (said(503), None, ""),
]


@pytest.mark.parametrize(("answer", "kind", "code"), ANSWERS)
def test_what_google_says_by_what_can_be_done(answer: Answer, kind: type[DeliveryError] | None, code: str) -> None:
    found = judge(answer)
    assert type(found) is (kind or type(None))
    assert getattr(found, "code", "") == code


@pytest.mark.parametrize("what", ["not shared", "wrong spreadsheet", "no tab"])
async def test_what_a_person_must_mend_parks_the_writer_and_says_how(tmp_path: Path, what: str) -> None:
    changes = {SPREADSHEET: "1otherSpreadsheet"} if what == "wrong spreadsheet" else {}
    async with sheets(tmp_path, changes) as (crm, writer):
        fix = f"share the spreadsheet with {ADDRESS} as Editor"
        match what:
            case "not shared":
                crm.shared = False
            case "wrong spreadsheet":
                fix = f"check `spreadsheet`, and share it with {ADDRESS} as Editor"
            case _:
                crm.tab().title = "Elsewhere"
                fix = 'make the sheet "Responses" (+ at the bottom left), or:  chatsurvey crm setup sheets'
        receipts = await writer.write([parcel(a_response("c1")), parcel(a_response("c2"))])
        for receipt in receipts:
            assert isinstance(receipt.error, Unauthorized)
            assert fix in str(receipt.error)
            assert receipt.error.request.startswith("GET http://127.0.0.1")
        assert fix in await writer.check()


async def test_google_names_no_wait(tmp_path: Path) -> None:
    async with sheets(tmp_path) as (crm, writer):
        crm.fails(status(429))
        error = (await one(writer)).error
        assert isinstance(error, Throttled)
        assert error.after == 0


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (b"", "no key of a service account"),
        (b"\xff\x00", "no key of a service account"),
        (b'{"type": "authorized_user", "client_id": "x"}', "no key of a service account"),
        (json.dumps(json.loads(key_file()) | {"private_key": "no key"}).encode(), "private key"),
    ],
)
async def test_a_key_that_is_none_is_said_before_anything_is_asked(key: bytes, words: str) -> None:
    with pytest.raises(Unauthorized, match=words) as caught:
        ServiceAccount(lambda: key).grant().form(0, "")
    assert "console.cloud.google.com" in str(caught.value)


async def test_a_key_file_is_read_at_each_login(tmp_path: Path) -> None:
    file = tmp_path / "google.json"
    file.write_text("{}")
    changes = {'key: "${GOOGLE_KEY}"': f"key_file: {file}"}
    async with sheets(tmp_path, changes) as (_, writer):
        assert "no key of a service account" in await writer.check()
        file.write_text(key_file())
        assert await writer.check() == ""
        file.unlink()
        assert await writer.check() == ""  # the token lasts an hour


async def test_a_login_goes_the_writers_way(tmp_path: Path) -> None:
    """Through its proxy, which is not there: nothing is asked beside it."""
    changes = {"    allow_private: true": "    allow_private: true\n    proxy: http://127.0.0.1:9"}
    async with sheets(tmp_path, changes) as (crm, writer):
        error = (await one(writer)).error
        assert isinstance(error, Retryable)
        assert "no connection to the proxy" in str(error)
        assert not crm.logins


async def test_setup_makes_the_sheet_and_its_header(tmp_path: Path) -> None:
    async with sheets(tmp_path, {"sheet: Responses": 'sheet: "Q1 \'26"'}) as (crm, writer):
        assert isinstance(writer, Preparing)
        todo = await writer.setup(make=False)
        assert {step.state for step in todo} == {"todo"}
        assert "+ at the bottom left" in todo[0].how
        assert len(crm.tabs) == 1
        made = await writer.setup(make=True)
        assert [(step.what, step.state) for step in made] == [
            ('sheet "Q1 \'26"', "made"), *((f"column {name}", "made") for name in HEADER),
        ]  # fmt: skip
        assert crm.tab("Q1 '26").cells == [HEADER]
        assert {step.state for step in await writer.setup(make=True)} == {"there"}
        assert (await one(writer)).remote == "Q1 '26!2"


async def test_describe_tells_the_columns_there_are(tmp_path: Path) -> None:
    async with sheets(tmp_path) as (crm, writer):
        assert isinstance(writer, Describing)
        assert isinstance(writer, Reconciling)
        assert list((await writer.describe())["row"]) == HEADER  # the first response makes them
        crm.tab().cells = [["Chat", "Skore"]]
        assert list((await writer.describe())["row"]) == ["Chat", "Skore"]
        assert 'write "Score" into the first free cell of row 1' in writer.advice("row", "Score")
        crm.tabs.clear()
        assert await writer.describe() == {}
        assert "chatsurvey crm setup sheets" in writer.advice("row", "")


@pytest.mark.parametrize(
    ("said", "id"),
    [
        ("https://docs.google.com/spreadsheets/d/1Bx-iM_s/edit#gid=0", "1Bx-iM_s"),
        ("https://docs.google.com/spreadsheets/u/1/d/1Bx-iM_s", "1Bx-iM_s"),
        (" 1Bx-iM_s ", "1Bx-iM_s"),
    ],
)
def test_a_spreadsheet_may_be_given_by_its_address(said: str, id: str) -> None:
    assert spreadsheet_of(said) == id
