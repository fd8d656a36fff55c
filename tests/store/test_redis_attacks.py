"""What a sceptic tried against the Redis store: each test is a way in which something acknowledged could be lost or
done twice."""

from collections.abc import Callable
from pathlib import Path

import pytest
from redis.crc import key_slot

from bot.model import Job
from bot.store.base import Done
from bot.store.redis_check import open_redis
from bot.store.redis_lane import _probe
from bot.store.redis_layout import Layout
from tests.harness.redis_server import single
from tests.harness.working import until
from tests.store.stores import Clock, a_turn


@pytest.fixture
def prefix(tmp_path: Path) -> str:
    return f"a.{tmp_path.parent.name}.{tmp_path.name}"


@pytest.mark.parametrize(
    "key",
    [
        lambda layout: layout.bases[3],
        lambda layout: f"{layout.bases[3]}:c:chat",
        lambda layout: layout.name("ncard"),
        lambda layout: layout.name("atelegram\n{1}"),
        lambda layout: layout.event("telegram:}1"),
        lambda layout: layout.flow("f00d"),
    ],
    ids=["shard", "chat", "alias", "address", "event", "flow"],
)
def test_what_is_written_to_see_what_replicas_have_is_in_the_slot_of_the_key(key: Callable[[Layout], str]) -> None:
    """Else a cluster's node refuses it, and says that too few replicas have what was kept: no flow could be kept."""
    found = key(Layout(16, "chatsurvey")).encode()
    assert key_slot(_probe(found)) == key_slot(found)


async def test_hosts_whose_clocks_are_a_minute_apart_do_each_job_once(prefix: str) -> None:
    """By their own clocks the lease of the one is over for the other the moment it is given, and every job that the
    slower host takes would be done twice."""
    slow = Clock()
    fast = Clock(slow.now + 60_000)
    here, there = [(await open_redis(single().url, clock, prefix=prefix, shards=3)).store for clock in (slow, fast)]
    await here.commit(a_turn("a", jobs=[Job("a:x", "x", slow.now), Job("b:x", "x", slow.now)]))
    (one,) = await here.claim(slow.now, 1, 30_000)
    (other,) = await there.claim(fast.now, 9, 30_000)
    assert (one.id, other.id, other.interrupted) == ("a:x", "b:x", False)
    assert await here.claim(slow.now, 9, 30_000) == ()
    for store, clock in ((here, slow), (there, fast)):
        assert 25_000 < (await store.due())["x"] - clock.now <= 30_000
    await here.settle([(one, Done())], slow.now)
    await there.settle([(other, Done())], fast.now)
    assert await here.jobs() == ()
    for store in (here, there):
        await store.close()


async def test_a_lease_by_the_server_s_clock_ends(prefix: str, clock: Clock) -> None:
    store = (await open_redis(single().url, clock, prefix=prefix)).store
    await store.commit(a_turn("a", jobs=[Job("a:x", "x", 1)]))
    (job,) = await store.claim(1, 9, 1)
    again: list[Job] = []

    async def comes_again() -> bool:
        again.extend(await store.claim(1, 9, 1_000))
        return bool(again)

    await until(comes_again)
    assert again[0].interrupted
    await store.settle([(job, Done())], 1)
    assert [view.state for view in await store.jobs()] == ["running"]
    await store.close()
