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
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from bot.changes import deliver_kind, desk_job, response_of, write_job, write_kind
from bot.crm.base import Writer
from bot.deliver import Delivering
from bot.errors import Permanent, Retryable, Throttled
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
    """Responses into the records, then on to the writers that want them."""

    def __init__(
        self, store: Store, records: Records, writers: Sequence[Target], clock: Callable[[], int], *, desk: bool = False
    ) -> None:
        self._store, self._records, self._writers, self._clock, self._desk = store, records, writers, clock, desk

    async def run(self, jobs: Sequence[Job]) -> Sequence[Settlement]:
        chats = await _load(self._store, jobs)
        responses = [response_of(chat) if chat is not None and chat.revision else None for chat in chats]
        now = self._clock()
        try:
            await self._records.upsert([response for response in responses if response is not None])
        except Retryable as error:
            log.warning("the records cannot be written now; %d responses wait: %s", len(jobs), error)
            return [Again(now + RECORDS_PAUSE, str(error))] * len(jobs)
        return [Done(self._next(response, now)) for response in responses]

    def _next(self, response: Response | None, now: int) -> tuple[Job, ...]:
        if response is None:
            return ()
        wanted = (writer for writer in self._writers if writer.samples or not response.sample)
        jobs = tuple(write_job(response.chat, writer.name, now) for writer in wanted)
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
        outcomes = await asyncio.gather(
            *(self._one(job, chat, arrived.get(job.payload["chat"], 0)) for job, chat in zip(jobs, chats, strict=True)),
            return_exceptions=True,
        )
        made = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
        try:
            await self._records.keep([delivery for _, delivery in made if delivery is not None])
        except Retryable as error:
            # The sends are done; at worst one of them is made again, under the same key.
            log.warning("writer %s: attempts could not be noted: %s", self._writer.name, error)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome  # the worker runs each job alone; what arrived is noted and not sent again
        return [settlement for settlement, _ in made]

    async def _one(self, job: Job, chat: Conversation | None, arrived: int) -> tuple[Settlement, Delivery | None]:
        if chat is None or chat.revision <= arrived or (chat.sample and not self._writer.samples):
            return Done(), None
        transcript = await self._store.entries(chat.id) if self._writer.transcript else ()
        response = response_of(chat, transcript)
        remote = ""
        settlement: Settlement | None = None
        try:
            remote = await self._writer.write(response, f"resp_{chat.id}_{chat.revision}")
        except Permanent as error:
            settlement = Dead(f"{error.code}: {error}")
        except Throttled as error:
            settlement = self._throttled(job, error)
        except Retryable as error:
            settlement = failed(job, str(error), self._clock(), self._jitter())
        return settlement or Done(), self._note(job, response, settlement, remote)

    def _throttled(self, job: Job, error: Throttled) -> Settlement:
        wait = min(int(error.after * SECOND), LONGEST_HOLD)
        now = self._clock()
        self._held = max(self._held, now + wait)
        return failed(job, str(error), now, self._jitter(), at_least=wait)

    def _note(self, job: Job, response: Response, settlement: Settlement | None, remote: str) -> Delivery:
        name, now = self._writer.name, self._clock()
        attempts = job.attempt + 1
        if settlement is None:
            return Delivery(
                name, response.chat, response.revision, "delivered", attempts, now, "", remote, response.revision
            )
        error = settlement.error if not isinstance(settlement, Done) else ""
        state: DeliveryState = "dead" if isinstance(settlement, Dead) else "retrying"
        if state == "dead":
            log.warning("writer %s: dead letter %s after %d attempts: %s", name, job.id, attempts, error)
        return Delivery(name, response.chat, response.revision, state, attempts, now, error)


async def _load(store: Store, jobs: Sequence[Job]) -> Sequence[Conversation | None]:
    """The chats of these jobs. One by one: a read costs less than a task for it; other tasks get their turn between."""
    found = []
    for at, job in enumerate(jobs, 1):
        found.append(await store.load_id(job.payload["chat"]))
        if at % BREATH == 0:
            await asyncio.sleep(0)
    return found
