"""A runtime on the real store, with a clock that is moved by hand."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bot.channels.base import Reply
from bot.flows.catalog import Catalog
from bot.flows.load import load
from bot.model import Address, Change, Conversation, Entry, Inbound, Job, Start
from bot.obs import Meters
from bot.runtime import Runtime
from bot.store.base import Commit
from bot.store.sqlite import SqliteStore
from tests.harness.flows import OTHER, SMALL

HOUR = 3_600_000
BEGIN = 1_800_000_000_000


class Counting(SqliteStore):
    """Counts what a turn asks of the store. `rival` is committed before the next commit, as another tab would."""

    def begin(self) -> None:
        self.calls: Counter[str] = Counter()
        self.losses = 0

    async def load_id(self, chat: str) -> Conversation | None:
        self.calls["load"] += 1
        return await super().load_id(chat)

    async def commit(self, change: Change) -> Commit:
        self.calls["commit"] += 1
        if self.losses:
            self.losses -= 1
            return Commit.LOST
        return await super().commit(change)

    async def entries(self, chat: str, after: int = 0) -> tuple[Entry, ...]:
        self.calls["entries"] += 1
        return await super().entries(chat, after)


class World:
    """A runtime, its store and its clock."""

    def __init__(self, store: Counting) -> None:
        self.now = BEGIN
        self.store = store
        self.woken = 0
        self.meters = Meters()
        self.restart()

    def restart(self, source: str = SMALL, *, desk: bool = False) -> None:
        """Another process on the same store, whose flow file says `source`."""
        self.catalog = Catalog({}, "UTC", desk)
        self.catalog.add(load(source))
        self.runtime = Runtime(self.store, self.catalog, lambda: self.now, self.wake, self.meters)

    def other(self, salt: bytes) -> Runtime:
        """Of another installation, on the same store."""
        return Runtime(self.store, self.catalog, lambda: self.now, self.wake, salt=salt)

    def wake(self, _soon: bool) -> None:
        self.woken += 1

    async def open(self) -> str:
        reply = await self.runtime.open(Start("", Address("web", ""), self.now, locale="en"))
        self.store.calls.clear()
        return reply.conversation.id

    async def score(self, chat: str, value: int, id: str = "m1", after: int = 1) -> Reply:
        return await self.runtime.receive(chat, Inbound(id, self.now, "value", value=value, fence=1), after)

    async def timer(self) -> Job:
        """The one timer job, claimed."""
        (job,) = await self.store.claim(self.now, 10, HOUR, ("timer",))
        return job


@asynccontextmanager
async def a_world(folder: Path) -> AsyncIterator[World]:
    store = Counting.open(folder / "chats.db", lambda: BEGIN)
    assert isinstance(store, Counting)
    store.begin()
    made = World(store)
    for source in (SMALL, OTHER):
        await store.keep_flow(load(source).version, source)
    yield made
    await store.close()


def said(entries: Sequence[Entry]) -> list[str]:
    return [f"{entry.author}: {entry.text}" for entry in entries]
