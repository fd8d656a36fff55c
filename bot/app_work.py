"""What a service does beside answering: its jobs by kind, its background tasks, and whether all of it still runs."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from bot.alarms import Alarms, Raising
from bot.app_desk import Desk
from bot.app_drain import Departure
from bot.channels.base import Messenger
from bot.crm.base import Writer
from bot.deliver import Delivering
from bot.jobs import Handler, Run, Worker
from bot.model import Job
from bot.obs import Meters
from bot.records.sql import SqlRecords
from bot.runtime import Runtime
from bot.store.base import Settlement, Store
from bot.work import handlers

log = logging.getLogger(__name__)

PROBE = 2.0
"""Seconds that a store may take to say that it can be written; load balancers wait little longer."""


def table_of_jobs(
    made: Sequence[Writer],
    store: Store,
    records: SqlRecords,
    runtime: Runtime,
    messengers: Sequence[Messenger],
    *,
    desk: Desk | None,
    alarms: Alarms,
    meters: Meters,
    now: Callable[[], int],
) -> Mapping[str, Handler]:
    delivering = [
        Delivering(store, records, runtime, one, clock=now, jitter=random.random, meters=meters) for one in messengers
    ]
    text = "Seconds since the records could be used; 0 while they can"
    meters.gauge("chatsurvey_records_away_seconds", text, lambda: records.away)
    gates: dict[str, Handler] = {}
    at_desk = {} if desk is None else desk.handlers(records, gates)
    table = Raising(store, None, "", now, random.random, gates=gates).handlers() | handlers(
        *(store, records, made, runtime.fire),
        clock=now,
        jitter=random.random,
        desk=at_desk,
        delivering=delivering,
        meters=meters,
        alarms=alarms,
    )
    gates |= {kind: handler for kind, handler in table.items() if handler.gate is not None}
    store.hear(partial(alarms.heard, gates))
    return {kind: replace(handler, run=_metered(kind, handler.run, meters)) for kind, handler in table.items()}


def _metered(kind: str, run: Run, meters: Meters) -> Run:
    async def metered(jobs: Sequence[Job]) -> Sequence[Settlement]:
        began = time.perf_counter()
        settlements = await run(jobs)
        meters.job_seconds.add(time.perf_counter() - began)
        for settlement in settlements:
            meters.jobs.add(kind, type(settlement).__name__.lower())
        return settlements

    return metered


def readiness(
    store: Store, working: asyncio.Task[None], departure: Departure
) -> Callable[[], Awaitable[Mapping[str, str]]]:
    """Each part that must work, and why it does not. Records and platforms are none: turns go on without them."""

    async def ready() -> Mapping[str, str]:
        parts = {
            "store": "" if await _writable(store) else "it cannot be written now",
            "jobs": "the worker has stopped" if working.done() else "",
        }
        return {"service": "stopping", **parts} if departure.begun else parts

    return ready


async def _writable(store: Store) -> bool:
    try:
        async with asyncio.timeout(PROBE):
            return await store.writable()
    except TimeoutError:
        return False


def background(work: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
    """A task of the service itself, which is not meant to end: if it does, that is said at once."""

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            log.critical("the %s ended", name, exc_info=task.exception())

    task = asyncio.create_task(work, name=name)
    task.add_done_callback(ended)
    return task


async def cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def finish(worker: Worker, working: asyncio.Task[None]) -> None:
    await worker.stop()
    await asyncio.gather(working, return_exceptions=True)
