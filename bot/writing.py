"""Deliveries to one writer: what it was not told of yet, in revision order, and what each answer means.

- A job is a chat. It loads the chat as it is now, so what waits is always the newest revision; one job a chat and the
  document `remote` (`writing_remote`) keep an older one from coming after it.
- What each answer means: `writing_verdict`. When all of the writer's jobs wait: `writing_gate`; nothing is claimed for
  it then. Where it works again after long, what had failed meanwhile is tried at once.
- An attempt that was cut off by a kill, or whose answer got lost, is in doubt: the next one says so (`Parcel.doubt`).
- Every attempt is noted in the records' deliveries, which gather notes while their database is away.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from bot.changes import response_of, write_kind
from bot.crm.base import Parcel, Receipt, Writer
from bot.errors import DeliveryError, Retryable, StoreUnavailable, Throttled, Unauthorized
from bot.jobs import Handler
from bot.jobs_retry import HOUR, MINUTE
from bot.model import Job
from bot.obs import Meters
from bot.obs_log import told, where
from bot.records.base import Delivery, Records
from bot.store.base import Again, Dead, Done, Settlement, Store
from bot.writing_alarms import Alarms
from bot.writing_gate import Gate
from bot.writing_remote import KIND, news_of, parcel_of, remote_id, remote_of
from bot.writing_verdict import Errand, is_answer, verdict

log = logging.getLogger(__name__)

BOUND = 23.0
"""Seconds that one call of a writer may take, below what the worker gives a batch (25)."""
LONG_AWAY = 10 * MINUTE
SELDOM = 6 * HOUR
"""A response that nobody there can take fails in its own time, and not each time that the others go again."""
BREATH = 16
"""Jobs that are read between two pauses for the requests that wait."""


class Writing:
    """Responses to one writer."""

    def __init__(
        self,
        store: Store,
        records: Records,
        writer: Writer,
        *,
        clock: Callable[[], int],
        jitter: Callable[[], float],
        meters: Meters,
        alarms: Alarms,
    ) -> None:
        self._store, self._records, self._writer, self._alarms = store, records, writer, alarms
        self._clock, self._jitter = clock, jitter
        self._outcomes = meters.deliveries
        self._seconds = meters.time("chatsurvey_write_seconds", "Time of one call of a writer", writer=writer.name)
        self.gate = Gate(clock)
        self._greeted = False
        """Whether an alarm of an earlier process was taken back, should there be one."""
        self._hastened = 0

    @property
    def name(self) -> str:
        return self._writer.name

    def handler(self, *, urgent: bool) -> Handler:
        return Handler(self.run, self._writer.batch, self._writer.parallel, urgent, self.gate)

    async def run(self, jobs: Sequence[Job]) -> Sequence[Settlement]:
        if self._clock() < self.gate.opens:  # shut since they were claimed
            return [Again(job.due, interrupted=job.interrupted) for job in jobs]
        errands = [found for found in await self._look(jobs) if found is not None]
        receipts = await self._send([errand.parcel for errand in errands]) if errands else ()
        await self._judge(receipts)
        settled: dict[str, Settlement] = {}
        noted: list[Delivery] = []
        for errand, receipt in zip(errands, receipts, strict=True):
            settlement, delivery = verdict(
                self.name, errand, receipt, now=self._clock(), opens=self.gate.opens, jitter=self._jitter()
            )
            settled[errand.job.id] = settlement
            noted.append(delivery)
            self._outcomes.add(self.name, delivery.state)
            if isinstance(settlement, Dead):
                log.warning("writer %s: dead letter %s: %s", self.name, errand.job.id, settlement.error)
                await self._alarms.dead(self.name, settlement.error)
        await self._records.keep(noted)
        return [settled.get(job.id) or Done() for job in jobs]

    async def _look(self, jobs: Sequence[Job]) -> Sequence[Errand | None]:
        """What each job has to write. Read one by one: a read costs less than a task for it."""
        found = []
        for at, job in enumerate(jobs, 1):
            found.append(await self._errand(job))
            if at % BREATH == 0:
                await asyncio.sleep(0)
        return found

    async def _errand(self, job: Job) -> Errand | None:
        chat = await self._store.load_id(job.payload["chat"])
        if chat is None or not chat.revision or (chat.sample and not self._writer.samples):
            return None
        doc = await self._store.doc(KIND, remote_id(self.name, chat.id))
        remote = remote_of(doc)
        response = response_of(chat)
        news = news_of(self._writer.wants(response), remote, response.revision)
        if not news:
            return None
        if self._writer.transcript:
            response = replace(response, transcript=await self._store.entries(chat.id))
        version = doc.version if doc is not None else 0
        return Errand(job, parcel_of(response, news, remote, doubt=job.interrupted), remote, version)

    async def _send(self, parcels: Sequence[Parcel]) -> Sequence[Receipt]:
        began = time.perf_counter()
        try:
            async with asyncio.timeout(BOUND):
                return await self._write(parcels)
        except TimeoutError:
            return [Receipt(error=Retryable(f"not done within {BOUND:g} s", doubt=True))] * len(parcels)
        finally:
            self._seconds.add(time.perf_counter() - began)

    async def _write(self, parcels: Sequence[Parcel]) -> Sequence[Receipt]:
        """One receipt a parcel, whatever the writer does. A fault in it costs the parcel at fault a retry, alone."""
        try:
            receipts = await self._writer.write(parcels)
            if len(receipts) == len(parcels):
                return receipts
            problem = f"{len(receipts)} receipts for {len(parcels)} parcels"
        except DeliveryError as error:
            return [Receipt(error=error)] * len(parcels)
        except TimeoutError:
            raise
        except Exception as error:  # noqa: BLE001 - a fault of one writer is a failed attempt, told below
            problem = f"{told(error)} at {where(error.__traceback__)}"
        if len(parcels) > 1:
            return [(await self._write((replace(parcel, doubt=True),)))[0] for parcel in parcels]
        log.error("writer %s failed: %s", self.name, problem)
        return [Receipt(error=Retryable(problem, doubt=True))]

    async def _judge(self, receipts: Sequence[Receipt]) -> None:
        """What came of one call, to the gate and to those who must hear of it."""
        errors = [receipt.error for receipt in receipts]
        if refusals := [error for error in errors if isinstance(error, Unauthorized)]:
            before = self.gate.state
            self.gate.refused()
            if before != "parked":
                log.warning("writer %s does not let us in: %s", self.name, refusals[0])
                await self._alarms.parked(self.name, str(refusals[0]))
            return
        if any(map(is_answer, receipts)):
            await self._answered()
        if waits := [error.after for error in errors if isinstance(error, Throttled)]:
            self.gate.throttled(max(waits))
        elif errors and all(isinstance(error, Retryable) for error in errors):
            self.gate.failed()

    async def _answered(self) -> None:
        before, away = self.gate.state, self.gate.away
        self.gate.answered()
        if self.gate.state != "open":
            return
        if before == "parked" or not self._greeted:
            self._greeted = True
            await self._alarms.resumed(self.name)
        if before != "open":
            log.info("writer %s works again", self.name)
            await self._hasten(away)

    async def _hasten(self, away: int) -> None:
        """What failed while it was away need not wait for its turn in the table."""
        now = self._clock()
        if away < LONG_AWAY or now < self._hastened + SELDOM:
            return
        self._hastened = now
        try:
            await self._store.hasten(write_kind(self.name), now)
        except StoreUnavailable as error:
            log.warning("writer %s: what waits is not hastened: %s", self.name, error)
