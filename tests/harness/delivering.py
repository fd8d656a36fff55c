"""A messaging channel around a runtime: people who write, agents who answer, and deliveries that are run by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.changes import deliver_job
from bot.channels.base import Reply
from bot.deliver import Delivering
from bot.flows.load import load
from bot.model import Address, CaseFacts, Doc, DocChange, Inbound, InboundKind, Job, Start, Value
from bot.records.sql import SqlRecords
from bot.store.base import Settlement
from tests.harness.flows import ATTENDED
from tests.harness.messenger import Killed, Messenger
from tests.harness.world import World, a_world

LEASE = 30_000


class Scene:
    """`told` is what people see."""

    def __init__(self, world: World, records: SqlRecords) -> None:
        self.world = world
        self.records = records
        self.messenger = Messenger()
        self.count = 0
        self.restart()

    @property
    def told(self) -> list[str]:
        return self.messenger.told

    @property
    def clock(self) -> int:
        return self.world.now

    def restart(self) -> None:
        """Another process: nothing is left but the store."""
        self.world.restart(ATTENDED, desk=True)
        self.delivering = Delivering(
            self.world.store,
            self.records,
            self.world.runtime,
            self.messenger,
            clock=lambda: self.world.now,
            jitter=lambda: 0.5,
            meters=self.world.meters,
        )

    async def hears(self, text: str, peer: str = "ann") -> Reply:
        """Someone writes; the first message begins a chat."""
        address, inbound = Address("telegram", peer), self._inbound("text", text=text)
        opening = Start("", address, self.clock, locale="en")
        return await self.world.runtime.receive_at(address, inbound, opening=opening)

    async def late(self, text: str, peer: str = "ann") -> Reply:
        """Someone writes who may not begin a chat by it."""
        return await self._at(peer, self._inbound("text", text=text))

    async def agent(self, act: str, text: str = "", ref: str = "", peer: str = "ann") -> Reply:
        return await self._at(peer, self._inbound("agent", act, text, name="Maya", ref=ref))

    async def case(self, facts: CaseFacts, peer: str = "ann") -> Reply:
        return await self._at(peer, Inbound(self._id(), self.clock, "case", case=facts))

    async def wait(self, length: int) -> None:
        """Time goes by, and the timer of Ann's chat fires."""
        self.world.now += length
        await self._at("ann", self._inbound("timer"))

    async def deliver(self) -> dict[str, Settlement]:
        """Run every delivery that is due, once; what became of it by the person's chat."""
        jobs = await self.claim()
        outcomes = list(zip(jobs, [(await self.delivering.run((job,)))[0] for job in jobs], strict=True))
        await self.world.store.settle(outcomes, self.clock)
        return {job.payload["chat"]: outcome for job, outcome in outcomes}

    async def deliver_and_die(self) -> None:
        """The process is killed in the middle of it: nothing is settled, and the next one starts."""
        for job in await self.claim():
            try:
                await self.delivering.run((job,))
            except Killed:
                break
        await self.world.store.end_leases(self.clock)
        self.restart()

    async def again(self, peer: str = "ann") -> None:
        """A delivery job though there is nothing new."""
        chat = await self.world.store.load(Address("telegram", peer))
        assert chat is not None
        jobs = (deliver_job(chat.id, "telegram", self.clock),)
        await self.world.store.put(DocChange(Doc("none", chat.id, 1, b""), 0, jobs=jobs))

    async def claim(self) -> tuple[Job, ...]:
        return await self.world.store.claim(self.clock, 100, LEASE, ("deliver.telegram",))

    async def job(self, peer: str = "ann") -> str:
        """What the chat's delivery waits for: its state and error; empty where there is none."""
        chat = await self.world.store.load(Address("telegram", peer))
        view = await self.world.store.job(f"{chat.id if chat else ''}:deliver")
        return f"{view.state} {view.error}".strip() if view is not None else ""

    async def _at(self, peer: str, inbound: Inbound) -> Reply:
        return await self.world.runtime.receive_at(Address("telegram", peer), inbound)

    def _inbound(
        self, kind: InboundKind, value: Value | None = None, text: str = "", name: str = "", ref: str = ""
    ) -> Inbound:
        return Inbound(self._id(), self.clock, kind, value=value, text=text, name=name, ref=ref)

    def _id(self) -> str:
        self.count += 1
        return f"in{self.count}"


@asynccontextmanager
async def a_scene(folder: Path) -> AsyncIterator[Scene]:
    async with a_world(folder) as world:
        records = SqlRecords(f"sqlite:///{folder / 'records.db'}")
        await world.store.keep_flow(load(ATTENDED).version, ATTENDED)
        yield Scene(world, records)
        await records.close()
