"""The worker: claims what is due, runs it, settles it. Everything that happens later happens here.

- One lane a kind. A lane runs at most `parallel` batches at once and is claimed for only while it has room, so nothing
  waits in memory on a running lease, and a slow receiver (its writer is a lane of its own) delays no other.
- A claim is made only for a kind that has something due, which one read tells of all kinds, and only while the lane's
  gate is open (`jobs_lanes`). So what waits for a receiver that is away costs nothing, however much it is.
- A batch is bounded in time below its lease (`jobs_run`), so a job is not run twice at once. After a crash its lease
  runs out and it is claimed again: handlers are idempotent.
- Wake-ups are hints: without one the store is asked every two seconds, so a command in another process is noticed.
  Under a burst they are gathered for a tenth of a second, which makes batches large and commits few. Lanes where a
  person waits (`urgent`) are claimed for at once; while one claim is committed, what comes meanwhile makes up the next.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from bot.errors import StoreUnavailable
from bot.jobs_clock import Steps
from bot.jobs_lanes import Gate, Handler, Lane, Run
from bot.jobs_run import Runner
from bot.jobs_unknown import Elsewhere, Unknown, nobody_else
from bot.model import Job
from bot.store.base import Dead, Store

log = logging.getLogger(__name__)

__all__ = ["Gate", "Handler", "Run", "Worker"]

LEASE = 30_000
LOOK = 1_000
_BY_THEMSELVES = ("timer",)
"""Kinds that look at the time when they are due and wait again where it is not theirs."""
FAREWELL = 1.0
"""Seconds at the end of `stop` to give back what was not finished."""


class Worker:
    """Runs the jobs of one process.

    `clock` gives ms since the epoch, `jitter` numbers from 0 to 1. `poll`, `pace` and `pause` are seconds: between
    looks at an idle store, between looks under a burst, and after the store was found unable to write. What nothing
    here does, and nobody `elsewhere`, is given up when it is `patience` ms overdue: others may share the store.
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
        patience: int = 0,
        elsewhere: Elsewhere = nobody_else,
    ) -> None:
        self._store = store
        self._lanes = {kind: Lane(handler) for kind, handler in handlers.items()}
        self._clock = clock
        self._lease = lease
        self._poll, self._pace, self._pause, self._patience = poll, pace, pause, patience
        self._urgent = tuple(kind for kind, handler in handlers.items() if handler.urgent)
        self._hint = asyncio.Event()
        self._soon = asyncio.Event()
        self._taking = asyncio.Lock()
        self._halt = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._runner = Runner(store, clock, jitter, lambda: self.wake(soon=True), lease=lease, pause=pause)
        self._steps = Steps(store, clock, [kind for kind in handlers if kind not in _BY_THEMSELVES])
        self._unknown = Unknown(patience, elsewhere)
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
                await self._runner.settle()
        await self._runner.stop()

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
            taken, _, _ = await self._take(now, kinds)
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
            await self._steps.look()
            now = self._clock()
            taken, more, due = await self._take(now, tuple(self._lanes))
            if taken:
                due = await self._store.due()
            hopeless = await self._unknown.hopeless([kind for kind in due if kind not in self._lanes], now)
            await self._bury([kind for kind in hopeless if due[kind] <= now - self._patience], now)
        except StoreUnavailable as error:
            if not self._broken:
                log.warning("the store cannot be used now; jobs wait: %s", error)
            self._broken = True
            return self._pause, 0.0
        if self._broken:
            log.warning("the store can be used again; jobs go on")
        self._broken = False
        least = 0.0 if more else self._pace  # a lane that was filled wakes us when it has room again
        times = [self._next(kind, at, now) for kind, at in due.items()]
        wait = min((at - now for at in times if at is not None), default=None)
        return least, self._poll if wait is None else min(self._poll, max(0, wait) / 1_000)

    def _next(self, kind: str, due: int, now: int) -> int | None:
        if (lane := self._lanes.get(kind)) is not None:
            return lane.next(due, now)
        return None if self._patience else due  # the next look, which comes by itself, finds it

    async def _rest(self, least: float, most: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._halt.wait(), least)
        if most > least and not self._halt.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hint.wait(), most - least)

    async def _take(self, now: int, kinds: Sequence[str]) -> tuple[int, bool, Mapping[str, int]]:
        """Claim for the lanes that have room and something due, and start the work: how many jobs, whether a lane was
        filled, so that more may be waiting, and what was due before."""
        async with self._taking:  # two claims at once would fill a lane twice
            due = await self._store.due()
            wanted = [(kind, self._lanes[kind].room(now)) for kind in kinds if due.get(kind, now + 1) <= now]
            return *await self._take_all(now, [(kind, room) for kind, room in wanted if room > 0]), due

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
            self._runner.give_back(jobs)
            return
        for at in range(0, len(jobs), lane.handler.batch):
            task = asyncio.create_task(self._runner.work(lane.handler.run, jobs[at : at + lane.handler.batch]))
            lane.tasks.add(task)
            task.add_done_callback(lane.tasks.discard)
            task.add_done_callback(lambda _: self.wake(lane.handler.urgent))

    async def _bury(self, kinds: Sequence[str], now: int) -> None:
        """What is overdue and belongs to no lane (a writer that was taken out of the settings) becomes a dead letter;
        what is claimed with it and is not that late goes back as it was."""
        if not kinds:
            return
        jobs = await self._store.claim(now, LOOK, self._lease, kinds)
        dead = [job for job in jobs if job.due <= now - self._patience]
        for job in dead:
            log.warning("job %s: nothing here does %s", job.id, job.kind)
        self._runner.give_back([job for job in jobs if job not in dead])
        await self._runner.settle([(job, Dead(f"nothing is configured for {job.kind}")) for job in dead])
