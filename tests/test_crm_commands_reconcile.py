"""`chatsurvey doctor crm`: whether CRMs answer, and what they have of the stored responses."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.app_writers import config_of
from bot.changes import response_of, write_job
from bot.commands.crm import known
from bot.crm.base import Parcel
from bot.crm.table import make
from bot.model import Answer, Change, Conversation, Fact, Job
from bot.records.sql import SqlRecords
from bot.sandbox.crm.sheets import Sheets
from bot.store.sqlite import SqliteStore
from tests.harness.commands import Folder, in_folder
from tests.harness.crm_away import away
from tests.harness.responses import NOON, a_scored_chat
from tests.harness.working import Clock

DAY = 86_400_000
HOOK = '  hook: {kind: webhook, url: "https://crm.example.com/nps", secret: "${HOOK_SECRET}"}\n'


class Desk:
    """A folder with stored responses, and a spreadsheet that has some of them."""

    def __init__(self, folder: Folder, crm: Sheets) -> None:
        self.folder, self.crm = folder, crm
        folder.environ = dict(crm.environment())

    def stored(self, *chats: Conversation, jobs: Sequence[Job] = ()) -> None:
        async def lay(store: SqliteStore, records: SqlRecords) -> None:
            for chat in chats:
                await store.commit(Change(chat, 0, jobs=tuple(job for job in jobs if job.payload["chat"] == chat.id)))
            await records.upsert([response_of(chat) for chat in chats])

        self.folder.lay(lay, Clock())

    def written(self, *chats: Conversation) -> None:
        """As the service would have written them."""

        async def write(_store: SqliteStore, _records: SqlRecords) -> None:
            settings = known(self.folder.settings)
            (one,) = [one for one in settings.writers if one.kind == "sheets"]
            writer = make(config_of(one, settings), Clock())
            parcels = [Parcel(response_of(chat), f"resp_{chat.id}_1", ("scored",)) for chat in chats]
            assert [receipt.error for receipt in await writer.write(parcels)] == [None] * len(parcels)
            await writer.close()

        self.folder.lay(write, Clock())

    def asked(self, *words: str, code: int = 0) -> Any:
        found = json.loads(self.folder.run("doctor", "crm", "--reconcile", "--json", *words, code=code))
        return next(one for one in found if one["writer"] == "sheets")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    folder = in_folder(tmp_path, monkeypatch, capsys)
    with away(Sheets(), tmp_path, monkeypatch) as crm:
        yield Desk(folder, crm)


def a_chat(chat: str, at: int = NOON, score: int = 3) -> Conversation:
    return a_scored_chat(
        chat,
        started=at,
        scored=at,
        score=score,
        answers={"score": Answer("score", score, str(score), "nps", at)},
        contact={"email": Fact(f"{chat}@example.com", proven=True)},
    )


def test_everything_is_there(desk: Desk) -> None:
    chats = [a_chat(f"chat-{n}") for n in range(3)]
    desk.stored(*chats)
    desk.written(*chats)
    assert desk.asked() == {"writer": "sheets", "compared": 3, "findings": [], "wrong": "", "asked": True}
    assert "  ok     3 of 3 are as they should be" in desk.folder.run("doctor", "crm", "--reconcile")


def test_missing_doubled_and_drifted_are_told_with_what_to_type(desk: Desk) -> None:
    written = [a_chat(name) for name in ("sound", "doubled", "drifted")]
    desk.stored(*written, a_chat("missing"))
    desk.written(*written)
    cells = desk.crm.tabs[0].cells
    cells.append(list(next(row for row in cells if "doubled" in row)))
    changed = next(row for row in cells if "drifted" in row)
    changed[cells[0].index("Score")] = 9
    found = desk.asked(code=1)
    assert {one["chat"]: one["what"] for one in found["findings"]} == {
        "missing": "missing",
        "doubled": "doubled",
        "drifted": "drifted",
    }
    told = desk.folder.run("doctor", "crm", "--reconcile", "--writer", "sheets", code=1)
    assert "  error  1 of 4 are as they should be" in told
    assert "  drifted  drifted  Score" in told
    assert "  type   chatsurvey crm send --anew sheets missing" in told
    assert "  type   chatsurvey crm send sheets drifted" in told
    assert "look for the chat's id in sheets" in told


def test_what_waits_needs_nobody(desk: Desk) -> None:
    desk.stored(a_chat("waits"), jobs=[write_job("waits", "sheets", NOON + DAY)])
    assert [(one["chat"], one["waits"]) for one in desk.asked(code=1)["findings"]] == [("waits", True)]
    told = desk.folder.run("doctor", "crm", "--reconcile", code=1)
    assert "missing  waits  (its delivery waits: chatsurvey jobs)" in told
    assert "crm send" not in told
    assert "chatsurvey jobs list --kind write.sheets" in told


@pytest.mark.parametrize(
    ("words", "chats"),
    [
        ((), ["old", "new"]),
        (("--since", "2025-10-09"), ["new"]),
        (("--until", "2025-10-08"), ["old"]),
        (("--since", "2025-10-11"), []),
    ],
)
def test_a_period(desk: Desk, words: tuple[str, ...], chats: list[str]) -> None:
    desk.stored(a_chat("old", NOON - 3 * DAY), a_chat("new"))
    assert [one["chat"] for one in desk.asked(*words, code=1 if chats else 0)["findings"]] == chats


def test_a_crm_that_refuses_is_said(desk: Desk) -> None:
    desk.stored(a_chat("c1"))
    desk.crm.lock_out(True)
    assert desk.asked(code=1)["wrong"]
    told = desk.folder.run("doctor", "crm", "--writer", "sheets", code=1)
    assert told.startswith("crm\n  error  sheets")
    desk.crm.lock_out(False)
    assert "  ok     sheets  it answers and knows us" in desk.folder.run("doctor", "crm")


def test_a_writer_that_cannot_be_asked_is_told_and_no_fault_unless_it_was_named(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = desk.folder.path / "settings.yaml"
    file.write_text(file.read_text("utf-8") + HOOK, "utf-8")
    desk.folder.environ["HOOK_SECRET"] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    monkeypatch.setenv("HOOK_SECRET", desk.folder.environ["HOOK_SECRET"])
    desk.stored(a_chat("c1"))
    desk.written(a_chat("c1"))
    assert "  !!     a writer of kind webhook cannot be asked" in desk.folder.run("doctor", "crm", "--reconcile")
    named = desk.folder.run("doctor", "crm", "--reconcile", "--writer", "hook", code=1)
    assert "  error  a writer of kind webhook cannot be asked" in named


def test_questions_that_make_no_sense_are_refused(desk: Desk) -> None:
    desk.folder.run("doctor", "slack", "--reconcile", code=1)
    assert "this is asked of CRMs" in desk.folder.err
    desk.folder.run("doctor", "crm", "--writer", "nobody", code=1)
    assert 'there is no writer "nobody"' in desk.folder.err
    desk.folder.run("doctor", "crm", "--reconcile", code=1)
    assert "there is no data" in desk.folder.err
    desk.stored(a_chat("c1"))
    desk.folder.run("doctor", "crm", "--reconcile", "--writer", "jsonl", code=1)
