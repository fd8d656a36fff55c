"""What the jobs do: one small handler a kind. A writer is a kind of its own (`write.<name>`), hence a lane of its own.

    response       the chats' newest revisions into the records, one transaction a batch, then a job a writer, and one
                   for the desk where there is one
    write.<name>   the newest revision to one writer; what is known to have arrived is not sent again
    timer          a chat's own timer, back into the runtime
    deliver.<name> what is new in a chat to a messaging channel (`bot.deliver`)
    desk, case     of those at the desk; without a desk they are done at once
    presence       a page came or went in a handoff: a job for the desk

A send that fails is retried by the table in `bot.jobs_retry`; Throttled also holds the writer's other jobs for as
long as the other side asked (an hour at most); Permanent is a dead letter at once. The record is ours, so it is tried
until it works. Every attempt is noted in the records' `deliveries`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from bot.changes import deliver_kind, desk_job, response_of, write_job, write_kind
from bot.crm.base import BatchWriter, Writer
from bot.deliver import Delivering
from bot.errors import DeliveryError, Permanent, Retryable, Throttled
from bot.jobs import Handler
from bot.jobs_retry import HOUR, SECOND, failed
from bot.model import Conversation, Job, Response
from bot.records.base import Delivery, DeliveryState, Records
from bot.store.base import Again, Dead, Done, Settlement, Store

log = logging.getLogger(__name__)

RESPONSES = 256
TIMERS = 64
WRITES_AT_ONCE = 4
BREATH = 32
"""Reads between two pauses for the requests that wait."""
RECORDS_PAUSE = 5 * SECOND
LONGEST_HOLD = HOUR


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
) -> dict[str, Handler]:
    """The handlers of this process. `fire` runs a timer (`Runtime.fire`); `desk` those of the kinds `desk` and `case`,
    empty where no desk is configured; `delivering` one a messaging channel."""

    async def timers(jobs: Sequence[Job]) -> Sequence[Settlement]:
        return await asyncio.gather(*(fire(job) for job in jobs))

    async def nothing(jobs: Sequence[Job]) -> Sequence[Settlement]:
        return [Done()] * len(jobs)

    async def presence(jobs: Sequence[Job]) -> Sequence[Settlement]:
        return [Done((desk_job(job.payload["chat"], clock()),)) for job in jobs]

    table = {
        "timer": Handler(timers, TIMERS),
        **recording(store, records, writers, clock, desk=bool(desk)),
        **{kind: Handler(nothing, RESPONSES) for kind in ("desk", "case", "presence")},
        **desk,
    }
    if desk:
        table["presence"] = Handler(presence, RESPONSES)
    for writer in writers:
        writing = Writing(store, records, writer, clock, jitter)
        table[write_kind(writer.name)] = Handler(writing.run, writer.batch, WRITES_AT_ONCE)
    for one in delivering:
        table[deliver_kind(one.name)] = one.handler()
    return table


def recording(
    store: Store, records: Records, writers: Sequence["Target"], clock: Callable[[], int], *, desk: bool = False
) -> dict[str, Handler]:
    """The handler of responses alone, for a command that runs what waits of them."""
    return {"response": Handler(Recording(store, records, writers, clock, desk=desk).run, RESPONSES)}


class Target(Protocol):
    """What is asked of a writer before there is something for it: a Writer, or only its configuration."""

    @property
    def name(self) -> str: ...

    @property
    def samples(self) -> bool: ...


class Recording:
    """Responses into the records, then on to the writers that want them.

    A local file is no other side that may be slow: it is written here, in the same pass, since a job for it would cost
    more than the line. Only a line that failed becomes a job, with its retries and its note in the records.
    """

    def __init__(
        self, store: Store, records: Records, writers: Sequence[Target], clock: Callable[[], int], *, desk: bool = False
    ) -> None:
        self._store, self._records, self._clock, self._desk = store, records, clock, desk
        self._files = [writer for writer in writers if isinstance(writer, BatchWriter) and not writer.transcript]
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
        return [Done(self._next(response, now, failed)) for response in responses]

    async def _file(
        self, responses: Sequence[Response | None], now: int
    ) -> tuple[Sequence[Delivery], Collection[tuple[str, str]]]:
        """What was written, and writer and chat of what could not be."""
        written: list[Delivery] = []
        failed: set[tuple[str, str]] = set()
        for writer in self._files:
            wanted = [found for found in responses if found is not None and (writer.samples or not found.sample)]
            errors = await writer.write_all(wanted) if wanted else ()
            for found, error in zip(wanted, errors, strict=True):
                if error is None:
                    written.append(landed(writer.name, found, 1, now))
                else:
                    failed.add((writer.name, found.chat))
        return written, failed

    def _next(self, response: Response | None, now: int, failed: Collection[tuple[str, str]]) -> tuple[Job, ...]:
        if response is None:
            return ()
        wanted = [writer.name for writer in self._writers if writer.samples or not response.sample]
        wanted += [name for name, chat in failed if chat == response.chat]
        jobs = tuple([write_job(response.chat, name, now) for name in wanted])
        return (*jobs, desk_job(response.chat, now)) if self._desk else jobs


class Writing:
    """Responses to one writer."""

    def __init__(
        self,
        store: Store,
        records: Records,
        writer: Writer,
        clock: Callable[[], int],
        jitter: Callable[[], float],
    ) -> None:
        self._store, self._records, self._writer = store, records, writer
        self._clock, self._jitter = clock, jitter
        self._held = 0
        """Until when this writer asked to be left alone."""

    async def run(self, jobs: Sequence[Job]) -> Sequence[Settlement]:
        now = self._clock()
        if now < self._held:
            return [Again(self._held + int(self._jitter() * SECOND), "held: the receiver asked to wait")] * len(jobs)
        chats = await _load(self._store, jobs)
        try:
            arrived = await self._records.delivered(self._writer.name, [job.payload["chat"] for job in jobs])
        except Retryable as error:
            return [Again(now + RECORDS_PAUSE, str(error))] * len(jobs)
        due = [
            (job, response)
            for job, chat in zip(jobs, chats, strict=True)
            if (response := await self._wanted(chat, arrived.get(job.payload["chat"], 0))) is not None
        ]
        sent = await self._send([response for _, response in due])
        settled: dict[str, Settlement] = {}
        made: list[Delivery] = []
        for (job, response), outcome in zip(due, sent, strict=True):
            if isinstance(outcome, str | DeliveryError):
                settled[job.id] = settlement = self._judge(job, outcome)
                remote = outcome if isinstance(outcome, str) else ""
                made.append(self._note(job, response, settlement, remote))
        try:
            await self._records.keep(made)
        except Retryable as error:
            # The sends are done; at worst one of them is made again, under the same key.
            log.warning("writer %s: attempts could not be noted: %s", self._writer.name, error)
        for outcome in sent:
            if not isinstance(outcome, str | DeliveryError):
                raise outcome  # the worker runs each job alone; what arrived is noted and not sent again
        return [settled.get(job.id) or Done() for job in jobs]

    async def _wanted(self, chat: Conversation | None, arrived: int) -> Response | None:
        if chat is None or chat.revision <= arrived or (chat.sample and not self._writer.samples):
            return None
        return response_of(chat, await self._store.entries(chat.id) if self._writer.transcript else ())

    async def _send(self, responses: Sequence[Response]) -> Sequence[str | BaseException]:
        """The remote ids, or what went wrong."""
        if isinstance(self._writer, BatchWriter):
            return [error or "" for error in await self._writer.write_all(responses)]
        writes = (self._writer.write(response, f"resp_{response.chat}_{response.revision}") for response in responses)
        return await asyncio.gather(*writes, return_exceptions=True)

    def _judge(self, job: Job, outcome: str | DeliveryError) -> Settlement:
        if isinstance(outcome, Permanent):
            return Dead(f"{outcome.code}: {outcome}")
        if isinstance(outcome, Throttled):
            return self._throttled(job, outcome)
        if isinstance(outcome, DeliveryError):
            return failed(job, str(outcome), self._clock(), self._jitter())
        return Done()

    def _throttled(self, job: Job, error: Throttled) -> Settlement:
        wait = min(int(error.after * SECOND), LONGEST_HOLD)
        now = self._clock()
        self._held = max(self._held, now + wait)
        return failed(job, str(error), now, self._jitter(), at_least=wait)

    def _note(self, job: Job, response: Response, settlement: Settlement, remote: str) -> Delivery:
        name, now = self._writer.name, self._clock()
        attempts = job.attempt + 1
        if isinstance(settlement, Done):
            return landed(name, response, attempts, now, remote)
        state: DeliveryState = "dead" if isinstance(settlement, Dead) else "retrying"
        if state == "dead":
            log.warning("writer %s: dead letter %s after %d attempts: %s", name, job.id, attempts, settlement.error)
        return Delivery(name, response.chat, response.revision, state, attempts, now, settlement.error)


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
