"""The store on Redis 6.2+ or Valkey, for several processes and hosts: one script an operation (`lua/`).

A turn is two round trips, its load and its commit. What is where: `redis_layout.py` and the head of `lua/lib.lua`.

On one server everything is in one shard and each commit is atomic, whatever it holds. On a cluster that holds for what
belongs to one chat; what a commit has for another shard lands there behind it, before the call returns or, where the
process is killed in between, when somebody next looks for jobs. What is asked of one shard at once is judged in order.

What an acknowledged commit survives is the server's matter: with `appendfsync always` a lost power supply, with
`everysec` all but the last second, with neither only what the snapshots hold (`redis_check.py` looks and warns).
"""

from collections.abc import Callable, Mapping, Sequence

from bot.errors import ChatsurveyError
from bot.model import Address, Change, Conversation, Doc, DocChange, Entry, Job
from bot.store.base import Backlog, Commit, JobState, JobView, Settlement
from bot.store.redis_hints import Hints
from bot.store.redis_jobs import Leases, RedisJobs
from bot.store.redis_layout import Layout
from bot.store.redis_names import Names
from bot.store.redis_rows import chat_of, doc_of, entries_of
from bot.store.redis_turns import Turns
from bot.store.redis_wire import Script, Way, Wire


class RedisStore:
    """Implements `bot.store.base.Store`. It belongs to the event loop that uses it first. `clock` gives ms since the
    epoch. `prefix`: several services may share one server. `shards` never changes for data that exists. `leases` says
    by whose clock they end: with the server's it does no harm that clocks of hosts differ."""

    def __init__(
        self,
        way: Way,
        clock: Callable[[], int],
        *,
        shards: int = 1,
        prefix: str = "chatsurvey",
        leases: Leases = "caller",
    ) -> None:
        self._layout = Layout(shards, prefix)
        self._wire = Wire(way)
        self._names = Names(self._wire, self._layout)
        self._turns = Turns(self._wire, self._layout, self._names, clock)
        self._jobs = RedisJobs(self._wire, self._layout, self._turns, clock, leases=leases)
        self._hints = Hints(self._wire, self._layout)
        self.inside = (way, self._wire, self._layout)
        """For `redis_copy.py`, which reads and writes what this store keeps."""

    async def load(self, address: Address) -> Conversation | None:
        return await self._names.at(address)

    async def load_id(self, chat: str) -> Conversation | None:
        return chat_of(await self._wire.send("GET", f"{self._layout.base(chat)}:c:{chat}", keeps=True))

    async def commit(self, change: Change) -> Commit:
        return await self._turns.commit(change)

    async def entries(self, chat: str, after: int = 0) -> tuple[Entry, ...]:
        return entries_of(await self._wire.run(_ENTRIES, self._layout.base(chat), chat, after), after)

    async def resolve(self, alias: str) -> str | None:
        return await self._names.resolve(alias)

    async def doc(self, kind: str, id: str) -> Doc | None:
        base = self._layout.bases[self._layout.of_doc(id)]
        return doc_of(kind, id, await self._wire.send("GET", f"{base}:x:{kind}\n{id}"))

    async def docs(self, kind: str, after: str = "", limit: int = 1000) -> tuple[Doc, ...]:
        asked = [self._wire.ask(_DOCS, base, kind, after, limit) for base in self._layout.bases]
        rows = sorted([row for answer in asked for row in await answer])[:limit]
        found = (doc_of(kind, id_.decode(), raw) for id_, raw in rows)
        return tuple(doc for doc in found if doc is not None)

    async def put(self, change: DocChange) -> Commit:
        return await self._turns.put(change)

    async def keep_flow(self, version: str, source: str) -> None:
        await self._wire.send("SETNX", self._layout.flow(version), source, keeps=True)

    async def flow(self, version: str) -> str | None:
        found = await self._wire.send("GET", self._layout.flow(version))
        return None if found is None else bytes(found).decode()

    async def claim(self, now: int, limit: int, lease: int, kinds: Sequence[str] = ()) -> tuple[Job, ...]:
        return await self._jobs.claim(now, limit, lease, kinds)

    async def settle(self, settlements: Sequence[tuple[Job, Settlement]], now: int) -> None:
        await self._jobs.settle(settlements, now)

    async def due(self) -> Mapping[str, int]:
        return await self._jobs.due()

    async def hasten(self, kind: str, now: int) -> None:
        await self._jobs.hasten("f", [kind], now, "+inf")

    async def bring_forward(self, kinds: Sequence[str], now: int, until: int) -> None:
        await self._jobs.hasten("w", kinds, now, until)

    async def backlogs(self, kinds: Sequence[str]) -> Mapping[str, Backlog]:
        return {kind: await self._jobs.backlog(kind) for kind in kinds}

    async def jobs(self, state: JobState | None = None, kind: str = "", limit: int = 100) -> tuple[JobView, ...]:
        return await self._jobs.listing(state, kind, limit)

    async def job(self, id: str) -> JobView | None:
        return await self._jobs.view(id)

    async def retry_job(self, id: str, now: int) -> bool:
        return await self._jobs.by_hand(id, "retry", now)

    async def drop_job(self, id: str) -> bool:
        return await self._jobs.by_hand(id, "drop", 0)

    async def writable(self) -> bool:
        try:
            for base in self._layout.bases:
                await self._wire.probe(base)
        except (ChatsurveyError, OSError):
            return False
        return True

    async def versions(self, chats: Sequence[str]) -> Mapping[str, int]:
        return await self._hints.versions(chats)

    def tell(self, word: str) -> None:
        self._hints.tell(word)

    def hear(self, listener: Callable[[str], None]) -> None:
        self._hints.hear(listener)

    async def mark(self, group: str, name: str, value: bytes, ttl: int) -> None:
        await self._hints.mark(group, name, value, ttl)

    async def unmark(self, group: str, name: str) -> None:
        await self._hints.unmark(group, name)

    async def marks(self, group: str) -> Mapping[str, bytes]:
        return await self._hints.marks(group)

    async def close(self) -> None:
        await self._hints.close()
        await self._turns.close()
        await self._wire.close()


_ENTRIES, _DOCS = Script("entries", keeps=True), Script("docs")
