"""A move leaves nothing out: whatever the protocol can tell of one store it tells of the one that its rows came to."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from bot.model import Address, Doc, DocChange, Job
from bot.store.base import Again, Commit, Dead, Done, JobView, Retry, Store
from bot.store.copy_marks import marker_of
from bot.store.copy_rows import Copyable
from bot.store.copying import End, Moved, move
from bot.store.redis import RedisStore
from bot.store.redis_copy import RedisCopy
from bot.store.sqlite_copy import SqliteCopy
from tests.harness.soak import examples
from tests.store.stores import FACTORIES, HOUR, Clock, a_turn

PEERS = ("1", "2", "3\nand more")
CHATS = 40
LAST = f"update-{6 * CHATS - 3}"
"""The last event that was committed."""
ALIASES = ("card:1", "card:2", "thread {x}", "nobody's")
KINDS = ("case", "sent", "mark")
DUE, LEASE = 1_000, HOUR


@asynccontextmanager
async def end(kind: str, folder: Path, clock: Clock) -> AsyncIterator[End]:
    store = FACTORIES[kind](folder, clock)
    rows: Copyable
    rows = RedisCopy(store, clock()) if isinstance(store, RedisStore) else SqliteCopy(folder / "store.db", clock())
    try:
        yield End(store, rows, f"{kind} of the test")
    finally:
        await rows.close()
        await store.close()


def silent(_what: str, _done: int, _of: int) -> None:
    pass


async def moved(source: End, target: End, clock: Clock, tell: Callable[[str, int, int], None] = silent) -> Moved:
    return await move(source, target, clock, tell, "the test")


def address(number: int) -> Address | None:
    return Address("telegram", PEERS[number % len(PEERS)]) if number % 4 == 0 else None


async def lived_in(store: Store, clock: Clock, seed: int) -> None:
    """Some weeks of a service, whatever it may leave behind."""
    chance = Random(seed)
    versions = dict.fromkeys(range(CHATS), 0)
    lines = dict.fromkeys(range(CHATS), 0)
    for step in range(6 * CHATS):
        clock.now += chance.randrange(HOUR)
        n = chance.randrange(CHATS)
        kind = chance.choice(("timer", "response", "write.crm"))
        due = chance.randrange(2 * DUE)
        jobs = [Job(f"chat{n}:{kind}", kind, due, {"chat": f"chat{n}"}, gathers=chance.random() < 0.3)]
        says = chance.randrange(4)
        change = a_turn(
            f"chat{n}", versions[n] + 1, says=says, before=lines[n], address=address(n), jobs=jobs,
            aliases=[chance.choice(ALIASES[:3])] if step % 5 == 0 else [],
            event=f"update-{step}" if step % 3 == 0 else "",
        )  # fmt: skip
        assert await store.commit(change) is Commit.DONE
        versions[n], lines[n] = versions[n] + 1, lines[n] + says
        if step % 4 == 0:
            await a_document(store, chance)
        if step % 7 == 0:
            await some_work(store, clock, chance)
    await store.keep_flow("v1", "steps: {}\n")
    await store.keep_flow("v2", "steps: {ä: 1}\n")
    held = [Job(f"chat{n}:held", "timer", n) for n in range(3)]
    assert await store.commit(a_turn("last", jobs=held)) is Commit.DONE
    await store.claim(2, 3, LEASE)  # in hand when the service is killed


async def a_document(store: Store, chance: Random) -> None:
    kind, id_ = chance.choice(KINDS), f"chat{chance.randrange(5)}\n{chance.randrange(2)}"
    found = await store.doc(kind, id_)
    version = found.version if found else 0
    body = b"" if chance.random() < 0.2 else chance.randbytes(chance.randrange(1, 200))
    change = DocChange(Doc(kind, id_, version + 1, body), version, aliases=((ALIASES[1], "chat7"),))
    assert await store.put(change) is Commit.DONE


async def some_work(store: Store, clock: Clock, chance: Random) -> None:
    claimed = await store.claim(DUE, 4, 1)
    outcomes = [
        chance.choice((Done(), Again(DUE * 2, interrupted=True), Retry(DUE, "busy ü"), Dead("no"))) for _ in claimed
    ]
    await store.settle(list(zip(claimed, outcomes, strict=True)), clock.now)


async def told(store: Store) -> dict[str, object]:
    """All that the protocol can tell, leases apart."""
    ids = [f"chat{n}" for n in range(CHATS)]
    chats = {id_: (await store.load_id(id_), await store.entries(id_), await store.entries(id_, 3)) for id_ in ids}
    addresses = [Address("telegram", peer) for peer in PEERS] + [Address("web", id_) for id_ in ids]
    return {
        **chats,
        "addresses": [await store.load(one) for one in addresses],
        "aliases": [await store.resolve(alias) for alias in ALIASES],
        "documents": [await store.docs(kind) for kind in KINDS],
        "flows": [await store.flow(version) for version in ("v1", "v2", "v3")],
        "jobs": await store.jobs(limit=1000),
        "backlogs": await store.backlogs(("timer", "response", "write.crm", "never")),
        "versions": await store.versions([*ids, "nobody"]),
    }


def as_if_released(views: object) -> object:
    assert isinstance(views, tuple)
    return tuple(
        JobView(view.job, "waiting", view.error, view.created, view.touched) if view.state == "running" else view
        for view in views
    )


@pytest.mark.parametrize("seed", range(examples(1)))
async def test_all_that_the_protocol_can_tell_goes_from_store_to_store(tmp_path: Path, clock: Clock, seed: int) -> None:
    way = ("sqlite", "redis", "redis in shards", "redis cluster", "sqlite")
    async with AsyncExitStack() as stack:
        ends = [
            await stack.enter_async_context(end(kind, tmp_path / f"{n} {kind}", clock)) for n, kind in enumerate(way)
        ]
        first = ends[0].store
        await lived_in(first, clock, seed)
        before = await told(first)
        assert {view.state for view in await first.jobs(limit=1000)} == {"waiting", "running", "dead"}
        before["jobs"] = as_if_released(before["jobs"])
        running = {view.job.id for view in await first.jobs("running")}
        for source, target in pairwise(ends):
            await moved(source, target, clock)
            assert await told(target.store) == before, target.place
            assert await target.store.commit(a_turn("new", event=LAST)) is Commit.REPEATED
        last = ends[-1].store
        found = await last.claim(2 * DUE, 1000, LEASE)
        assert running <= {job.id for job in found if job.interrupted}
        assert await last.commit(a_turn("new", event="update-0")) is Commit.DONE, "weeks ago"


@pytest.mark.parametrize("kind", ["redis", "redis in shards"])
async def test_a_job_made_after_the_move_has_a_younger_generation(tmp_path: Path, clock: Clock, kind: str) -> None:
    async with end("sqlite", tmp_path / "a", clock) as source, end(kind, tmp_path / "b", clock) as target:
        await source.store.commit(a_turn("a", jobs=[Job("a:x", "x", 1)]))
        (held,) = await source.store.claim(DUE, 1, LEASE)
        clock.now -= HOUR  # this host's clock is behind
        await moved(source, target, clock)
        await target.store.drop_job("a:x")
        await target.store.commit(a_turn("a", 2, jobs=[Job("a:x", "x", 1)]))
        await target.store.settle([(held, Done())], 2)
        assert [job.gen > held.gen for job in await target.store.claim(DUE, 9, LEASE)] == [True]


async def test_what_a_killed_process_left_on_the_way_between_shards_is_moved_too(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with end("redis in shards", tmp_path / "a", clock) as source, end("sqlite", tmp_path / "b", clock) as target:
        assert isinstance(source.store, RedisStore)

        async def killed(home: int, away: object) -> None:
            """The process ends between the commit and its landing."""

        with monkeypatch.context() as patched:
            patched.setattr(source.store._turns, "land", killed)
            jobs = [Job(f"other{n}:x", "x", 1) for n in range(20)]
            assert await source.store.commit(a_turn("a", jobs=jobs)) is Commit.DONE
        await moved(source, target, clock)
        assert len(await target.store.jobs()) == 20


async def test_a_name_of_a_commit_that_never_came_stays_behind(tmp_path: Path, clock: Clock) -> None:
    async with end("redis in shards", tmp_path / "a", clock) as source, end("sqlite", tmp_path / "b", clock) as target:
        assert isinstance(source.store, RedisStore)
        await source.store.commit(a_turn("old", aliases=["card"]))
        await source.store._names.write([("new", "ncard"), ("new", "nother")])
        await moved(source, target, clock)
        assert [await target.store.resolve(name) for name in ("card", "other")] == ["old", None]


async def test_keys_of_another_service_stay_what_they_are(tmp_path: Path, clock: Clock) -> None:
    """Another prefix, which begins like ours."""
    async with (
        end("sqlite", tmp_path / "a", clock) as source,
        end("redis", tmp_path / "b", clock) as target,
    ):
        assert isinstance(target.store, RedisStore)
        _, wire, layout = target.store.inside
        await wire.send("SET", f"{layout.prefix}:x:f:theirs", "theirs")
        await wire.send("SET", f"{layout.prefix}2:f:v", "theirs")
        await moved(source, target, clock)
        assert (await marker_of(target.store)).came is not None
        assert await wire.send("GET", f"{layout.prefix}2:f:v") == b"theirs"
        assert await wire.send("GET", f"{layout.prefix}:x:f:theirs") == b"theirs"
