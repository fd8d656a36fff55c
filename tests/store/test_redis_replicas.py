"""Where a commit waits for replicas, what was acknowledged outlives the primary."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import pytest
from redis.crc import key_slot

from bot.errors import StoreUnavailable
from bot.model import Address
from bot.store.base import Commit, Store
from bot.store.redis import RedisStore
from bot.store.redis_check import open_redis
from bot.store.redis_url import place
from bot.store.redis_wire import Direct
from tests.harness.redis_server import SLOTS, Server, command, in_step, replica, second, three, watched
from tests.harness.soak import SOAK
from tests.harness.working import until
from tests.store.stores import Clock, a_chat, a_turn, lines

T = TypeVar("T")
CHATS = [f"c{n}" for n in range(24)]


@dataclass
class Crowd:
    """Chats that go on one version after the other, each commit repeated until it is told."""

    store: Store
    kept: dict[str, int] = field(default_factory=dict)
    """The last version of each chat that was acknowledged."""
    commits: int = 0

    async def one(self, chat: str) -> None:
        version, doubt = 1, False
        while True:
            try:
                verdict = await self.store.commit(a_turn(chat, version))
            except StoreUnavailable:
                doubt = True
                continue
            assert verdict is Commit.DONE or doubt  # the commit before was in doubt, and taken
            self.kept[chat] = version
            self.commits += 1
            version, doubt = version + 1, False

    @asynccontextmanager
    async def busy(self, *chats: str) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self.one(chat)) for chat in chats]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert not [error for error in results if isinstance(error, Exception)]

    async def come(self, more: int) -> None:
        """Until so many more were acknowledged."""
        aim = self.commits + more
        await until(lambda: self.commits >= aim, 30.0)


async def patiently(call: Callable[[], Awaitable[T]]) -> T:
    while True:
        try:
            return await call()
        except StoreUnavailable:
            continue


async def all_kept(store: Store, kept: dict[str, int]) -> None:
    """A commit more than was told may be there: its answer was lost."""
    for chat, version in kept.items():
        found = await patiently(partial(store.load_id, chat))
        assert found is not None
        assert found.version in (version, version + 1)
        assert await store.entries(chat) == lines(1, found.version)


@pytest.mark.parametrize("answers", [300, *range(20, 1_000, 100)] if SOAK else [300])
async def test_what_was_acknowledged_is_at_the_replica_when_the_primary_is_killed(
    prefix: str, clock: Clock, answers: int
) -> None:
    primary = Server()
    other = replica(primary)
    opened = await open_redis(f"{primary.url}?replicas=1", clock, prefix=prefix)
    assert opened.warnings == single_warnings()
    crowd = Crowd(opened.store)
    async with crowd.busy(*CHATS):
        await crowd.come(answers)
        primary.stop()
    with other.client() as admin:
        command(admin, "REPLICAOF", "NO", "ONE")
    promoted = RedisStore(Direct(place(other.url)), clock, prefix=prefix)
    await all_kept(promoted, crowd.kept)
    await promoted.close()
    await opened.store.close()
    other.stop()


def single_warnings() -> tuple[str, ...]:
    return ("Redis syncs its file once a second: a power failure loses the last second or two.",)


async def test_without_its_replica_nothing_is_acknowledged_and_with_it_again(prefix: str, clock: Clock) -> None:
    primary = Server()
    other = replica(primary)
    store = RedisStore(Direct(place(primary.url), 1), clock, prefix=prefix)
    assert await store.commit(a_turn("a")) is Commit.DONE
    other.stop()
    commits = [store.commit(a_turn("a", 2)), store.commit(a_turn("a", 2))]
    # somebody would be told that their answer is kept, or that nothing is there
    looks = [store.load_id("a"), store.load(Address("telegram", "1")), store.resolve("c")]
    *refused, ready = await asyncio.gather(*commits, *looks, store.writable(), return_exceptions=True)
    assert [type(error) for error in refused] == [StoreUnavailable] * 5, "also what is LOST here: it may be lost yet"
    assert ready is False
    other.start()
    in_step(other)
    assert await store.load_id("a") == a_chat("a", 2, 2)
    assert (await store.load_id("b"), await store.resolve("c")) == (None, None)
    assert await store.commit(a_turn("a", 2)) is Commit.LOST
    assert await store.commit(a_turn("a", 3)) is Commit.DONE
    assert await store.writable()
    await store.close()
    primary.stop()
    other.stop()


@pytest.fixture
def sentinel() -> Iterator[tuple[list[Server], str]]:
    """A primary, two replicas and who watches them."""
    primary = Server()
    servers = [primary, replica(primary), replica(primary)]
    process, url = watched(primary, 500)
    yield servers, url
    process.kill()
    process.wait()
    for server in servers:
        server.stop()


async def test_a_sentinel_s_failover_loses_nothing(
    sentinel: tuple[list[Server], str], prefix: str, clock: Clock
) -> None:
    """It knows the replicas first; nobody says ?replicas=1, which is so by default there."""
    servers, url = sentinel
    opened = await open_redis(url, clock, prefix=prefix)
    crowd = Crowd(opened.store)
    async with crowd.busy(*CHATS):
        await crowd.come(200)
        servers[0].stop()
        await crowd.come(200)
    await all_kept(opened.store, crowd.kept)
    await opened.store.close()


async def test_a_cluster_s_failover_loses_nothing_and_stops_nobody_else(prefix: str, clock: Clock) -> None:
    servers = three(500)
    servers += [second(servers[0], 500)]
    opened = await open_redis(f"{servers[1].url}?replicas=1", clock, prefix=prefix)
    others = (await open_redis(f"{servers[2].url}", clock, prefix=prefix)).store
    layout = opened.store.inside[2]
    places = {f"c{n}": key_slot(layout.base(f"c{n}").encode()) for n in range(200)}
    crowd, elsewhere = Crowd(opened.store), Crowd(others)
    async with (
        crowd.busy(*[chat for chat, slot in places.items() if slot < SLOTS // 3][:24]),
        elsewhere.busy(*[chat for chat, slot in places.items() if slot > SLOTS // 3][:6]),
    ):
        await crowd.come(200)
        servers[0].stop()
        await elsewhere.come(200)
        with servers[3].client() as admin:
            await until(lambda: admin.info("replication")["role"] == "master", 30.0)
        servers[0].start()  # it follows now, so that there is a replica again
        await crowd.come(200)
    await all_kept(opened.store, crowd.kept)
    await opened.store.close()
    await others.close()
    for server in servers:
        server.stop()
