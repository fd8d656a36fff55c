"""A Redis in trouble: whatever is wrong with it is StoreUnavailable soon, and over when the trouble is."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from signal import SIGCONT, SIGSTOP
from time import monotonic

import pytest
from redis import Redis
from redis.exceptions import BusyLoadingError

from bot.errors import StoreUnavailable
from bot.model import Job
from bot.store.base import Commit, Store
from bot.store.redis import RedisStore
from bot.store.redis_url import place
from bot.store.redis_wire import Direct
from tests.harness.proxy import Proxy
from tests.harness.redis_server import Server, command, until
from tests.store.stores import Clock, a_chat, a_turn

SOON = 4.9
"""Seconds within which a visitor is told that it does not work now: five. It takes four at most."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    own = Server()
    yield own
    own.stop()


@pytest.fixture
async def store(server: Server, clock: Clock, prefix: str) -> AsyncIterator[RedisStore]:
    made = RedisStore(Direct(place(server.url)), clock, prefix=prefix)
    yield made
    await made.close()


async def refused(store: Store, version: int) -> None:
    """All that a visitor's turn asks for is refused, in time."""
    begun = monotonic()
    turn, ready = await asyncio.gather(
        store.commit(a_turn("a", version, jobs=[Job("a:x", "x", version)])), store.writable(), return_exceptions=True
    )
    assert isinstance(turn, StoreUnavailable), turn
    assert ready is False
    assert monotonic() - begun < SOON


async def taken(store: Store, version: int) -> None:
    """The next call is, and those behind it. What was in doubt may have been taken before."""
    assert await store.commit(a_turn("a", version, jobs=[Job("a:x", "x", version)])) in (Commit.DONE, Commit.LOST)
    assert await store.load_id("a") == a_chat("a", version, version)
    assert await store.writable()


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"),
        ("CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0"),
        ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
    ],
    ids=["out of memory", "without replicas", "a replica"],
)
async def test_a_server_that_takes_no_writes_is_read(server: Server, store: RedisStore, wrong: str, right: str) -> None:
    await store.commit(a_turn("a"))
    with server.client() as admin:
        command(admin, *wrong.split())
        await refused(store, 2)
        assert await store.load_id("a") == a_chat("a", 1, 1)
        command(admin, *right.split())
    await taken(store, 2)


async def test_a_server_that_cannot_write_its_disk(clock: Clock, prefix: str) -> None:
    disk = Server("--appendonly", "no", "--save", "3600 1")
    store = RedisStore(Direct(place(disk.url)), clock, prefix=prefix)
    await store.commit(a_turn("a"))
    shutil.rmtree(disk.folder)
    with disk.client() as admin:
        admin.bgsave()
        until(lambda: admin.info("persistence")["rdb_last_bgsave_status"] == "err")
        await refused(store, 2)
        admin.config_set("stop-writes-on-bgsave-error", "no")
    await taken(store, 2)
    await store.close()
    disk.stop()


async def test_a_server_that_loads_its_file(clock: Clock, prefix: str) -> None:
    slow = Server("--key-load-delay", "100", "--loading-process-events-interval-bytes", "1024")
    store = RedisStore(Direct(place(slow.url)), clock, prefix=prefix)
    await store.commit(a_turn("a"))
    with slow.client() as admin, admin.pipeline(transaction=False) as many:
        for n in range(12_000):
            many.set(f"{n}", n)
        many.execute()
        slow.stop()
        slow.start(ready=False)
        until(lambda: loads(admin))
        await refused(store, 2)
        until(admin.ping)
    await taken(store, 2)
    await store.close()
    slow.stop()


def loads(admin: Redis) -> bool:
    try:
        admin.ping()
    except BusyLoadingError:
        return True
    return False


async def test_a_server_that_hangs(server: Server, store: RedisStore) -> None:
    """All who come meanwhile are told in time, also those who wait behind others."""
    await store.commit(a_turn("a"))
    server.signal(SIGSTOP)
    waves: list[asyncio.Task[None]] = []
    for _ in range(4):
        waves += [asyncio.create_task(refused(store, 2)) for _ in range(20)]
        await asyncio.wait(waves, timeout=0.2)
    await asyncio.gather(*waves)
    server.signal(SIGCONT)
    await taken(store, 2)


async def test_a_server_that_is_killed_and_started_again(server: Server, store: RedisStore) -> None:
    await store.commit(a_turn("a"))
    server.stop()
    server.start()
    await taken(store, 2)
    server.stop()
    await refused(store, 3)
    server.start()
    await taken(store, 3)


async def test_a_server_that_is_away_is_tried_now_and_then(server: Server, clock: Clock, prefix: str) -> None:
    """However many ask, and however soon it refuses."""
    async with Proxy(1) as proxy:
        store = RedisStore(Direct(place(f"redis://127.0.0.1:{proxy.here}")), clock, prefix=prefix)
        asked = [asyncio.create_task(store.load_id(f"c{n}")) for n in range(50)]
        for n in range(400):
            asked.append(asyncio.create_task(store.load_id(f"c{n}")))
            await asyncio.wait(asked, timeout=0.002)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert all(isinstance(answer, StoreUnavailable) for answer in answers)
        assert proxy.passed < 25
        proxy.port = server.port
        await taken(store, 1)
        await store.close()


async def test_connections_that_are_reset(server: Server, clock: Clock, prefix: str) -> None:
    async with Proxy(server.port) as proxy:
        store = RedisStore(Direct(place(f"redis://127.0.0.1:{proxy.here}")), clock, prefix=prefix)
        await taken(store, 1)
        proxy.reset()
        for version in range(2, 6):
            turn = asyncio.create_task(store.commit(a_turn("a", version)))
            await asyncio.sleep(0)
            proxy.reset()
            await asyncio.wait([turn])
            await asyncio.gather(turn, return_exceptions=True)
            await taken(store, version)
        await store.close()
