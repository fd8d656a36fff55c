"""Responses into the records and local files, then on to writers and desk: the jobs `response` and `record`.

- Writers and desk do not wait for the records. What cannot be recorded leaves a job `record`, one a chat, which is
  tried until it works; while the records are away nothing is claimed for that lane (`work_gate`).
- A response that the records do not take is a dead letter of that lane, alone; those that came with it are kept.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol, runtime_checkable

from bot.changes import desk_job, record_job, response_of, write_job
from bot.crm.base import Event, FileWriter
from bot.errors import Permanent, Retryable
from bot.model import Conversation, Job, Response
from bot.obs import Meters
from bot.records.base import Delivery, Records
from bot.store.base import Again, Dead, Done, Settlement, Store
from bot.work_gate import RecordsGate
from bot.writing_remote import KIND, remote_id

log = logging.getLogger(__name__)

BREATH = 32
"""Reads between two pauses for the requests that wait."""


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
        # Asked once: to look for a protocol's methods costs as much as to write the line.
        self._wants = {writer.name: writer.wants for writer in writers if isinstance(writer, Choosing)}
        self.gate = RecordsGate(clock)
        """Of the lane `record`."""

    async def run(self, jobs: Sequence[Job]) -> Sequence[Settlement]:
        """The job `response`."""
        responses = await self._newest(jobs)
        now = self._clock()
        written, failed = await self._file(responses, now)
        left = await self._try([response for response in responses if response is not None], written)
        settled = []
        for response in responses:
            more = await self._next(response, now, failed)
            if response is not None and response.chat in left:
                more = (*more, record_job(response.chat, max(now, self.gate.opens)))
            settled.append(Done(more))
        return settled

    async def late(self, jobs: Sequence[Job]) -> Sequence[Settlement]:
        """The job `record`."""
        responses = await self._newest(jobs)
        try:
            refused = await self._record([response for response in responses if response is not None], ())
        except Retryable as error:  # the records have told it
            self.gate.failed()
            return [Again(self.gate.opens, str(error), interrupted=job.interrupted) for job in jobs]
        self.gate.worked()
        for chat, why in refused.items():
            log.error("the response of chat %s is a dead letter: %s", chat, why)
        return [Dead(refused[chat]) if (chat := job.payload["chat"]) in refused else Done() for job in jobs]

    async def _newest(self, jobs: Sequence[Job]) -> Sequence[Response | None]:
        chats = await _load(self._store, jobs)
        return [response_of(chat) if chat is not None and chat.revision else None for chat in chats]

    async def _try(self, found: Sequence[Response], written: Sequence[Delivery]) -> Collection[str]:
        """Record these unless the records are known to be away; returns the chats that are still to be recorded."""
        if not self.gate.cautious:
            try:
                return await self._record(found, written)
            except Retryable:  # the records have told it
                self.gate.failed()
        await self._records.keep(written)
        return {response.chat for response in found}

    async def _record(self, found: Sequence[Response], written: Sequence[Delivery]) -> Mapping[str, str]:
        """Into the records; returns why not, by chat, for those that they do not take, and keeps all others."""
        try:
            await self._records.upsert(found, written)
        except Permanent as error:
            if len(found) == 1:
                return {found[0].chat: str(error)}
            refused: dict[str, str] = {}
            for half in (found[: len(found) // 2], found[len(found) // 2 :]):
                chats = {response.chat for response in half}
                refused |= await self._record(half, [one for one in written if one.chat in chats])
            return refused
        return {}

    async def _file(
        self, responses: Sequence[Response | None], now: int
    ) -> tuple[Sequence[Delivery], Collection[tuple[str, str]]]:
        """What was written, and writer and chat of what could not be."""
        written: list[Delivery] = []
        failed: set[tuple[str, str]] = set()
        for writer in self._files:
            wanted = [found for found in responses if found is not None and self._is_for(writer, found)]
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
        return self._is_for(writer, response) or (
            (writer.samples or not response.sample) and await self._store.doc(KIND, known) is not None
        )

    def _is_for(self, writer: Target, response: Response) -> bool:
        """A writer that cannot say is asked again in a job of its own: its fault is no reason to record nothing."""
        if response.sample and not writer.samples:
            return False
        wants = self._wants.get(writer.name)
        try:
            return wants is None or bool(wants(response))
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
