"""CSV files of responses: safe to open, whole after a crash, rotated by name, and a table each."""

import asyncio
import csv
import io
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.app_writers import configs
from bot.crm.base import Parcel
from bot.crm.files.csv_cells import FORMULA, cell, line
from bot.crm.files.csv_file import CsvWriter, make
from bot.errors import Retryable
from bot.model import Answer, Response
from bot.settings import load
from tests.crm.writer_parts import full_disk
from tests.harness.responses import NOON, a_response

DAY = 86_400_000
USUAL = [
    *("chat", "revision", "flow", "channel", "locale", "score", "segment", "outcome", "sample"),
    *("started_at", "scored_at", "updated_at", "ended_at", "email", "phone", "answers"),
]
MAPPED = """
    fields:
      Score: score
      Segment: segment | labels(fr)
      Why: answers.reason
      Phone: contact.phone
"""


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def a_writer(folder: Path, clock: Clock, section: str = "") -> CsvWriter:
    """As the settings file makes it."""
    (folder / "settings.yaml").write_text(f"writers:\n  csv:\n    kind: csv\n{section}", "utf-8")
    config = next(one for one in configs(load({}, folder)) if one.kind == "csv")
    return make(config, clock)


def wrote(folder: Path, clock: Clock, *responses: Response, section: str = "") -> None:
    """Write as a new process would; each is taken."""

    async def once() -> None:
        writer = a_writer(folder, clock, section)
        try:
            receipts = await writer.write([Parcel(r, f"resp_{r.chat}_{r.revision}") for r in responses])
            assert [receipt.error for receipt in receipts] == [None] * len(responses)
        finally:
            await writer.close()

    asyncio.run(once())


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "data").glob("*.csv"))


def rows(folder: Path, name: str = "responses-2025-10.csv", delimiter: str = ",") -> list[Mapping[str, str]]:
    text = (folder / "data" / name).read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


def revisions(folder: Path, name: str = "responses-2025-10.csv") -> list[tuple[str, str]]:
    return [(row["chat"], row["revision"]) for row in rows(folder, name)]


def test_one_line_a_revision_under_the_usual_header(tmp_path: Path, clock: Clock) -> None:
    wrote(tmp_path, clock, a_response("c1"), a_response("c2", sample=True), a_response("c1", 2, outcome="completed"))
    assert files(tmp_path) == ["responses-2025-10.csv"]
    first, sample, second = rows(tmp_path)
    assert list(first) == USUAL
    assert (first["score"], first["email"], first["phone"]) == ("3", "eva@example.com", "+33612345678")
    assert first["answers"] == "score: 3\nreason: too slow"
    assert (sample["sample"], second["revision"], second["outcome"]) == ("true", "2", "completed")
    path = tmp_path / "data" / "responses-2025-10.csv"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes().startswith(b"chat,revision,flow,")


def test_columns_are_those_of_the_mapping(tmp_path: Path, clock: Clock) -> None:
    section = MAPPED + "    delimiter: semicolon\n    bom: true\n"
    wrote(tmp_path, clock, a_response(answers=()), a_response("c2"), section=section)
    assert (tmp_path / "data" / "responses-2025-10.csv").read_bytes().startswith(b"\xef\xbb\xbfchat;revision;Score;")
    empty, full = rows(tmp_path, delimiter=";")
    assert empty["Why"] == ""
    assert full == {
        "chat": "c2",
        "revision": "1",
        "Score": "3",
        "Segment": "Détracteur",
        "Why": "too slow",
        "Phone": "+33612345678",
    }


def test_which_responses(tmp_path: Path, clock: Clock) -> None:
    writer = a_writer(tmp_path, clock, "    on: [completed]\n    when: {segment: detractor}\n")
    assert writer.wants(a_response(outcome="completed", ended=NOON))
    assert not writer.wants(a_response())
    assert not writer.wants(a_response(score=9, outcome="completed", ended=NOON))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\n'=1"),
        ("\n=1", "'\n'=1"),
        ("  =1", "'  =1"),
        ("＝1", "'＝1"),
        ('=cmd|" /C calc"!A0', '\'=cmd|" /C calc"!A0'),
        ("+33612345678", "+33612345678"),
        ("+33612345678+1", "'+33612345678+1"),
        ("+33 6 12 34 56 78", "'+33 6 12 34 56 78"),
        ('he said "no", twice', 'he said "no", twice'),
        ("two\r\nlines\u2028three", "two\nlines\nthree"),
        ("half \ud800 of one", "half  of one"),
    ],
)
def test_no_text_becomes_a_formula_or_another_cell(tmp_path: Path, clock: Clock, text: str, shown: str) -> None:
    wrote(tmp_path, clock, a_response(answers=(Answer("reason", text, text, "text", NOON),)), section=MAPPED)
    found = rows(tmp_path)
    assert [(row["chat"], row["Score"]) for row in found] == [("c1", "3")]
    assert found[0]["Why"].replace("\ufffd", "") == shown


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("other", [",", ";", "\t"])
@pytest.mark.parametrize(
    "text",
    [
        "well;=WEBSERVICE(B1);x", "well,=A1", "a\n=A1", "a\r\n=A1", 'a; "=A1', "a;\"=A1", "a,\t@A1", "a;-A1", "a;- A1",
        "a;+(A1)", "a;-1+cmd|' /C calc'!A0", "a;＝1", ";=A1", "a,;=A1", "a;'=A1",
    ],
)  # fmt: skip
def test_no_text_becomes_a_formula_where_another_separator_is_expected(text: str, delimiter: str, other: str) -> None:
    read = csv.reader(io.StringIO(line(["c1", text, 3], delimiter).decode(), newline=""), delimiter=other)
    cells = [cell.lstrip(' "\t') for row in read for cell in row]
    assert [cell for cell in cells if cell.startswith(FORMULA)] == []


@pytest.mark.parametrize(
    "text", ["fine, -5", "a, 10;-10%;+33 6 12", "call me, +33612345678", "so ;-) so", "a=b, c-d", "1,-2,\n-3"]
)
def test_numbers_and_smiles_stay_as_they_are(text: str) -> None:
    assert cell(text) == text


def test_numbers_are_numbers_and_nothing_is_empty() -> None:
    assert [cell(value) for value in (-1, 2.5, True, None, "x")] == [-1, 2.5, "true", "", "x"]
    assert line(["a;b", "c", "\x00=1"], ";") == b'"a;b";c;\'=1\r\n'


@pytest.mark.parametrize("kept", [1, 20, -1, -2], ids=["one byte", "some", "half a line end", "all but the line end"])
def test_a_torn_last_line_is_cut_off_and_written_again(tmp_path: Path, clock: Clock, kept: int) -> None:
    broken = Answer("reason", "one\ntwo", "one\ntwo", "text", NOON)
    wrote(tmp_path, clock, a_response("c1"), a_response("c2", answers=(broken,)), section=MAPPED)
    path = tmp_path / "data" / "responses-2025-10.csv"
    whole = path.read_bytes()
    last = whole.rstrip(b"\r\n").rindex(b"\r\n") + 2
    path.write_bytes(whole[:last] + whole[last:][:kept])
    wrote(tmp_path, clock, a_response("c2", answers=(broken,)), section=MAPPED)
    assert path.read_bytes() == whole


@pytest.mark.parametrize("kept", [0, 1, 7, -1])
def test_a_torn_header_is_written_again(tmp_path: Path, clock: Clock, kept: int) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "responses-2025-10.csv").write_bytes(line(USUAL)[:kept])
    wrote(tmp_path, clock, a_response())
    assert files(tmp_path) == ["responses-2025-10.csv"]
    assert revisions(tmp_path) == [("c1", "1")]


def test_a_revision_is_written_once_also_after_a_crash_that_nobody_was_told_of(tmp_path: Path, clock: Clock) -> None:
    wrote(tmp_path, clock, a_response("c1"), a_response("c2", 2))
    wrote(tmp_path, clock, a_response("c1"), a_response("c2"), a_response("c2", 3))
    assert revisions(tmp_path) == [("c1", "1"), ("c2", "2"), ("c2", "3")]


@pytest.mark.parametrize(
    ("rotate", "names"),
    [
        ("never", ["responses.csv"]),
        ("daily", ["responses-2025-10-09.csv", "responses-2025-11-08.csv"]),
        ("monthly", ["responses-2025-10.csv", "responses-2025-11.csv"]),
    ],
)
def test_files_are_rotated_by_name(tmp_path: Path, clock: Clock, rotate: str, names: list[str]) -> None:
    async def both() -> None:
        writer = a_writer(tmp_path, clock, f"    rotate: {rotate}\n")
        await writer.write_all([a_response("c1")])
        clock.now += 30 * DAY
        await writer.write_all([a_response("c1", 1), a_response("c1", 2)])
        await writer.close()

    asyncio.run(both())
    assert files(tmp_path) == names
    assert [found for name in names for found in revisions(tmp_path, name)] == [("c1", "1"), ("c1", "2")]


def test_a_crash_at_the_turn_of_the_month_doubles_nothing(tmp_path: Path, clock: Clock) -> None:
    wrote(tmp_path, clock, a_response("c1"))
    with (tmp_path / "data" / "responses-2025-10.csv").open("ab") as file:
        file.write(b"c2,1,tor")
    clock.now = int(datetime(2025, 11, 1, tzinfo=UTC).timestamp() * 1000)
    wrote(tmp_path, clock, a_response("c1"), a_response("c2"))
    assert revisions(tmp_path) == [("c1", "1")]
    assert revisions(tmp_path, "responses-2025-11.csv") == [("c2", "1")]


def test_a_full_file_is_followed_by_its_next_part(tmp_path: Path, clock: Clock) -> None:
    long = (Answer("reason", "x" * 100_000, "x" * 100_000, "text", NOON),)
    section = "    rotate: size\n    megabytes: 1\n"
    for batch in (range(6), range(6, 12), range(12, 14)):
        wrote(tmp_path, clock, *(a_response(f"c{n}", answers=long) for n in batch), section=section)
    assert files(tmp_path) == ["responses.2.csv", "responses.csv"]
    assert [len(revisions(tmp_path, name)) for name in files(tmp_path)] == [2, 12]


def test_other_columns_begin_another_file(tmp_path: Path, clock: Clock) -> None:
    wrote(tmp_path, clock, a_response("c1"))
    wrote(tmp_path, clock, a_response("c1"), a_response("c2"), section=MAPPED)
    wrote(tmp_path, clock, a_response("c3"), section=MAPPED)
    assert files(tmp_path) == ["responses-2025-10.2.csv", "responses-2025-10.csv"]
    assert revisions(tmp_path) == [("c1", "1")]
    assert revisions(tmp_path, "responses-2025-10.2.csv") == [("c2", "1"), ("c3", "1")]


@pytest.mark.parametrize("edited", ["line ends", "not ours", "a spreadsheet's quotes"])
def test_a_file_that_somebody_saved_is_left_alone(tmp_path: Path, clock: Clock, edited: str) -> None:
    wrote(tmp_path, clock, a_response("c1"))
    path = tmp_path / "data" / "responses-2025-10.csv"
    match edited:
        case "line ends":
            path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n"))
        case "not ours":
            path.write_bytes(b"name,shoe size\nEva,39")
        case _:
            path.write_bytes(b'"chat";"revision"\r\nhalf a line')
    before = path.read_bytes()
    wrote(tmp_path, clock, a_response("c2"))
    assert path.read_bytes() == before
    assert revisions(tmp_path, "responses-2025-10.2.csv") == [("c2", "1")]


def test_a_writer_with_a_name_of_its_own_has_files_of_its_own(tmp_path: Path, clock: Clock) -> None:
    text = "writers:\n  csv: {rotate: never}\n  sad: {kind: csv, rotate: never, when: {segment: detractor}}\n"
    (tmp_path / "settings.yaml").write_text(text)

    async def both() -> None:
        for config in configs(load({}, tmp_path)):
            if config.kind == "csv":
                writer = make(config, clock)
                await writer.write_all([a_response()])
                await writer.close()

    asyncio.run(both())
    assert files(tmp_path) == ["responses.csv", "responses_sad.csv"]


async def test_a_full_disk_leaves_no_half_line(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = a_writer(tmp_path, clock)
    await writer.write_all([a_response("c1")])
    with full_disk(monkeypatch):
        errors = await writer.write_all([a_response("c2"), a_response("c3")])
    assert [str(error) for error in errors if isinstance(error, Retryable)] == [
        "responses-2025-10.csv cannot be written: No space left on device"
    ] * 2
    await writer.write_all([a_response("c2"), a_response("c3")])
    assert revisions(tmp_path) == [("c1", "1"), ("c2", "1"), ("c3", "1")]
    await writer.close()
