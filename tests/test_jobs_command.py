"""`chatsurvey jobs`: what an operator sees and can do."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.alarms import Alarms
from bot.changes import write_job
from bot.model import Job
from bot.records.base import Delivery
from bot.records.sql import SqlRecords
from bot.store.base import Dead, Retry
from bot.store.sqlite import SqliteStore
from tests.harness.commands import Folder, in_folder
from tests.harness.responses import NOON
from tests.harness.working import HOUR, Clock, put

DEAD = ["c1:write.crm", "c2:write.crm"]
REQUEST = 'PATCH /contacts/*** {"score": 3, "email": "***"}'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Folder:
    """A timer that waits, a job in work, one that failed once, and two dead letters."""
    found = in_folder(tmp_path, monkeypatch, capsys)

    async def lay(store: SqliteStore, records: SqlRecords) -> None:
        await put(store, *(write_job(f"c{n}", "crm", NOON) for n in (1, 2)), write_job("c1", "other", NOON))
        for job in await store.claim(NOON, 9, HOUR):
            failing = Retry(NOON + HOUR, "no connection") if "other" in job.kind else Dead("gone: answered 410")
            await store.settle([(job, failing)], NOON)
        await put(store, Job("c3:response", "response", NOON, {"chat": "c3"}))
        await store.claim(NOON, 1, HOUR, ["response"])
        await put(store, Job("c4:timer", "timer", NOON + HOUR, {"chat": "c4", "said": "eva@example.com"}))
        refused = Delivery("crm", "c1", 3, "dead", 1, NOON, "gone: answered 410", delivered=2, request=REQUEST)
        await records.keep([refused])

    found.lay(lay, Clock())
    return found


# Any: JSON as a script reads it.
def listed(folder: Folder, *words: str) -> list[Any]:
    found: list[Any] = json.loads(folder.run("jobs", *words, "--json"))
    return found


def test_the_list_is_readable(folder: Folder) -> None:
    lines = folder.run("jobs").splitlines()
    assert lines[0].split() == ["STATE", "DUE", "ATTEMPTS", "KIND", "ID", "ERROR"]
    assert len(lines) == 6
    assert lines[1].split() == [
        "dead", "2025-10-09T08:53:20Z", "1", "write.crm", "c1:write.crm", "gone:", "answered", "410",
    ]  # fmt: skip
    assert folder.run("jobs", "list") == folder.run("jobs")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--state", "dead"], DEAD),
        (["--state", "waiting"], ["c1:write.other", "c4:timer"]),
        (["--state", "running"], ["c3:response"]),
        (["--kind", "write"], [*DEAD, "c1:write.other"]),
        (["--kind", "write.other"], ["c1:write.other"]),
        (["--kind", "write", "--limit", "1"], DEAD[:1]),
        (["list", "--state", "dead", "--kind", "timer"], []),
        (["--state", "dead", "list"], DEAD),
    ],
)
def test_the_list_can_be_narrowed(folder: Folder, words: list[str], expected: list[str]) -> None:
    assert [job["id"] for job in listed(folder, *words)] == expected


def test_show_tells_all_of_a_job_and_of_its_chats_deliveries(folder: Folder) -> None:
    text = folder.run("jobs", "show", "c1:write.crm")
    for words in (
        "job\n",
        "state      dead",
        "error      gone: answered 410",
        "delivery\n",
        "delivered  2",
        f"request    {REQUEST}",
    ):
        assert words in text
    found = json.loads(folder.run("jobs", "show", "c1", "--json"))
    assert [job["id"] for job in found["jobs"]] == ["c1:write.crm", "c1:write.other"]
    assert [(d["writer"], d["state"], d["revision"]) for d in found["deliveries"]] == [("crm", "dead", 3)]


def test_messages_in_doubt_are_listed(folder: Folder) -> None:
    async def lay(_: SqliteStore, records: SqlRecords) -> None:
        notes = [Delivery("telegram", f"c{n}", 2, "in_doubt", 1, NOON + n, "the process ended") for n in (8, 9)]
        await records.keep(notes)

    assert folder.run("jobs", "doubts") == ""
    folder.lay(lay, Clock())
    lines = folder.run("jobs", "doubts").splitlines()
    assert [line.split()[1:3] for line in lines] == [["telegram", "c9"], ["telegram", "c8"]]
    (newest,) = json.loads(folder.run("jobs", "doubts", "--limit", "1", "--json"))
    assert (newest["chat"], newest["state"], newest["error"]) == ("c9", "in_doubt", "the process ended")


def test_what_a_writer_is_in_doubt_of_stays_listed_beside_messages(folder: Folder) -> None:
    async def lay(_: SqliteStore, records: SqlRecords) -> None:
        doubtful = Delivery("adobe", "c7", 2, "in_doubt", 1, NOON, delivered=2, doubt="the event may be there twice")
        await records.keep([doubtful])
        await records.keep([Delivery("adobe", "c7", 3, "delivered", 1, NOON + 5, delivered=3)])

    folder.lay(lay, Clock())
    (line,) = folder.run("jobs", "doubts").splitlines()
    assert line.split(maxsplit=3)[1:] == ["adobe", "c7", "the event may be there twice"]
    assert "may be there or not, and is not sent again: look it up there" in folder.err


def test_what_people_said_is_masked(folder: Folder) -> None:
    for words in (["show", "c4"], ["show", "c4", "--json"], ["list"], ["list", "--json"]):
        assert "eva@example.com" not in folder.run("jobs", *words)
    assert json.loads(folder.run("jobs", "show", "c4", "--json"))["jobs"][0]["said"] == "e•••"


def test_a_dead_letter_is_retried_with_a_fresh_count(folder: Folder) -> None:
    assert folder.run("jobs", "retry", "c1:write.crm").split() == ["retried", "c1:write.crm"]
    (job,) = listed(folder, "--kind", "write.crm", "--state", "waiting")
    assert (job["id"], job["attempts"]) == ("c1:write.crm", 0)
    assert folder.run("jobs", "retry", "--kind", "write.crm").splitlines() == ["retried  c2:write.crm"]
    assert listed(folder, "--state", "dead") == []
    folder.run("jobs", "retry", "--kind", "write.crm")
    assert folder.err == "no dead jobs of this kind\n"
    folder.run("jobs", "retry", "--all", "--state", "waiting", "--kind", "timer")
    assert listed(folder, "--kind", "timer")[0]["due"] > "2025-10-10"


@pytest.mark.parametrize("words", [["--all"], ["--all", "--kind", "write"]], ids=" ".join)
def test_all_means_all(folder: Folder, words: list[str]) -> None:
    async def lay(store: SqliteStore, _: SqlRecords) -> None:
        await put(store, *(write_job(f"d{n}", "crm", NOON) for n in range(150)))
        claimed = await store.claim(NOON, 999, HOUR, ["write.crm"])
        await store.settle([(job, Dead("gone")) for job in claimed], NOON)

    folder.lay(lay, Clock())
    assert len(listed(folder, "--state", "dead")) == 100
    assert len(folder.run("jobs", "retry", *words).splitlines()) == 152
    assert listed(folder, "--state", "dead") == []


def test_why_the_jobs_of_a_writer_wait_is_told_and_it_can_be_tried_now(folder: Folder) -> None:
    async def lay(store: SqliteStore, _: SqlRecords) -> None:
        await Alarms(store, Clock()).parked("other", "the key was taken back")

    folder.lay(lay, Clock())
    folder.run("jobs")
    assert "note   other does not let us in (the key was taken back)" in folder.err
    assert folder.run("jobs", "retry", "--kind", "write.other") == "tried    other, which did not let us in\n"


def test_jobs_are_dropped(folder: Folder) -> None:
    folder.run("jobs", "drop", "c1:write.crm", "c4:timer")
    folder.run("jobs", "drop", "--all")
    assert [job["id"] for job in listed(folder)] == ["c3:response", "c1:write.other"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["show", "nothing"], 'there is no job or delivery "nothing"'),
        (["retry"], "which jobs to retry?"),
        (["drop", "--kind", "write"], "which jobs to drop?"),
        (["drop", "--all", "c1:write.crm"], "which jobs to drop?"),
        (["retry", "nothing", "c1:write.crm"], "1 of these jobs"),
        (["retry", "c3:response"], "are running"),
    ],
)
def test_a_mistake_is_told(folder: Folder, words: list[str], told: str) -> None:
    folder.run("jobs", *words, code=1)
    assert told in folder.err
    assert "Traceback" not in folder.err


def test_where_no_service_ever_ran_there_is_nothing_and_nothing_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = in_folder(tmp_path, monkeypatch, capsys)
    assert empty.run("jobs", "--json") == "[]\n"
    assert empty.run("jobs") == ""
    assert empty.run("jobs", "doubts", "--json") == "[]\n"
    empty.run("jobs", "retry", "--all", code=1)
    assert list(tmp_path.iterdir()) == []
