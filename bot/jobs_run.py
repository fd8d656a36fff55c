"""Runs what was claimed and settles it: a batch bounded in time, its settlements in one commit with others.

- A handler that fails unexpectedly costs its own job a retry, never the worker; of a batch, only the jobs that fail
  alone. What is logged is the kind of failure and its place in the code, never a payload.
- While the store cannot write, settlements wait in order.
- A job that was interrupted before says so again until a handler has really had it.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from bot.errors import StoreUnavailable
from bot.jobs_lanes import Run
from bot.jobs_retry import failed
from bot.model import Job
from bot.obs import told, where
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

    async def work(self, run: Run, jobs: Sequence[Job]) -> None:
        """Run this batch and settle it. Cancelled, it gives the jobs back: they were cut off in the middle."""
        try:
            settlements = await self._attempt(run, jobs)
        except asyncio.CancelledError:
            self._pending.extend((job, Again(job.due, interrupted=True)) for job in jobs)
            raise
        await self.settle(list(zip(jobs, settlements, strict=True)))

    def give_back(self, jobs: Sequence[Job]) -> None:
        """They were claimed and not begun."""
        self._pending.extend((job, Again(job.due, interrupted=job.interrupted)) for job in jobs)

    async def settle(self, settled: Sequence[tuple[Job, Settlement]] = ()) -> None:
        """Settle these and what waits before them; returns once it is written."""
        self._pending.extend(settled)
        async with self._settling:
            while self._pending:
                batch, self._pending = self._pending, []
                try:
                    await self._store.settle(batch, self._clock())
                except StoreUnavailable:
                    self._pending = batch + self._pending
                    await asyncio.sleep(self._pause)
                else:
                    if any(isinstance(done, Done) and done.jobs for _, done in batch):
                        self._wake()

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
