"""The records' tests run on both databases; `url` is of one with its tables, `empty` of one without."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.records.sql import SqlRecords
from tests.harness.postgres_server import postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    yield from a_database(request.param, tmp_path, "migrated")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    yield from a_database(request.param, tmp_path, "template0")


def a_database(kind: str, folder: Path, template: str) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder}/data/records.db"
    else:
        made = postgres().database(template)
        yield made
        postgres().drop(made)


@pytest.fixture
async def records(url: str) -> AsyncIterator[SqlRecords]:
    made = SqlRecords(url)
    yield made
    await made.close()
