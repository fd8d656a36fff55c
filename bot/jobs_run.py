"""Runs what was claimed and settles it: a batch bounded in time, its settlements in one commit with others.

- A handler that fails unexpectedly costs its own job a retry, never the worker; of a batch, only the jobs that fail
  alone. What is logged is the kind of failure and its place in the code, never a payload.
- While the store cannot write, settlements wait in order; where a part of it cannot, they hold up no others.
- A job that was interrupted before says so again until a handler has really had it.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from bot.errors import StoreUnavailable
from bot.jobs_lanes import Run
from bot.jobs_retry import failed
from bot.model import Job
from bot.obs_log import told, where
from bot.store.base import Again, Done, Settlement, Store

log = logging.getLogger(__name__)

SPARE = 5_000
"""How long before its lease ends a batch is given up, to leave time to settle it."""


class Runner:
    """`lease` is ms; `pause`, in seconds, comes after the store was found unable to write; `wake` is called where a
    settlement brought new jobs."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], int],
        jitter: Callable[[], float],
        wake: Callable[[], None],
        *,
        lease: int,
        pause: float,
    ) -> None:
        self._store, self._clock, self._jitter, self._wake = store, clock, jitter, wake
        self._lease, self._pause = lease, pause
        self._settling = asyncio.Lock()
        self._pending: list[tuple[Job, Settlement]] = []
        self._later: asyncio.Task[None] | None = None

    async def work(self, run: Run, jobs: Sequence[Job]) -> None:
        """Run this batch and settle it, later where that cannot be now: the lane is free. Cancelled, it gives the jobs
        back: they were cut off in the middle."""
        try:
            settlements = await self._attempt(run, jobs)
        except asyncio.CancelledError:
            self._pending.extend((job, Again(job.due, interrupted=True)) for job in jobs)
            raise
        done = list(zip(jobs, settlements, strict=True))
        self._pending.extend(done)
        async with self._settling:
            if self._waits(done):
                await self._write()
            if self._waits(done) and (self._later is None or self._later.done()):
                self._later = asyncio.create_task(self.settle(), name="settlements that wait for the store")

    async def stop(self) -> None:
        """Leave to their leases what could not be settled."""
        if self._later is not None:
            self._later.cancel()
            await asyncio.gather(self._later, return_exceptions=True)

    def give_back(self, jobs: Sequence[Job]) -> None:
        """They were claimed and not begun."""
        self._pending.extend((job, Again(job.due, interrupted=job.interrupted)) for job in jobs)

    async def settle(self, settled: Sequence[tuple[Job, Settlement]] = ()) -> None:
        """Settle these and what waits before them; returns once these (without any: all) are written."""
        self._pending.extend(settled)
        mine = list(settled or self._pending)
        while True:
            async with self._settling:
                if self._waits(mine):
                    await self._write()
                if not self._waits(mine):
                    return
            await asyncio.sleep(self._pause)

    def _waits(self, some: Sequence[tuple[Job, Settlement]]) -> bool:
        return not set(map(id, some)).isdisjoint(map(id, self._pending))

    async def _write(self) -> None:
        """What waits, in one commit. Where that cannot be, each alone: a part of the store may be away."""
        batch, self._pending = self._pending, []
        try:
            kept = [await self._kept(batch)] * len(batch)
            if not all(kept) and len(batch) > 1:
                kept = await asyncio.gather(*(self._kept([one]) for one in batch))
        except asyncio.CancelledError:
            self._pending = batch + self._pending
            raise
        self._pending = [one for one, there in zip(batch, kept, strict=True) if not there] + self._pending
        if any(there and isinstance(one[1], Done) and one[1].jobs for one, there in zip(batch, kept, strict=True)):
            self._wake()

    async def _kept(self, batch: Sequence[tuple[Job, Settlement]]) -> bool:
        try:
            await self._store.settle(batch, self._clock())
        except StoreUnavailable:
            return False
        return True

    async def _attempt(self, run: Run, jobs: Sequence[Job]) -> Sequence[Settlement]:
        try:
            async with asyncio.timeout(max(self._lease - SPARE, self._lease // 2) / 1_000):
                settlements = await run(jobs)
            if len(settlements) == len(jobs):
                return settlements
            problem = f"{len(settlements)} settlements for {len(jobs)} jobs"
        except StoreUnavailable:
            again = self._clock() + int(self._pause * 1_000)
            return [Again(again, "the store was unavailable", interrupted=job.interrupted) for job in jobs]
        except TimeoutError:
            return [failed(job, "timed out", self._clock(), self._jitter()) for job in jobs]
        except Exception as error:  # noqa: BLE001 - whatever a handler does, the worker and the other jobs go on
            problem = f"{told(error)} at {where(error.__traceback__)}"
        if len(jobs) > 1:
            return [(await self._attempt(run, (job,)))[0] for job in jobs]
        log.error("job %s failed: %s", jobs[0].id, problem)
        return [failed(jobs[0], problem, self._clock(), self._jitter())]
