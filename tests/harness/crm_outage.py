"""A CRM that is away for a day, in simulated time: real store, real records, real worker, the writer's own stand-in.

Time is moved by hand, half an hour at a time, once the worker has nothing more to do. Before the CRM goes some of its
answers get lost; when it is back it fails a little before it works.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from msgspec import structs

from bot.changes import response_id
from bot.crm.base import Event, Parcel, Receipt, Writer
from bot.jobs import Handler, Worker
from bot.model import Address, Change, Conversation, Job, Response
from bot.obs import Meters
from bot.records.sql import SqlRecords
from bot.sandbox.crm.standin import StandIn, lost, passes, reset_in_body, status
from bot.store.base import Done, Settlement
from bot.store.sqlite import SqliteStore
from bot.work import handlers
from tests.harness.crm_trial import Case, Clock, a_full_response, configured, other_person
from tests.harness.working import until

STEP = 30 * 60
"""Seconds."""
DAY = 24 * 3600
REVISIONS = 3
CUT = (lost(), reset_in_body(), passes(), lost(), passes(), reset_in_body(), passes(), passes(), lost())
"""Done, and never told: at requests that can make things twice."""
SETTLED = 40
"""Steps after the outage within which everything has arrived."""


class Watched:
    """The writer, and what it was given with success, in order."""

    def __init__(self, inner: Writer) -> None:
        self._inner = inner
        self.name, self.samples, self.transcript = inner.name, inner.samples, inner.transcript
        self.batch, self.parallel = inner.batch, inner.parallel
        self.arrived: dict[str, list[int]] = defaultdict(list)
        self.attempts = 0

    def wants(self, response: Response) -> Sequence[Event]:
        return self._inner.wants(response)

    async def write(self, parcels: Sequence[Parcel]) -> Sequence[Receipt]:
        self.attempts += len(parcels)
        receipts = await self._inner.write(parcels)
        for parcel, receipt in zip(parcels, receipts, strict=True):
            if receipt.error is None:
                self.arrived[parcel.response.chat].append(parcel.response.revision)
        return receipts

    async def check(self) -> str:
        return await self._inner.check()

    async def close(self) -> None:
        await self._inner.close()


@dataclass
class World:
    crm: StandIn
    writer: Watched
    store: SqliteStore
    records: SqlRecords
    clock: Clock
    worker: Worker
    lane: Handler
    versions: dict[str, int] = field(default_factory=dict)

    async def say(self, response: Response) -> None:
        """This revision is committed, as a turn would."""
        chat, before = response.chat, self.versions.get(response.chat, 0)
        job = Job(response_id(chat), "response", self.clock(), {"chat": chat}, gathers=True)
        await self.store.commit(Change(chat_of(response, before + 1), before, jobs=(job,)))
        self.versions[chat] = before + 1

    async def quiet(self) -> None:
        """Until the worker has done what there is to do now."""
        self.worker.wake(soon=True)
        await until(self._is_quiet, 60)

    async def _is_quiet(self) -> bool:
        assert self.lane.gate is not None
        due, now = await self.store.due(), self.clock()
        waits = due.get(f"write.{self.writer.name}", now + 1) <= now and self.lane.gate.opens <= now
        return not waits and due.get("response", now + 1) > now and not await self.store.jobs("running", limit=1)

    async def pass_by(self) -> None:
        """Half an hour."""
        await self.quiet()
        self.clock.forward(STEP)
        await self.quiet()


def chat_of(response: Response, version: int) -> Conversation:
    """A chat that says what the response does."""
    r = response
    return Conversation(
        id=r.chat, version=version, flow=r.flow, flow_version=r.flow_version, address=Address("web", r.chat),
        locale=r.locale, state="bye", started=r.started, updated=r.updated, revision=r.revision, score=r.score,
        scored=r.scored, ended=r.ended, outcome=r.outcome, answers={answer.key: answer for answer in r.answers},
        contact=r.contact, context=r.context, visitor=r.visitor, timezone=r.timezone, case=r.case,
    )  # fmt: skip


def revision_of(chat: str, number: int, revision: int) -> Response:
    """The score, then the end, then a case that is resolved."""
    last = structs.replace(other_person(chat, number), revision=revision)
    if revision == 1:
        return structs.replace(last, outcome="", ended=0, case=None)
    return last if revision == 2 else structs.replace(last, case=a_full_response(resolved=True).case)


@asynccontextmanager
async def a_world(case: Case, folder: Path) -> AsyncIterator[World]:
    async with case.start() as crm:
        config = (case.config or configured)(crm, folder)
        clock = Clock()
        watched = Watched(case.build(replace(config, connection=replace(config.connection, timeout=5.0)), clock))
        store = SqliteStore.open(folder / "store.db", clock)
        records = SqlRecords(f"sqlite:///{folder}/records.db")

        async def fire(_: Job) -> Settlement:
            return Done()

        table = handlers(store, records, [watched], fire, clock=clock, jitter=lambda: 0.5, meters=Meters())
        worker = Worker(store, table, clock, lambda: 0.5, poll=0.02, pace=0.001)
        running = asyncio.create_task(worker.run())
        try:
            yield World(crm, watched, store, records, clock, worker, table[f"write.{watched.name}"])
        finally:
            await worker.stop()
            await running
            await watched.close()
            await records.close()
            await store.close()
        assert crm.faults == []


async def a_day_without(case: Case, folder: Path, count: int) -> Mapping[str, int]:
    """Tell `count` chats while it is away and check what came of them. Returns the figures of the run."""
    async with a_world(case, folder) as world:
        chats = [f"c{number:05}" for number in range(count)]
        early = chats[: count // 10]
        world.crm.fails(*CUT, method="POST")
        for number, chat in enumerate(early):
            await world.say(revision_of(chat, number, 1))
        await world.quiet()
        await world.crm.down()
        before = world.writer.attempts
        steps = DAY // STEP
        for step in range(steps):
            for number, chat in enumerate(chats):
                begun = 0 if number < len(early) else number * (steps - 8) // count
                for revision in range(1 + (number < len(early)), REVISIONS + 1):
                    if step == begun + 2 * (revision - 1):
                        await world.say(revision_of(chat, number, revision))
            await world.pass_by()
        during = world.writer.attempts - before
        world.crm.mends()
        world.crm.fails(status(503), status(503, {"retry-after": "2"}))
        world.crm.fails(*CUT, method="POST")
        await world.crm.up()
        took = await settled(world)
        await check(case, world, chats)
        return {"chats": count, "attempts while away": during, "steps until all was there": took}


async def settled(world: World) -> int:
    for step in range(SETTLED):
        await world.pass_by()
        if not await world.store.jobs(limit=1):
            return step
    left = await world.store.jobs(limit=3)
    raise AssertionError(f"left: {[(view.job.id, view.state, view.error) for view in left]}")


async def check(case: Case, world: World, chats: Sequence[str]) -> None:
    """Everything arrived, in revision order, once; what may not is listed."""
    arrived = world.writer.arrived
    assert {chat: arrived[chat][-1:] for chat in chats} == {chat: [REVISIONS] for chat in chats}
    assert [revisions for revisions in arrived.values() if revisions != sorted(set(revisions))] == []
    doubtful = {delivery.chat for delivery in world.records.doubts(len(chats))}
    count = case.counts(world.crm)
    found = {chat: count(chat) for chat in chats}
    assert {chat: times for chat, times in found.items() if times != 1 and chat not in doubtful} == {}
