"""A turn costs the same however much is stored: every statement finds its rows by an index."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.store import doctable, jobtable
from bot.store import sqlite as store
from bot.store.schema import prepare


@pytest.mark.parametrize(
    ("sql", "values"),
    [
        (store._BY_ADDRESS, 3),
        (store._LOG, 2),
        (jobtable.NEXT, 1),
        (jobtable._DUE, 3),
        (jobtable._REQUEUE, 2),
        (jobtable._POSTPONE, 2),
        (jobtable._FINISH, 1),
        (jobtable.HASTEN, 2),
        (jobtable.FORWARD, 3),
        (jobtable.FORWARD_RUNNING, 3),
        (jobtable.BACKLOG, 1),
        (doctable.ONE, 2),
        (doctable.SOME, 3),
        (doctable._VERSIONS, 1),
        (doctable._DELETE, 1),
    ],
    ids=[
        *("load", "entries", "due", "claim", "requeue", "postpone", "finish", "hasten", "forward", "forward running"),
        "backlog",
        *("doc", "docs", "versions", "delete docs"),
    ],
)
def test_no_statement_walks_a_table(tmp_path: Path, sql: str, values: int) -> None:
    prepare(tmp_path / "chats.db", 1)
    with closing(sqlite3.connect(tmp_path / "chats.db")) as db:
        steps = [str(step[3]) for step in db.execute(f"EXPLAIN QUERY PLAN {sql}", (None,) * values)]
    tables = ("SCAN job", "SCAN chat", "SCAN log", "SCAN alias", "SCAN doc")
    assert any(step.startswith("SEARCH") for step in steps)
    assert not [step for step in steps if step.startswith(tables)]
