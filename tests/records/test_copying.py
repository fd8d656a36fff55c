"""Records from a file into PostgreSQL and back: nothing is lost, doubled or set back."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.errors import UserMistake
from bot.model import CaseFacts
from bot.records import copying, reading
from bot.records.base import Delivery, Filters
from bot.records.copying import Counts, copy
from bot.records.database import Database
from tests.harness.postgres_server import postgres
from tests.harness.responses import NOON, a_response

RESPONSES = [a_response(f"c{n:02}", 2, n % 11, scored=NOON + n) for n in range(9)]
CASE = CaseFacts("open", "unhappy", NOON, NOON + 9)
ARRIVED = Delivery("crm", "c00", 1, "delivered", 1, NOON, remote="r-1", delivered=1)
FAILING = Delivery("crm", "c00", 2, "retrying", 3, NOON + 5, "503", request="POST /", doubt="there twice?")


@pytest.fixture
def urls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    monkeypatch.setattr(copying, "AT_ONCE", 4)
    monkeypatch.setattr(reading, "PAGE", 4)
    made = postgres().database()
    yield f"sqlite:///{tmp_path}/records.db", made
    postgres().drop(made)


@pytest.mark.parametrize("direction", [1, -1], ids=["into PostgreSQL", "into a file"])
def test_everything_is_copied_and_copying_again_changes_nothing(urls: tuple[str, str], direction: int) -> None:
    source, target = urls[::direction]
    filled = Database(source)
    filled.upsert([*RESPONSES, a_response("case", 1, scored=NOON + 50, case=CASE)])
    filled.keep([ARRIVED, *(replace(ARRIVED, chat=f"c{n:02}", writer="jsonl") for n in range(9))])
    filled.keep([FAILING])
    for _ in range(2):
        assert copy(source, target) == Counts(responses=10, deliveries=10)
        assert everything(target) == everything(source)
    filled.close()


def everything(url: str) -> tuple[object, ...]:
    database = Database(url)
    rows = [dict(row) for page in database.notes() for row in page]
    assert any(row["delivered_at"] != row["tried_at"] for row in rows)
    found = list(database.responses(Filters()))
    database.close()
    return rows, found


def test_what_is_newer_at_the_target_stays(urls: tuple[str, str]) -> None:
    source, target = Database(urls[0]), Database(urls[1])
    source.upsert([a_response("c1", 1, 3)], [ARRIVED])
    target.upsert([a_response("c1", 2, 9)], [replace(FAILING, at=NOON + 6)])
    copy(*urls)
    assert [(r.revision, r.score) for r in target.responses(Filters())] == [(2, 9)]
    assert [(d.state, d.at) for d in target.deliveries("c00")] == [("retrying", NOON + 6)]
    source.close()
    target.close()


def test_what_cannot_be_copied_is_told(urls: tuple[str, str]) -> None:
    with pytest.raises(UserMistake, match="no records to copy"):
        copy(*urls)
    Database(urls[0]).close()
    with pytest.raises(UserMistake, match="are the same"):
        copy(urls[0], urls[0])


def test_keys_are_ordered_by_their_bytes_in_every_database() -> None:
    query = text(
        "SELECT DISTINCT collation_name FROM information_schema.columns WHERE column_name IN ('chat', 'writer')"
    )
    url = postgres().database()
    database = Database(url)
    with database._engine.connect() as connection:
        assert connection.execute(query).scalars().all() == ["C"]
    database.close()
    postgres().drop(url)
