"""The rows of a Redis store. What there is is looked up first, with SCAN, and kept in a temporary file: so each row is
given once and in order, however often SCAN tells of it, and a million of them are never in memory."""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence

import msgspec
from redis.asyncio import Redis

from bot.errors import StoreUnavailable
from bot.store.copy_rows import MARKER, ChatRow, EventRow, FlowRow, JobRow, NameRow, Row, Thing
from bot.store.redis_cluster import Cluster
from bot.store.redis_lane import told
from bot.store.redis_layout import Layout, left
from bot.store.redis_rows import Row as ScriptRow
from bot.store.redis_rows import doc_of
from bot.store.redis_wire import Script, Way, Wire
from bot.store.turns import EVENT_KEPT

GIVE, _LAND = Script("give"), Script("land", keeps=True)
_PAGE = 100
"""Chats that a script reads at once: Redis serves nobody else meanwhile."""
_LOOK = 1000
"""Keys or jobs that one step looks at."""
_LETTERS: Mapping[str, Thing] = {"c": "chats", "n": "names", "x": "documents", "e": "events", "f": "flows"}
"""What a key's letter says that it holds (`lua/lib.lua`), where it is a row of its own."""
OURS = "alcnxewrdkjfigopv"
"""Letters of keys that hold data; marks and the layout stay where they are."""

_encode = msgspec.msgpack.Encoder().encode
_job_row = msgspec.msgpack.Decoder(JobRow).decode


class Keys:
    """The keys under a prefix, and no others: those of `prefix:more` are of another service."""

    def __init__(self, way: Way, layout: Layout) -> None:
        self._way = way
        prefix = re.escape(layout.prefix)
        self._shards = re.compile(rf"{prefix}:\{{{prefix}\.(\d+)\}}:(\w)(?::(.*))?", re.DOTALL)
        self._own = re.compile(rf"{prefix}:([nvf]):\{{(.*)\}}", re.DOTALL)
        self._match = re.sub(r"([\\*?\[\]^])", r"\\\1", layout.prefix) + ":*"

    async def all(self) -> AsyncIterator[tuple[bytes, str, int, str]]:
        """(key, letter, shard, name); a key may come twice. Raises StoreUnavailable."""
        try:
            for client in await primaries(self._way):
                async for key in client.scan_iter(match=self._match, count=_LOOK):
                    if found := self._read(bytes(key).decode("utf-8", "replace")):
                        yield (key, *found)
        except Exception as error:
            raise told(error) from error

    def _read(self, key: str) -> tuple[str, int, str] | None:
        if found := self._shards.fullmatch(key):
            return found[2], int(found[1]), found[3] or ""
        if found := self._own.fullmatch(key):
            return found[1], 0, found[2]
        return None


async def primaries(way: Way) -> list[Redis]:
    """All that hold keys."""
    return await way.primaries() if isinstance(way, Cluster) else [await way.listener()]


class Reader:
    def __init__(self, way: Way, wire: Wire, layout: Layout, now: int) -> None:
        self._wire = wire
        self._layout = layout
        self._since = now - EVENT_KEPT
        self.keys = Keys(way, layout)
        self._index = sqlite3.connect("", isolation_level=None)  # a file that nobody else sees, gone when it is closed

    async def look(self, *, land: bool = True) -> Mapping[Thing, int]:
        """Find everything, and say how much there is; of names and events some may count no more. `land`: nobody
        serves the store, so what was left on the way between shards can be brought to its place."""
        if land:
            await self._land_what_is_left()
        index = self._index
        index.executescript(
            "DROP TABLE IF EXISTS item; CREATE TABLE item (thing TEXT, key TEXT, shard INTEGER, body BLOB,"
            " PRIMARY KEY (thing, key)) WITHOUT ROWID; BEGIN"
        )
        put = "INSERT OR REPLACE INTO item VALUES (?, ?, ?, ?)"
        async for _, letter, shard, name in self.keys.all():
            thing = _LETTERS.get(letter)
            if thing and (thing, name) != ("documents", "\n".join(MARKER)):
                index.execute(put, (thing, name, shard, None))
        for shard, base in enumerate(self._layout.bases):
            async for row in self._jobs(base):
                index.execute(put, ("jobs", row.id, shard, _encode(row)))
        index.execute("COMMIT")
        found = dict(index.execute("SELECT thing, count(*) FROM item GROUP BY 1").fetchall())
        return {thing: found.get(thing, 0) for thing in ("flows", "chats", "names", "jobs", "documents", "events")}

    async def pages(self, thing: Thing) -> AsyncIterator[Sequence[Row]]:
        for page in self._indexed(thing):
            match thing:
                case "chats":
                    yield await self._chats([(key, shard) for key, shard, _ in page])
                case "jobs":
                    yield [_job_row(body) for _, _, body in page]
                case "names":
                    yield await self._names([key for key, _, _ in page])
                case _:
                    keys = [self._key(thing, key, shard) for key, shard, _ in page]
                    found = zip(page, await self._values(keys), strict=True)
                    yield [row for (key, _, _), raw in found if (row := self._row(thing, key, raw))]

    async def bodies(self) -> AsyncIterator[bytes]:
        """Of all chats, without their logs."""
        for page in self._indexed("chats"):
            keys = [f"{self._layout.bases[shard]}:c:{key}" for key, shard, _ in page]
            for raw in filter(None, await self._values(keys)):
                yield raw[raw.index(b"\n") + 1 :]

    def numbers(self) -> dict[str, int]:
        """Documents by kind."""
        sql = "SELECT substr(key, 1, instr(key, char(10)) - 1), count(*) FROM item WHERE thing = 'documents' GROUP BY 1"
        return dict(self._index.execute(sql).fetchall())

    def close(self) -> None:
        self._index.close()

    def _indexed(self, thing: Thing) -> Iterator[list[tuple[str, int, bytes]]]:
        found = self._index.execute("SELECT key, shard, body FROM item WHERE thing = ? ORDER BY key", (thing,))
        while page := found.fetchmany(_PAGE):
            yield page

    async def _values(self, keys: Iterable[str]) -> list[bytes | None]:
        found: list[bytes | None] = await asyncio.gather(*(self._wire.send("GET", key) for key in keys))
        return found

    async def _chats(self, page: Sequence[tuple[str, int]]) -> list[Row]:
        by_shard: dict[int, list[str]] = {}
        for id_, shard in page:
            by_shard.setdefault(shard, []).append(id_)
        bases = self._layout.bases
        answers = await asyncio.gather(
            *(self._wire.ask(GIVE, bases[shard], "chats", *ids) for shard, ids in by_shard.items())
        )
        found: dict[str, Row] = {}
        for ids, answer in zip(by_shard.values(), answers, strict=True):
            for id_, (raw, turns) in zip(ids, answer, strict=True):
                if raw is None:
                    raise StoreUnavailable("a chat went away while it was read: is the store served meanwhile?")
                head, _, body = raw.partition(b"\n")
                version, _, seq = head.partition(b" ")
                log = tuple((int(last), lines) for last, _, lines in (turn.partition(b"\n") for turn in turns))
                found[id_] = ChatRow(id_, int(version), int(seq), body, log)
        return [found[id_] for id_, _ in page]

    async def _names(self, names: Sequence[str]) -> list[Row]:
        """The newest candidate of each that its chat confirms."""
        lists = await asyncio.gather(*(self._wire.send("LRANGE", self._layout.name(name), 0, -1) for name in names))
        rows: list[Row] = []
        for name, entries in zip(names, lists, strict=True):
            for entry in entries:
                token, _, chat = bytes(entry).decode().partition(" ")
                said = await self._wire.send("HGET", f"{self._layout.base(chat)}:a:{chat}", name)
                if said == token.encode():
                    rows.append(NameRow(0 if name[0] == "n" else 1, name[1:], chat))
                    break
        return rows

    async def _jobs(self, base: str) -> AsyncIterator[JobRow]:
        cursor = b"0"
        while True:
            cursor, rows = await self._wire.run(GIVE, base, "jobs", cursor, _LOOK)
            for row in rows:
                yield job_row(row)
            if cursor == b"0":
                return

    async def _land_what_is_left(self) -> None:
        """What was committed in one shard for another, by a process that was killed before it brought it there."""
        for base in self._layout.bases:
            for one in left(await self._wire.send("HGETALL", f"{base}:o")):
                await self._wire.run(_LAND, self._layout.bases[one.shard], *one.args)
                await self._wire.send("HDEL", f"{base}:o", one.id)

    def _key(self, thing: Thing, key: str, shard: int) -> str:
        if thing == "flows":
            return self._layout.flow(key)
        return f"{self._layout.bases[shard]}:{'x' if thing == 'documents' else 'e'}:{key}"

    def _row(self, thing: Thing, key: str, raw: bytes | None) -> Row | None:
        if raw is None:
            return None
        if thing == "flows":
            return FlowRow(key, raw.decode())
        if thing == "documents":
            kind, _, id_ = key.partition("\n")
            return doc_of(kind, id_, raw)
        return EventRow(key, int(raw)) if raw.isdigit() and int(raw) > self._since else None


def job_row(row: ScriptRow) -> JobRow:
    id_, kind, due, payload, gen, attempt, cut, state, error, created, touched = row
    names = (id_.decode(), kind.decode(), due, payload.decode(), gen, attempt)
    return JobRow(*names, state, error.decode(), created, touched, bool(cut))
