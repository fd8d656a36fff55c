"""The worker on a real store: lanes, retries, faults, stopping. Time is moved by hand, the disk breaks on demand."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import pytest

from bot.jobs import Handler, Worker
from bot.jobs_retry import DELAYS, backoff, failed
from bot.jobs_unknown import Unknown
from bot.model import Job
from bot.store.base import Again, Dead, Done, Retry, Settlement
from bot.store.sqlite import SqliteStore
from tests.harness.responses import NOON
from tests.harness.working import HOUR, MINUTE, SECOND, Clock, Doing, Faulty, at_work, open_store, put, until

DAY = 24 * HOUR


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(tmp_path: Path, clock: Clock) -> AsyncIterator[SqliteStore]:
    made = open_store(tmp_path, clock)
    yield made
    await made.close()


def a_worker(store: SqliteStore | Faulty, handlers: Mapping[str, Handler], clock: Clock, lease: int = 30_000) -> Worker:
    return Worker(store, handlers, clock, lambda: 0.5, lease=lease, poll=0.05, pace=0.001, pause=0.01)  # type: ignore[arg-type]  # Faulty has what a worker calls


def jobs(kind: str, count: int, due: int = NOON) -> list[Job]:
    return [Job(f"{kind}{n:04}:x", kind, due + n, {"text": "my secret"}) for n in range(count)]


def test_the_table_leads_from_5_s_to_10_h_for_three_days() -> None:
    assert (DELAYS[0], DELAYS[-1]) == (5 * SECOND, 10 * HOUR)
    assert 0.95 * 3 * DAY < sum(DELAYS) < 1.05 * 3 * DAY
    assert list(DELAYS) == sorted(DELAYS)
    assert [backoff(0, 0.0), backoff(0, 1.0), backoff(len(DELAYS), 0.5)] == [4_000, 6_000, None]


def test_a_failed_job_waits_longer_each_time_and_dies_in_the_end() -> None:
    job = Job("a:x", "x", 0)
    assert failed(job, "no", NOON, 0.5) == Retry(NOON + 5 * SECOND, "no")
    assert failed(job, "no", NOON, 0.5, at_least=MINUTE) == Retry(NOON + MINUTE, "no")
    assert failed(Job("a:x", "x", 0, attempt=len(DELAYS)), "no", NOON, 0.5) == Dead("no")


async def test_what_is_due_is_done_in_order_and_the_rest_when_its_time_comes(store: SqliteStore, clock: Clock) -> None:
    doing = Doing()
    await put(store, Job("b:x", "x", NOON), Job("a:x", "x", NOON - 5), Job("c:x", "x", NOON + HOUR))
    async with at_work(a_worker(store, {"x": Handler(doing, 10)}, clock)):
        await until(lambda: doing.done == ["a:x", "b:x"])
        clock.now += HOUR
        await until(lambda: doing.done == ["a:x", "b:x", "c:x"])
    assert await store.jobs() == ()


async def test_another_process_is_noticed_without_a_wake_up(store: SqliteStore, clock: Clock, tmp_path: Path) -> None:
    doing, other = Doing(), open_store(tmp_path, clock)
    async with at_work(a_worker(store, {"x": Handler(doing)}, clock)):
        await put(other, Job("a:x", "x", NOON))
        await until(lambda: len(doing.done) > 0)
    assert doing.done == ["a:x"]
    await other.close()


async def test_a_slow_lane_delays_no_other_and_holds_no_more_than_it_can_do(store: SqliteStore, clock: Clock) -> None:
    slow, quick = Doing(), Doing()
    slow.go.clear()
    handlers = {"slow": Handler(slow, 2, 3), "quick": Handler(quick, 8)}
    await put(store, *jobs("slow", 40, NOON - 100))
    async with at_work(a_worker(store, handlers, clock)) as worker:
        await until(lambda: len(slow.started) == 6)
        await put(store, *jobs("quick", 20))
        clock.now += SECOND
        worker.wake()
        await until(lambda: len(quick.done) == 20)
        assert len(await store.jobs("running", "slow")) == len(slow.started) == 6
        slow.go.set()
        await until(lambda: len(slow.done) == 40)


async def test_a_burst_costs_few_commits(store: SqliteStore, clock: Clock) -> None:
    doing, counted = Doing(), Faulty(store)
    await put(store, *jobs("x", 1_000, NOON - 1_000))
    async with at_work(a_worker(counted, {"x": Handler(doing, 256)}, clock)):
        await until(lambda: len(doing.done) == 1_000)
    assert doing.calls == 4
    assert counted.claims + counted.settles <= 8


async def test_many_wake_ups_are_few_looks(store: SqliteStore, clock: Clock) -> None:
    doing, counted = Doing(), Faulty(store)
    worker = Worker(counted, {"x": Handler(doing, 256)}, clock, lambda: 0.5, pace=0.2)  # type: ignore[arg-type]  # as above
    async with at_work(worker):
        for n in range(100):
            await put(store, Job(f"j{n}:x", "x", NOON))
            worker.wake()
        await until(lambda: len(doing.done) == 100)
    assert counted.looks < 20


async def test_an_unexpected_failure_costs_its_own_job_a_retry_and_tells_no_secret(
    store: SqliteStore, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    def outcome(job: Job) -> Settlement:
        if job.id == "x0001:x":
            raise ValueError(job.payload["text"])
        return Done()

    await put(store, *jobs("x", 3, NOON - 10))
    with caplog.at_level(logging.INFO):
        async with at_work(a_worker(store, {"x": Handler(Doing(outcome), 8)}, clock)):
            await until(lambda: "ValueError" in caplog.text)
    (view,) = await store.jobs()
    assert (view.job.id, view.job.attempt, view.job.due, view.state) == ("x0001:x", 1, NOON + 5 * SECOND, "waiting")
    assert "ValueError" in view.error
    assert "secret" not in view.error + caplog.text


async def test_a_handler_that_settles_too_little_is_a_failure(store: SqliteStore, clock: Clock) -> None:
    async def forgetful(_: Sequence[Job]) -> Sequence[Settlement]:
        return ()

    await put(store, *jobs("x", 2, NOON - 10))
    await a_worker(store, {"x": Handler(forgetful, 8)}, clock).drain(["x"])
    assert [view.error for view in await store.jobs()] == ["0 settlements for 1 jobs"] * 2


async def test_a_handler_that_hangs_is_given_up_before_its_lease_ends(store: SqliteStore, clock: Clock) -> None:
    doing = Doing()
    doing.go.clear()
    await put(store, Job("a:x", "x", NOON))
    await a_worker(store, {"x": Handler(doing)}, clock, lease=40).drain(["x"])
    (view,) = await store.jobs()
    assert (view.job.attempt, view.error) == (1, "timed out")


async def test_settlements_are_obeyed(store: SqliteStore, clock: Clock) -> None:
    outcomes: dict[str, Settlement] = {
        "a:x": Done((Job("a:y", "y", NOON + HOUR),)),
        "b:x": Again(NOON + 1, "later"),
        "c:x": Retry(NOON + 2, "no"),
        "d:x": Dead("never"),
    }
    await put(store, *(Job(name, "x", NOON - 9) for name in outcomes))
    await a_worker(store, {"x": Handler(Doing(lambda job: outcomes[job.id]), 2, 2)}, clock).drain(["x"])
    found = {v.job.id: (v.state, v.job.due, v.job.attempt, v.error) for v in await store.jobs()}
    assert found == {
        "a:y": ("waiting", NOON + HOUR, 0, ""),
        "b:x": ("waiting", NOON + 1, 0, "later"),
        "c:x": ("waiting", NOON + 2, 1, "no"),
        "d:x": ("dead", NOON - 9, 1, "never"),
    }


async def test_what_changes_while_it_is_in_work_is_done_again(store: SqliteStore, clock: Clock) -> None:
    doing = Doing()
    doing.go.clear()
    await put(store, Job("a:x", "x", NOON))
    async with at_work(a_worker(store, {"x": Handler(doing)}, clock)):
        await until(lambda: len(doing.started) == 1)
        await put(store, Job("a:x", "x", NOON + 1, {"newer": "yes"}))
        doing.go.set()
        clock.now += SECOND
        await until(lambda: doing.done == ["a:x", "a:x"])
    assert await store.jobs() == ()


async def test_what_a_killed_process_had_in_hand_is_done_when_its_lease_ends(store: SqliteStore, clock: Clock) -> None:
    doing, counted = Doing(), Faulty(store)
    await put(store, Job("a:x", "x", NOON))
    await store.claim(NOON, 1, 30 * SECOND)
    async with at_work(a_worker(counted, {"x": Handler(doing)}, clock)):
        await until(lambda: counted.looks > 1)
        assert doing.started == []
        clock.now += 30 * SECOND
        await until(lambda: len(doing.done) > 0)
    assert doing.done == ["a:x"]


async def test_a_store_that_cannot_write_is_waited_for(store: SqliteStore, clock: Clock) -> None:
    doing, faulty = Doing(), Faulty(store)
    doing.go.clear()
    await put(store, Job("a:x", "x", NOON))
    async with at_work(a_worker(faulty, {"x": Handler(doing)}, clock)):
        await until(lambda: doing.started == ["a:x"])
        faulty.broken = True
        doing.go.set()
        await put(store, Job("b:x", "x", NOON))
        await until(lambda: doing.done == ["a:x"])
        assert len(await store.jobs()) == 2
        faulty.broken = False
        await until(lambda: doing.done == ["a:x", "b:x"])
    assert await store.jobs() == ()


async def test_a_store_that_cannot_be_used_is_told_once_and_asked_again(
    store: SqliteStore, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    doing, faulty = Doing(), Faulty(store)
    faulty.broken = True
    await put(store, Job("a:x", "x", NOON))
    async with at_work(a_worker(faulty, {"x": Handler(doing)}, clock)):
        await until(lambda: faulty.refused >= 3)
        faulty.broken = False
        await until(lambda: doing.done == ["a:x"])
    assert caplog.text.count("the store cannot be used now") == 1
    assert caplog.text.count("the store can be used again") == 1


async def test_what_is_claimed_while_it_stops_is_given_back(store: SqliteStore, clock: Clock) -> None:
    doing, faulty = Doing(), Faulty(store)
    await put(store, Job("a:x", "x", NOON))
    worker = a_worker(faulty, {"x": Handler(doing)}, clock)
    faulty.after_claim = worker.stop
    running = asyncio.create_task(worker.run())
    await until(running.done)
    await worker.stop()
    assert doing.started == []
    assert [view.state for view in await store.jobs()] == ["waiting"]


async def test_a_handler_that_meets_a_store_that_cannot_write_is_no_failure(store: SqliteStore, clock: Clock) -> None:
    faulty = Faulty(store)

    async def run(jobs: Sequence[Job]) -> Sequence[Settlement]:
        faulty.broken = True
        try:
            await faulty.settle((), NOON)
        finally:
            faulty.broken = False
        return [Done()] * len(jobs)

    await put(store, *jobs("x", 2, NOON - 10))
    await a_worker(store, {"x": Handler(run, 8)}, clock).drain(["x"])
    assert [(v.job.attempt, v.error) for v in await store.jobs()] == [(0, "the store was unavailable")] * 2


async def test_stopping_finishes_what_is_in_hand_and_takes_nothing_new(store: SqliteStore, clock: Clock) -> None:
    doing = Doing()
    doing.go.clear()
    await put(store, *jobs("x", 3, NOON - 10))
    worker = a_worker(store, {"x": Handler(doing)}, clock)
    running = asyncio.create_task(worker.run())
    await until(lambda: len(doing.started) == 1)
    stopping = asyncio.create_task(worker.stop())
    await until(running.done)
    doing.go.set()
    await stopping
    assert doing.done == ["x0000:x"]
    assert [(v.job.id, v.state) for v in await store.jobs()] == [("x0001:x", "waiting"), ("x0002:x", "waiting")]


async def test_what_takes_too_long_at_the_stop_is_given_back_unharmed(store: SqliteStore, clock: Clock) -> None:
    doing = Doing()
    doing.go.clear()
    await put(store, Job("a:x", "x", NOON - 10))
    worker = a_worker(store, {"x": Handler(doing)}, clock)
    running = asyncio.create_task(worker.run())
    await until(lambda: len(doing.started) == 1)
    await worker.stop(0.02)
    await running
    (view,) = await store.jobs()
    assert (view.state, view.job.attempt, view.job.due) == ("waiting", 0, NOON - 10)


async def test_stopping_does_not_wait_for_a_broken_store(store: SqliteStore, clock: Clock) -> None:
    doing, faulty = Doing(), Faulty(store)
    doing.go.clear()
    await put(store, Job("a:x", "x", NOON))
    worker = a_worker(faulty, {"x": Handler(doing)}, clock)
    running = asyncio.create_task(worker.run())
    await until(lambda: len(doing.started) == 1)
    faulty.broken = True
    async with asyncio.timeout(2):
        await worker.stop(0.02)
        await running
    assert [view.state for view in await store.jobs()] == ["running"]


async def test_a_job_that_nothing_here_does_becomes_a_dead_letter(store: SqliteStore, clock: Clock) -> None:
    async with at_work(a_worker(store, {"x": Handler(Doing())}, clock)):
        await put(store, Job("a:write.gone", "write.gone", NOON))

        async def dead() -> bool:
            return bool(await store.jobs("dead"))

        await until(dead)
    assert [view.error for view in await store.jobs("dead")] == ["nothing is configured for write.gone"]


async def test_where_others_share_the_store_a_kind_may_be_theirs_for_a_while(store: SqliteStore, clock: Clock) -> None:
    """As in a rolling restart: what a newer version leaves behind is unknown here, and its processes do it."""
    doing = Doing()
    worker = Worker(store, {"x": Handler(doing)}, clock, lambda: 0.5, poll=0.01, pace=0.001, patience=10 * MINUTE)
    await put(store, Job("a:new", "new", NOON), Job("b:new", "new", NOON + MINUTE))
    await put(store, Job("c:x", "x", NOON))
    async with at_work(worker):
        await until(lambda: doing.done == ["c:x"])
        clock.now = NOON + 10 * MINUTE - 1
        await put(store, Job("d:x", "x", NOON))
        await until(lambda: doing.done == ["c:x", "d:x"])
        assert [view.state for view in await store.jobs(kind="new")] == ["waiting", "waiting"]
        clock.now += 1
        worker.wake()

        async def one_is_dead() -> bool:
            return [(v.job.id, v.state) for v in await store.jobs(kind="new")] == [
                ("a:new", "dead"),
                ("b:new", "waiting"),
            ]

        await until(one_is_dead)
        (theirs,) = await store.claim(clock(), 10, 1_000, ("new",))
        assert (theirs.id, theirs.attempt, theirs.interrupted) == ("b:new", 0, False)


async def test_what_waits_for_a_writer_that_only_another_process_has_is_no_dead_letter(
    store: SqliteStore, clock: Clock
) -> None:
    """It may wait there for hours, overdue behind a shut gate, while this one has settings without that writer."""
    known = ["write.crm"]

    async def elsewhere() -> list[str]:
        return known

    unknown, kinds = Unknown(10 * MINUTE, elsewhere), ["write.crm", "gone"]
    assert await unknown.hopeless(kinds, NOON) == []
    assert await unknown.hopeless(kinds, NOON + HOUR) == ["gone"]
    known.clear()  # it is started anew
    assert await unknown.hopeless(kinds, NOON + HOUR + 1) == ["gone"]
    known.append("write.crm")
    assert await unknown.hopeless(kinds, NOON + HOUR + 10 * MINUTE) == ["gone"]
    known.clear()
    assert await unknown.hopeless(kinds, NOON + 2 * HOUR) == ["gone"]
    assert await unknown.hopeless(kinds, NOON + 2 * HOUR + 10 * MINUTE) == ["write.crm", "gone"]


async def test_drain_does_now_what_waits_of_some_kinds_and_leaves_the_rest(store: SqliteStore, clock: Clock) -> None:
    doing = Doing()
    await put(store, Job("a:x", "x", NOON - 1), Job("b:x", "x", NOON + HOUR), Job("c:y", "y", NOON))
    worker = a_worker(store, {"x": Handler(doing), "y": Handler(doing)}, clock)
    assert await worker.drain(["x"]) == 0
    assert sorted(doing.done) == ["a:x", "b:x"]
    assert [view.job.id for view in await store.jobs()] == ["c:y"]


async def test_drain_waits_for_what_another_process_has_in_hand(store: SqliteStore, clock: Clock) -> None:
    await put(store, Job("a:x", "x", NOON))
    (job,) = await store.claim(NOON, 1, MINUTE)
    worker = a_worker(store, {"x": Handler(Doing())}, clock)
    assert await worker.drain(["x"], patience=0.01) == 1
    draining = asyncio.create_task(worker.drain(["x"]))
    await store.settle([(job, Done())], NOON)
    assert await draining == 0
