from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.store.base import Store
from tests.store.stores import FACTORIES, Clock, prefix_of


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def prefix(tmp_path: Path) -> str:
    """Of this test's keys, where it opens a Redis itself."""
    return prefix_of(tmp_path)


@pytest.fixture(params=sorted(FACTORIES))
async def reopen(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> AsyncIterator[Callable[[], Store]]:
    """Opens one more store on the same data; all are closed at the end."""
    opened: list[Store] = []

    def another() -> Store:
        opened.append(FACTORIES[request.param](tmp_path, clock))
        return opened[-1]

    yield another
    for store in opened:
        await store.close()


@pytest.fixture
def store(reopen: Callable[[], Store]) -> Store:
    return reopen()
