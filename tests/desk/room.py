"""A desk without Slack: the real engine, runtime, store and casework around a board in memory, its jobs run by hand."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, cast

from bot.casework import Casework
from bot.casework_cases import Cases
from bot.casework_parts import Parts
from bot.changes import desk_job
from bot.channels.base import Reply
from bot.desk.cases import Case
from bot.desk.policy import Policy, Rule
from bot.flows.catalog import Catalog
from bot.flows.load import load
from bot.model import Address, Conversation, Doc, DocChange, Fact, Inbound, InboundKind, Start, Value
from bot.runtime import Runtime
from bot.settings_desk import DETRACTORS
from bot.store.base import Store
from bot.store.sqlite import SqliteStore
from tests.desk.board import FakeBoard, Killed, Mortal, MortalStore
from tests.harness.flows import ATTENDED

BEGIN = 1_800_000_000_000
LEASE = 30_000
MAYA, TOM = "T1:maya", "T1:tom"
POLICY = Policy(to="#alerts", rules=(Rule("unhappy", "#alerts", when=DETRACTORS),))
CHAT = "c1"


@cache
def compiled(flows: str) -> Catalog:
    found = Catalog({}, "UTC", desk=True)
    found.add(load(flows))
    return found


class Attended(Runtime):
    """A visitor's page, without a browser."""

    # Any: the arguments of the runtime.
    def __init__(self, room: "Room", *args: Any) -> None:
        super().__init__(*args)
        self._room = room

    async def present(self, chat: str) -> bool:
        return self._room.here


class Room:
    def __init__(self, store: SqliteStore, mortal: Mortal, policy: Policy = POLICY, flows: str = ATTENDED) -> None:
        self.real, self.mortal, self.policy, self.flows = store, mortal, policy, flows
        self.board = FakeBoard(mortal)
        self.now = BEGIN
        self.here = True
        """Whether the visitor's page is there."""
        self.sent = 1 << 40
        """How far the log went out to a messaging channel."""
        self._count = 0
        self.restart()

    def restart(self) -> None:
        """Another process: nothing is left but the store and the board."""
        self.store = cast("Store", MortalStore(self.real, self.mortal))
        self.runtime = Attended(self, self.store, compiled(self.flows), self.clock, lambda _soon: None)
        self.cases = Cases(self.store, self.runtime, self.policy, self.clock, lambda: None)
        parts = Parts(
            store=self.store,
            front=self.runtime,
            board=self.board,
            cases=self.cases,
            policy=self.policy,
            clock=self.clock,
            jitter=lambda: 0.0,
            ics=lambda chat: f"https://desk.example/{chat}.ics",
            sent=self._sent,
        )
        self.table = Casework(parts).handlers()

    def clock(self) -> int:
        return self.now

    async def _sent(self, chat: str) -> int:
        return self.sent

    # What happens

    async def opens(self, channel: str = "web", **contact: str) -> None:
        facts = {key: Fact(value) for key, value in contact.items()}
        start = Start(CHAT, Address(channel, CHAT), self.now, locale="en", timezone="Europe/Paris", contact=facts)
        await self.surely(lambda: self.runtime.open(start))

    async def says(self, text: str, *, late: bool = False) -> None:
        await self._visitor("text", text=text, late=late)

    async def taps(self, value: Value) -> None:
        chat = await self.chat()
        await self._visitor("value", value=value, fence=chat.step_seq)

    async def does(self, action: str) -> None:
        await self._visitor("action", value=action)

    async def _visitor(
        self,
        kind: InboundKind,
        *,
        value: Value | None = None,
        text: str = "",
        fence: int | None = None,
        late: bool = False,
    ) -> None:
        self.now += 1_000
        self._count += 1
        inbound = Inbound(f"v{self._count}", self.now, kind, value, text, fence, late=late)

        async def once() -> Reply:
            return await self.runtime.receive(CHAT, inbound, 1 << 50)

        await self.surely(once)
        await self.works()

    async def surely(self, act: Callable[[], Awaitable[object]]) -> None:
        """Do it, and after a crash once more: whoever asked was not answered."""
        self.now += 10
        try:
            await act()
        except Killed:
            await self.rises()
            await act()

    async def rises(self) -> None:
        self.restart()
        await self.real.end_leases(self.now)

    async def works(self, *, kick: bool = True) -> None:
        """Run what is due of the desk's jobs until nothing is; a crash on the way is followed by a new process."""
        if kick:  # as the recording of a response does
            await self.surely(
                lambda: self.store.put(DocChange(Doc("kick", CHAT, 1, b""), 0, (desk_job(CHAT, self.now),)))
            )
        for _ in range(100):
            try:
                jobs = await self.real.claim(self.now, 1, LEASE, ("desk", "case"))
                if not jobs:
                    return
                settled = await self.table[jobs[0].kind].run(jobs)
                await self.store.settle([(jobs[0], settled[0])], self.now)
            except Killed:
                await self.rises()
        raise AssertionError("the desk does not come to rest")

    async def later(self, length: int) -> None:
        self.now += length
        await self.works(kick=False)

    async def nobody_comes(self, length: int) -> None:
        """So much time goes by, and the chat's own timer fires."""
        self.now += length
        for job in await self.real.claim(self.now, 1, LEASE, ("timer",)):
            await self.real.settle([(job, await self.runtime.fire(job))], self.now)
        await self.works(kick=False)

    # What is there

    async def chat(self) -> Conversation:
        found = await self.real.load_id(CHAT)
        assert found is not None
        return found

    async def case(self) -> Case:
        found = await self.cases.case(CHAT)
        assert found is not None
        return found

    async def lines(self) -> list[str]:
        """What the customer has heard from agents and about them."""
        return [e.text for e in await self.real.entries(CHAT) if e.author == "agent" or (e.author == "bot" and e.name)]


@asynccontextmanager
async def a_room(folder: Path, at: int = 0, policy: Policy = POLICY, flows: str = ATTENDED) -> AsyncIterator[Room]:
    """`at`: the step after which the process dies; 0 for never."""
    store = SqliteStore.open(folder / "chats.db", lambda: BEGIN)
    try:
        yield Room(store, Mortal(at), policy, flows)
    finally:
        await store.close()


def with_rules(*rules: Rule, **more: object) -> Policy:
    return replace(POLICY, rules=rules, **more)  # type: ignore[arg-type]  # keywords of a test
