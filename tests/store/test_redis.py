"""The Redis store beyond the contract: what a killed process leaves behind, and which servers are taken."""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from functools import partial

import pytest
from msgspec.structs import replace
from redis import Redis
from redis.exceptions import NoScriptError

from bot.errors import StoreUnavailable, UserMistake
from bot.model import Address, Doc, Job
from bot.store.base import Commit, Done
from bot.store.redis import RedisStore
from bot.store.redis_check import judged, open_redis
from bot.store.redis_lane import told
from bot.store.redis_url import place
from bot.store.redis_wire import Direct
from tests.harness.proxy import Proxy
from tests.harness.redis_server import Server, cluster, command, single, watched
from tests.store.stores import HOUR, Clock, a_chat, a_turn
from tests.store.test_contract_hints import until

SHARDS = 5


@pytest.fixture
async def sharded(prefix: str, clock: Clock) -> AsyncIterator[RedisStore]:
    store = RedisStore(Direct(place(single().url)), clock, shards=SHARDS, prefix=prefix)
    yield store
    await store.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One that may be stopped and set up wrongly."""
    own = Server()
    yield own
    own.stop()


def chat_in(store: RedisStore, shard: int, but: str = "") -> str:
    """Some chat's id that belongs to this shard."""
    return next(id_ for n in range(999) if store._layout.shard(id_ := f"chat{n}") == shard and id_ != but)


async def test_a_name_written_for_a_commit_that_never_came_counts_for_nothing(sharded: RedisStore) -> None:
    await sharded.commit(a_turn("old", address=Address("telegram", "1"), aliases=["card"]))
    await sharded._names.write([("old", "ncard"), ("new", "ncard"), ("new", "atelegram\n1")])
    assert await sharded.resolve("card") == "old"
    found = await sharded.load(Address("telegram", "1"))
    assert found is not None
    assert found.id == "old"


async def test_an_event_that_a_killed_process_had_reserved_is_taken_over(sharded: RedisStore) -> None:
    assert await sharded._turns._events.reserve(["update-1"], 2, "dead")
    assert await sharded.commit(a_turn("b", event="update-1")) is Commit.DONE
    assert await sharded.commit(a_turn("c", event="update-1")) is Commit.REPEATED


async def test_whoever_was_fenced_off_commits_nothing_when_it_comes_after_all(
    sharded: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick = chat_in(sharded, 1), chat_in(sharded, 3)
    events = sharded._turns._events
    assert await events.reserve(["update-1"], 1, "slow")
    assert await sharded.commit(a_turn(quick, event="update-1")) is Commit.DONE

    async def reserved(*_: object) -> bool:
        """Long ago, as "slow"."""
        return True

    monkeypatch.setattr(events, "reserve", reserved)
    monkeypatch.setattr("bot.store.redis_turns.token", lambda: "slow")
    assert await sharded.commit(a_turn(slow, event="update-1")) is Commit.LOST
    assert await sharded.load_id(slow) is None


async def test_what_was_committed_for_another_shard_lands_when_jobs_are_claimed(
    sharded: RedisStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = chat_in(sharded, 0), chat_in(sharded, 4)

    async def killed(home: int, away: object) -> None:
        """The process ends between the commit and its landing."""

    with monkeypatch.context() as patched:
        patched.setattr(sharded._turns, "land", killed)
        change = replace(a_turn(here, jobs=[Job(f"{there}:x", "x", 1)]), docs=(Doc("mark", there, 0, b"m"),))
        assert await sharded.commit(change) is Commit.DONE
    assert await sharded.claim(1, 9, HOUR) == ()
    clock.now += HOUR
    assert [job.id for job in await sharded.claim(1, 9, HOUR)] == [f"{there}:x"]
    assert await sharded.doc("mark", there) == Doc("mark", there, 1, b"m")
    await sharded.claim(1, 9, HOUR)
    assert await sharded.doc("mark", there) == Doc("mark", there, 1, b"m"), "landed once"


async def test_a_turn_is_two_calls_one_after_the_other_and_few_bytes(prefix: str, clock: Clock) -> None:
    store = RedisStore(Direct(place(single().url)), clock, prefix=prefix)
    address = Address("telegram", "1")
    await store.commit(a_turn("a", address=address))
    await store.load(address)  # the server knows the scripts now
    with single().client() as admin:
        before = figures(admin)
        assert await store.load(address) == a_chat("a", 1, 1, address)
        turn = a_turn("a", 2, address=address, jobs=[Job("a:deliver", "deliver", 1)], event="update-2")
        assert await store.commit(turn) is Commit.DONE
        calls, sent, answered = (now - then for then, now in zip(before, figures(admin), strict=True))
    assert calls == 2
    assert sent < 2_000
    assert answered < 8_000, "of which the figures themselves are 6 kB"
    await store.close()


def figures(admin: Redis) -> tuple[int, int, int]:
    """Scripts that were run, bytes that came in, bytes that went out."""
    calls = admin.info("commandstats")["cmdstat_evalsha"]["calls"]
    stats = admin.info("stats")
    return calls, stats["total_net_input_bytes"], stats["total_net_output_bytes"]


async def test_scripts_that_a_server_has_forgotten_are_sent_again(sharded: RedisStore) -> None:
    await sharded.commit(a_turn("a"))
    with single().client() as admin:
        admin.script_flush()
    assert await sharded.commit(a_turn("a", 2)) is Commit.DONE


def test_a_server_that_forgets_them_each_time_is_one_that_does_not_work_now() -> None:
    assert isinstance(told(NoScriptError("NOSCRIPT No matching script.")), StoreUnavailable)


async def test_what_was_acknowledged_is_there_after_the_server_was_stopped(
    server: Server, prefix: str, clock: Clock
) -> None:
    opened = await open_redis(server.url, clock, prefix=prefix)
    assert await opened.store.commit(a_turn("a", jobs=[Job("a:x", "x", 1)])) is Commit.DONE
    server.stop()
    with pytest.raises(StoreUnavailable):
        await opened.store.commit(a_turn("a", 2))
    assert not await opened.store.writable()
    server.start()
    assert await opened.store.commit(a_turn("a", 2)) is Commit.DONE
    (job,) = await opened.store.claim(1, 9, HOUR)
    await opened.store.settle([(job, Done())], 2)
    await opened.store.close()


async def test_a_server_that_may_evict_chats_is_refused(server: Server, clock: Clock) -> None:
    with server.client() as admin:
        admin.config_set("maxmemory-policy", "allkeys-lru")
        with pytest.raises(UserMistake, match="maxmemory-policy is allkeys-lru"):
            await open_redis(server.url, clock)
        admin.config_set("maxmemory-policy", "noeviction")


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"aof_enabled": 0, "save": ""}, "restart loses every chat"),
        ({"aof_enabled": 0, "save": "3600 1"}, "since its last snapshot"),
        ({"aof_enabled": 1, "appendfsync": "everysec"}, "last second or two"),
        ({"aof_enabled": 1, "appendfsync": "no"}, "30 s"),
        ({"aof_enabled": 1, "appendfsync": "always", "aof_last_write_status": "err"}, "could not write"),
    ],
)
def test_settings_that_can_lose_answers_are_told(facts: dict[str, object], words: str) -> None:
    (warning,) = judged({"redis_version": "7.2.4", **facts})
    assert words in warning


@pytest.mark.parametrize(
    ("there", "asked", "words"),
    [
        (0, 1, "waits for 1 replica of Redis, and there are none"),
        (1, 2, "waits for 2 replicas of Redis, and there is one"),
        (2, 3, "waits for 3 replicas of Redis, and there are 2"),
        (1, 0, "no commit waits for them"),
    ],
)
def test_replicas_that_are_too_few_or_waited_for_by_nobody_are_told(there: int, asked: int, words: str) -> None:
    facts = {"redis_version": "7.2.4", "aof_enabled": 1, "appendfsync": "always", "connected_slaves": there}
    (warning,) = judged(facts, replicas=asked)
    assert words in warning


def test_a_server_that_syncs_always_is_told_nothing() -> None:
    assert judged({"redis_version": "6.2.0", "aof_enabled": 1, "appendfsync": "always"}) == []


@pytest.mark.parametrize(
    ("facts", "words"),
    [({"redis_version": "6.0.16"}, "too old"), ({"redis_version": "7.0.0", "role": "slave"}, "replica")],
)
def test_servers_that_cannot_be_used_are_refused(facts: dict[str, object], words: str) -> None:
    with pytest.raises(UserMistake, match=words):
        judged(facts)


async def test_a_cluster_is_known_as_one_and_keeps_its_layout(prefix: str, clock: Clock) -> None:
    first = await open_redis(cluster()[1].url, clock, prefix=prefix, shards=7)
    assert await first.store.commit(a_turn("a")) is Commit.DONE
    await first.store.close()
    again = await open_redis(cluster()[2].url, clock, prefix=prefix)
    assert await again.store.load_id("a") == a_chat("a", 1, 1)
    assert again.store._layout.shards == 7
    assert again.warnings == first.warnings
    await again.store.close()


@pytest.mark.parametrize("kind", ["unknown-endpoint", "hostname"])
async def test_a_cluster_whose_nodes_tell_no_hosts_is_where_it_was_asked(prefix: str, clock: Clock, kind: str) -> None:
    """As behind a proxy of a managed service; without a hostname of its own a node says "?"."""
    with ExitStack() as stack:
        for node in cluster():
            admin = stack.enter_context(node.client())
            admin.config_set("cluster-preferred-endpoint-type", kind)
            stack.callback(admin.config_set, "cluster-preferred-endpoint-type", "ip")
        opened = await open_redis(cluster()[0].url, clock, prefix=prefix)
        for chat in ("a", "b", "c"):
            assert await opened.store.commit(a_turn(chat)) is Commit.DONE
        await opened.store.close()


async def test_a_sentinel_leads_to_the_primary(server: Server, prefix: str, clock: Clock) -> None:
    process, url = watched(server)
    try:
        opened = await open_redis(f"{url}?replicas=0", clock, prefix=prefix)
        assert await opened.store.commit(a_turn("a")) is Commit.DONE
        await opened.store.close()
    finally:
        process.kill()
        process.wait()
    direct = await open_redis(server.url, clock, prefix=prefix)
    assert await direct.store.load_id("a") == a_chat("a", 1, 1)
    await direct.store.close()


async def test_one_node_of_a_cluster_that_may_evict_chats_is_refused(clock: Clock) -> None:
    with cluster()[2].client() as admin:
        admin.config_set("maxmemory-policy", "volatile-lru")
        with pytest.raises(UserMistake, match="maxmemory-policy is volatile-lru"):
            await open_redis(cluster()[0].url, clock)
        admin.config_set("maxmemory-policy", "noeviction")


@pytest.mark.parametrize("break_", ["hung up", "server gone", "silent"])
async def test_who_listens_hears_again_after_the_connection_broke(
    server: Server, prefix: str, clock: Clock, monkeypatch: pytest.MonkeyPatch, break_: str
) -> None:
    monkeypatch.setattr("bot.store.redis_hints._SILENCE", 0.1)
    heard: list[str] = []
    async with Proxy(server.port) as proxy:
        listening = RedisStore(Direct(place(f"redis://127.0.0.1:{proxy.here}")), clock, prefix=prefix)
        telling = RedisStore(Direct(place(server.url)), clock, prefix=prefix)
        listening.hear(heard.append)
        await until(lambda: "before" in heard, lambda: telling.tell("before"))
        if break_ == "hung up":
            with server.client() as admin:
                command(admin, "CLIENT", "KILL", "TYPE", "pubsub")
        elif break_ == "server gone":
            server.stop()
            server.start()
        else:
            passed, proxy.hole = proxy.passed, True
            await until(lambda: proxy.passed > passed)
            proxy.hole = False
        await until(lambda: "after" in heard, lambda: telling.tell("after"))
        await listening.close()
        await telling.close()


async def test_who_listened_in_between_waits_no_longer_than_after_the_first_break(
    server: Server, prefix: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pause grows while a server is away; over weeks it grew with each break, and words were missed for longer."""
    monkeypatch.setattr("bot.store.redis_hints._PAUSES", (0.001, 1_000.0))
    heard: list[str] = []
    store = RedisStore(Direct(place(server.url)), clock, prefix=prefix)
    store.hear(heard.append)
    with server.client() as admin:
        for word in map(str, range(20)):
            await until(partial(heard.__contains__, word), partial(store.tell, word))
            command(admin, "CLIENT", "KILL", "TYPE", "pubsub")
    await store.close()
