"""What `bot/store/base.py` promises about jobs, on every store."""

import asyncio
from collections.abc import Callable

import pytest

from bot.model import Doc, Job
from bot.store.base import Again, Backlog, Commit, Dead, Done, JobState, Retry, Settlement, Store
from tests.store.stores import Clock, a_turn

MINUTE = 60_000


async def put(store: Store, *jobs: Job, cancel: tuple[str, ...] = ()) -> None:
    """Upsert jobs in the commit of some chat's next turn."""
    chat = await store.load_id("chat")
    version = chat.version + 1 if chat else 1
    assert await store.commit(a_turn("chat", version, jobs=jobs, cancel=cancel)) is Commit.DONE


async def claim_one(store: Store, now: int, lease: int = MINUTE) -> Job:
    (job,) = await store.claim(now, 1, lease)
    return job


async def states(store: Store) -> dict[str, JobState]:
    return {view.job.id: view.state for view in await store.jobs()}


async def test_due_jobs_are_claimed_in_the_order_of_their_due_times(store: Store) -> None:
    await put(store, Job("c", "x", 30), Job("a", "x", 10), Job("d", "x", 41), Job("b", "x", 20))
    assert [job.id for job in await store.claim(40, 2, MINUTE)] == ["a", "b"]
    assert [job.id for job in await store.claim(40, 9, MINUTE)] == ["c"]
    assert await store.claim(40, 9, MINUTE) == ()
    assert [job.id for job in await store.claim(41, 9, MINUTE)] == ["d"]


async def test_a_claimed_job_is_as_it_was_put(store: Store) -> None:
    await put(store, Job("chat:write.crm", "write", 5, {"chat": "chat", "writer": "crm é"}))
    job = await claim_one(store, 5)
    assert (job.id, job.kind, job.due, job.attempt) == ("chat:write.crm", "write", 5, 0)
    assert job.payload == {"chat": "chat", "writer": "crm é"}


async def test_a_claim_may_ask_for_some_kinds_only(store: Store) -> None:
    await put(store, Job("a", "timer", 1), Job("b", "write", 2), Job("c", "response", 3))
    assert [job.id for job in await store.claim(9, 9, MINUTE, ["write", "response"])] == ["b", "c"]
    assert [job.id for job in await store.claim(9, 9, MINUTE, ["write"])] == []
    assert [job.id for job in await store.claim(9, 9, MINUTE)] == ["a"]


async def test_tasks_that_claim_at_once_never_get_the_same_job(store: Store) -> None:
    await put(store, *(Job(f"j{n:02}", "x", n) for n in range(60)))
    claims = await asyncio.gather(*(store.claim(100, 7, MINUTE) for _ in range(10)))
    claimed = [job.id for jobs in claims for job in jobs]
    assert sorted(claimed) == [f"j{n:02}" for n in range(60)]


async def test_a_lease_that_ran_out_is_claimed_again_before_jobs_due_later(store: Store) -> None:
    await put(store, Job("early", "x", 10), Job("late", "x", 50))
    await store.claim(10, 1, lease=100)
    assert [job.id for job in await store.claim(109, 9, MINUTE, ["none"])] == []
    assert [job.id for job in await store.claim(110, 1, MINUTE)] == ["early"]
    assert [job.id for job in await store.claim(110, 9, MINUTE)] == ["late"]


async def test_a_done_job_goes_and_its_followers_come(store: Store) -> None:
    await put(store, Job("a", "x", 1))
    job = await claim_one(store, 1)
    await store.settle([(job, Done((Job("b", "y", 7), Job("c", "y", 8))))], 2)
    assert await states(store) == {"b": "waiting", "c": "waiting"}
    assert await store.job("a") is None


async def test_a_job_may_follow_itself(store: Store) -> None:
    await put(store, Job("a", "x", 1))
    await store.settle([(await claim_one(store, 1), Done((Job("a", "x", 9),)))], 2)
    assert await store.claim(8, 9, MINUTE) == ()
    assert (await claim_one(store, 9)).id == "a"


@pytest.mark.parametrize(
    ("outcome", "left"),
    [
        (Again(500), ("waiting", 0, 500, "")),
        (Again(500, "asked to wait"), ("waiting", 0, 500, "asked to wait")),
        (Retry(500, "time-out"), ("waiting", 1, 500, "time-out")),
        (Dead("gone: 410"), ("dead", 1, 1, "gone: 410")),
    ],
    ids=["again", "again with a reason", "retry", "dead"],
)
async def test_what_a_settlement_leaves(
    store: Store, outcome: Settlement, left: tuple[JobState, int, int, str]
) -> None:
    await put(store, Job("a", "x", 1, {"k": "v"}))
    await store.settle([(await claim_one(store, 1), outcome)], 77)
    view = await store.job("a")
    assert view is not None
    assert (view.state, view.job.attempt, view.job.due, view.error) == left
    assert (view.job.payload, view.touched) == ({"k": "v"}, 77)


async def test_failed_attempts_add_up_and_a_new_upsert_forgets_them(store: Store) -> None:
    await put(store, Job("a", "x", 1))
    for attempt in range(3):
        job = await claim_one(store, 1)
        assert job.attempt == attempt
        await store.settle([(job, Retry(1, "no"))], 1)
    await put(store, Job("a", "x", 4))
    job = await claim_one(store, 4)
    view = await store.job("a")
    assert view is not None
    assert (job.attempt, view.error) == (0, "")


async def test_an_upsert_replaces_kind_payload_and_due_time_and_raises_the_generation(store: Store) -> None:
    await put(store, Job("a", "x", 90, {"n": "1"}))
    before = await store.job("a")
    await put(store, Job("a", "y", 5, {"n": "2"}))
    job = await claim_one(store, 5)
    assert before is not None
    assert job.gen > before.job.gen
    assert (job.kind, job.due, job.payload) == ("y", 5, {"n": "2"})


@pytest.mark.parametrize("outcome", [Done(), Again(1), Retry(1, "no"), Dead("no")])
async def test_settling_an_old_generation_leaves_the_newer_one_waiting(store: Store, outcome: Settlement) -> None:
    await put(store, Job("a", "x", 1, {"n": "1"}))
    old = await claim_one(store, 1)
    await put(store, Job("a", "x", 300, {"n": "2"}))
    assert await states(store) == {"a": "running"}
    assert await store.claim(1000, 9, MINUTE) == (), "the lease holds"
    await store.settle([(old, outcome)], 2)
    assert await store.claim(299, 9, MINUTE) == ()
    job = await claim_one(store, 300)
    assert (job.payload, job.attempt) == ({"n": "2"}, 0)


@pytest.mark.parametrize("late", [Done(), Again(1), Retry(1, "no"), Dead("no")])
async def test_whoever_comes_behind_their_lease_changes_nothing(store: Store, late: Settlement) -> None:
    """Else the job would wait while its new claimant has it, and what is said of it then would go with them."""
    await put(store, Job("a", "x", 1, gathers=True))
    slow = await claim_one(store, 1, lease=5)
    quick = await claim_one(store, 9)
    assert quick.interrupted
    await store.settle([(slow, late)], 10)
    assert await states(store) == {"a": "running"}
    await put(store, Job("a", "x", 2, gathers=True))
    await store.settle([(slow, late)], 11)
    await store.settle([(quick, Done())], 12)
    assert await states(store) == {"a": "waiting"}, "for what quick has not seen"


async def test_a_job_cancelled_and_put_anew_is_not_settled_by_the_old_claim(store: Store) -> None:
    await put(store, Job("a", "x", 1))
    old = await claim_one(store, 1)
    await put(store, cancel=("a",))
    await put(store, Job("a", "x", 9))
    await store.settle([(old, Done())], 2)
    assert await states(store) == {"a": "waiting"}


async def test_settling_a_job_that_is_gone_brings_it_not_back(store: Store) -> None:
    await put(store, Job("a", "x", 1), Job("b", "x", 2))
    first, second = await store.claim(2, 2, MINUTE)
    await put(store, cancel=("a", "b", "never there"))
    await store.settle([(first, Retry(5, "no")), (second, Done((Job("next", "x", 9),)))], 3)
    assert await states(store) == {"next": "waiting"}


async def test_settlements_go_together(store: Store) -> None:
    await put(store, *(Job(f"j{n}", "x", n) for n in range(4)))
    a, b, c, d = await store.claim(9, 4, MINUTE)
    await store.settle([(a, Done()), (b, Again(50)), (c, Retry(60, "e")), (d, Dead("f"))], 10)
    assert await states(store) == {"j1": "waiting", "j2": "waiting", "j3": "dead"}
    await store.settle([], 11)


async def test_a_dead_job_stays_until_it_is_brought_back(store: Store) -> None:
    await put(store, Job("a", "x", 1), Job("b", "x", 2))
    for job in await store.claim(2, 2, MINUTE):
        await store.settle([(job, Dead("no"))], 3)
    assert (await store.claim(10**15, 9, MINUTE), await store.due()) == ((), {})
    assert await store.retry_job("a", 50)
    job = await claim_one(store, 50)
    assert (job.id, job.attempt) == ("a", 0)
    await put(store, Job("b", "x", 60))
    assert (await claim_one(store, 60)).id == "b"


async def test_a_running_or_unknown_job_cannot_be_retried(store: Store) -> None:
    await put(store, Job("a", "x", 1))
    await claim_one(store, 1)
    assert not await store.retry_job("a", 2)
    assert not await store.retry_job("unknown", 2)
    assert await states(store) == {"a": "running"}


async def test_a_dropped_job_is_gone(store: Store) -> None:
    await put(store, Job("a", "x", 1))
    assert await store.drop_job("a")
    assert not await store.drop_job("a")
    assert await store.jobs() == ()


async def test_what_is_due_next_is_told_by_kind_and_counts_waiting_jobs_and_leases(store: Store) -> None:
    await put(store, Job("a", "x", 40), Job("b", "x", 70), Job("c", "y", 10), Job("d", "z", 5))
    await store.settle([(await claim_one(store, 5), Dead("no"))], 6)
    assert await store.due() == {"x": 40, "y": 10}
    await store.claim(40, 1, 500, ["x"])
    assert await store.due() == {"x": 70, "y": 10}
    await store.claim(70, 1, 100, ["x"])
    await store.claim(70, 1, 30, ["y"])
    assert await store.due() == {"x": 170, "y": 100}


async def test_a_claim_for_several_kinds_takes_the_earliest_of_all(store: Store) -> None:
    await put(store, *(Job(f"{kind}{n}", kind, 10 * n + at) for at, kind in enumerate("xyz") for n in range(4)))
    assert [job.id for job in await store.claim(99, 4, MINUTE, ["x", "z"])] == ["x0", "z0", "x1", "z1"]
    assert [job.id for job in await store.claim(99, 3, MINUTE)] == ["y0", "y1", "x2"]


async def test_what_has_failed_before_can_be_hastened_and_keeps_its_attempts(store: Store) -> None:
    await put(store, *(Job(name, "x", 1) for name in "abc"), Job("d", "y", 1), Job("later", "x", 900))
    a, b, c, d = await store.claim(1, 9, MINUTE)
    await store.settle([(a, Retry(500, "no")), (b, Again(600)), (c, Dead("no")), (d, Retry(700, "no"))], 2)
    await store.hasten("x", 50)
    assert {v.job.id: (v.job.due, v.job.attempt) for v in await store.jobs("waiting")} == {
        "a": (50, 1),
        "b": (600, 0),
        "d": (700, 1),
        "later": (900, 0),
    }


async def test_the_backlog_of_a_kind_is_counted(store: Store, clock: Clock) -> None:
    assert await store.backlogs(["x"]) == {"x": Backlog()}
    first = clock.now
    await put(store, Job("a", "x", 1), Job("b", "x", 2))
    clock.now += 700
    await put(store, Job("c", "x", 3), Job("d", "y", 4))
    a, _ = await store.claim(2, 2, MINUTE)
    assert await store.backlogs(["x", "y"]) == {"x": Backlog(3, 0, first), "y": Backlog(1, 0, first + 700)}
    await store.settle([(a, Dead("no"))], 5)
    assert await store.backlogs(["x"]) == {"x": Backlog(2, 1, first)}


async def test_what_a_dead_job_leaves_behind_is_kept(store: Store) -> None:
    await put(store, Job("a", "x", 1))
    await store.settle([(await claim_one(store, 1), Dead("no", (Doc("remote", "a", 0, b"noted"),)))], 2)
    found = await store.doc("remote", "a")
    assert found is not None
    assert found.body == b"noted"


async def test_jobs_are_listed_by_due_time_state_and_kind(store: Store) -> None:
    await put(store, Job("w", "write", 30), Job("t", "timer", 10), Job("r", "write", 20), Job("d", "write", 5))
    await store.settle([(await claim_one(store, 5), Dead("no"))], 6)
    await store.claim(20, 1, MINUTE, ["write"])

    async def listed(state: JobState | None = None, kind: str = "", limit: int = 100) -> list[str]:
        return [view.job.id for view in await store.jobs(state, kind, limit)]

    assert await listed() == ["d", "t", "r", "w"]
    assert await listed(limit=2) == ["d", "t"]
    assert await listed(kind="write") == ["d", "r", "w"]
    assert (await listed("waiting"), await listed("running"), await listed("dead")) == (["t", "w"], ["r"], ["d"])
    assert await listed("waiting", "timer") == ["t"]


async def test_a_view_tells_when_a_job_was_made_and_last_touched(store: Store, clock: Clock) -> None:
    await put(store, Job("a", "x", 1))
    view = await store.job("a")
    assert view is not None
    assert (view.created, view.touched) == (clock.now, 0)
    await claim_one(store, 12)
    view = await store.job("a")
    assert view is not None
    assert (view.created, view.touched) == (clock.now, 12)


async def test_a_command_beside_the_server_shares_its_jobs(store: Store, reopen: Callable[[], Store]) -> None:
    command = reopen()
    await put(store, *(Job(f"j{n:02}", "x", n) for n in range(40)))
    claims = await asyncio.gather(*((store, command)[n % 2].claim(100, 4, MINUTE) for n in range(20)))
    assert sorted(job.id for jobs in claims for job in jobs) == [f"j{n:02}" for n in range(40)]
    await command.settle([(job, Done()) for jobs in claims for job in jobs], 101)
    assert await store.jobs() == ()


async def test_a_job_whose_lease_ran_out_says_once_that_it_was_interrupted(store: Store) -> None:
    await put(store, Job("a", "x", 1))
    assert not (await claim_one(store, 1, lease=100)).interrupted
    job = await claim_one(store, 101, lease=100)
    assert job.interrupted
    await store.settle([(job, Retry(200, "no"))], 102)
    assert not (await claim_one(store, 200)).interrupted


async def test_a_job_interrupted_again_says_so_again(store: Store) -> None:
    await put(store, Job("a", "x", 1))
    assert [(await claim_one(store, 1 + 100 * n, lease=100)).interrupted for n in range(3)] == [False, True, True]


async def test_a_job_that_was_interrupted_and_put_anew_still_says_so(store: Store) -> None:
    await put(store, Job("a", "x", 1))
    await claim_one(store, 1, lease=100)
    await put(store, Job("a", "x", 50, {"n": "2"}))
    job = await claim_one(store, 101)
    assert (job.interrupted, job.payload) == (True, {"n": "2"})


@pytest.mark.parametrize("newer", [False, True], ids=["as it was claimed", "put anew meanwhile"])
async def test_a_job_that_was_cut_off_says_so_when_it_is_claimed_again(store: Store, newer: bool) -> None:
    await put(store, Job("a", "x", 1))
    job = await claim_one(store, 1)
    if newer:
        await put(store, Job("a", "x", 5))
    await store.settle([(job, Again(5, interrupted=True))], 2)
    assert (await claim_one(store, 5)).interrupted


@pytest.mark.parametrize(
    ("before", "again", "due"),
    [
        (Job("a", "x", 10), Job("a", "x", 20, gathers=True), 10),
        (Job("a", "x", 30), Job("a", "x", 20, gathers=True), 20),
        (Job("a", "x", 10), Job("a", "x", 20), 20),
    ],
    ids=["waits already", "would come later", "replaces"],
)
async def test_a_job_that_gathers_leaves_alone_what_waits_and_is_due_no_later(
    store: Store, before: Job, again: Job, due: int
) -> None:
    await put(store, before)
    await put(store, again)
    assert await store.claim(due - 1, 9, 60_000) == ()
    (job,) = await store.claim(due, 9, 60_000)
    assert job.id == "a"


async def test_a_job_that_gathers_is_not_lost_while_the_one_before_runs_or_has_failed(store: Store) -> None:
    await put(store, Job("a", "x", 10))
    (running,) = await store.claim(10, 9, 60_000)
    await put(store, Job("a", "x", 20, gathers=True))
    await store.settle([(running, Done())], 11)
    (again,) = await store.claim(20, 9, 60_000)
    await store.settle([(again, Retry(900, "no"))], 21)
    await put(store, Job("a", "x", 30, gathers=True))
    (last,) = await store.claim(30, 9, 60_000)
    assert last.attempt == 0
