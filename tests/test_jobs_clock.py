"""The worker where somebody sets the clock."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.errors import StoreUnavailable
from bot.jobs import Handler, Worker
from bot.jobs_clock import Steps
from bot.model import Job
from bot.store.base import Again, Settlement
from bot.store.sqlite import SqliteStore
from tests.harness.responses import NOON
from tests.harness.working import HOUR, MINUTE, SECOND, Clock, Doing, open_store, put, until

DAY = 24 * HOUR


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(tmp_path: Path, clock: Clock) -> AsyncIterator[SqliteStore]:
    made = open_store(tmp_path, clock)
    yield made
    await made.close()


async def test_a_day_ahead_and_back_keeps_no_job_waiting(store: SqliteStore, clock: Clock) -> None:
    def first_time(job: Job) -> Settlement:
        return Again(clock.now + 5 * MINUTE)

    doing, later = Doing(first_time), Doing()
    handlers = {"x": Handler(doing), "y": Handler(later), "timer": Handler(later)}
    worker = Worker(store, handlers, clock, lambda: 0.5, poll=0.01, pace=0.001)
    task = asyncio.create_task(worker.run())
    clock.now += DAY
    await put(store, Job("a:x", "x", clock.now), Job("b:timer", "timer", clock.now + MINUTE))
    await until(lambda: doing.done == ["a:x"])
    await put(store, Job("c:y", "y", clock.now + MINUTE), Job("d:y", "y", clock.now + HOUR))
    clock.now = NOON
    await until(lambda: doing.done == ["a:x", "a:x"] and later.done == ["c:y"])
    assert {view.job.id: view.job.due for view in await store.jobs("waiting") if view.job.kind != "x"} == {
        "b:timer": NOON + DAY + MINUTE,
        "d:y": NOON + DAY + HOUR,
    }
    await worker.stop(1.0)
    await task


@pytest.mark.parametrize(
    ("wall", "steady", "brought"),
    [(-2 * HOUR, 0.0, True), (-HOUR, 3_600.0, True), (-59 * SECOND, 0.0, False), (0, 50.0, False), (DAY, 0.0, False)],
    ids=["set back", "set back while time went on", "a little", "stood still", "set forward"],
)
async def test_only_a_step_back_of_more_than_a_minute_counts(
    store: SqliteStore, clock: Clock, wall: int, steady: float, brought: bool
) -> None:
    time = [100.0]
    steps = Steps(store, clock, ["x"], lambda: time[0])
    await put(store, Job("a:x", "x", NOON + MINUTE))
    clock.now += wall
    time[0] += steady
    await steps.look()
    assert await store.due() == {"x": clock.now if brought else NOON + MINUTE}


async def test_a_store_that_is_away_is_told_when_it_is_back(store: SqliteStore) -> None:
    class Away:
        def __init__(self) -> None:
            self.away = True

        async def bring_forward(self, kinds: object, now: int, until: int) -> None:
            if self.away:
                raise StoreUnavailable("away")
            await store.bring_forward(("x",), now, until)

    clock, away = Clock(), Away()
    steps = Steps(away, clock, ["x"], lambda: 7.0)  # type: ignore[arg-type] # it has what is called
    await put(store, Job("a:x", "x", NOON + 5))
    clock.now -= HOUR
    with pytest.raises(StoreUnavailable):
        await steps.look()
    away.away = False
    await steps.look()
    assert await store.due() == {"x": NOON - HOUR}
