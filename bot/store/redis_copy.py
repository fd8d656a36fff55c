"""The rows of a Redis store, given (`redis_copy_read.py`) and taken: see `copy_rows.py`. Rows of one shard are taken by
one script. Marks stay: they say who is alive."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import TypeAlias

from bot.model import Doc
from bot.store.copy_rows import MARKER, ChatRow, EventRow, Figures, FlowRow, JobRow, NameRow, Row, Thing, head_of
from bot.store.redis import RedisStore
from bot.store.redis_copy_read import OURS, Reader, primaries
from bot.store.redis_lane import told
from bot.store.redis_layout import pack, token
from bot.store.redis_pipe import Arg
from bot.store.redis_wire import Script

_TAKE = Script("take", keeps=True)
_KEPT = 3 * 24 * 3_600_000
"""Ms that the reservation of an event is kept: longer than it counts."""
_STATES = {"w": "waiting", "r": "running", "d": "dead"}
_PAGE = 200
Alone: TypeAlias = tuple[str, str, tuple[Arg, ...]]
"""A command that is no script: its name, its key, the rest."""


class RedisCopy:
    """Implements `bot.store.copy_rows.Copyable`, over a store that stays the caller's. `now`: see `SqliteCopy`."""

    def __init__(self, store: RedisStore, now: int) -> None:
        self._way, self._wire, self._layout = store.inside
        self._now = now
        self._reader = Reader(self._way, self._wire, self._layout, now)

    async def counts(self) -> Mapping[Thing, int]:
        return await self._reader.look()

    def pages(self, thing: Thing) -> AsyncIterator[Sequence[Row]]:
        return self._reader.pages(thing)

    async def take(self, rows: Sequence[Row]) -> None:
        shares: dict[tuple[str, int], list[Arg]] = {}
        jobs: dict[int, list[object]] = {}
        alone: list[Alone] = []
        for row in rows:
            match row:
                case JobRow():
                    jobs.setdefault(self._layout.of_job(row.id), []).append(_job(row))
                case FlowRow(version, source):
                    alone.append(("SET", self._layout.flow(version), (source,)))
                case _:
                    shard, args, more = self._share(row)
                    shares.setdefault((_what(row), shard), []).extend(args)
                    alone += more
        asked = [self._wire.ask(_TAKE, self._layout.bases[shard], "jobs", pack(some)) for shard, some in jobs.items()]
        for (what, shard), args in shares.items():
            head: tuple[Arg, ...] = (what, self._now) if what == "events" else (what,)
            asked.append(self._wire.ask(_TAKE, self._layout.bases[shard], *head, *args))
        asked += [self._wire.send(name, key, *rest, keeps=True) for name, key, rest in alone]
        await asyncio.gather(*asked)

    def _share(self, row: ChatRow | NameRow | Doc | EventRow) -> tuple[int, list[Arg], list[Alone]]:
        """The shard of a row, what the script takes of it, and what has keys of its own."""
        layout = self._layout
        match row:
            case ChatRow():
                turns = [b"%d\n%b" % turn for turn in row.turns]
                head: list[Arg] = [row.id, b"%d %d\n%b" % (row.version, row.seq, row.body), len(turns)]
                return layout.shard(row.id), [*head, *turns], []
            case Doc(kind, id, version, body):
                return layout.of_doc(id), [kind, id, version, body], []
            case NameRow(space, name, chat):
                mark, name = token(), f"{'an'[space == 0]}{name}"
                return layout.shard(chat), [chat, name, mark], [("LPUSH", layout.name(name), (f"{mark} {chat}",))]
            case EventRow(key, at):
                home = layout.shard(key)
                reserved: Alone = ("SET", layout.event(key), (f"moved {home}", "PX", _KEPT))
                return home, [key, at], [reserved] if layout.shards > 1 else []

    async def wipe(self) -> None:
        marker = {("x", "\n".join(MARKER)), ("i", MARKER[0])}
        page: list[bytes] = []
        async for key, letter, _, name in self._reader.keys.all():
            if letter in OURS and (letter, name) not in marker:
                page.append(key)
            if len(page) == _PAGE:
                await self._unlink(page)
                page = []
        await self._unlink(page)

    async def _unlink(self, keys: Iterable[bytes]) -> None:
        await asyncio.gather(*(self._wire.send("UNLINK", key.decode()) for key in keys))

    async def figures(self) -> Figures:
        """Beside a server that is busy with other things, page by page."""
        counts = await self._reader.look(land=False)
        still_open = 0
        async for body in self._reader.bodies():
            still_open += not head_of(body).ended
        jobs: dict[str, dict[str, int]] = {}
        for base in self._layout.bases:
            for kind in sorted(bytes(kind).decode() for kind in await self._wire.send("SMEMBERS", f"{base}:k")):
                for letter, state in _STATES.items():
                    if number := int(await self._wire.send("ZCARD", f"{base}:{letter}:{kind}")):
                        states = jobs.setdefault(kind, {})
                        states[state] = states.get(state, 0) + number
        size = await self._memory()
        return Figures(counts["chats"], still_open, jobs, self._reader.numbers(), counts["flows"], size)

    async def _memory(self) -> int:
        """Of all primaries, in bytes."""
        try:
            found = [await client.info("memory") for client in await primaries(self._way)]
        except Exception as error:
            raise told(error) from error
        return sum(int(node["used_memory"]) for node in found)

    async def close(self) -> None:
        self._reader.close()


def _what(row: ChatRow | NameRow | Doc | EventRow) -> Thing:
    match row:
        case ChatRow():
            return "chats"
        case NameRow():
            return "names"
        case Doc():
            return "documents"
        case EventRow():
            return "events"


def _job(row: JobRow) -> list[object]:
    """As `take.lua` reads it: a job's fields with its lease, behind its id."""
    first = [row.id, row.kind, row.due, row.payload, row.gen, row.attempt, row.state, 0]
    return [*first, row.error, row.created, row.touched, row.cut]
