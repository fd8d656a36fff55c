"""A response is one row in Google Sheets: appended once, found again wherever people have put it."""

from pathlib import Path

import pytest

from bot.crm.sheets.grid import LONGEST, cells, fitting, header, letters, number, sheet, spans, start
from bot.errors import Retryable
from bot.model import Answer
from bot.sandbox.crm.sheets import SETTINGS
from bot.sandbox.crm.standin import Trouble, lost, malformed, reset, reset_in_body, status
from tests.crm.sheets_parts import HEADER, chats, one, sheets
from tests.crm.writer_parts import parcel
from tests.harness.crm import Expect, expecting
from tests.harness.responses import NOON, a_response

LOOK, APPEND, PUT = "values:batchGet", ":append", "values:batchUpdate"


async def test_the_first_response_makes_the_header_and_its_row(tmp_path: Path) -> None:
    async with sheets(tmp_path) as (crm, writer):
        with expecting(
            crm,
            Expect("GET", LOOK, query={"ranges": "'Responses'!1:1"}),
            Expect("POST", PUT, {"valueInputOption": "RAW", "data": [
                {"range": "'Responses'!A1:J1", "values": [HEADER]},
            ]}),
            Expect("POST", APPEND, {"values": [[
                "c1", "2025-10-09T08:53:20.000Z", 3, "Detractor", "too slow", "eva@example.com", "+33612345678",
                None, None, "c1",
            ]]}, {"valueInputOption": "RAW", "insertDataOption": "INSERT_ROWS"}),
        ):  # fmt: skip
            receipt = await one(writer)
        assert (receipt.error, receipt.remote, receipt.notes) == (None, "Responses!2", {"row": "2"})
        assert crm.records()[0]["Score"] == 3


async def test_as_the_chat_goes_on_the_same_row_is_updated(tmp_path: Path) -> None:
    async with sheets(tmp_path) as (crm, writer):
        first = await one(writer, a_response(answers=()))
        with expecting(crm, Expect("GET", LOOK), Expect("POST", PUT)):
            again = await one(writer, a_response(revision=2, outcome="completed", ended=NOON), first.notes)
        assert again.notes == {"row": "2"}
        (row,) = crm.records()
        assert (row["Reason"], row["Outcome"], row["Phone"]) == ("too slow", "completed", "+33612345678")


async def test_what_a_response_no_longer_has_stays_as_it_is(tmp_path: Path) -> None:
    async with sheets(tmp_path) as (crm, writer):
        first = await one(writer)
        await one(writer, a_response(revision=2, answers=()), first.notes)
        assert crm.records()[0]["Reason"] == "too slow"


@pytest.mark.parametrize("trouble", [lost(), reset_in_body(), malformed(), status(503), reset()], ids=lambda t: t.kind)
async def test_an_append_whose_answer_is_lost_is_looked_up_before_it_is_made_again(
    tmp_path: Path, trouble: Trouble
) -> None:
    async with sheets(tmp_path) as (crm, writer):
        await one(writer, a_response("c0"))
        crm.fails(trouble, at=APPEND)
        failed = await one(writer)
        assert isinstance(failed.error, Retryable)
        assert failed.error.doubt is (trouble.kind != "status")
        again = await one(writer, a_response(revision=2), failed.notes, doubt=failed.error.doubt)
        assert (again.error, chats(crm), again.notes) == (None, ["c0", "c1"], {"row": "3"})


async def test_a_killed_process_leaves_one_row(tmp_path: Path) -> None:
    async with sheets(tmp_path) as (crm, writer):
        await one(writer)  # and nobody notes what came of it
        assert (await one(writer, doubt=True)).notes == {"row": "2"}
        assert chats(crm) == ["c1"]


async def test_many_take_one_append_and_one_update(tmp_path: Path) -> None:
    async with sheets(tmp_path) as (crm, writer):
        first = await writer.write([parcel(a_response(f"c{n}")) for n in range(100)])
        with expecting(crm, Expect("GET", LOOK), Expect("POST", PUT), Expect("POST", APPEND)):
            await writer.write([parcel(a_response(f"c{n}", 2), first[n].notes if n < 100 else {}) for n in range(200)])
        assert sorted(map(str, chats(crm))) == sorted(f"c{n}" for n in range(200))


@pytest.mark.parametrize("change", ["sorted", "a row above", "rows below deleted", "column moved", "columns between"])
async def test_people_may_move_rows_and_columns(tmp_path: Path, change: str) -> None:
    async with sheets(tmp_path) as (crm, writer):
        (_, first, _) = await writer.write([parcel(a_response(chat)) for chat in ("c0", "c1", "c2")])
        cells = crm.tab().cells
        match change:
            case "sorted":
                cells[1:] = reversed(cells[1:])
            case "a row above":
                cells.insert(1, ["a note"])
            case "rows below deleted":
                del cells[1:]
                cells.append(["c1"])
                crm.tab().height = 2
            case "column moved":
                for row in cells:
                    row.append(row.pop(0))
            case _:
                for row in cells:
                    row[1:1] = ["", "mine"]
        await one(writer, a_response("c1", 2, score=9), first.notes)
        assert [row["Score"] for row in crm.records() if row["Chat"] == "c1"] == [9]
        assert [row["Score"] for row in crm.records() if row["Chat"] == "c0"] in ([3], [])
        assert all(row[2] == "mine" for row in cells if change == "columns between")


async def test_a_new_row_finds_its_columns_too(tmp_path: Path) -> None:
    async with sheets(tmp_path) as (crm, writer):
        crm.tab().cells = [["Notes", "Score", "", "Chat"], ["by hand", "", "", "old"]]
        await one(writer)
        assert crm.tab().cells[0] == ["Notes", "Score", "", "Chat", *(n for n in HEADER if n not in ("Chat", "Score"))]
        assert crm.tab().cells[2][:4] == ["", 3, "", "c1"]


async def test_what_stands_beside_or_below_the_table_is_not_touched(tmp_path: Path) -> None:
    async with sheets(tmp_path) as (crm, writer):
        await one(writer, a_response("c0"))
        tab = crm.tab()
        tab.set(4, 0, "=SUM of my own")
        tab.set(1, 14, "beside")
        await writer.write([parcel(a_response(f"c{n}")) for n in range(1, 6)])
        assert [row[0] for row in tab.cells if row] == ["Chat", *(f"c{n}" for n in range(6)), "=SUM of my own"]
        assert tab.value(1, 14) == "beside"


async def test_a_table_that_begins_further_left_in_googles_eyes_is_put_right(tmp_path: Path) -> None:
    async with sheets(tmp_path) as (crm, writer):
        crm.tab().cells = [["", "Chat", "Score"], ["a mark", "c0", 3]]
        await one(writer)
        assert crm.tab().cells[2][:3] == ["", "c1", 3]


async def test_without_the_chats_column_nothing_is_written(tmp_path: Path) -> None:
    async with sheets(tmp_path) as (crm, writer):
        first = await one(writer)
        crm.tab().cells[0][0] = "Conversation"
        receipt = await one(writer, a_response(revision=2), first.notes)
        assert 'row 1 of the sheet "Responses" has no column "Chat"' in str(receipt.error)
        assert len(crm.tab().cells) == 2


async def test_a_column_beyond_the_grid_is_made(tmp_path: Path) -> None:
    async with sheets(tmp_path) as (crm, writer):
        crm.tab().width = 4
        await one(writer)
        assert (crm.tab().width, crm.tab().cells[0]) == (10, HEADER)


@pytest.mark.parametrize(
    ("unknown", "rows", "said"), [("create", ["c1"], ""), ("skip", [], "its row was deleted"), ("park", [], "")]
)
async def test_a_row_that_was_deleted(tmp_path: Path, unknown: str, rows: list[object], said: str) -> None:
    async with sheets(tmp_path, {"    fields:": f"    unknown: {unknown}\n    fields:"}) as (crm, writer):
        first = await one(writer)
        del crm.tab().cells[1]
        again = await one(writer, a_response(revision=2), first.notes)
        assert (chats(crm), again.skipped) == (rows, said)
        assert getattr(again.error, "code", "") == ("unknown_person" if unknown == "park" else "")


@pytest.mark.parametrize(("changed", "reason"), [("overwrite", "too slow"), ("keep", "called her")])
async def test_a_cell_that_a_person_changed(tmp_path: Path, changed: str, reason: str) -> None:
    async with sheets(tmp_path, {"    fields:": f"    changed: {changed}\n    fields:"}) as (crm, writer):
        first = await one(writer)
        crm.tab().set(1, HEADER.index("Reason"), "called her")
        second = await one(writer, a_response(revision=2, score=7), first.notes)
        await one(writer, a_response(revision=3, score=8), second.notes)
        (row,) = crm.records()
        assert (row["Reason"], row["Score"]) == (reason, 8)


async def test_our_own_change_whose_answer_was_lost_is_no_persons(tmp_path: Path) -> None:
    async with sheets(tmp_path, {"    fields:": "    changed: keep\n    fields:"}) as (crm, writer):
        first = await one(writer)
        crm.fails(lost(), at=PUT)
        failed = await one(writer, a_response(revision=2, score=7), first.notes)
        assert failed.error is not None
        await one(writer, a_response(revision=3, score=8), failed.notes)
        assert crm.records()[0]["Score"] == 8


async def test_one_bad_value_spoils_no_other(tmp_path: Path) -> None:
    async with sheets(tmp_path) as (crm, writer):
        await one(writer, a_response("c0"))
        crm.fails(status(400), status(400), at=APPEND)
        receipts = await writer.write([parcel(a_response(chat)) for chat in ("c1", "c2", "c3")])
        assert [receipt.error is None for receipt in receipts] == [False, True, True]
        assert chats(crm) == ["c0", "c2", "c3"]


@pytest.mark.parametrize(
    "text", ["=HYPERLINK(1)", "+1", "-1", "@x", "'quoted", "007", "a\r\nb", "é" * 60_000, "\ud800x"]
)
async def test_text_is_text(tmp_path: Path, text: str) -> None:
    async with sheets(tmp_path) as (crm, writer):
        answer = Answer("reason", text, text, "text", NOON)
        assert (await one(writer, a_response(answers=(answer,)))).error is None
        got = str(crm.records()[0]["Reason"])
        assert got == text.replace("\r\n", "\n").replace("\ud800", "\ufffd") or got == text[: LONGEST - 1] + "…"


async def test_stored_tells_missing_doubled_and_drifted(tmp_path: Path) -> None:
    async with sheets(tmp_path) as (crm, writer):
        parcels = [parcel(a_response(chat)) for chat in ("c1", "c2", "c3", "c4")]
        assert [found.count for found in await writer.stored(parcels)] == [0, 0, 0, 0]
        await writer.write(parcels[:3])
        crm.tab().cells.append(list(crm.tab().cells[1]))
        crm.tab().set(2, HEADER.index("Score"), 10)
        found = await writer.stored(parcels)
        assert [(one.count, one.drifted) for one in found] == [(2, ()), (1, ("Score",)), (1, ()), (0, ())]


async def test_without_a_mapping_the_usual_columns_are_written(tmp_path: Path) -> None:
    text = SETTINGS[SETTINGS.index("    fields:") :]
    async with sheets(tmp_path, {text: ""}) as (crm, writer):
        await one(writer)
        (row,) = crm.records()
        assert (row["Chat"], row["score"], row["answers"]) == ("c1", 3, "score: 3\nreason: too slow")


def test_names_of_columns_and_ranges() -> None:
    assert [letters(n) for n in (0, 25, 26, 51, 52, 701, 702)] == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]
    assert all(number(letters(n)) == n for n in range(2_000))
    assert sheet("Q1 '26") == "'Q1 ''26'"
    assert [start(text) for text in ("'a!b'!C7:D9", "Tab!AA10", "B2")] == [(2, 7), (26, 10), (1, 2)]
    with pytest.raises(ValueError, match="no range"):
        start("")


def test_rows_are_read_in_few_ranges() -> None:
    assert spans([5, 2, 3, 100, 2]) == [(2, 5), (100, 100)]
    assert header(["Chat", None, " Score ", "Chat", 7]) == {"Chat": 0, "Score": 2, "7": 4}
    assert cells({"b": 1, "d": None}, {"a": 0, "b": 1, "d": 3}, 1) == [1, None, None]
    assert len(fitting("😀" * 30_000).encode("utf-16-le")) // 2 <= LONGEST  # type: ignore[union-attr]  # a str stays one
