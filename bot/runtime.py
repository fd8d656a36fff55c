"""The one meeting point of the pure engine and I/O: load, step, commit, wake.

A turn costs one load and one commit. The commit is compare-and-set on the chat's version: the loser of a race loads
again and runs the pure step again, so there are no locks, and a chat may be served by any process. What the caller
gets back is committed. Nothing of a chat is kept here between two turns.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from time import perf_counter

from msgspec.structs import replace

from bot.changes import invitation_id, optout_id, plan, presence_job
from bot.channels.base import Hint, Reply
from bot.errors import Refused, StoreUnavailable, Unknown
from bot.flows import engine, timers
from bot.flows.catalog import Catalog
from bot.flows.machine import Program
from bot.hub import Hub
from bot.hub_shared import SharedHub
from bot.ids import new_id, next_id
from bot.model import Address, Conversation, Doc, DocChange, Entry, Inbound, Job, Start, Turn
from bot.obs import Meters
from bot.runtime_after import awaited, said, soon
from bot.runtime_programs import Programs
from bot.store.base import Again, Commit, Done, Settlement, Store

TRIES = 50
"""Races a turn may lose before its sender is told to try again: more than one chat's burst of messages."""
PRESENCE = 3_000
"""Milliseconds until a page's coming or going is told: a page that is loaded anew goes and comes back."""


class Runtime:
    """Implements `channels.base.Front`, and `fire` for the timers.

    `wake` is called after a commit that leaves something to do later, with whether that is due at once. `clock` gives
    ms since the epoch. `salt` keeps ids of chats on messaging channels from being guessed; every process of an
    installation has the same. `prompt`: a score is reported at once (`changes.plan`). `shared` is the name of this
    process where others serve from the same store.
    """

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        clock: Callable[[], int],
        wake: Callable[[bool], None],
        meters: Meters | None = None,
        *,
        salt: bytes = b"",
        prompt: bool = False,
        shared: str = "",
    ) -> None:
        self._store, self._catalog = store, catalog
        self._clock, self._wake = clock, wake
        self._meters = meters or Meters()
        self._hub = SharedHub(store, shared) if shared else Hub()
        self._programs = Programs(store, catalog)
        self._salt, self._prompt = salt, prompt

    async def open(self, start: Start, flow: str = "") -> Reply:
        """Begin a chat in the live version of `flow` (the file's first). An empty id is made here; on the web, where
        the chat is its own address, an empty peer is the id."""
        chat = start.id or new_id(start.at)
        begun = await self._begin(
            replace(start, id=chat, address=Address(start.address.channel, start.address.peer or chat)), flow
        )
        # The caller's id was used before: the chat is there, and this changes nothing.
        return replace(await self.look(chat), ignored="repeated") if isinstance(begun, Commit) else begun

    async def receive(self, chat: str, inbound: Inbound, after: int = 0, events: tuple[str, ...] = ()) -> Reply:
        began = perf_counter()
        before, program, turn = await self._turn(chat, inbound, events)
        entries = said(turn)
        if after < before.seq:
            entries = await self._store.entries(chat, after)
        elif after > before.seq:
            entries = tuple(entry for entry in entries if entry.seq > after)
        return self._replied(began, program, turn, entries, inbound.at)

    async def receive_at(
        self,
        address: Address,
        inbound: Inbound,
        *,
        events: tuple[str, ...] = (),
        opening: Start | None = None,
        flow: str = "",
    ) -> Reply:
        """The entries of the reply are those of this turn."""
        began = perf_counter()
        for _ in range(TRIES):
            before = await self._store.load(address)
            if opening is not None and (before is None or before.ended):
                begun = await self._begin(self._after(opening, address, before), flow, events)
                if isinstance(begun, Reply):
                    return begun
                if begun is Commit.REPEATED and before is not None:
                    return replace(await self.look(before.id, before.seq), ignored="repeated")
                continue
            if before is None:
                raise Unknown("there is no chat at this address")
            done = await self._try(before, replace(inbound, late=True) if before.ended else inbound, events)
            if done is not None:
                return self._replied(began, *done, said(done[1]), inbound.at)
        raise StoreUnavailable("too many messages from one address at once")

    async def invite(self, start: Start, flow: str, key: str) -> Reply:
        address = start.address
        mark = invitation_id(address, key)
        for _ in range(TRIES):
            known = await self._store.doc("invitation", mark)
            if known is not None:
                return replace(await self.look(known.body.decode()), ignored="repeated")
            if await self._store.doc("optout", optout_id(address)) is not None:
                raise Refused("This person does not want to be invited on this channel.", "opted_out")
            before = await self._store.load(address)
            if before is not None and not before.ended:
                raise Refused("This person is in another chat.", "busy")
            first = self._after(start, address, before)
            docs = (Doc("invitation", mark, 0, first.id.encode()),)
            begun = await self._begin(first, flow, docs=docs)
            if isinstance(begun, Reply):
                return begun
        raise StoreUnavailable("too many messages from one address at once")

    async def resolve(self, alias: str) -> str | None:
        return await self._store.resolve(alias)

    async def look(self, chat: str, after: int = 0) -> Reply:
        conversation = await self._load(chat)
        self._hub.saw(conversation)
        program = await self._programs.of(conversation)
        entries = await self._store.entries(chat, after) if after < conversation.seq else ()
        language = program.language(conversation.locale)
        return Reply(conversation, entries, engine.ask(program, conversation, self._clock()), language=language)

    async def follow(self, chat: str, ref: str, at: int) -> str:
        conversation = await self._load(chat)
        target = engine.target(await self._programs.of(conversation), conversation, ref)
        await self._turn(chat, Inbound(f"click:{ref}:{at}", at, "click", value=ref))
        return target

    def listen(self, chat: str) -> AbstractContextManager[Hint]:
        return self._hub.listen(chat)

    async def present(self, chat: str) -> bool:
        return await self._hub.present(chat)

    async def came_or_went(self, chat: str) -> None:
        job = presence_job(chat, self._clock() + PRESENCE)
        await self._store.put(DocChange(Doc("presence", chat, 1, b""), 0, jobs=(job,)))
        self._wake(False)

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

    async def close(self) -> None:
        """When nobody listens any more, before the store closes."""
        await self._hub.close()

    @property
    def listening(self) -> int:
        """Chats with an open event stream."""
        return len(self._hub)

    async def _turn(
        self, chat: str, inbound: Inbound, events: tuple[str, ...] = ()
    ) -> tuple[Conversation, Program, Turn]:
        """The chat as the step found it, and the committed turn."""
        for _ in range(TRIES):
            before = await self._load(chat)
            done = await self._try(before, inbound, events)
            if done is not None:
                return before, *done
        raise StoreUnavailable("too many messages to one chat at once")

    async def _try(
        self, before: Conversation, inbound: Inbound, events: tuple[str, ...]
    ) -> tuple[Program, Turn] | None:
        """One step and its commit; None where another turn came first."""
        program = self._catalog.program(before.flow_version, before.flow) or await self._programs.of(before)
        turn = engine.step(program, before, inbound)
        if turn.ignored:
            return program, turn
        change = plan(turn, before.version, inbound.at, events, prompt=self._prompt)
        verdict = await self._store.commit(change)
        if verdict is Commit.DONE:
            self._hub.moved(change.conversation, tell=awaited(before, turn.conversation, inbound))
            if change.jobs:
                self._wake(soon(change, inbound.at))
            if change.conversation is not turn.conversation:
                turn = replace(turn, conversation=change.conversation)
            return program, turn
        if verdict is Commit.REPEATED:
            return program, Turn(before, (), "repeated")
        self._meters.races.add()
        return None

    async def _begin(
        self, start: Start, flow: str, events: tuple[str, ...] = (), docs: tuple[Doc, ...] = ()
    ) -> Reply | Commit:
        """The chat `start.id` in the live version of `flow`; or why it was not begun."""
        book = self._catalog.live
        name = flow or next(iter(book.flows))
        program = self._catalog.program(book.version, name)
        if program is None:
            raise Unknown(f'there is no flow "{flow}"')
        change = plan(engine.start(program, start), 0, start.at, events, prompt=self._prompt)
        if docs:
            change = replace(change, docs=(*change.docs, *docs))
        verdict = await self._store.commit(change)
        if verdict is not Commit.DONE:
            return verdict
        self._meters.opened.add(name)
        if change.jobs:
            self._wake(soon(change, start.at))
        return Reply(change.conversation, change.entries, engine.ask(program, change.conversation, start.at))

    def _after(self, start: Start, address: Address, before: Conversation | None) -> Start:
        """The start of the chat that comes after `before` at this address."""
        previous = before.id if before is not None else ""
        return replace(start, address=address, id=next_id(address.channel, address.peer, previous, self._salt))

    def _replied(self, began: float, program: Program, turn: Turn, entries: tuple[Entry, ...], at: int) -> Reply:
        self._meters.turns.add(turn.ignored or "taken")
        self._meters.turn_seconds.add(perf_counter() - began)
        now = turn.conversation
        return Reply(now, entries, engine.ask(program, now, at), turn.ignored)

    async def _load(self, chat: str) -> Conversation:
        conversation = await self._store.load_id(chat)
        if conversation is None:
            raise Unknown("there is no such chat")
        return conversation
