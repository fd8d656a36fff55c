"""A move of all chats and jobs from one store into another, neither of them served meanwhile.

- The target is empty, holds an unfinished move of the same source (it is wiped, and the move starts over), or is what
  the source's own chats once came from (it is older, so it is replaced).
- Rows go over in pages; nothing grows with their number. What arrived is then read back whole and compared with what
  was read, row for row by their hashes.
- The source is left as it is but for its marker. It is closed before the target is opened to service: a process that is
  killed anywhere in between leaves at least one of the two refused, and the same command carries the move through.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from bot.errors import StoreUnavailable, UserMistake
from bot.ids import new_id
from bot.store.base import Store
from bot.store.copy_marks import MOVING, SERVING, Marker, Step, day, marker_of, put_marker
from bot.store.copy_rows import THINGS, ChatRow, Copyable, Digest, FlowRow, Thing, arriving, head_of

_ALIVE, _BEAT = 15_000, 4.0
"""Ms that a sign of the running move counts, and seconds between two."""
_NO_DATA = frozenset({"lease"})
"""Kinds of documents that a service leaves behind where nobody ever chatted."""

Tell = Callable[[str, int, int], None]
"""(what is done, rows done, of how many): called after each page."""


@dataclass(frozen=True, slots=True)
class End:
    """A store, its rows, and what it is called."""

    store: Store
    rows: Copyable
    place: str
    keep_aside: Callable[[], str] = str
    """Keeps a copy of what is replaced, where that can be done, and says where."""


@dataclass(frozen=True, slots=True)
class Moved:
    counts: Mapping[Thing, int]
    """Rows that were copied; none where the move had been carried through before."""
    before: int = 0
    """When it had been, in ms."""
    kept: str = ""
    """Where what was replaced is kept."""
    unkept: Mapping[str, int] = field(default_factory=dict)
    """Flow versions whose text the source has not, with the number of chats that began with them: those could not go on
    there either."""


async def move(source: End, target: End, clock: Callable[[], int], tell: Tell, name: str) -> Moved:
    """`name`: of whoever moves, the same when it does so again after it was killed. Raises UserMistake where it may not
    be done, StoreUnavailable where one end refuses or what arrived differs; then nothing is lost, and it can be run
    again."""
    async with _marked(source.store, name), _marked(target.store, name):
        await _unserved(source)
        await _unserved(target)
        here, there = await marker_of(source.store), await marker_of(target.store)
        if _same(here.gone, there.came) and here.gone and there.came and here.gone.whole and there.came.whole:
            return Moved({}, there.came.at)
        kept = await _make_room(source.place, target, here, there)
        id_ = here.gone.id if here.gone and _same(here.gone, there.came) else new_id(clock())
        await put_marker(source.store, Marker(here.came, Step(id_, target.place, clock())))
        await put_marker(target.store, Marker(Step(id_, source.place, clock())))
        await target.rows.wipe()
        sent, unkept = await _copied(source, target, tell)
        await _compared(sent, target, tell)
        await _unserved(source)
        await _unserved(target)
        await put_marker(source.store, Marker(here.came, Step(id_, target.place, clock(), whole=True)))
        await put_marker(target.store, Marker(Step(id_, source.place, clock(), whole=True)))
        return Moved({thing: digest.rows for thing, digest in sent.items()}, kept=kept, unkept=unkept)


async def reopen(end: End) -> Step | None:
    """Let a store be served again whose chats were moved away, and say where they went: None where they were not.
    Raises UserMistake for half of a move."""
    marker = await marker_of(end.store)
    if marker.came and not marker.came.whole:
        raise UserMistake(
            f"{end.place} holds half of a move from {marker.came.place}", "Run that `chatsurvey store move` again."
        )
    if marker.gone is not None:
        await put_marker(end.store, Marker(marker.came))
    return marker.gone


async def _make_room(place: str, target: End, here: Marker, there: Marker) -> str:
    """Where what is replaced is kept, if it is. Raises UserMistake where the move may not be made."""
    unfinished = there.came is not None and not there.came.whole and _same(here.gone, there.came)
    if here.came and not here.came.whole:
        raise UserMistake(
            f"{place} holds half of a move from {here.came.place}", "Move the chats from there, where they all are."
        )
    if here.gone and here.gone.whole and not unfinished:
        raise UserMistake(
            f"the chats of {place} were moved to {here.gone.place} on {day(here.gone.at)}; what is here is from then",
            "To move it all the same, say first: chatsurvey store reopen",
        )
    if unfinished:
        return ""
    if there.gone and there.gone.whole and _same(here.came, there.gone):
        return target.keep_aside()
    if there.came and not there.came.whole:
        raise UserMistake(
            f"{target.place} holds half of a move from {there.came.place}",
            "Carry that one through, or empty it: move chats.db away, or FLUSHDB a Redis that holds nothing else.",
        )
    found = await target.rows.figures()
    if found.chats or set(found.documents) - _NO_DATA:
        raise UserMistake(
            f"{target.place} is not empty: it has {found.chats:,} chats",
            "Chats are never mixed. Name an empty one: another DATA_DIR, or another database in REDIS_URL.",
        )
    return ""


def _same(one: Step | None, other: Step | None) -> bool:
    return one is not None and other is not None and one.id == other.id


async def _copied(source: End, target: End, tell: Tell) -> tuple[dict[Thing, Digest], Mapping[str, int]]:
    """What was read, after it was taken; and the flow versions that chats need and the source has not."""
    sent = {thing: Digest() for thing in THINGS}
    flows: set[str] = set()
    needed: Counter[str] = Counter()
    counts = await source.rows.counts()
    for thing, digest in sent.items():
        async for page in source.rows.pages(thing):
            rows = arriving(page)
            if rows:
                digest.add(rows)
                await target.rows.take(rows)
                flows.update(row.version for row in rows if isinstance(row, FlowRow))
                needed.update(head_of(row.body).flow_version for row in rows if isinstance(row, ChatRow))
                tell(f"copying {thing}", digest.rows, counts[thing])
    return sent, {version: chats for version, chats in sorted(needed.items()) if version not in flows}


async def _compared(sent: Mapping[Thing, Digest], target: End, tell: Tell) -> None:
    await target.rows.counts()
    for thing, digest in sent.items():
        found = Digest()
        async for page in target.rows.pages(thing):
            found.add(page)
            tell(f"reading back {thing}", found.rows, digest.rows)
        if found != digest:
            raise StoreUnavailable(
                f"of {digest.rows:,} {thing} {found.rows:,} arrived, or some have changed on the way; run it again"
            )


async def _unserved(end: End) -> None:
    """Raises UserMistake where somebody serves it, or moves it too."""
    living = await end.store.marks(SERVING)
    if living:
        raise UserMistake(
            f"{end.place} is served by {len(living)} process{'es' if len(living) > 1 else ''}",
            "Stop them first, on every host. One that was killed counts for 15 seconds.",
        )
    if len(await end.store.marks(MOVING)) > 1:
        raise UserMistake(f"{end.place} is being moved already", "A move that was killed counts for 15 seconds.")


@asynccontextmanager
async def _marked(store: Store, name: str) -> AsyncIterator[None]:
    """A service that starts meanwhile is refused."""

    async def beat() -> None:
        while True:
            await asyncio.sleep(_BEAT)
            with suppress(StoreUnavailable):  # the copy itself fails where it is away for long
                await store.mark(MOVING, name, b"1", _ALIVE)

    await store.mark(MOVING, name, b"1", _ALIVE)
    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
        with suppress(StoreUnavailable):  # it ends by itself
            await store.unmark(MOVING, name)
