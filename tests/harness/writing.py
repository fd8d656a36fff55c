"""What tests of deliveries share: a writer that does as it is told, on a real store and real records."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from msgspec.structs import replace

from bot.changes import write_job
from bot.crm.base import Event, Parcel, Receipt
from bot.crm.base import Writer as AnyWriter
from bot.errors import DeliveryError
from bot.jobs import Handler
from bot.model import Conversation, Job, Response
from bot.obs import Meters
from bot.records.base import Delivery
from bot.records.sql import SqlRecords
from bot.store.base import Again, Settlement
from bot.store.sqlite import SqliteStore
from bot.work import handlers
from bot.writing_remote import KIND, Remote, remote_id, remote_of
from tests.harness.responses import NOON
from tests.harness.working import HOUR, Clock, open_store, put

Answer: TypeAlias = Receipt | DeliveryError | Exception | Callable[[Parcel], Receipt]
"""What a parcel gets: an error of the closed list becomes its receipt, any other is raised."""


@dataclass
class Writer:
    """Keeps what it is given; says `answers` first, one a parcel."""

    name: str = "crm"
    samples: bool = False
    transcript: bool = False
    batch: int = 8
    parallel: int = 4
    answers: list[Answer] = field(default_factory=list)
    written: list[Parcel] = field(default_factory=list)
    """What arrived."""
    seen: list[Parcel] = field(default_factory=list)
    """What was tried."""
    calls: int = 0
    on: Callable[[Response], Sequence[Event]] = lambda _: ("answered",)
    closed: bool = False

    def wants(self, response: Response) -> Sequence[Event]:
        return self.on(response)

    async def write(self, parcels: Sequence[Parcel]) -> Sequence[Receipt]:
        self.calls += 1
        self.seen += parcels
        return [self._receipt(parcel) for parcel in parcels]

    def _receipt(self, parcel: Parcel) -> Receipt:
        answer = self.answers.pop(0) if self.answers else Receipt()
        if isinstance(answer, DeliveryError):
            return Receipt(error=answer)
        if isinstance(answer, Exception):
            raise answer
        receipt = answer(parcel) if callable(answer) else answer
        if receipt.error is None:
            self.written.append(parcel)
        return receipt

    @property
    def keys(self) -> list[str]:
        return [parcel.key for parcel in self.written]

    async def check(self) -> str:
        return ""

    async def close(self) -> None:
        self.closed = True


@dataclass
class Bell:
    """Those who are told; notes what."""

    rung: list[tuple[str, ...]] = field(default_factory=list)

    async def dead(self, writer: str, error: str) -> None:
        self.rung.append(("dead", writer, error))

    async def parked(self, writer: str, error: str) -> None:
        self.rung.append(("parked", writer, error))

    async def resumed(self, writer: str) -> None:
        self.rung.append(("resumed", writer))


@dataclass
class Setting:
    store: SqliteStore
    records: SqlRecords
    clock: Clock
    bell: Bell = field(default_factory=Bell)
    meters: Meters = field(default_factory=Meters)

    async def never(self, job: Job) -> Settlement:
        """A timer that is not due yet."""
        return Again(job.due + 1)

    def table(self, *writers: AnyWriter) -> dict[str, Handler]:
        return handlers(
            *(self.store, self.records, writers, self.never),
            clock=self.clock,
            jitter=lambda: 0.5,
            meters=self.meters,
            alarms=self.bell,
        )

    async def run(self, job: Job, *writers: AnyWriter) -> Settlement:
        """Run one job by itself, as the worker would; it is not settled."""
        (settlement,) = await self.table(*writers)[job.kind].run([job])
        return settlement

    async def delivery(self, chat: str = "c1") -> Delivery:
        (found,) = self.records.deliveries(chat)
        return found

    async def remote(self, chat: str = "c1", writer: str = "crm") -> Remote:
        return remote_of(await self.store.doc(KIND, remote_id(writer, chat)))


@dataclass
class Trip:
    """One writer's lane, step by step: what is due is claimed, run and settled, as long as the gate is open."""

    here: Setting
    writer: Writer

    def __post_init__(self) -> None:
        self.handler = self.here.table(self.writer)["write.crm"]

    async def say(self, chat: Conversation) -> None:
        """A new revision of this chat."""
        await self.say_to(chat, "crm")

    async def say_to(self, chat: Conversation, *writers: str) -> None:
        before = await self.here.store.load_id(chat.id)
        version = before.version + 1 if before is not None else 1
        jobs = [write_job(chat.id, writer, self.here.clock()) for writer in writers]
        await put(self.here.store, *jobs, chat=replace(chat, version=version))

    async def step(self, limit: int = 100) -> int:
        """How many jobs were run."""
        now, gate = self.here.clock(), self.handler.gate
        assert gate is not None
        if now < gate.opens:
            return 0
        jobs = await self.here.store.claim(now, 1 if gate.cautious else limit, HOUR, ("write.crm",))
        if jobs:
            await self.here.store.settle(list(zip(jobs, await self.handler.run(jobs), strict=True)), now)
        return len(jobs)


@asynccontextmanager
async def a_setting(folder: Path) -> AsyncIterator[Setting]:
    clock = Clock(NOON)
    store, records = open_store(folder, clock), SqlRecords(f"sqlite:///{folder}/records.db")
    yield Setting(store, records, clock)
    await records.close()
    await store.close()
