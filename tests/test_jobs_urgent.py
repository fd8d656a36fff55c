"""Where somebody waits for a job it is claimed at once; the others gather. By itself the worker looks once an hour."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.jobs import Handler, Worker
from bot.model import Job
from bot.store.base import Done
from bot.store.sqlite import SqliteStore
from tests.harness.responses import NOON
from tests.harness.working import Clock, Doing, Faulty, at_work, open_store, put, until


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(tmp_path: Path, clock: Clock) -> AsyncIterator[SqliteStore]:
    made = open_store(tmp_path, clock)
    yield made
    await made.close()


@asynccontextmanager
async def resting(store: SqliteStore, handlers: Mapping[str, Handler], clock: Clock) -> AsyncIterator[Worker]:
    """A worker that has looked once and rests."""
    counted = Faulty(store)
    worker = Worker(counted, handlers, clock, lambda: 0.5, poll=3_600.0, pace=3_600.0)  # type: ignore[arg-type]  # it has what a worker calls
    async with at_work(worker):
        await until(lambda: counted.looks > 0)
        yield worker


async def test_what_is_urgent_is_done_at_once_and_the_rest_gathers(store: SqliteStore, clock: Clock) -> None:
    words, reports = Doing(), Doing()
    lanes = {"deliver": Handler(words, urgent=True), "response": Handler(reports)}
    async with resting(store, lanes, clock) as worker:
        await put(store, Job("a:deliver", "deliver", NOON), Job("a:response", "response", NOON))
        worker.wake(soon=True)
        await until(lambda: words.done == ["a:deliver"])
        assert reports.started == []


async def test_a_wake_up_for_later_hurries_nothing(store: SqliteStore, clock: Clock) -> None:
    words = Doing()
    async with resting(store, {"deliver": Handler(words, urgent=True)}, clock) as worker:
        await put(store, Job("a:deliver", "deliver", NOON))
        worker.wake()
        await put(store, Job("b:deliver", "deliver", NOON))
        assert words.started == []
        worker.wake(soon=True)
        await until(lambda: sorted(words.done) == ["a:deliver", "b:deliver"])


@pytest.mark.parametrize("settled", ["a job that follows", "a full lane that has room again"])
async def test_what_a_settlement_brings_is_done_at_once_too(store: SqliteStore, clock: Clock, settled: str) -> None:
    follows = settled == "a job that follows"
    next_one = Done((Job("a:desk", "desk", NOON),))
    doing = Doing(lambda job: next_one if follows and job.id != "a:desk" else Done())
    waiting = [Job(f"{name}:desk", "desk", NOON) for name in (("b",) if follows else ("b", "c", "d"))]
    expected = ["b:desk", "a:desk"] if follows else ["b:desk", "c:desk", "d:desk"]
    async with resting(store, {"desk": Handler(doing, urgent=True)}, clock) as worker:
        await put(store, *waiting)
        worker.wake(soon=True)
        await until(lambda: len(doing.done) == len(expected))
    assert doing.done == expected


async def test_work_that_came_while_it_was_done_is_done_again_at_once(store: SqliteStore, clock: Clock) -> None:
    doing = Doing()
    doing.go.clear()
    async with resting(store, {"desk": Handler(doing, urgent=True)}, clock) as worker:
        await put(store, Job("a:desk", "desk", NOON))
        worker.wake(soon=True)
        await until(lambda: doing.started == ["a:desk"])
        await put(store, Job("a:desk", "desk", NOON - 1))
        doing.go.set()
        await until(lambda: len(doing.done) > 1)
    assert doing.done == ["a:desk", "a:desk"]


async def test_a_fault_of_the_urgent_lane_ends_the_worker_for_all_to_see(store: SqliteStore) -> None:
    faults: list[Exception] = []

    def clock() -> int:
        if faults and asyncio.current_task() is not running:
            raise faults.pop()
        return NOON

    counted = Faulty(store)
    worker = Worker(counted, {"desk": Handler(Doing(), urgent=True)}, clock, lambda: 0.5, poll=0.01, pace=0.01)  # type: ignore[arg-type]  # as above
    running = asyncio.create_task(worker.run())
    await until(lambda: counted.looks > 0)
    faults.append(ZeroDivisionError("a fault"))
    worker.wake(soon=True)
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(running, 10)
