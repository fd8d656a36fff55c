"""The worker: claims what is due, runs it, settles it. Everything that happens later happens here.

- One lane a kind. A lane runs at most `parallel` batches at once and is claimed for only while it has room, so nothing
  waits in memory on a running lease, and a slow receiver (its writer is a lane of its own) delays no other.
- A batch is bounded in time below its lease, so a job is not run twice at once. After a crash its lease runs out and
  it is claimed again: handlers are idempotent.
- Settlements of batches that end together go in one commit; while the store cannot write they wait in order.
- A handler that fails unexpectedly costs its own job a retry, never the worker; of a batch, only the jobs that fail
  alone. What is logged is the kind of failure and its place in the code, never a payload.
- Wake-ups are hints: without one the store is asked every two seconds, so a command in another process is noticed.
  Under a burst they are gathered for a tenth of a second, which makes batches large and commits few. Lanes where a
  person waits (`urgent`) are claimed for at once; while one claim is committed, what comes meanwhile makes up the next.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from bot.errors import StoreUnavailable
from bot.jobs_lanes import Handler, Lane, Run
from bot.jobs_retry import failed
from bot.model import Job
from bot.obs import told, where
from bot.store.base import Again, Dead, Done, Settlement, Store

log = logging.getLogger(__name__)

__all__ = ["Handler", "Run", "Worker"]

LEASE = 30_000
SPARE = 5_000
"""How long before its lease ends a batch is given up, to leave time to settle it."""
LOOK = 1_000
FAREWELL = 1.0
"""Seconds at the end of `stop` to give back what was not finished."""


class Worker:
    """Runs the jobs of one process.

    `clock` gives ms since the epoch, `jitter` numbers from 0 to 1. `poll`, `pace` and `pause` are seconds: between
    looks at an idle store, between looks under a burst, and after the store was found unable to write.
    """

    def __init__(
        self,
        store: Store,
        handlers: Mapping[str, Handler],
        clock: Callable[[], int],
        jitter: Callable[[], float],
        *,
        lease: int = LEASE,
        poll: float = 2.0,
        pace: float = 0.1,
        pause: float = 1.0,
    ) -> None:
        self._store = store
        self._lanes = {kind: Lane(handler) for kind, handler in handlers.items()}
        self._clock = clock
        self._jitter = jitter
        self._lease = lease
        self._poll, self._pace, self._pause = poll, pace, pause
        self._urgent = tuple(kind for kind, handler in handlers.items() if handler.urgent)
        self._hint = asyncio.Event()
        self._soon = asyncio.Event()
        self._taking = asyncio.Lock()
        self._halt = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._settling = asyncio.Lock()
        self._pending: list[tuple[Job, Settlement]] = []
        self._broken = False

    def wake(self, soon: bool = False) -> None:
        """Something may be due earlier than was known; `soon`: now. Cheap; call it from the event loop."""
        self._hint.set()
        if soon:
            self._soon.set()

    async def run(self) -> None:
        """Work until `stop`. Survives a store that cannot write and handlers that fail."""
        self._idle.clear()
        hurrying = asyncio.create_task(self._hurry(), name="urgent jobs")
        try:
            while not self._halt.is_set() and not hurrying.done():  # a fault there is told here: `finally` raises it
                self._hint.clear()
                await self._rest(*await self._round())
        finally:
            self._halt.set()
            self._soon.set()
            await hurrying
            self._idle.set()

    async def _hurry(self) -> None:
        """Claim what is urgent whenever something may be. A store that cannot answer is the other loop's to tell."""
        while not self._halt.is_set():
            await self._soon.wait()
            self._soon.clear()
            with suppress(StoreUnavailable):
                await self._take(self._clock(), self._urgent)

    async def stop(self, bound: float = 5.0) -> None:
        """Claim nothing more, finish what is in hand within `bound` seconds, give back the rest as it was."""
        self._halt.set()
        self._hint.set()
        await self._idle.wait()
        tasks = [task for lane in self._lanes.values() for task in lane.tasks]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=bound)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        with suppress(TimeoutError):  # a store that cannot write keeps them; their leases run out
            async with asyncio.timeout(FAREWELL):
                await self._settle(())

    async def drain(self, kinds: Sequence[str], patience: float = 10.0) -> int:
        """Run now what waits of these kinds, due or not; what comes meanwhile is left.

        Then wait up to `patience` seconds for jobs of these kinds that another worker has in hand, and return how
        many it still has. Raises StoreUnavailable.
        """
        now = self._clock()
        for kind in kinds:
            for view in await self._store.jobs("waiting", kind, 1_000_000):
                if view.job.due > now:
                    await self._store.retry_job(view.job.id, now)
        while True:
            taken, _ = await self._take(now, kinds)
            tasks = [task for kind in kinds for task in self._lanes[kind].tasks]
            if not taken and not tasks:
                break
            if tasks:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        until = asyncio.get_running_loop().time() + patience
        while elsewhere := sum([len(await self._store.jobs("running", kind, LOOK)) for kind in kinds]):
            if asyncio.get_running_loop().time() >= until:
                break
            await asyncio.sleep(0.05)
        return elsewhere

    async def _round(self) -> tuple[float, float]:
        """Claim and start what is due. Returns the seconds to rest in any case, and at most."""
        try:
            now = self._clock()
            taken, more = await self._take(now, tuple(self._lanes))
            if more:
                return 0.0, self._poll  # the lane that was filled wakes us when it has room again
            due = await self._store.next_due()
            if due is not None and due <= now and not taken:
                if not any(lane.tasks for lane in self._lanes.values()):
                    await self._bury(now)
                return self._pace, 0.0
            self._broken = False
            return self._pace, self._poll if due is None else min(self._poll, max(0.0, (due - now) / 1_000))
        except StoreUnavailable as error:
            if not self._broken:
                log.warning("the store cannot be used now; jobs wait: %s", error)
            self._broken = True
            return self._pause, 0.0

    async def _rest(self, least: float, most: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._halt.wait(), least)
        if most > least and not self._halt.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hint.wait(), most - least)

    async def _take(self, now: int, kinds: Sequence[str]) -> tuple[int, bool]:
        """Claim for the lanes that have room and start the work: how many jobs, and whether a lane was filled, so
        that more may be waiting."""
        async with self._taking:  # two claims at once would fill a lane twice
            return await self._take_all(now, [(kind, room) for kind in kinds if (room := self._lanes[kind].room) > 0])

    async def _take_all(self, now: int, free: Sequence[tuple[str, int]]) -> tuple[int, bool]:
        claims = (self._store.claim(now, room, self._lease, (kind,)) for kind, room in free)
        found = await asyncio.gather(*claims, return_exceptions=True)
        taken, more = 0, False
        for (kind, room), jobs in zip(free, found, strict=True):
            if not isinstance(jobs, BaseException):
                taken += len(jobs)
                more = more or len(jobs) == room
                self._start(self._lanes[kind], jobs)
        for jobs in found:
            if isinstance(jobs, BaseException):
                raise jobs
        return taken, more

    def _start(self, lane: Lane, jobs: Sequence[Job]) -> None:
        if self._halt.is_set():
            self._pending.extend((job, Again(job.due)) for job in jobs)
            return
        for at in range(0, len(jobs), lane.handler.batch):
            task = asyncio.create_task(self._work(lane.handler.run, jobs[at : at + lane.handler.batch]))
            lane.tasks.add(task)
            task.add_done_callback(lane.tasks.discard)
            task.add_done_callback(lambda _: self.wake(lane.handler.urgent))

    async def _bury(self, now: int) -> None:
        """What is due and belongs to no lane (a writer that was taken out of the settings) becomes a dead letter."""
        for job in await self._store.claim(now, LOOK, self._lease):
            lane = self._lanes.get(job.kind)
            if lane is not None:
                self._start(lane, (job,))
            else:
                log.warning("job %s: nothing here does %s", job.id, job.kind)
                self._pending.append((job, Dead(f"nothing is configured for {job.kind}")))
        await self._settle(())

    async def _work(self, run: Run, jobs: Sequence[Job]) -> None:
        try:
            settlements = await self._attempt(run, jobs)
        except asyncio.CancelledError:
            self._pending.extend((job, Again(job.due, interrupted=True)) for job in jobs)
            raise
        await self._settle(list(zip(jobs, settlements, strict=True)))

    async def _attempt(self, run: Run, jobs: Sequence[Job]) -> Sequence[Settlement]:
        try:
            async with asyncio.timeout(max(self._lease - SPARE, self._lease // 2) / 1_000):
                settlements = await run(jobs)
            if len(settlements) == len(jobs):
                return settlements
            problem = f"{len(settlements)} settlements for {len(jobs)} jobs"
        except StoreUnavailable:
            return [Again(self._clock() + int(self._pause * 1_000), "the store was unavailable")] * len(jobs)
        except TimeoutError:
            return [failed(job, "timed out", self._clock(), self._jitter()) for job in jobs]
        except Exception as error:  # noqa: BLE001 - whatever a handler does, the worker and the other jobs go on
            problem = f"{told(error)} at {where(error.__traceback__)}"
        if len(jobs) > 1:
            return [(await self._attempt(run, (job,)))[0] for job in jobs]
        log.error("job %s failed: %s", jobs[0].id, problem)
        return [failed(jobs[0], problem, self._clock(), self._jitter())]

    async def _settle(self, settled: Sequence[tuple[Job, Settlement]]) -> None:
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
                        self.wake(soon=True)
