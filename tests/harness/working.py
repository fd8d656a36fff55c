"""What tests of the worker share: a store with jobs in it, waiting for conditions, a store that fails when told to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bot.errors import StoreUnavailable
from bot.jobs import Worker
from bot.model import Change, Conversation, Job
from bot.store.base import Done, Settlement
from bot.store.sqlite import SqliteStore
from tests.harness.responses import NOON, a_scored_chat
from tests.harness.service import within

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
PATIENCE = 20.0
"""Seconds that something may take which takes none: a busy machine is no failure."""
LOOK = 0.005


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: int = NOON) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


class Faulty:
    """A real store's calls for the worker, which fail while `broken`; it counts those that may write."""

    def __init__(self, store: SqliteStore) -> None:
        self.inner = store
        self.broken = False
        self.claims = 0
        """Those that found something."""
        self.asked = 0
        """All of them."""
        self.settles = 0
        self.looks = 0
        """How often it was asked what is due."""
        self.refused = 0
        self.after_claim: Callable[[], Coroutine[None, None, None]] | None = None
        """Begun when the next claim was made, before its caller knows of it."""
        self._begun: asyncio.Task[None] | None = None
        self.jobs = store.jobs
        self.retry_job = store.retry_job

    async def due(self) -> Mapping[str, int]:
        self._check()
        self.looks += 1
        return await self.inner.due()

    async def claim(self, now: int, limit: int, lease: int, kinds: Sequence[str] = ()) -> tuple[Job, ...]:
        self._check()
        self.asked += 1
        found = await self.inner.claim(now, limit, lease, kinds)
        self.claims += bool(found)
        if self.after_claim is not None:
            self._begun, self.after_claim = asyncio.create_task(self.after_claim()), None
            await asyncio.sleep(0)
        return found

    async def settle(self, settlements: Sequence[tuple[Job, Settlement]], now: int) -> None:
        self._check()
        self.settles += bool(settlements)
        await self.inner.settle(settlements, now)

    def _check(self) -> None:
        if self.broken:
            self.refused += 1
            raise StoreUnavailable("database or disk is full")


class Doing:
    """A handler that notes what it was given, and waits where it is told to."""

    def __init__(self, outcome: Callable[[Job], Settlement] = lambda _: Done()) -> None:
        self.outcome = outcome
        self.done: list[str] = []
        self.started: list[str] = []
        self.calls = 0
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self, jobs: Sequence[Job]) -> Sequence[Settlement]:
        self.calls += 1
        self.started += [job.id for job in jobs]
        await self.go.wait()
        settlements = [self.outcome(job) for job in jobs]
        self.done += [job.id for job in jobs]
        return settlements


def open_store(folder: Path, clock: Clock) -> SqliteStore:
    return SqliteStore.open(folder / "store.db", clock)


async def put(store: SqliteStore, *jobs: Job, chat: Conversation | None = None) -> None:
    """Commit jobs, with a chat of their own where none is given."""
    made = chat or a_scored_chat(f"chat-{jobs[0].id}-{jobs[0].due}")
    await store.commit(Change(made, made.version - 1, jobs=jobs))


@asynccontextmanager
async def at_work(worker: Worker) -> AsyncIterator[Worker]:
    """It runs, and is stopped at the end."""
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        await worker.stop(1.0)
        await task


async def until(
    condition: Callable[[], bool] | Callable[[], Awaitable[bool]], seconds: float = PATIENCE, what: str = "a condition"
) -> None:
    """Look again and again until the condition holds; fail with `what` where it does not."""
    async with within(seconds, what):
        while True:
            found = condition()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(LOOK)
