"""What `bot/store/base.py` promises where a clock was wrong for a while, on every store."""

from bot.model import Job
from bot.store.base import LONGEST_LEASE, Again, Commit, Done, Retry, Store
from tests.store.stores import HOUR, Clock, a_turn

DAY, MINUTE = 24 * HOUR, 60_000


async def put(store: Store, *jobs: Job) -> None:
    await store.commit(a_turn(f"chat-{jobs[0].id}", jobs=jobs))


async def test_a_lease_of_a_clock_that_was_a_day_ahead_is_over(store: Store, clock: Clock) -> None:
    today = clock.now
    await put(store, Job("a", "x", today), Job("b", "x", today))
    clock.now += DAY
    assert len(await store.claim(clock.now, 9, MINUTE)) == 2
    clock.now = today
    assert await store.due() == {"x": today}
    (first,) = await store.claim(today, 1, MINUTE, ["x"])
    (second,) = await store.claim(today, 9, MINUTE)
    assert (first.id, second.id) == ("a", "b")
    assert first.interrupted
    assert second.interrupted
    assert await store.claim(today, 9, MINUTE) == ()
    assert await store.due() == {"x": today + MINUTE}


async def test_a_lease_lasts_ten_minutes_at_most(store: Store, clock: Clock) -> None:
    now = clock.now
    await put(store, Job("a", "x", now))
    assert len(await store.claim(now, 9, HOUR)) == 1
    assert await store.claim(now + LONGEST_LEASE - 1, 9, MINUTE) == ()
    assert await store.due() == {"x": now + LONGEST_LEASE}
    assert len(await store.claim(now + LONGEST_LEASE, 9, MINUTE)) == 1


async def test_what_was_due_by_the_time_before_is_brought_forward(store: Store, clock: Clock) -> None:
    now = clock.now
    spread = [Job(f"j{n:03}", "x", now + n) for n in range(1, 1_200)]
    await put(store, *spread, Job("other", "y", now + 10), Job("timer", "timer", now + 10), Job("last", "x", now + DAY))
    await store.bring_forward(["x", "y"], now, now + 1_000)
    assert {view.job.due for view in await store.jobs("waiting", "x", 1_000)} == {now}
    assert await store.due() == {"x": now, "y": now, "timer": now + 10}
    assert len(await store.claim(now, 2_000, MINUTE, ["x"])) == 1_000
    assert (await store.due())["x"] == now + 1_001


async def test_what_is_brought_forward_keeps_its_attempts_and_what_runs_or_died_stays(
    store: Store, clock: Clock
) -> None:
    now = clock.now
    await put(store, Job("failed", "x", now - 1), Job("put-off", "x", now), Job("runs", "x", now))
    failed, put_off, _ = await store.claim(now, 9, MINUTE)
    await store.settle([(failed, Retry(now + HOUR, "no")), (put_off, Again(now + HOUR))], now)
    await store.bring_forward(["x"], now, now + HOUR)
    found = {view.job.id: (view.job.due, view.job.attempt) for view in await store.jobs("waiting")}
    assert found == {"failed": (now, 1), "put-off": (now, 0)}
    assert [view.job.id for view in await store.jobs("running")] == ["runs"]
    await store.hasten("x", now)
    assert len(await store.claim(now, 9, MINUTE, ["x"])) == 2


async def test_what_is_upserted_while_it_runs_is_brought_forward_too(store: Store, clock: Clock) -> None:
    """By another whose clock is still wrong; it waits again when it is settled."""
    now = clock.now
    await put(store, Job("a", "x", now))
    (job,) = await store.claim(now, 9, MINUTE)
    change = a_turn("chat-a", 2, jobs=[Job("a", "x", now + DAY)])
    assert await store.commit(change) is Commit.DONE
    await store.bring_forward(["x"], now, now + DAY)
    await store.settle([(job, Done())], now)
    assert [job.id for job in await store.claim(now, 9, MINUTE)] == ["a"]
