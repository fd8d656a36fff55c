"""The one meeting point of the pure engine and I/O: load, step, commit, wake.

A turn costs one load and one commit. The commit is compare-and-set on the chat's version: the loser of a race loads
again and runs the pure step again, so there are no locks, and a chat may be served by any process. What the caller
gets back is committed. Nothing of a chat is kept here between two turns.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from time import perf_counter

from msgspec.structs import replace

from bot.changes import plan
from bot.channels.base import Hint, Reply
from bot.errors import StoreUnavailable, Unknown
from bot.flows import engine, timers
from bot.flows.catalog import Catalog
from bot.flows.machine import Program
from bot.hub import Hub
from bot.ids import new_id
from bot.model import Address, Conversation, Entry, Inbound, Job, Say, Start, Turn
from bot.obs import Meters
from bot.store.base import Again, Commit, Done, Settlement, Store

TRIES = 50
"""Races a turn may lose before its sender is told to try again: more than one chat's burst of messages."""


class Runtime:
    """Implements `channels.base.Front`, and `fire` for the timers.

    `wake` is called after a commit that leaves something to do later. `clock` gives milliseconds since the epoch.
    """

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        clock: Callable[[], int],
        wake: Callable[[], None],
        meters: Meters | None = None,
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._clock = clock
        self._wake = wake
        self._meters = meters or Meters()
        self._hub = Hub()
        self._fetching: dict[str, asyncio.Task[None]] = {}

    async def open(self, start: Start, flow: str = "") -> Reply:
        """Begin a chat in the live version of `flow` (the file's first). An empty id is made here; on the web, where
        the chat is its own address, an empty peer is the id."""
        book = self._catalog.live
        name = flow or next(iter(book.flows))
        program = self._catalog.program(book.version, name)
        if program is None:
            raise Unknown(f'there is no flow "{flow}"')
        chat = start.id or new_id(start.at)
        start = replace(start, id=chat, address=Address(start.address.channel, start.address.peer or chat))
        turn = engine.start(program, start)
        change = plan(turn, 0, start.at)
        if await self._store.commit(change) is not Commit.DONE:
            # The caller's id was used before: the chat is there, and this changes nothing.
            return replace(await self.look(chat), ignored="repeated")
        self._meters.opened.add(name)
        if change.jobs:
            self._wake()
        return Reply(change.conversation, change.entries, engine.ask(program, change.conversation, start.at))

    async def receive(self, chat: str, inbound: Inbound, after: int = 0) -> Reply:
        began = perf_counter()
        before, program, turn = await self._turn(chat, inbound)
        entries: tuple[Entry, ...] = ()
        if not turn.ignored:
            entries = tuple(effect.entry for effect in turn.effects if isinstance(effect, Say))
        if after < before.seq:
            entries = await self._store.entries(chat, after)
        elif after > before.seq:
            entries = tuple(entry for entry in entries if entry.seq > after)
        now = turn.conversation
        self._meters.turns.add(turn.ignored or "taken")
        self._meters.turn_seconds.add(perf_counter() - began)
        return Reply(now, entries, engine.ask(program, now, inbound.at), turn.ignored)

    async def look(self, chat: str, after: int = 0) -> Reply:
        conversation = await self._load(chat)
        program = await self._program(conversation)
        entries = await self._store.entries(chat, after) if after < conversation.seq else ()
        return Reply(conversation, entries, engine.ask(program, conversation, self._clock()))

    async def follow(self, chat: str, ref: str, at: int) -> str:
        conversation = await self._load(chat)
        target = engine.target(await self._program(conversation), conversation, ref)
        await self._turn(chat, Inbound(f"click:{ref}:{at}", at, "click", value=ref))
        return target

    def listen(self, chat: str) -> AbstractContextManager[Hint]:
        return self._hub.listen(chat)

    async def fire(self, job: Job) -> Settlement:
        """A timer is due. What that means is worked out from the chat, so a late or doubled fire does no harm; where
        the chat has moved meanwhile, the timer moves after it."""
        now = self._clock()
        try:
            before, program, turn = await self._turn(job.payload["chat"], Inbound(f"timer:{job.gen}", now, "timer"))
        except Unknown:
            return Done()
        if turn.ignored:
            self._meters.turns.add(turn.ignored)
            due = 0 if before.ended else timers.rearm(program, before, now)
            return Again(due) if due else Done()
        self._meters.turns.add("timer")
        return Done()

    @property
    def listening(self) -> int:
        """Chats with an open event stream."""
        return len(self._hub)

    async def _turn(self, chat: str, inbound: Inbound) -> tuple[Conversation, Program, Turn]:
        """The chat as the step found it, and the committed turn."""
        for _ in range(TRIES):
            before = await self._load(chat)
            program = self._catalog.program(before.flow_version, before.flow) or await self._program(before)
            turn = engine.step(program, before, inbound)
            if turn.ignored:
                return before, program, turn
            change = plan(turn, before.version, inbound.at)
            if await self._store.commit(change) is Commit.DONE:
                self._hub.ring(chat)
                if change.jobs:
                    self._wake()
                if change.conversation is not turn.conversation:
                    turn = replace(turn, conversation=change.conversation)
                return before, program, turn
            self._meters.races.add()
        raise StoreUnavailable("too many messages to one chat at once")

    async def _load(self, chat: str) -> Conversation:
        conversation = await self._store.load_id(chat)
        if conversation is None:
            raise Unknown("there is no such chat")
        return conversation

    async def _program(self, conversation: Conversation) -> Program:
        """Of the version that the chat began with; read from the store where this process has not met it."""
        version, flow = conversation.flow_version, conversation.flow
        program = self._catalog.program(version, flow)
        if program is None:
            await self._fetch(version)
            program = self._catalog.program(version, flow)
        if program is None:
            raise StoreUnavailable(f"flow {flow} of version {version} cannot be read from the store")
        return program

    async def _fetch(self, version: str) -> None:
        """Once for all who wait for it: compiling a file takes tens of milliseconds, so it is done in a thread."""
        task = self._fetching.get(version)
        if task is None:
            task = asyncio.ensure_future(self._read(version))
            self._fetching[version] = task
            task.add_done_callback(lambda _: self._fetching.pop(version))
        await asyncio.shield(task)

    async def _read(self, version: str) -> None:
        source = await self._store.flow(version)
        if source is not None:
            await asyncio.to_thread(self._catalog.recall, source)
