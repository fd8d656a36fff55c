"""Answers of Redis that got lost: what was asked was done once, the client asked not again by itself, and whoever
repeats it doubles nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from bot.errors import StoreUnavailable
from bot.model import Address, Doc, DocChange, Job
from bot.store.base import Again, Commit, Dead, Done, Retry, Settlement
from bot.store.redis import RedisStore
from bot.store.redis_url import place
from bot.store.redis_wire import Direct, Script
from tests.harness.proxy import Proxy
from tests.harness.redis_server import single
from tests.store.stores import HOUR, Clock, a_turn, lines

TELEGRAM = Address("telegram", "1")
_CLAIM = Script("claim")


@dataclass(frozen=True)
class Cut:
    """A store whose next answer is lost when it is told so."""

    store: RedisStore
    proxy: Proxy

    async def doubtful(self, call: Callable[[], Awaitable[object]]) -> int:
        """How many scripts the server ran for it."""
        with single().client() as admin:
            before = ran(admin.info("commandstats"))
            self.proxy.cuts = 1
            with pytest.raises(StoreUnavailable):
                await call()
            assert self.proxy.cuts == 0
            return ran(admin.info("commandstats")) - before


def ran(stats: dict[str, dict[str, int]]) -> int:
    return sum(stats.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in ("eval", "evalsha"))


@pytest.fixture(params=[1, 5], ids=["one shard", "shards"])
async def cut(request: pytest.FixtureRequest, prefix: str, clock: Clock) -> AsyncIterator[Cut]:
    async with Proxy(single().port) as proxy:
        way = Direct(place(f"redis://127.0.0.1:{proxy.here}"))
        store = RedisStore(way, clock, shards=request.param, prefix=prefix)
        await store.load_id("a")
        yield Cut(store, proxy)
        await store.close()


async def test_a_turn_is_taken_once(cut: Cut) -> None:
    turn = a_turn("a", jobs=[Job("a:x", "x", 1)])
    assert await cut.doubtful(lambda: cut.store.commit(turn)) == 1
    assert await cut.store.commit(turn) is Commit.LOST
    assert await cut.store.entries("a") == lines(1, 1)
    assert len(await cut.store.claim(1, 9, HOUR)) == 1


async def test_a_turn_of_an_event_is_taken_once(cut: Cut) -> None:
    turn = a_turn("a", event="update-1")
    await cut.doubtful(lambda: cut.store.commit(turn))
    assert await until_told(lambda: cut.store.commit(turn)) in (Commit.DONE, Commit.REPEATED)
    assert await cut.store.commit(turn) is Commit.REPEATED
    assert await cut.store.entries("a") == lines(1, 1)


async def until_told(call: Callable[[], Awaitable[Commit]]) -> Commit:
    while True:
        try:
            return await call()
        except StoreUnavailable:
            continue


@pytest.mark.parametrize("steps", range(0, 66, 6))
async def test_wherever_a_new_chat_is_cut_off_it_is_there_once_when_it_is_repeated(cut: Cut, steps: int) -> None:
    """Its event is reserved, its names are written, it is committed, its job lands elsewhere: so many steps of the
    loop behind the first, the connections are reset."""
    turn = a_turn("a", event="e", address=TELEGRAM, aliases=["card"], jobs=[Job("b:x", "x", 1)])
    first = asyncio.ensure_future(cut.store.commit(turn))
    for _ in range(steps):
        await asyncio.sleep(0)
    cut.proxy.reset()
    await asyncio.wait([first])
    verdict = await until_told(lambda: cut.store.commit(turn))
    assert verdict in ((Commit.DONE, Commit.REPEATED) if first.exception() else (Commit.REPEATED,))
    assert await cut.store.entries("a") == lines(1, 1)
    found = await cut.store.load(TELEGRAM)
    assert found is not None
    assert (found.id, await cut.store.resolve("card")) == ("a", "a")


async def test_a_document_is_put_once(cut: Cut) -> None:
    change = DocChange(Doc("case", "a", 1, b"x"), 0, jobs=(Job("a:x", "x", 1),))
    assert await cut.doubtful(lambda: cut.store.put(change)) == 1
    assert await cut.store.put(change) is Commit.LOST
    assert await cut.store.doc("case", "a") == Doc("case", "a", 1, b"x")


@pytest.mark.parametrize(
    ("outcome", "left"),
    [
        (Done((Job("a:next", "next", 9),)), {"a:next": ("waiting", 0, 9)}),
        (Again(7), {"a:x": ("waiting", 0, 7)}),
        (Retry(8, "no"), {"a:x": ("waiting", 1, 8)}),
        (Dead("no"), {"a:x": ("dead", 1, 1)}),
    ],
)
async def test_a_job_is_settled_once(cut: Cut, outcome: Settlement, left: object) -> None:
    await cut.store.commit(a_turn("a", jobs=[Job("a:x", "x", 1)]))
    (job,) = await cut.store.claim(1, 9, HOUR)
    assert await cut.doubtful(lambda: cut.store.settle([(job, outcome)], 2)) == 1
    for _ in range(2):
        await cut.store.settle([(job, outcome)], 2)
    views = await cut.store.jobs()
    assert {view.job.id: (view.state, view.job.attempt, view.job.due) for view in views} == left


async def test_a_job_that_was_claimed_for_nobody_comes_again_when_its_lease_ends(cut: Cut) -> None:
    await cut.store.commit(a_turn("a", jobs=[Job("a:x", "x", 1)]))
    home = cut.store.inside[2].of_job("a:x")
    base = cut.store.inside[2].bases[home]
    await cut.doubtful(lambda: cut.store.inside[1].run(_CLAIM, base, 1, 9, 100, "caller", "take", "x"))
    assert await cut.store.claim(1, 9, 100) == ()
    (job,) = await cut.store.claim(101, 9, 100)
    assert job.interrupted
