"""A backup taken while turns are committed, and the service it gives back."""

import asyncio
import json
import sqlite3
import stat
import tarfile
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from bot.cli import main
from bot.errors import UserMistake
from bot.store.backup import databases_of, save
from bot.store.base import Commit
from bot.store.sqlite import SqliteStore
from tests.store.stores import Clock, a_turn, lines


async def fill(file: Path, chats: int = 3) -> None:
    store = SqliteStore.open(file, Clock())
    await asyncio.gather(*(store.commit(a_turn(f"c{n}")) for n in range(chats)))
    await store.close()


def unpack(archive: Path, folder: Path) -> Path:
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder


async def test_a_backup_while_turns_are_committed_gives_back_a_state_that_was(tmp_path: Path) -> None:
    data, archive = tmp_path / "data", tmp_path / "backup.tar.gz"
    store = SqliteStore.open(data / "chats.db", Clock())
    begun, done = asyncio.Event(), asyncio.Event()

    async def visitor(id: str) -> int:
        for version in count(1):
            await store.commit(a_turn(id, version))
            if version == 3:
                begun.set()
            if done.is_set():
                return version
        return 0

    visitors = [asyncio.ensure_future(visitor(f"c{n}")) for n in range(8)]
    await asyncio.wait_for(begun.wait(), 30)
    before = [chat.version if (chat := await store.load_id(f"c{n}")) else 0 for n in range(8)]
    await asyncio.to_thread(save, (data / "chats.db",), (), archive)
    done.set()
    after = await asyncio.gather(*visitors)
    await store.close()

    restored = SqliteStore.open(unpack(archive, tmp_path / "restored") / "chats.db", Clock())
    for n in range(8):
        chat = await restored.load_id(f"c{n}")
        assert chat is not None
        assert before[n] <= chat.version <= after[n]
        assert await restored.entries(chat.id) == lines(1, chat.seq)
        assert await restored.commit(a_turn(chat.id, chat.version + 1)) is Commit.DONE
    await restored.close()


def test_the_command_saves_databases_lines_and_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "data"
    asyncio.run(fill(data / "chats.db"))
    with closing(sqlite3.connect(data / "records.db")) as db:
        db.execute("CREATE TABLE response (chat TEXT)")
    (data / "responses.jsonl").write_text('{"chat": "c1"}\n{"chat": "half a li')
    (data / "secret.key").write_text("key\n")
    assert main(["backup", "b.tar.gz"]) == 0
    assert "chats.db, records.db, responses.jsonl, secret.key" in capsys.readouterr().out
    assert stat.S_IMODE((tmp_path / "b.tar.gz").stat().st_mode) == 0o600
    restored = unpack(tmp_path / "b.tar.gz", tmp_path / "restored")
    assert {path.name for path in restored.iterdir()} == {
        "chats.db", "records.db", "responses.jsonl", "secret.key"
    }  # fmt: skip
    assert [json.loads(line) for line in (restored / "responses.jsonl").read_text().splitlines()] == [{"chat": "c1"}]
    assert (restored / "secret.key").read_text() == "key\n"
    assert {path.name for path in tmp_path.iterdir()} == {"data", "restored", "b.tar.gz"}, "nothing else is left"


def test_an_existing_file_is_replaced_only_when_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    asyncio.run(fill(tmp_path / "data" / "chats.db"))
    (tmp_path / "b.tar.gz").write_text("precious")
    assert main(["backup", "b.tar.gz"]) == 1
    assert "--force" in capsys.readouterr().err
    assert (tmp_path / "b.tar.gz").read_text() == "precious"
    assert main(["backup", "b.tar.gz", "--force"]) == 0
    assert tarfile.is_tarfile(tmp_path / "b.tar.gz")


def damage(data: Path) -> None:
    content = bytearray((data / "chats.db").read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    (data / "chats.db").write_bytes(content)


def empty(data: Path) -> None:
    (data / "chats.db").unlink()


@pytest.mark.parametrize(
    ("spoil", "target", "words"),
    [
        (empty, "b.tar.gz", "there is no database"),
        (damage, "b.tar.gz", "cannot back up|damaged"),
        (lambda data: None, "nowhere/b.tar.gz", "cannot write"),
    ],
    ids=["no data", "damaged", "no such folder"],
)
def test_what_cannot_be_backed_up_leaves_nothing(
    tmp_path: Path, spoil: Callable[[Path], None], target: str, words: str
) -> None:
    data = tmp_path / "data"
    asyncio.run(fill(data / "chats.db", 50))
    spoil(data)
    with pytest.raises(UserMistake, match=words):
        save(databases_of(data / "chats.db"), (), tmp_path / target)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
