"""What the SQLite store promises beyond the contract: disks that fail, processes that die, files that are not ours."""

import asyncio
import errno
import resource
import signal
import sqlite3
import stat
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from bot.errors import StoreUnavailable, UserMistake
from bot.model import Job
from bot.store.base import Commit, Done, Store
from bot.store.schema import MIGRATIONS, prepare
from bot.store.sqlite import SqliteStore
from tests.store.stores import HOUR, Clock, a_chat, a_turn, child, lines, told


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "chats.db"


@asynccontextmanager
async def opened(
    file: Path, before_sync: Callable[[], None] = lambda: None, wait: float = 5.0
) -> AsyncIterator[SqliteStore]:
    store = SqliteStore.open(file, Clock(), before_sync=before_sync, wait=wait)
    try:
        yield store
    finally:
        await store.close()


async def test_files_are_for_their_owner_only(file: Path) -> None:
    async with opened(file) as store:
        await store.commit(a_turn("a"))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
        assert modes == {"chats.db": 0o600, "chats.db-wal": 0o600, "chats.db-shm": 0o600}
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


async def test_what_a_killed_server_had_in_hand_waits_again_when_the_next_one_starts(file: Path) -> None:
    async with opened(file) as store:
        await store.commit(a_turn("a", jobs=[Job("j", "x", 5)]))
        (held,) = await store.claim(10, 1, HOUR)
        assert await store.claim(11, 1, HOUR) == ()
    async with opened(file) as store:
        await store.end_leases(12)
        (again,) = await store.claim(12, 1, HOUR)
        await store.settle([(held, Done())], 13)
    assert (again.id, again.gen, again.interrupted) == (held.id, held.gen, True)


async def test_commits_that_wait_share_one_sync(file: Path) -> None:
    syncs = Counter[str]()
    async with opened(file, lambda: syncs.update(["sync"])) as store:
        await asyncio.gather(*(store.commit(a_turn(f"c{n}")) for n in range(200)))
        assert syncs["sync"] == 1
        await asyncio.gather(*(store.commit(a_turn(f"d{n}")) for n in range(500)))
    assert syncs["sync"] == 3  # 256 at most are begun in one breath of the loop


async def test_a_lock_of_another_process_is_waited_for_on_the_thread(file: Path) -> None:
    async with opened(file) as store:
        await store.commit(a_turn("a"))  # the file is open: the next batch is begun on the loop, where it can be
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            commit = asyncio.ensure_future(store.commit(a_turn("b")))
            for _ in range(100):
                await asyncio.sleep(0)
            assert await store.load_id("a") is not None
            assert not commit.done()
            other.execute("COMMIT")
            assert await commit is Commit.DONE


async def test_the_loop_reads_and_runs_while_a_commit_waits_for_the_disk(file: Path) -> None:
    loop, syncing, release = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def stuck() -> None:
        loop.call_soon_threadsafe(syncing.set)
        assert release.wait(30)

    async with opened(file) as store:
        await store.commit(a_turn("a", 1))
    async with opened(file, stuck) as store:
        commit = asyncio.ensure_future(store.commit(a_turn("a", 2)))
        await asyncio.wait_for(syncing.wait(), 30)
        assert await store.load_id("a") == a_chat("a", 1, 1), "a turn that is not on the disk is not seen"
        assert await store.entries("a") == lines(1, 1)
        assert await store.due() == {}
        assert not commit.done()
        release.set()
        assert await commit is Commit.DONE
        assert await store.load_id("a") == a_chat("a", 2, 2)


async def test_a_slow_disk_never_holds_up_the_loop(file: Path) -> None:
    """Were the loop held up by a sync, each of the waves would have a pause as long; a busy machine spares one."""
    sync, longest = 0.2, 0.0

    async def tick() -> None:
        nonlocal longest
        before = time.perf_counter()
        while True:
            await asyncio.sleep(0)
            now = time.perf_counter()
            longest, before = max(longest, now - before), now

    waves = []
    async with opened(file, lambda: time.sleep(sync)) as store:
        ticking = asyncio.ensure_future(tick())
        for version in (1, 2, 3):
            longest = 0.0
            await asyncio.gather(*(store.commit(a_turn(f"c{n}", version)) for n in range(30)))
            waves.append(longest)
        ticking.cancel()
    assert 0 < min(waves) < sync / 2


async def test_after_a_kill_every_acknowledged_turn_is_there(file: Path) -> None:
    acknowledged: dict[str, int] = {}
    with child("write", file) as process:
        for _ in range(400):
            id_, version = told(process).split()
            acknowledged[id_] = int(version)
        process.send_signal(signal.SIGKILL)
        assert process.stdout is not None
        for line in process.stdout.read().splitlines():
            id_, version = line.split()
            acknowledged[id_] = int(version)
    async with opened(file) as store:
        assert len(acknowledged) == 16
        for id_, last in acknowledged.items():
            chat = await store.load_id(id_)
            assert chat is not None
            assert chat.version >= last
            assert await store.entries(id_) == lines(1, chat.seq), "log and state are of the same commit"
            assert await store.commit(a_turn(id_, chat.version + 1)) is Commit.DONE


async def test_two_processes_never_claim_the_same_job(file: Path) -> None:
    names = [f"j{n:03}" for n in range(120)]
    async with opened(file) as store:
        await store.commit(a_turn("a", jobs=[Job(name, "x", 1) for name in names]))
        with child("claim", file) as process:
            assert told(process) == "ready"
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("go\n")
            process.stdin.flush()
            mine = [job.id for job in await store.claim(1000, 1, 60_000)]
            theirs = [await asyncio.to_thread(told, process)]
            while jobs := await store.claim(1000, 1, 60_000):
                mine += [job.id for job in jobs]
                await store.settle([(job, Done()) for job in jobs], 1000)
            theirs += (await asyncio.to_thread(process.stdout.read)).split()
    assert sorted(mine + theirs) == names


@contextmanager
def no_file_may_grow_beyond(size: int) -> Iterator[None]:
    """A full disk, as this process sees it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_full_disk_refuses_and_the_store_recovers_with_it(file: Path) -> None:
    big = a_turn("big", 1, says=20)
    big = replace(big, entries=tuple(replace(entry, text="x" * 4000) for entry in big.entries))
    async with opened(file) as store:
        await store.commit(a_turn("a", 1))
        with no_file_may_grow_beyond(file.with_name("chats.db-wal").stat().st_size + 4096):
            results = await asyncio.gather(
                store.commit(big), store.commit(a_turn("a", 2, jobs=[Job("j", "x", 1)])), return_exceptions=True
            )
            assert [type(result) for result in results] == [StoreUnavailable, StoreUnavailable]
            assert await store.load_id("a") == a_chat("a", 1, 1), "reading goes on"
            with pytest.raises(StoreUnavailable):
                await store.settle([(Job("j", "x", 1), Done((Job("k", "x" * 9000, 1),)))], 1)
        assert await store.writable()
        assert await store.load_id("big") is None
        assert await store.jobs() == ()
        assert await store.commit(a_turn("a", 2)) is Commit.DONE
        assert await store.commit(big) is Commit.DONE


@pytest.mark.parametrize(
    "failure",
    [
        sqlite3.OperationalError("disk I/O error"),
        sqlite3.OperationalError("attempt to write a readonly database"),
        sqlite3.DatabaseError("database disk image is malformed"),
        OSError(errno.ENOSPC, "No space left on device"),
    ],
    ids=["I/O error", "read-only", "malformed", "no space"],
)
async def test_a_failed_sync_keeps_nothing_and_is_over_when_the_disk_works(file: Path, failure: Exception) -> None:
    failing = True

    def sync() -> None:
        if failing:
            raise failure

    async with opened(file, sync) as store:
        assert not await store.writable()
        results = await asyncio.gather(*(store.commit(a_turn(f"c{n}")) for n in range(5)), return_exceptions=True)
        assert [type(result) for result in results] == [StoreUnavailable] * 5
        assert await store.load_id("c0") is None
        failing = False
        assert await store.commit(a_turn("c0")) is Commit.DONE
        assert await store.writable()


async def test_a_lock_held_too_long_is_told_and_then_forgotten(file: Path) -> None:
    async with opened(file, wait=0.05) as store:
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailable, match="locked"):
                await store.commit(a_turn("a"))
            other.execute("ROLLBACK")
        assert await store.commit(a_turn("a")) is Commit.DONE


async def test_a_database_that_cannot_be_read_is_told(file: Path) -> None:
    async with opened(file) as store:
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("ALTER TABLE chat RENAME TO lost")
            other.execute("ALTER TABLE job RENAME TO lost_jobs")
        for reading in (store.load_id("a"), store.jobs()):
            with pytest.raises(StoreUnavailable, match="cannot be read"):
                await reading


async def test_nothing_is_acknowledged_into_a_file_that_was_moved_away(file: Path) -> None:
    aside = file.with_name("aside.db")
    move, other, move_back = partial(file.rename, aside), file.touch, partial(aside.replace, file)
    async with opened(file) as store:
        move()
        with pytest.raises(StoreUnavailable, match="No such file"):
            await store.commit(a_turn("a"))
        other()
        with pytest.raises(StoreUnavailable, match="another file than the one that was opened"):
            await store.commit(a_turn("a"))
        assert not await store.writable()
        move_back()
        assert await store.commit(a_turn("a")) is Commit.DONE
    async with opened(file) as store:
        assert await store.load_id("a") == a_chat("a", 1, 1)


async def test_a_caller_that_goes_away_harms_nobody(file: Path) -> None:
    async with opened(file) as store:
        gone = asyncio.ensure_future(store.commit(a_turn("gone")))
        await asyncio.sleep(0)
        gone.cancel()
        assert await store.commit(a_turn("a")) is Commit.DONE
        with pytest.raises(asyncio.CancelledError):
            await gone


async def test_expired_events_are_swept_by_the_commits_that_add_new_ones(file: Path) -> None:
    clock = Clock()
    store: Store = SqliteStore.open(file, clock)
    await asyncio.gather(*(store.commit(a_turn(f"old{n}", event=f"old{n}")) for n in range(300)))
    clock.now += 49 * HOUR
    for n in range(6):
        await store.commit(a_turn(f"new{n}", event=f"new{n}"))
    await store.close()
    with closing(sqlite3.connect(file)) as db:
        assert {key for (key,) in db.execute("SELECT key FROM event")} == {f"new{n}" for n in range(6)}


def write_text(file: Path) -> None:
    file.write_text("this is no database, whatever its name says " * 50)


def write_foreign(file: Path) -> None:
    with closing(sqlite3.connect(file)) as db:
        db.execute("CREATE TABLE something (else_ TEXT)")


def write_newer(file: Path) -> None:
    prepare(file, 1)
    with closing(sqlite3.connect(file)) as db:
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")


def write_damaged(file: Path) -> None:
    prepare(file, 1)
    content = bytearray(file.read_bytes())
    content[100:4096] = b"\xff" * 3996
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (write_text, "damaged or not a database"),
        (write_foreign, "of another program"),
        (write_newer, "newer chatsurvey"),
        (write_damaged, "damaged"),
        (lambda file: file.mkdir(), "cannot write"),
    ],
    ids=["text", "foreign", "newer", "damaged", "a folder"],
)
def test_a_file_that_cannot_be_used_is_told_at_open(tmp_path: Path, write: Callable[[Path], None], words: str) -> None:
    file = tmp_path / "chats.db"
    write(file)
    with pytest.raises(UserMistake, match=words) as caught:
        SqliteStore.open(file, Clock())
    assert str(file) in str(caught.value)
    assert caught.value.hint


def test_a_folder_that_cannot_be_made_is_told_at_open(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserMistake, match="cannot write"):
        SqliteStore.open(tmp_path / "file" / "chats.db", Clock())


def test_migrations_run_once_each_and_keep_the_data(file: Path) -> None:
    prepare(file, 1)
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("INSERT INTO flow (version, source) VALUES ('v', 'text')")
    later = (*MIGRATIONS, "ALTER TABLE flow ADD COLUMN kept INTEGER NOT NULL DEFAULT 7; CREATE TABLE extra (a)")
    for _ in range(2):
        prepare(file, 1, later)
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("SELECT version, source, kept FROM flow").fetchall() == [("v", "text", 7)]


def test_a_migration_that_fails_leaves_the_version_before_it(file: Path) -> None:
    prepare(file, 1)
    with pytest.raises(UserMistake, match="no such table"):
        prepare(file, 1, (*MIGRATIONS, "CREATE TABLE half (a); DROP TABLE never_there"))
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        assert not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'half'").fetchall()
