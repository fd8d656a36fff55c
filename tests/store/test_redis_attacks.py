"""What a sceptic tried against the Redis store: each test is a way in which something acknowledged could be lost or
done twice."""

import asyncio
from collections.abc import Callable, Sequence

import pytest
from redis.crc import key_slot

from bot.errors import StoreUnavailable
from bot.jobs import Handler, Worker
from bot.model import Job
from bot.store.base import Commit, Done
from bot.store.codec import encode_chat, encode_entries
from bot.store.redis import RedisStore
from bot.store.redis_check import open_redis
from bot.store.redis_lane import _probe
from bot.store.redis_layout import Also, Layout, pack, parcels
from bot.store.redis_url import place
from bot.store.redis_wire import Direct, Script
from tests.harness.redis_server import SLOTS, Server, command, replica, single, three
from tests.harness.working import until
from tests.store.stores import HOUR, Clock, a_turn
from tests.store.test_redis_doubt import ran

FENCED = 3
"""Of lua/lib.lua."""


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


async def test_of_three_who_commit_one_event_in_turn_the_first_two_stay_fenced_off(prefix: str, clock: Clock) -> None:
    """Two stood still behind their reservation, in the same shard; the third took it over, into another."""
    store = RedisStore(Direct(place(single().url)), clock, shards=3, prefix=prefix)
    wire, layout = store.inside[1:]
    chats = {layout.shard(f"c{n}"): f"c{n}" for n in range(20)}
    for token in ("01", "02"):
        await wire.run(Script("event"), layout.bases[1], "fence", "update-1", token, clock())
    assert await store.commit(a_turn(chats[2], event="update-1")) is Commit.DONE
    for token in ("01", "02"):
        turn = a_turn(chats[1], event="update-1")
        head = (turn.conversation.id, 0, 1, 1, 1, encode_chat(turn.conversation), encode_entries(turn.entries))
        late = pack([*Also().head(), turn.events, token])
        assert await wire.run(Script("commit"), layout.bases[1], clock(), *head, late) == FENCED
    assert await store.load_id(chats[1]) is None
    await store.close()


async def test_what_no_replica_has_is_neither_read_nor_brought_to_another_shard(prefix: str, clock: Clock) -> None:
    """A primary that was replaced and does not know it: what it alone has is lost with it, so nobody may see a line of
    it, and no document may say elsewhere what it was committed with."""
    primary = Server()
    other = replica(primary)
    store = RedisStore(Direct(place(primary.url), 1), clock, shards=3, prefix=prefix)
    await store.commit(a_turn("a"))
    job = Job("b:x", "x", 1)
    assert store.inside[2].of_job(job.id) != store.inside[2].shard("a")
    other.stop()
    with pytest.raises(StoreUnavailable):
        await store.commit(a_turn("a", 2, jobs=[job]))
    clock.now += 60_000
    answers = await asyncio.gather(store.entries("a"), store.claim(clock.now, 9, HOUR), return_exceptions=True)
    assert [type(answer) for answer in answers] == [StoreUnavailable, StoreUnavailable]
    there = RedisStore(Direct(place(primary.url)), Clock(0), shards=3, prefix=prefix)
    assert await there.job(job.id) is None
    for one in (store, there):
        await one.close()
    primary.stop()


async def test_a_node_that_is_away_holds_up_no_job_of_the_others(prefix: str) -> None:
    """Neither what is due elsewhere is claimed later for it, nor is what was done there left unsettled, and done again
    by another when its lease is over."""
    servers, clock = three(60_000), Clock()
    for server in servers:
        with server.client() as admin:
            command(admin, "CONFIG", "SET", "cluster-require-full-coverage", "no")
    store = (await open_redis(servers[1].url, clock, prefix=prefix)).store
    layout = store.inside[2]
    slots = {f"c{n}": key_slot(layout.base(f"c{n}").encode()) for n in range(60)}
    lost = min(slots, key=lambda chat: slots[chat])
    well = [chat for chat, slot in slots.items() if slot > SLOTS // 2][:3]
    for chat in (lost, *well):
        await store.commit(a_turn(chat, jobs=[Job(f"{chat}:x", "x", clock.now)]))
    done: list[str] = []

    async def run(jobs: Sequence[Job]) -> Sequence[Done]:
        if not done:
            servers[0].stop()
        done.extend(job.id for job in jobs)
        return [Done() for _ in jobs]

    worker = Worker(store, {"x": Handler(run, batch=2)}, clock, lambda: 0.5, poll=0.01, pause=0.01)
    working = asyncio.create_task(worker.run())
    await store.commit(a_turn(well[0], 2, jobs=[Job(f"{well[0]}:y", "x", clock.now + 1)]))
    clock.now += 1

    async def only_one_is_left() -> bool:
        return all([await store.job(f"{chat}:x") is None for chat in well]) and await store.job(f"{well[0]}:y") is None

    await until(only_one_is_left, 15.0)
    await worker.stop(0)
    await working
    await store.close()
    for server in servers[1:]:
        server.stop()


async def test_whoever_asks_for_much_holds_up_the_others_for_moments_only(
    prefix: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script holds up everybody: what one call lists is read in pages. The 334 ms for 10,000 jobs were one piece."""
    for room in ("redis_jobs", "redis_hints"):
        monkeypatch.setattr(f"bot.store.{room}._PAGE", 3)
    store = RedisStore(Direct(place(single().url)), clock, prefix=prefix)
    jobs = [Job(f"a:{at}", f"k{at % 2}", at) for at in range(1, 21)]
    await store.commit(a_turn("a", jobs=jobs))
    await store.claim(8, 7, HOUR)
    names = [job.id for job in jobs]
    with single().client() as admin:
        before = ran(admin.info("commandstats"))
        assert [view.job.id for view in await store.jobs(None, "", 1_000)] == names
        assert ran(admin.info("commandstats")) - before >= len(jobs) / 3
    for limit in range(21):
        assert [view.job.id for view in await store.jobs(None, "", limit)] == names[:limit]
    assert [view.job.id for view in await store.jobs("running", "k1", 5)] == names[:7:2]
    assert await store.versions([*names, "a"]) == {"a": 1}
    await store.close()


async def test_what_a_killed_process_left_is_found_where_nothing_else_is_due(prefix: str, clock: Clock) -> None:
    """The worker claims only what it is told is due: nobody would have told it of this job."""
    store = RedisStore(Direct(place(single().url)), clock, shards=3, prefix=prefix)
    job = Job("b:x", "x", clock.now)
    layout = store.inside[2]
    home, there = layout.shard("a"), layout.of_job(job.id)
    (left,) = parcels(layout.split([job], (), (), ()), home, clock.now)
    await store.inside[1].send("HSET", f"{layout.bases[home]}:o", left.id, left.packed())
    assert (home != there, await store.due()) == (True, {})
    clock.now += 10_000
    assert await store.due() == {"x": job.due}
    await store.close()
