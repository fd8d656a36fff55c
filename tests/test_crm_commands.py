"""`chatsurvey crm`: what an owner sees of the writers, what would be sent, what is set up, what is sent again."""

import io
import json
from pathlib import Path
from urllib.parse import unquote

import msgspec
import pytest

from bot.changes import write_job
from bot.crm.table import KINDS as ALL
from bot.crm.table import page_of
from bot.model import Answer, Change, Doc, DocChange, Entry, Fact
from bot.records.sql import SqlRecords
from bot.sandbox.crm.hubspot import HubSpot
from bot.sandbox.crms import Crms
from bot.store.base import Commit
from bot.store.sqlite import SqliteStore
from bot.writing_remote import KIND, Remote, doc_of, remote_id, remote_of
from tests.harness.commands import Folder, in_folder
from tests.harness.crm_away import away
from tests.harness.responses import NOON, a_scored_chat
from tests.harness.working import Clock

KINDS = tuple(Crms.of().all)
REAL = "https://crm.example"
FILES = "writers:\n  jsonl: {}\n  csv: {}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Folder:
    return in_folder(tmp_path, monkeypatch, capsys)


def with_writer(folder: Folder, kind: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Settings with the demo mapping of this kind, as for the real CRM; its secrets."""
    crm = Crms.of([kind]).all[kind]
    (folder.path / "settings.yaml").write_text(crm.settings().replace(crm.url, REAL), "utf-8")
    for name, value in crm.environment().items():
        monkeypatch.setenv(name, value)
    return [value for value in crm.environment().values() if len(value) > 30]


def with_chat(folder: Folder, chat: str = "c1", *, sample: bool = False) -> None:
    """A response that a service has stored."""

    async def lay(store: SqliteStore, _records: SqlRecords) -> None:
        found = a_scored_chat(
            chat,
            revision=2,
            answers={
                "score": Answer("score", 3, "3", "nps", NOON),
                "reason": Answer("reason", "Leaves, torn", "Leaves, torn", "text", NOON),
            },
            contact={"email": Fact("eva@example.com", proven=True)},
            seq=1,
            sample=sample,
        )
        await store.commit(Change(found, 0, (Entry(1, NOON, "visitor", "Leaves, torn"),)))

    folder.lay(lay, Clock())


@pytest.mark.parametrize("kind", KINDS)
def test_a_preview_shows_what_goes_to_the_real_address_and_no_secret(
    folder: Folder, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = with_writer(folder, kind, monkeypatch)
    told = folder.run("crm", "preview", kind)
    assert "\nrevision 1: scored\n" in told
    assert ": completed, callback_requested\n" in told
    assert ": case_opened\n" in told
    assert ": case_resolved\n" in told
    assert "\nrevision 2: abandoned\n" in told
    assert f" {REAL}/" in told
    assert "127.0.0.1" not in told
    assert "refused" not in told
    assert "nadia@example.com" in unquote(told)
    assert [secret for secret in secrets if secret in told] == []


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("sheets", "webhook")])
def test_a_preview_plays_that_the_person_is_not_there(
    folder: Folder, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_writer(folder, kind, monkeypatch)
    path = folder.path / "settings.yaml"
    path.write_text(path.read_text("utf-8").replace("unknown: create", "unknown: skip"), "utf-8")
    known = json.loads(folder.run("crm", "preview", kind, "--json"))
    unknown = json.loads(folder.run("crm", "preview", kind, "--unknown", "--json"))
    assert "skipped" not in known[0]["outcome"]
    assert "skipped" in unknown[0]["outcome"]


@pytest.mark.parametrize("writer", ["jsonl", "csv"])
def test_a_preview_of_a_file_shows_its_lines_and_writes_none(folder: Folder, writer: str) -> None:
    (folder.path / "settings.yaml").write_text(FILES, "utf-8")
    told = folder.run("crm", "preview", writer)
    assert "0example0detractor00000000" in told
    assert "Broken stems, twice in a row." in told
    assert not folder.settings.data_dir.exists()


def test_a_preview_of_a_web_hook_shows_the_signed_request(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    with_writer(folder, "webhook", monkeypatch)
    (first, *_) = json.loads(folder.run("crm", "preview", "webhook", "--json"))
    (request,) = first["requests"]
    assert (request["method"], request["url"]) == ("POST", f"{REAL}/hook")
    assert request["headers"]["webhook-id"] == "resp_0example0detractor00000000_1"
    assert request["headers"]["webhook-signature"].startswith("v1,")
    assert json.loads(request["body"])["type"] == "response.scored"


def test_a_preview_of_a_stored_chat(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    with_chat(folder)
    with_writer(folder, "hubspot", monkeypatch)
    told = folder.run("crm", "preview", "hubspot", "c1")
    assert "chat c1, as if it were sent for the first time" in told
    assert "eva@example.com" in told
    assert "Visitor: Leaves, torn" in told
    folder.run("crm", "preview", "hubspot", "c9", code=1)
    assert 'there is no response "c9" here' in folder.err


def test_a_preview_of_a_sample_says_that_it_would_not_be_sent(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    with_chat(folder, sample=True)
    with_writer(folder, "hubspot", monkeypatch)
    assert "it is a sample, which the service would leave out" in folder.run("crm", "preview", "hubspot", "c1")


def test_what_the_mapping_does_not_want_is_said(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    with_writer(folder, "hubspot", monkeypatch)
    path = folder.path / "settings.yaml"
    path.write_text(path.read_text("utf-8").replace("    fields:\n", "    when: {segment: promoter}\n    fields:\n", 1))
    assert "-> nothing is sent: no moment of `on` is new, or `when` does not hold" in folder.run(
        "crm", "preview", "hubspot"
    )


def test_a_writer_that_is_not_there_is_said_with_those_that_are(folder: Folder) -> None:
    folder.run("crm", "preview", "salesfroce", code=1)
    assert 'there is no writer "salesfroce" in the settings' in folder.err
    assert "writers there: jsonl" in folder.err


def test_the_list_says_which_crm_answers(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    with away(HubSpot(), folder.path, monkeypatch) as crm:
        assert folder.run("crm").splitlines() == ["ok     jsonl    jsonl", "ok     hubspot  hubspot"]
        crm.lock_out(True)
        assert "error  hubspot  hubspot\n       " in folder.run("crm", "list", code=1)
        found = json.loads(folder.run("crm", "list", "--json", code=1))
        assert [(one["writer"], one["ok"]) for one in found] == [("jsonl", True), ("hubspot", False)]
        crm.lock_out(False)


def test_setup_shows_what_is_missing_and_makes_it(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    with away(HubSpot(prepared=False), folder.path, monkeypatch):
        told = folder.run("crm", "setup", "hubspot", "--dry-run", code=1)
        assert "to do  " in told
        assert "nps_score" in told
        assert folder.run("crm", "setup", "hubspot", code=1) == told, "without a terminal nobody can say yes"
        assert "made   " in folder.run("crm", "setup", "hubspot", "--yes")
        there = json.loads(folder.run("crm", "setup", "hubspot", "--json"))
        assert {step["state"] for step in there} == {"there"}


class Typed(io.StringIO):
    """A terminal at which a person types this."""

    def isatty(self) -> bool:
        return True


def test_setup_asks_a_person_at_a_terminal(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    with away(HubSpot(prepared=False), folder.path, monkeypatch):
        monkeypatch.setattr("sys.stdin", Typed("n\n"))
        assert "made   " not in folder.run("crm", "setup", "hubspot", code=1)
        monkeypatch.setattr("sys.stdin", Typed("y\n"))
        told = folder.run("crm", "setup", "hubspot")
        assert "now? [y/N]" in told
        assert "made   " in told


def test_setup_of_a_writer_that_can_make_nothing_names_its_page(folder: Folder) -> None:
    folder.run("crm", "setup", "jsonl", code=1)
    assert "has no API to make fields with" in folder.err
    assert "docs/files.md says what it needs" in folder.err


def test_each_writer_has_its_page() -> None:
    assert [kind for kind in ALL if not (Path(__file__).parents[1] / page_of(kind)).is_file()] == []


def test_setup_says_why_a_crm_cannot_be_asked(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    with away(HubSpot(), folder.path, monkeypatch) as crm:
        crm.lock_out(True)
        folder.run("crm", "setup", "hubspot", code=1)
    assert "chatsurvey crm list" in folder.err


@pytest.mark.parametrize(("words", "notes"), [((), {"row": "4"}), (("--anew",), {})])
def test_a_response_is_sent_again(folder: Folder, words: tuple[str, ...], notes: dict[str, str]) -> None:
    with_chat(folder)
    found: list[object] = []

    async def know(store: SqliteStore, _records: SqlRecords) -> None:
        doc = doc_of("jsonl", "c1", Remote(2, ("scored",), {"row": "4"}, doubts=("a comment",)))
        assert await store.put(DocChange(Doc(KIND, doc.id, 1, doc.body), 0)) is Commit.DONE

    async def look(store: SqliteStore, _records: SqlRecords) -> None:
        found.append(remote_of(await store.doc(KIND, remote_id("jsonl", "c1"))))
        found.append(await store.job(write_job("c1", "jsonl", 0).id) is not None)

    folder.lay(know, Clock())
    assert folder.run("crm", "send", *words, "jsonl", "c1") == "queued  c1\n"
    folder.lay(look, Clock())
    assert found == [Remote(0, (), notes, doubt=True), True]


def test_a_chat_without_a_response_cannot_be_sent(folder: Folder) -> None:
    folder.run("crm", "send", "jsonl", "c9", code=1)
    assert "no data in" in folder.err
    with_chat(folder)
    assert folder.run("crm", "send", "jsonl", "c9", "c1", code=1) == "unknown  c9\nqueued  c1\n"
    assert "1 of these chats have no response here" in folder.err


def test_json_of_a_preview_is_whole(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    with_writer(folder, "salesforce", monkeypatch)
    played = json.loads(folder.run("crm", "preview", "salesforce", "--json"))
    assert [one["revision"] for one in played][-2:] == [1, 2]
    assert all(msgspec.json.decode(request["body"]) for one in played for request in one["requests"] if request["body"])
