"""`chatsurvey export`: formats, filters, waiting responses, spreadsheets."""

import csv
import io
import json
import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bot.errors import StoreUnavailable
from bot.jobs import Worker
from bot.model import Answer, CaseFacts, Job
from bot.records import database
from bot.records.sql import SqlRecords
from bot.store.sqlite import SqliteStore
from tests.harness.commands import Folder, in_folder
from tests.harness.responses import NOON, a_response, a_scored_chat
from tests.harness.service import clean
from tests.harness.working import HOUR, Clock, put

FIXED = [
    *("chat", "revision", "flow", "flow_version", "channel", "locale", "timezone", "score", "segment", "outcome"),
    *("sample", "visitor", "started_at", "scored_at", "updated_at", "ended_at"),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Folder:
    return in_folder(tmp_path, monkeypatch, capsys)


@pytest.fixture
def full(folder: Folder) -> Folder:
    """Three responses: a detractor, a promoter an hour later in German, and one of the demo page."""

    async def lay(_: SqliteStore, records: SqlRecords) -> None:
        german = (Answer("score", 10, "10", "nps", NOON), Answer("liked", ("a", "b"), "Ä, B", "choices", NOON))
        await records.upsert(
            [
                a_response("c1"),
                a_response("c2", 2, 10, scored=NOON + HOUR, locale="de", answers=german, contact={}),
                a_response("c3", scored=NOON + 2 * HOUR, sample=True, channel="telegram", flow="csat"),
            ]
        )

    folder.lay(lay, Clock())
    return folder


# Any: JSON as a reader of the export sees it.
def jsonl(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_json_is_one_list_of_whole_responses(full: Folder) -> None:
    found = json.loads(full.run("export"))
    assert [r["chat"] for r in found] == ["c1", "c2", "c3"]
    assert found[0]["score"] == 3
    assert found[0]["scored_at"] == "2025-10-09T08:53:20.000Z"
    assert found[0]["ended_at"] is None
    assert found[0]["contact"]["phone"] == {"value": "+33612345678", "source": "typed"}
    assert found[1]["answers"][1]["value"] == ["a", "b"]
    assert jsonl(full.run("export", "--format", "jsonl")) == found


def test_csv_has_fixed_columns_first_and_then_what_occurs(full: Folder) -> None:
    text = full.run("export", "--format", "csv")
    rows = table(text)
    more = ["answers.liked", "answers.reason", "answers.score", "contact.email", "contact.phone", "context.page_url"]
    assert list(rows[0]) == FIXED + more
    assert rows[1]["answers.liked"] == "a; b"
    assert (rows[0]["score"], rows[0]["sample"], rows[0]["ended_at"]) == ("3", "false", "")
    assert text.count("\r\n") == 4


def test_a_case_is_part_of_its_response(folder: Folder) -> None:
    case = CaseFacts("resolved", "unhappy", NOON, 0, "Maya", "replaced", "recovered", "delivery", "=Sent", NOON + HOUR)

    async def lay(_: SqliteStore, records: SqlRecords) -> None:
        await records.upsert([a_response("c1", case=case), a_response("c2")])

    folder.lay(lay, Clock())
    first, second = json.loads(folder.run("export"))
    assert first["case"]["counts"] == "recovered"
    assert first["case"]["due_at"] is None
    assert "case" not in second
    rows = table(folder.run("export", "--format", "csv"))
    assert (rows[0]["case.owner"], rows[0]["case.note"], rows[1]["case.owner"]) == ("Maya", "'=Sent", "")
    assert rows[0]["case.resolved_at"] == "2025-10-09T09:53:20.000Z"


def test_records_elsewhere_are_read_without_the_chats_and_nothing_is_made(
    full: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{full.path / 'data' / 'records.db'}")
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "another"))
    assert len(json.loads(full.run("export"))) == 3
    assert "responses that wait to be recorded are missing here" in full.err
    assert not (tmp_path / "another").exists()


@pytest.mark.parametrize(
    ("form", "expected"),
    [("json", "[]\n"), ("jsonl", ""), ("csv", ",".join(f'"{name}"' for name in FIXED) + "\r\n")],
)
def test_nothing_is_valid_too_and_makes_nothing(folder: Folder, form: str, expected: str) -> None:
    assert folder.run("export", "--format", form) == expected
    assert "no data" in folder.err
    assert list(folder.path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--since", "2025-10-09T09:00"], ["c2", "c3"]),
        (["--since", "2025-10-09T11:00+02:00"], ["c2", "c3"]),
        (["--until", "2025-10-09T09:00Z"], ["c1"]),
        (["--since", "2025-10-09", "--until", "2025-10-09"], ["c1", "c2", "c3"]),
        (["--since", "2025-10-10"], []),
        (["--until", "2025-10-08"], []),
        (["--segment", "promoter"], ["c2"]),
        (["--flow", "csat"], ["c3"]),
        (["--channel", "web"], ["c1", "c2"]),
        (["--no-samples"], ["c1", "c2"]),
        (["--samples"], ["c1", "c2", "c3"]),
    ],
)
def test_filters(full: Folder, words: list[str], expected: list[str]) -> None:
    assert [r["chat"] for r in jsonl(full.run("export", "--format", "jsonl", *words))] == expected


def test_days_are_those_of_the_services_zone(full: Folder) -> None:
    (full.path / "settings.yaml").write_text("timezone: Pacific/Auckland\n")
    # 08:53, 09:53 and 10:53 UTC; the 9th ends there at 11:00 UTC.
    assert len(json.loads(full.run("export", "--until", "2025-10-09"))) == 3
    assert json.loads(full.run("export", "--until", "2025-10-08")) == []


@pytest.mark.parametrize("said", ["yesterday", "2025-13-01", "2025-10-09T99:00", "99999-01-01", ""])
def test_what_is_no_time_is_told(full: Folder, said: str) -> None:
    full.run("export", f"--since={said}", code=0 if not said else 1)
    assert said == "" or f'--since: "{said}" is no time' in full.err


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t1", "\r1", "\n1", "＝1", "  =1", '=cmd|" /C calc"!A0']
)
def test_no_text_becomes_a_formula(folder: Folder, text: str) -> None:
    async def lay(_: SqliteStore, records: SqlRecords) -> None:
        answer = Answer("reason", text, text, "text", NOON)
        await records.upsert([a_response(answers=(answer,), context={text: text}, visitor=text)])

    folder.lay(lay, Clock())
    found = folder.run("export", "--format", "csv")
    (row,) = table(found)
    assert (row["answers.reason"], row["visitor"], row[f"context.{text}"]) == (f"'{text}",) * 3
    assert json.loads(folder.run("export"))[0]["visitor"] == text


def test_what_waits_is_recorded_first(folder: Folder) -> None:
    async def lay(store: SqliteStore, _: SqlRecords) -> None:
        soon = Job("c1:response", "response", NOON * 2, {"chat": "c1"})
        await put(store, soon, chat=a_scored_chat())

    folder.lay(lay, Clock())
    assert [r["chat"] for r in json.loads(folder.run("export"))] == ["c1"]
    waiting = json.loads(folder.run("jobs", "--json"))
    assert [job["id"] for job in waiting] == ["c1:write.jsonl"]


def test_what_cannot_be_recorded_now_does_not_hide_the_rest(full: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY", 0.01)

    async def lay(store: SqliteStore, _: SqlRecords) -> None:
        await put(store, Job("c9:response", "response", NOON, {"chat": "c9"}), chat=a_scored_chat("c9"))

    full.lay(lay, Clock())
    other = sqlite3.connect(full.settings.data_dir / "records.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert len(json.loads(full.run("export"))) == 3
    assert "1 response is not recorded yet" in full.err
    other.rollback()
    other.close()
    assert len(json.loads(full.run("export"))) == 4


def test_a_store_that_cannot_be_written_does_not_hide_what_is_recorded(
    full: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def drain(*_: object) -> int:
        raise StoreUnavailable("database or disk is full")

    monkeypatch.setattr(Worker, "drain", drain)
    assert len(json.loads(full.run("export"))) == 3
    assert "database or disk is full" in full.err


def test_a_file_appears_whole_or_not_at_all(full: Folder) -> None:
    full.run("export", "-o", "out.json")
    assert len(json.loads(Path("out.json").read_text("utf-8"))) == 3
    full.run("export", "-o", "missing/out.json", code=1)
    assert "cannot write missing/out.json" in full.err
    assert sorted(p.name for p in full.path.iterdir()) == ["data", "out.json"]


@pytest.mark.parametrize("form", ["json", "jsonl", "csv"])
def test_a_device_is_written_to_and_stays_one(full: Folder, form: str) -> None:
    os.mkfifo("pipe")
    with ThreadPoolExecutor(1) as reader:
        read = reader.submit(Path("pipe").read_bytes)
        full.run("export", "--format", form, "-o", "pipe")
        assert read.result() == full.run("export", "--format", form).encode()
    assert Path("pipe").is_fifo()


def test_an_output_that_is_full_is_told(full: Folder) -> None:
    full.run("export", "-o", "/dev/full", code=1)
    assert "cannot write /dev/full: No space left on device" in full.err
    assert Path("/dev/full").is_char_device()
    with Path("/dev/full").open("wb") as out:
        words = [sys.executable, "-m", "bot", "export"]
        done = subprocess.run(words, cwd=full.path, env=clean({}), stdout=out, stderr=subprocess.PIPE, check=False)
    assert done.stderr == b"error  cannot write the output: No space left on device\n"
    assert done.returncode == 1
