"""The composition root: the one place where every part meets, and the order in which they start and stop.

Start: port (a taken one is told before anything is made), flow file (proved), DATA_DIR with its lock, signing key,
store, the flow's version into the store, worker, HTTP. What a first question does not need (records, writers'
libraries, text of the metrics) is imported when it is used.

Stop: no new connection; requests in hand finish; the worker finishes what it runs and leaves the rest to the next
start; store; lock. A killed process loses nothing that was acknowledged: the order only saves waiting for leases.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from functools import partial

from aiohttp import web

from bot import http
from bot.alarms import Alarms, Raising
from bot.app_channels import channels
from bot.app_desk import Desk, has_desk
from bot.app_flows import FlowFile, Tell, keep, watch
from bot.app_sockets import BACKLOG, bind, local_url, release
from bot.app_store import open_store
from bot.app_warm import warm_up
from bot.app_writers import warned, writers
from bot.channels.base import Messenger
from bot.crm.base import Writer
from bot.deliver import Delivering
from bot.errors import Problem
from bot.flows.catalog import Catalog
from bot.http_response import ResponsePage
from bot.jobs import Handler, Run, Worker
from bot.keys import Keys
from bot.lease import process_name
from bot.model import Job
from bot.obs import Meters
from bot.records.sql import SqlRecords
from bot.runtime import Runtime
from bot.settings import Settings, with_secrets
from bot.store.base import Settlement, Store
from bot.store.lock import FolderLock, make
from bot.work import handlers, prompt

log = logging.getLogger(__name__)


def clock() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def quiet(_sentence: str, _problems: tuple[Problem, ...]) -> None:
    """For a service without a terminal."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service that answers. `settings` has the port that it really has."""

    settings: Settings
    catalog: Catalog
    store: Store
    runtime: Runtime
    worker: Worker
    meters: Meters
    warnings: tuple[Problem, ...]
    """Of the flow file as it was read at the start."""
    stop: Callable[[], Awaitable[None]]
    """Stops gracefully."""

    @property
    def url(self) -> str:
        return local_url(self.settings)


async def start(settings: Settings, tell: Tell = quiet, now: Callable[[], int] = clock) -> Service:
    """Start everything; when this returns, the service answers. Whatever fails undoes what was started.

    Raises UserMistake and FileProblems for what a person can mend.
    """
    stack = AsyncExitStack()
    try:
        return await _start(settings, tell, now, stack)
    except BaseException:
        await stack.aclose()
        raise


async def _start(settings: Settings, tell: Tell, now: Callable[[], int], stack: AsyncExitStack) -> Service:
    sockets, settings = bind(settings)
    stack.callback(release, sockets)
    file = FlowFile(settings.flows, settings.hours, partial(warned, settings))
    book, warnings = file.read()
    _own(settings, stack)
    settings = with_secrets(settings)
    store = await open_store(settings, now, serves=True)
    stack.push_async_callback(store.close)
    catalog = Catalog(settings.hours, settings.timezone, has_desk(settings))
    await keep(book, store, catalog)
    meters, salt = Meters(), settings.secrets[0].encode()
    made, records = writers(settings, now), SqlRecords(settings.database_url)
    for close in (*(writer.close for writer in made), records.close):
        stack.push_async_callback(close)

    def wake(soon: bool = True) -> None:
        worker.wake(soon)

    process = process_name() if settings.redis_url else ""
    runtime = Runtime(store, catalog, now, wake, meters, salt=salt, prompt=prompt(made), shared=process)
    stack.push_async_callback(runtime.close)
    desk = None
    alarms = Alarms(store, now, wake)
    if has_desk(settings):
        desk = Desk(settings, runtime, store, clock=now, jitter=random.random, wake=wake, alarms=alarms)
    talking = await channels(settings, runtime, store, now, catalog, desk=desk)
    for channel in talking:
        stack.push_async_callback(channel.close)
    messengers = [channel.messenger for channel in talking]
    table = _handlers(made, store, records, runtime, messengers, desk=desk, alarms=alarms, meters=meters, now=now)
    worker = Worker(store, table, now, random.random)
    working = _background(worker.run(), "worker")
    stack.push_async_callback(_finish, worker, working)
    meters.gauge("chatsurvey_listeners", "Chats with an open event stream", lambda: float(runtime.listening))
    ready = _ready(store, working)
    inside = http.Inside(
        *(runtime, lambda: catalog.live, ready, meters.scrape, now),
        observe=meters.observe,
        knows_key=Keys(store).known,
        messaging=[messenger.name for messenger in messengers],
    )
    routes = [route for channel in talking for route in channel.routes]
    routes += desk.routes() if desk is not None else []
    routes += ResponsePage(store, records, settings.secrets, settings.timezone).routes()
    runner = http.runner(http.application(inside, settings, routes))
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    watching = _background(watch(file, store, catalog, tell), "watcher of the flow file")
    stack.push_async_callback(_cancel, watching)
    for one in sockets:
        await web.SockSite(runner, one, backlog=BACKLOG).start()
    for channel in talking:
        stack.push_async_callback(channel.stop)
        await channel.start()
    stack.push_async_callback(_cancel, _background(warm_up(catalog, records, made), "loading of what comes first"))
    return Service(settings, catalog, store, runtime, worker, meters, warnings, stack.aclose)


def _own(settings: Settings, stack: AsyncExitStack) -> None:
    """The data folder is there, and ours alone where the chats are in it; with Redis several processes may share it."""
    make(settings.data_dir)
    if not settings.redis_url:
        lock = FolderLock(settings.data_dir)
        stack.callback(lock.release)
        if not lock.guarded:
            log.warning("%s is on a file system without locks: see that no other server uses it", settings.data_dir)


def _handlers(
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


def _ready(store: Store, working: asyncio.Task[None]) -> Callable[[], Awaitable[Mapping[str, str]]]:
    async def ready() -> Mapping[str, str]:
        return {
            "store": "" if await store.writable() else "it cannot be written now",
            "jobs": "the worker has stopped" if working.done() else "",
        }

    return ready


def _background(work: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
    """A task of the service itself, which is not meant to end: if it does, that is said at once."""

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            log.critical("the %s ended", name, exc_info=task.exception())

    task = asyncio.create_task(work, name=name)
    task.add_done_callback(ended)
    return task


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _finish(worker: Worker, working: asyncio.Task[None]) -> None:
    await worker.stop()
    await asyncio.gather(working, return_exceptions=True)
