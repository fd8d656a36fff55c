"""The composition root: the one place where every part meets, and the order in which they start and stop.

Start: port (a taken one is told before anything is made), flow file (proved), DATA_DIR with its lock, signing key,
store, the other processes (is this one fit to join them?), the flow's version into the store, worker, HTTP. What a
first question does not need (records, writers' libraries, text of the metrics) is imported when it is used.

Stop: first the drain (`app_drain.py`); then no new connection; requests in hand finish; the worker finishes what it
runs and leaves the rest to the next start or the other processes; store; lock. A killed process loses nothing that was
acknowledged: the order only saves waiting for leases.
"""

import logging
import random
import socket
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from bot import http
from bot.alarms import Alarms
from bot.app_channels import channels
from bot.app_desk import Desk, has_desk
from bot.app_drain import Departure, Drain
from bot.app_figures import SharedMeters
from bot.app_flows import FlowFile, Tell, keep, keep_again, watch
from bot.app_members import Membership, join
from bot.app_opening import PATIENCE, opened, waited
from bot.app_place import ALONE, Place
from bot.app_sockets import backlog, bind, inherit, local_url, release
from bot.app_warm import warm_up
from bot.app_work import background, cancel, finish, readiness, table_of_jobs
from bot.app_writers import warned, writers
from bot.errors import Problem
from bot.flows.catalog import Catalog
from bot.http_response import ResponsePage
from bot.jobs import Handler, Worker
from bot.keys import Keys
from bot.lease import process_name
from bot.obs import Meters
from bot.records.sql import SqlRecords
from bot.runtime import Runtime
from bot.settings import Settings, with_secrets
from bot.store.base import Store
from bot.store.lock import FolderLock, make
from bot.work import prompt

log = logging.getLogger(__name__)

ROLLING = 600_000
"""Ms that nobody may do a kind of job where others serve too: of another version, or with other settings."""


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
    drain: Drain
    """Goes before it where others go on, or a load balancer is to look first."""

    @property
    def url(self) -> str:
        return local_url(self.settings)


async def start(
    settings: Settings, tell: Tell = quiet, now: Callable[[], int] = clock, place: Place = ALONE
) -> Service:
    """Start everything; when this returns, the service answers. Whatever fails undoes what was started.

    Raises UserMistake and FileProblems for what a person can mend.
    """
    stack = AsyncExitStack()
    try:
        return await _start(settings, tell, now, stack, place)
    except BaseException:
        await stack.aclose()
        raise


async def _start(
    settings: Settings, tell: Tell, now: Callable[[], int], stack: AsyncExitStack, place: Place
) -> Service:
    sockets, settings = inherit(place.sockets, settings) if place.sockets else bind(settings)
    stack.callback(release, sockets)
    file = FlowFile(settings.flows, settings.hours, partial(warned, settings))
    book, warnings = file.read()
    _own(settings, stack)
    settings = with_secrets(settings)
    store, process = await opened(settings, now, serves=place.first), process_name() if settings.redis_url else ""
    stack.push_async_callback(store.close)
    meters = Meters()
    membership = await join(store, settings, process, now(), meters) if process else None
    if membership is not None:
        stack.push_async_callback(membership.leave)
    catalog = Catalog(settings.hours, settings.timezone, has_desk(settings))
    await waited(lambda: keep(book, store, catalog), settings, PATIENCE if process else 0)
    made, records = writers(settings, now), SqlRecords(settings.database_url)
    for close in (*(writer.close for writer in made), records.close):
        stack.push_async_callback(close)

    def wake(soon: bool = True) -> None:
        worker.wake(soon)

    salt, at_once = settings.secrets[0].encode(), prompt(made)
    runtime = Runtime(store, catalog, now, wake, meters, salt=salt, prompt=at_once, shared=process)
    stack.push_async_callback(runtime.close)
    desk, alarms = None, Alarms(store, now, wake)
    if has_desk(settings):
        desk = Desk(settings, runtime, store, clock=now, jitter=random.random, wake=wake, alarms=alarms)
    talking = await channels(settings, runtime, store, now, catalog, desk=desk)
    for channel in talking:
        stack.push_async_callback(channel.close)
    messengers = [channel.messenger for channel in talking]
    table = table_of_jobs(made, store, records, runtime, messengers, desk=desk, alarms=alarms, meters=meters, now=now)
    worker = _worker(table, store, membership, now)
    working = background(worker.run(), "worker")
    stack.push_async_callback(finish, worker, working)
    meters.gauge("chatsurvey_listeners", "Chats with an open event stream", lambda: float(runtime.listening), adds=True)
    departure = Departure()
    inside = http.Inside(
        *(runtime, lambda: catalog.live, readiness(store, working, departure), _figures(meters, place, stack), now),
        observe=meters.observe,
        knows_key=Keys(store).known,
        messaging=[messenger.name for messenger in messengers],
        notes=lambda: {"records": records.trouble},
    )
    routes = [route for channel in talking for route in channel.routes]
    routes += desk.routes() if desk is not None else []
    routes += ResponsePage(store, records, settings.secrets, settings.timezone).routes()
    runner = await http.running(http.application(inside, settings, routes, departure))
    stack.push_async_callback(runner.cleanup)
    _beside(stack, watch(file, store, catalog, tell), "watcher of the flow file")
    _beside(stack, keep_again(store, catalog), "keeper of the flow version")
    drain = await _listen(runner, sockets, departure)
    for channel in talking:
        stack.push_async_callback(channel.stop)
        await channel.start()
    _beside(stack, warm_up(settings, catalog, records, made, tells=place.first), "loading of what comes first")
    return Service(settings, catalog, store, runtime, worker, meters, warnings, stack.aclose, drain)


def _worker(
    table: Mapping[str, Handler], store: Store, membership: Membership | None, now: Callable[[], int]
) -> Worker:
    """`membership`: where others serve from the same store, who may do what nothing here does."""
    if membership is None:
        return Worker(store, table, now, random.random)
    membership.does(table)
    return Worker(store, table, now, random.random, patience=ROLLING, elsewhere=membership.done_elsewhere)


def _beside(stack: AsyncExitStack, work: Coroutine[None, None, None], name: str) -> None:
    """Until the service stops."""
    stack.push_async_callback(cancel, background(work, name))


async def _listen(runner: web.AppRunner, sockets: Sequence[socket.socket], departure: Departure) -> Drain:
    sites = [web.SockSite(runner, one, backlog=backlog(one)) for one in sockets]
    drain = Drain(departure, runner, sites, [one.fileno() for one in sockets])
    for site in sites:
        await site.start()
    return drain


def _own(settings: Settings, stack: AsyncExitStack) -> None:
    """The data folder is there, and ours alone where the chats are in it; with Redis several processes may share it."""
    make(settings.data_dir)
    if not settings.redis_url:
        lock = FolderLock(settings.data_dir)
        stack.callback(lock.release)
        if not lock.guarded:
            log.warning("%s is on a file system without locks: see that no other server uses it", settings.data_dir)


def _figures(meters: Meters, place: Place, stack: AsyncExitStack) -> Callable[[], Awaitable[bytes]]:
    """What answers /metrics: of several processes behind one port, any answers for all."""
    if place.folder is None:
        return meters.scrape
    shared = SharedMeters(meters, place.folder, place.number)
    _beside(stack, shared.keep(), "sharing of the figures")
    return shared.scrape
