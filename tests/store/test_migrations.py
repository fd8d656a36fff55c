"""A folder of an earlier version opens in this one, with everything in it."""

from contextlib import closing
from pathlib import Path

import pytest

from bot.model import Doc, DocChange, Entry
from bot.store.base import Commit
from bot.store.codec import encode_chat, encode_entries
from bot.store.schema import MIGRATIONS, connect, prepare
from bot.store.sqlite import SqliteStore
from tests.store.stores import Clock, a_chat, a_turn, lines


def write_old(file: Path, version: int) -> None:
    """A folder as the version with the first `version` scripts left it: a chat, a waiting and a running job."""
    prepare(file, 1, MIGRATIONS[:version])
    with closing(connect(file, 1)) as db:
        db.execute(
            "INSERT INTO chat (id, version, seq, tail, body) VALUES ('a', 1, 1, 1, ?)", [encode_chat(a_chat("a", 1, 1))]
        )
        db.execute("INSERT INTO log (n, prev, seq, body) VALUES (1, 0, 1, ?)", [encode_entries(lines(1, 1))])
        for id_, state in (("a:timer", 0), ("a:response", 1)):
            db.execute(
                "INSERT INTO job (id, kind, due, payload, gen, attempt, state, lease, error, created, touched)"
                " VALUES (?, 'x', 5, '{}', 1, 0, ?, 50, '', 1, 0)",
                [id_, state],
            )


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS) + 1))
async def test_a_folder_of_an_earlier_version_opens_and_goes_on(tmp_path: Path, clock: Clock, version: int) -> None:
    file = tmp_path / "chats.db"
    write_old(file, version)
    store = SqliteStore.open(file, clock)
    try:
        assert await store.load_id("a") == a_chat("a", 1, 1)
        assert await store.entries("a") == (Entry(1, 10, "bot", "line 1"),)
        assert await store.commit(a_turn("a", 2)) is Commit.DONE
        assert await store.put(DocChange(Doc("case", "a", 1, b"x"), 0)) is Commit.DONE
        claimed = await store.claim(60, 5, 100)
        assert {job.id: job.interrupted for job in claimed} == {"a:timer": False, "a:response": True}
    finally:
        await store.close()
