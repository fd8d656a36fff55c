"""A lane whose gate is shut is left alone: what waits there costs neither claims nor reads, and delays nobody."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.jobs import Handler, Worker
from bot.model import Job
from bot.store import jobtable
from bot.store.base import Again, Dead, Done
from bot.store.schema import prepare
from bot.store.sqlite import SqliteStore
from tests.harness.responses import NOON
from tests.harness.working import SECOND, Clock, Doing, Faulty, at_work, open_store, put, until


@dataclass
class Door:
    """A gate that is opened by hand."""

    opens: int = 0
    cautious: bool = False

    def try_now(self) -> None:
        self.opens = 0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(tmp_path: Path, clock: Clock) -> AsyncIterator[SqliteStore]:
    made = open_store(tmp_path, clock)
    yield made
    await made.close()


@asynccontextmanager
async def working(store: Faulty, handlers: dict[str, Handler], clock: Clock) -> AsyncIterator[Worker]:
    worker = Worker(store, handlers, clock, lambda: 0.5, poll=0.01, pace=0.001)  # type: ignore[arg-type]  # it has what a worker calls
    async with at_work(worker):
        yield worker


def jobs(kind: str, count: int) -> list[Job]:
    return [Job(f"{kind}{n:05}", kind, NOON - 1) for n in range(count)]


async def test_a_shut_lane_is_not_claimed_for_and_delays_no_other(store: SqliteStore, clock: Clock) -> None:
    away, there = Doing(), Doing()
    counted = Faulty(store)
    door = Door(opens=NOON + 60 * SECOND)
    lanes = {"write.away": Handler(away, 16, 4, urgent=True, gate=door), "write.there": Handler(there, 16, urgent=True)}
    await put(store, *jobs("write.away", 10_000))
    async with working(counted, lanes, clock) as worker:
        await until(lambda: counted.looks > 20)
        assert counted.asked == 0
        await put(store, *jobs("write.there", 20))
        worker.wake(soon=True)
        await until(lambda: len(there.done) == 20)
        assert (away.started, counted.claims) == ([], 2)


async def test_a_gate_that_opens_is_noticed_without_a_wake_up(store: SqliteStore, clock: Clock) -> None:
    doing, counted, door = Doing(), Faulty(store), Door(opens=NOON + 60 * SECOND)
    await put(store, *jobs("x", 3))
    async with working(counted, {"x": Handler(doing, gate=door)}, clock):
        await until(lambda: counted.looks > 1)
        assert doing.started == []
        clock.now += 60 * SECOND
        await until(lambda: len(doing.done) > 2)
    assert doing.done == ["x00000", "x00001", "x00002"]


async def test_the_worker_sleeps_until_the_gate_opens(store: SqliteStore, clock: Clock) -> None:
    counted = Faulty(store)
    worker = Worker(
        counted,  # type: ignore[arg-type]  # it has what a worker calls
        {"x": Handler(Doing(), gate=Door(opens=NOON + 60 * SECOND)), "y": Handler(Doing())},
        clock,
        lambda: 0.5,
        poll=1e6,
    )
    await put(store, *jobs("x", 3), Job("y1", "y", NOON + 90 * SECOND))
    assert await worker._round() == (0.1, 60.0)


async def test_one_job_alone_goes_first_where_the_gate_says_so(store: SqliteStore, clock: Clock) -> None:
    doing, door = Doing(), Door(cautious=True)
    doing.go.clear()
    await put(store, *jobs("x", 40))
    async with working(Faulty(store), {"x": Handler(doing, 8, 4, gate=door)}, clock):
        await until(lambda: len(doing.started) == 1)
        assert len(await store.jobs("running")) == 1
        door.cautious = False
        doing.go.set()
        await until(lambda: len(doing.done) == 40)
    assert doing.calls == 1 + 5


async def test_one_after_the_other_while_it_is_cautious(store: SqliteStore, clock: Clock) -> None:
    doing = Doing()
    await put(store, *jobs("x", 5))
    async with working(Faulty(store), {"x": Handler(doing, 8, 4, gate=Door(cautious=True))}, clock):
        await until(lambda: len(doing.done) == 5)
    assert doing.calls == 5


async def test_what_nobody_does_any_more_is_buried_beside_a_shut_lane(store: SqliteStore, clock: Clock) -> None:
    lanes = {"x": Handler(Doing(), gate=Door(opens=NOON + 60 * SECOND))}
    await put(store, *jobs("x", 3), *jobs("write.gone", 3))

    async def dead() -> bool:
        return len(await store.jobs("dead", "write.gone")) == 3

    async with working(Faulty(store), lanes, clock):
        await until(dead)
    assert len(await store.jobs("waiting", "x")) == 3


async def test_a_drain_leaves_a_shut_lane_alone(store: SqliteStore, clock: Clock) -> None:
    doing = Doing()
    await put(store, *jobs("x", 3))
    worker = Worker(store, {"x": Handler(doing, gate=Door(opens=NOON + SECOND))}, clock, lambda: 0.5)
    assert (await worker.drain(["x"]), doing.done) == (0, [])


Work = Callable[[sqlite3.Connection], object]
NEXT = Job("new:response", "response", NOON + 250, {"chat": "new"}, gathers=True)


def claimed(db: sqlite3.Connection) -> Job:
    (job,) = jobtable.claim(db, NOON + 300, 1, 30_000, ("response",))
    return job


@pytest.mark.parametrize(
    "work",
    [
        lambda db: jobtable.upsert(db, [NEXT, Job("new:timer", "timer", NOON)], NOON),
        lambda db: jobtable.due(db.execute(jobtable.NEXT, (NOON,))),
        lambda db: jobtable.claim(db, NOON + 300, 16, 30_000, ("response",)),
        lambda db: jobtable.settle(db, [(claimed(db), Done((Job("new:desk", "desk", NOON),)))], NOON),
        lambda db: jobtable.settle(db, [(claimed(db), Again(NOON + 9))], NOON),
        lambda db: jobtable.settle(db, [(claimed(db), Dead("no"))], NOON),
        lambda db: jobtable.claim(db, NOON + 300, 16, 30_000, ("write.away",)),
    ],
    ids=["turn", "look", "claim", "done", "again", "dead", "claim from the backlog"],
)
def test_ten_thousand_jobs_that_wait_cost_a_turn_and_the_worker_no_step_more(tmp_path: Path, work: Work) -> None:
    assert steps(tmp_path / "few.db", 40, work) == steps(tmp_path / "many.db", 10_000, work)


def steps(file: Path, waiting: int, work: Work) -> int:
    """Instructions of SQLite's machine, which is what grows where a statement walks along a table."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    prepare(file, 1)
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        jobtable.upsert(db, [*jobs("write.away", waiting), NEXT], NOON)
        db.set_progress_handler(step, 1)
        work(db)
        db.set_progress_handler(None, 0)
    return count
