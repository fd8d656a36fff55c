"""Records in a SQLite file: locked, deleted, replaced, out of reach."""

import sqlite3
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.errors import Permanent, Retryable
from bot.records import database
from bot.records.base import Filters
from bot.records.database import Database
from bot.records.sql import SqlRecords
from tests.harness.responses import a_response


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[SqlRecords]:
    made = SqlRecords(f"sqlite:///{tmp_path}/data/records.db")
    yield made
    await made.close()


async def test_a_database_that_is_locked_or_out_of_reach_is_tried_again(
    records: SqlRecords, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY", 0.01)
    await records.ready()
    other = sqlite3.connect(tmp_path / "data" / "records.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Retryable, match="locked"):
        await records.upsert([a_response()])
    other.rollback()
    other.close()
    await records.upsert([a_response()])
    lost = SqlRecords(f"sqlite:///{tmp_path}/data/records.db/not-a-folder/records.db")
    with pytest.raises(Retryable, match="cannot be opened"):
        await lost.ready()
    await lost.close()


@pytest.mark.parametrize("instead", [None, b"not a database"], ids=["deleted", "replaced"])
async def test_nothing_is_recorded_into_a_file_that_was_deleted(
    records: SqlRecords, tmp_path: Path, instead: bytes | None
) -> None:
    await records.upsert([a_response("c1")])
    for path in (tmp_path / "data").glob("records.db*"):
        path.unlink()
    if instead is not None:
        (tmp_path / "data" / "records.db").write_bytes(instead * 500)
        with pytest.raises(Retryable, match="not a database"):
            await records.upsert([a_response("c2")])
        (tmp_path / "data" / "records.db").unlink()
    await records.upsert([a_response("c2")])
    other = SqlRecords(f"sqlite:///{tmp_path}/data/records.db")
    assert [response.chat for response in other.responses(Filters())] == ["c2"]
    await other.close()


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "records.db").write_bytes(zlib.compress(b"other" * 500) * 300)
    with pytest.raises(Retryable, match="not a database"):
        Database(f"sqlite:///{tmp_path}/records.db")


async def test_a_time_that_no_calendar_has_is_the_fault_of_its_row(records: SqlRecords) -> None:
    with pytest.raises(Permanent, match="do not take this response"):
        await records.upsert([a_response("c1"), a_response("c2", started=10**18)])
    assert list(records.responses(Filters())) == []
    await records.upsert([a_response("c1")])
