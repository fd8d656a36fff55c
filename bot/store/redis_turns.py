"""Commits of turns and documents in Redis.

One script in the shard of the chat (the document) does it, all or nothing. Names are written before; what is for other
shards lands behind. With several shards an event is reserved in a key of its own first (`redis_events.py`), since two
commits with the same event may meet in different shards.
"""

import asyncio
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from bot.errors import StoreUnavailable
from bot.model import Change, DocChange
from bot.store.base import Commit
from bot.store.codec import encode_chat, encode_entries
from bot.store.redis_events import Events
from bot.store.redis_layout import Also, Layout, Parcel, pack, parcels, tail, token
from bot.store.redis_names import Names, of_address, of_alias
from bot.store.redis_pipe import Arg
from bot.store.redis_wire import Script, Wire

_COMMIT, _PUT, _LAND = Script("commit", keeps=True), Script("put", keeps=True), Script("land", keeps=True)
_VERDICTS = (Commit.DONE, Commit.LOST, Commit.REPEATED, Commit.LOST)
"""By the scripts' answer; one that was fenced off (another took over its event) runs its step again."""


class Turns:
    def __init__(self, wire: Wire, layout: Layout, names: Names, clock: Callable[[], int]) -> None:
        self._wire = wire
        self._layout = layout
        self._names = names
        self._clock = clock
        self._events = Events(wire, layout, clock)
        self._behind: set[asyncio.Future[object]] = set()

    async def commit(self, change: Change) -> Commit:
        chat, entries, layout = change.conversation, change.entries, self._layout
        if chat.version != change.expected + 1:
            raise ValueError(f"version {chat.version} committed over {change.expected}")
        if entries and (entries[-1].seq != chat.seq or entries[-1].seq - entries[0].seq != len(entries) - 1):
            raise ValueError("the entries do not end in Conversation.seq without a gap")
        lines = encode_entries(entries) if entries else b""
        head: list[Arg] = [chat.id, change.expected, chat.version, chat.seq, len(entries), encode_chat(chat), lines]
        names = [(chat.id, of_alias(alias)) for alias in change.aliases]
        if not change.expected and chat.address.peer != chat.id:
            names.append((chat.id, of_address(chat.address)))
        answer = await self._taken(_COMMIT, layout.shard(chat.id), head, change, names)
        if answer < 0:
            raise ValueError(f"the log ends at {-1 - answer}; {len(entries)} entries cannot lead to {chat.seq}")
        return _VERDICTS[answer]

    async def put(self, change: DocChange) -> Commit:
        doc = change.doc
        if doc.version != change.expected + 1:
            raise ValueError(f"version {doc.version} put over {change.expected}")
        names = [(chat, of_alias(alias)) for alias, chat in change.aliases]
        head: list[Arg] = [doc.kind, doc.id, change.expected, doc.body]
        return _VERDICTS[await self._taken(_PUT, self._layout.of_doc(doc.id), head, change, names)]

    async def _taken(
        self, script: Script, home: int, head: Sequence[Arg], change: Change | DocChange, pairs: list[tuple[str, str]]
    ) -> int:
        """The script's answer, all that goes before and behind it done."""
        # Beside a turn they are put as they are, whatever version they say.
        docs = [replace(doc, version=0) for doc in change.docs] if isinstance(change, Change) else ()
        shares = self._layout.split(change.jobs, change.cancel, docs, ())  # what cannot be kept raises here, unsent
        mark = token() if change.events else ""
        with self._events.doubtful(mark):
            if not await self._events.reserve(change.events, home, mark):
                return _VERDICTS.index(Commit.REPEATED)
            named = await self._names.write(pairs)
            now = self._clock()
            if named:
                shares = self._layout.split(change.jobs, change.cancel, docs, named)
            also, away = shares.get(home, Also()), parcels(shares, home, now)
            meta = pack([*also.head(), change.events, mark])
            answer = int(await self._wire.run(script, self._layout.bases[home], now, *head, meta, *tail(also, away)))
            if answer != 0:
                await self._events.release(change.events, home, mark)
            self._later(self._names.settle(named, answer == 0))
            if answer == 0:
                await self.land(home, away)
            return answer

    async def land(self, home: int, away: Sequence[Parcel]) -> None:
        """Bring what a shard has committed to where it belongs, in order; an error leaves it to those who claim."""
        try:
            for one in away:
                await self._wire.run(_LAND, self._layout.bases[one.shard], *one.args)
                self._later([self._wire.send("HDEL", f"{self._layout.bases[home]}:o", one.id)])
        except StoreUnavailable:
            return

    def _later(self, calls: Sequence[asyncio.Future[object]]) -> None:
        for call in calls:
            self._behind.add(call)
            call.add_done_callback(self._heard)

    def _heard(self, call: asyncio.Future[object]) -> None:
        self._behind.discard(call)
        if not call.cancelled():
            call.exception()

    async def close(self) -> None:
        if self._behind:
            await asyncio.wait(set(self._behind))
