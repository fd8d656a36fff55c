"""What the jobs do: one small handler a kind. A writer is a kind of its own (`write.<name>`), hence a lane of its own.

    response       the chats' newest revisions into the records, one transaction a batch, then a job a writer, and one
                   for the desk where there is one
    write.<name>   the newest revision to one writer (`bot.writing`)
    timer          a chat's own timer, back into the runtime
    deliver.<name> what is new in a chat to a messaging channel (`bot.deliver`)
    desk, case     of those at the desk; without a desk they are done at once
    presence       a page came or went in a handoff: a job for the desk

The record is ours, so it is tried until it works. Where there is a writer besides local files, responses and writes are
urgent: a score is at its writers within a tenth of a second.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from bot.changes import deliver_kind, desk_job, response_of, write_job, write_kind
from bot.crm.base import Event, FileWriter, Writer
from bot.deliver import Delivering
from bot.errors import Retryable
from bot.jobs import Handler
from bot.jobs_retry import SECOND
from bot.model import Conversation, Job, Response
from bot.obs import Meters
from bot.records.base import Delivery, Records
from bot.store.base import Again, Done, Settlement, Store
from bot.writing import Writing
from bot.writing_alarms import Alarms, Silent
from bot.writing_figures import Figures
from bot.writing_remote import KIND, remote_id

log = logging.getLogger(__name__)

RESPONSES = 256
TIMERS = 64
BREATH = 32
"""Reads between two pauses for the requests that wait."""
RECORDS_PAUSE = 5 * SECOND


def handlers(
    store: Store,
    records: Records,
    writers: Sequence[Writer],
    fire: Callable[[Job], Awaitable[Settlement]],
    *,
    clock: Callable[[], int],
    jitter: Callable[[], float],
    desk: Mapping[str, Handler] = MappingProxyType({}),
    delivering: Sequence[Delivering] = (),
    meters: Meters | None = None,
    alarms: Alarms | None = None,
) -> dict[str, Handler]:
    """The handlers of this process. `fire` runs a timer (`Runtime.fire`); `desk` those of the kinds `desk` and `case`,
    empty where no desk is configured; `delivering` one a messaging channel; `alarms` are told of writers that need a
    person."""
    meters = meters or Meters()

    async def timers(jobs: Sequence[Job]) -> Sequence[Settlement]:
        return await asyncio.gather(*(fire(job) for job in jobs))

    async def nothing(jobs: Sequence[Job]) -> Sequence[Settlement]:
        return [Done()] * len(jobs)

    async def presence(jobs: Sequence[Job]) -> Sequence[Settlement]:
        return [Done((desk_job(job.payload["chat"], clock()),)) for job in jobs]

    table = {
        "timer": Handler(timers, TIMERS),
        **recording(store, records, writers, clock, desk=bool(desk), meters=meters),
        **{kind: Handler(nothing, RESPONSES) for kind in ("desk", "case", "presence")},
        **desk,
    }
    if desk:
        table["presence"] = Handler(presence, RESPONSES)
    writings = [
        Writing(store, records, one, clock=clock, jitter=jitter, meters=meters, alarms=alarms or Silent())
        for one in writers
    ]
    for writing in writings:
        table[write_kind(writing.name)] = writing.handler(urgent=prompt(writers))
    if writings:
        Figures(store, {writing.name: writing.gate for writing in writings}, clock, meters)
    for one in delivering:
        table[deliver_kind(one.name)] = one.handler()
    return table


def prompt(writers: Sequence["Target"]) -> bool:
    """Whether somebody waits for a score: a writer that is no local file."""
    return not all(isinstance(writer, FileWriter) for writer in writers)


def recording(
    store: Store,
    records: Records,
    writers: Sequence["Target"],
    clock: Callable[[], int],
    *,
    desk: bool = False,
    meters: Meters | None = None,
) -> dict[str, Handler]:
    """The handler of responses alone, for a command that runs what waits of them."""
    run = Recording(store, records, writers, clock, desk=desk, meters=meters or Meters()).run
    return {"response": Handler(run, RESPONSES, urgent=prompt(writers))}


class Target(Protocol):
    """What is asked of a writer before there is something for it: a Writer, or only its configuration."""

    @property
    def name(self) -> str: ...

    @property
    def samples(self) -> bool: ...


@runtime_checkable
class Choosing(Target, Protocol):
    """A target that can say which responses it wants."""

    def wants(self, response: Response) -> Sequence[Event]: ...


class Recording:
    """Responses into the records, then on to the writers that want them.

    A local file is no other side that may be slow: it is written here, in the same pass, since a job for it would cost
    more than the line. Only a line that failed becomes a job, with its retries and its note in the records.
    """

    def __init__(
        self,
        store: Store,
        records: Records,
        writers: Sequence[Target],
        clock: Callable[[], int],
        *,
        desk: bool,
        meters: Meters,
    ) -> None:
        self._store, self._records, self._clock, self._desk = store, records, clock, desk
        self._outcomes = meters.deliveries
        self._files = [writer for writer in writers if isinstance(writer, FileWriter) and not writer.transcript]
        self._writers = [writer for writer in writers if writer not in self._files]

    async def run(self, jobs: Sequence[Job]) -> Sequence[Settlement]:
        chats = await _load(self._store, jobs)
        responses = [response_of(chat) if chat is not None and chat.revision else None for chat in chats]
        now = self._clock()
        written, failed = await self._file(responses, now)
        try:
            await self._records.upsert([response for response in responses if response is not None], written)
        except Retryable as error:
            log.warning("the records cannot be written now; %d responses wait: %s", len(jobs), error)
            return [Again(now + RECORDS_PAUSE, str(error))] * len(jobs)
        return [Done(await self._next(response, now, failed)) for response in responses]

    async def _file(
        self, responses: Sequence[Response | None], now: int
    ) -> tuple[Sequence[Delivery], Collection[tuple[str, str]]]:
        """What was written, and writer and chat of what could not be."""
        written: list[Delivery] = []
        failed: set[tuple[str, str]] = set()
        for writer in self._files:
            wanted = [found for found in responses if found is not None and _is_for(writer, found)]
            errors = await writer.write_all(wanted) if wanted else ()
            for found, error in zip(wanted, errors, strict=True):
                if error is None:
                    written.append(landed(writer.name, found, 1, now))
                else:
                    failed.add((writer.name, found.chat))
            if done := sum(error is None for error in errors):
                self._outcomes.add(writer.name, "delivered", by=done)
        return written, failed

    async def _next(self, response: Response | None, now: int, failed: Collection[tuple[str, str]]) -> tuple[Job, ...]:
        if response is None:
            return ()
        wanted = [writer.name for writer in self._writers if await self._has_news(writer, response)]
        wanted += [name for name, chat in failed if chat == response.chat]
        jobs = tuple([write_job(response.chat, name, now) for name in wanted])
        return (*jobs, desk_job(response.chat, now)) if self._desk else jobs

    async def _has_news(self, writer: Target, response: Response) -> bool:
        """A writer that does not want it hears of it where it has it already: what was put right is put right there."""
        known = remote_id(writer.name, response.chat)
        return _is_for(writer, response) or (
            (writer.samples or not response.sample) and await self._store.doc(KIND, known) is not None
        )


def _is_for(writer: Target, response: Response) -> bool:
    """A writer that cannot say is asked again in a job of its own: its fault is no reason to record nothing."""
    if response.sample and not writer.samples:
        return False
    try:
        return bool(writer.wants(response)) if isinstance(writer, Choosing) else True
    except Exception:
        log.exception("writer %s cannot say what it wants", writer.name)
        return True


def landed(writer: str, response: Response, attempts: int, now: int, remote: str = "") -> Delivery:
    """The note that this revision is with the writer."""
    newest = response.revision
    return Delivery(writer, response.chat, newest, "delivered", attempts, now, "", remote, newest)


async def _load(store: Store, jobs: Sequence[Job]) -> Sequence[Conversation | None]:
    """The chats of these jobs. One by one: a read costs less than a task for it; other tasks get their turn between."""
    found = []
    for at, job in enumerate(jobs, 1):
        found.append(await store.load_id(job.payload["chat"]))
        if at % BREATH == 0:
            await asyncio.sleep(0)
    return found
