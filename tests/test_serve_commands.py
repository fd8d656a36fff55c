"""Every command beside a service on Redis, and where Redis is away."""

import json
import sqlite3
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import cast
from urllib.request import Request, urlopen

import pytest

from tests.harness.commands import Folder, in_folder
from tests.harness.fleet import database
from tests.harness.redis_server import free_port
from tests.harness.service import Service, wait_until

KEY = "k" * 32


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(
        tmp_path_factory.mktemp("served"), words=("--drain", "0"), REDIS_URL=database(10), SECRET_KEY=KEY
    ) as running:
        yield running


@pytest.fixture
def folder(service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Folder:
    """The folder of the running service, with its environment."""
    made = in_folder(service.folder, monkeypatch, capsys)
    for name, value in service.environ.items():
        monkeypatch.setenv(name, value)
    return made


def answer(service: Service, score: int) -> str:
    """A chat with this score."""

    def post(path: str, body: object, token: str = "") -> dict[str, object]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with urlopen(Request(f"{service.url}{path}", json.dumps(body).encode(), headers), timeout=10) as found:
            return cast("dict[str, object]", json.load(found))

    opened = post("/api/v1/chats", {})
    message = {"id": "m1", "cursor": 1, "fence": 1, "value": score}
    post(f"/api/v1/chats/{opened['chat']}/messages", message, str(opened["token"]))
    return str(opened["chat"])


def test_what_is_answered_is_exported_listed_and_sent_again(service: Service, folder: Folder) -> None:
    chat = answer(service, 4)
    exported = [json.loads(line) for line in folder.run("export", "--format", "jsonl").splitlines()]
    assert [(one["chat"], one["score"]) for one in exported] == [(chat, 4)]
    assert f"{chat}:timer" in folder.run("jobs", "list")
    assert json.loads(folder.run("jobs", "show", chat, "--json"))["jobs"]
    folder.run("crm", "send", "jsonl", chat)
    assert chat in folder.run("crm", "preview", "jsonl", chat)
    folder.run("crm", "list")


def test_keys_and_links_work_at_once(service: Service, folder: Folder) -> None:
    key = folder.run("keys", "add", "shop").strip()
    assert "shop" in folder.run("keys", "list")
    body = json.dumps({"flow": "nps", "channel": "telegram", "peer": "1", "key": "k"}).encode()
    asked = Request(f"{service.url}/api/v1/invitations", body, {"Authorization": f"Bearer {key}"})
    with pytest.raises(OSError, match="404"):  # the key is taken; no such channel is served here
        urlopen(asked, timeout=10)
    folder.run("keys", "revoke", "shop")
    with pytest.raises(OSError, match="401"):
        urlopen(asked, timeout=10)
    assert "t.me/nps_bot" in folder.run("link", "telegram", "--bot", "nps_bot", "--contact", "email=ana@example.com")


def test_a_backup_says_what_it_does_not_hold(service: Service, folder: Folder, tmp_path: Path) -> None:
    answer(service, 9)
    folder.run("export")  # now it is recorded
    wait_until((service.data / "responses.jsonl").exists, "its line, which the service writes")
    (service.data / "chats.db").write_bytes(b"of the time before Redis")
    archive = tmp_path / "backup.tar.gz"
    assert "records.db, responses.jsonl" in folder.run("backup", str(archive))
    assert "chats and jobs are in redis://127.0.0.1" in folder.err
    with tarfile.open(archive) as tar:
        assert sorted(tar.getnames()) == ["records.db", "responses.jsonl"]


def test_a_backup_holds_records_that_are_a_file_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = in_folder(tmp_path, monkeypatch, capsys)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/elsewhere/reports.db")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    (tmp_path / "elsewhere").mkdir()
    sqlite3.connect(tmp_path / "elsewhere" / "reports.db").close()
    assert "reports.db" in folder.run("backup", "b.tar.gz")
    assert "pg_dump" not in folder.err


def test_doctor_names_who_serves(service: Service, folder: Folder) -> None:
    checks = json.loads(folder.run("doctor", "service", "--json"))["service"]
    found = {check["name"]: check["found"] for check in checks}
    assert found["process"].startswith(f"{service.pid} on ")
    assert "Valkey 9" in checks[0]["found"]
    assert "noeviction" in checks[0]["found"]
    assert any("once a second" in check["found"] for check in checks)
    assert "records.db" in found["records"]


def test_doctor_fails_where_nobody_serves_from_redis(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = in_folder(tmp_path, monkeypatch, capsys)
    monkeypatch.setenv("REDIS_URL", database(12))
    assert "error  process  nobody serves from this Redis now" in folder.run("doctor", "service", code=1)


def test_doctor_knows_whether_one_process_serves_from_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = in_folder(tmp_path, monkeypatch, capsys)
    assert "nobody on this machine serves from the folder" in folder.run("doctor", "service", code=1)
    assert list(tmp_path.iterdir()) == []
    with Service(tmp_path) as alone:
        assert f"{alone.pid} serves from the folder" in folder.run("doctor", "service")
        alone.kill()
        assert "nobody on this machine" in folder.run("doctor", "service", code=1)


def test_a_command_on_another_host_makes_no_key_of_its_own(
    service: Service, folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SECRET_KEY")
    folder.run("link", "telegram", "--bot", "nps_bot", code=1)
    assert "set SECRET_KEY as the service has it" in folder.err
    folder.run("crm", "preview", "jsonl")
    folder.run("backup", "b.tar.gz", code=1)
    assert "there is nothing of this service in" in folder.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words", [("jobs", "list"), ("export",), ("keys", "list"), ("keys", "add", "x"), ("crm", "send", "jsonl", "c1")]
)
def test_where_redis_is_away_a_sentence_says_so(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = in_folder(tmp_path, monkeypatch, capsys)
    monkeypatch.setenv("REDIS_URL", f"redis://app:hunter2@127.0.0.1:{free_port()}/2")
    folder.run(*words, code=1)
    assert "cannot be reached" in folder.err
    assert "REDIS_URL" in folder.err
    assert "hunter2" not in folder.err


def test_an_export_elsewhere_than_the_records_are_is_refused_and_leaves_no_trace(
    service: Service, folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would record what waits into a file of its own, where the service never finds it."""
    answer(service, 2)
    monkeypatch.chdir(tmp_path)
    folder.run("export", code=1)
    assert f"process {service.pid} on" in folder.err
    assert "keeps its records in a file of its own" in folder.err
    monkeypatch.setenv("REDIS_URL", database(12))
    folder.run("export", code=1)
    assert "nobody serves from this Redis" in folder.err
    assert list(tmp_path.iterdir()) == []


def test_what_is_recorded_is_exported_while_redis_is_away(
    service: Service, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = answer(service, 7)
    assert chat in folder.run("export")  # now it is recorded
    monkeypatch.setenv("REDIS_URL", f"redis://app:hunter2@127.0.0.1:{free_port()}/2")
    assert chat in folder.run("export", "--format", "jsonl")
    assert "are missing here: Redis cannot be reached" in folder.err
    assert "redis://127.0.0.1:" in folder.err
    assert "hunter2" not in folder.err


@pytest.mark.parametrize("words", [("doctor",), ("doctor", "service")])
def test_doctor_says_what_is_away(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = in_folder(tmp_path, monkeypatch, capsys)
    monkeypatch.setenv("REDIS_URL", f"redis://app:hunter2@127.0.0.1:{free_port()}/2")
    monkeypatch.setenv("DATABASE_URL", f"postgresql://app:hunter2@127.0.0.1:{free_port()}/nps")
    told = folder.run(*words, code=1)
    assert told.count("error") == 2
    assert "postgresql://127.0.0.1:" in told
    assert "hunter2" not in told
