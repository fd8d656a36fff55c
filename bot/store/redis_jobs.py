"""Jobs in Redis, over all shards: those of one shard are claimed and settled by one script each.

With several shards a claim looks what each could give, takes the earliest of all, and looks again where others were
first. Claims of one process wait for each other: they would only meet. A node that is away holds up none of the jobs
that others have.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Literal, TypeAlias

from bot.errors import StoreUnavailable
from bot.model import Doc, Job
from bot.store.base import LONGEST_LEASE, Backlog, Done, JobState, JobView, Settlement
from bot.store.redis_layout import Also, Layout, Parcel, left, pack, parcels, tail
from bot.store.redis_pipe import Arg
from bot.store.redis_rows import STATES, Row, earliest, job_of, settled, view_of
from bot.store.redis_turns import Turns
from bot.store.redis_wire import Script, Wire
from bot.store.standing import stand

_CLAIM, _DUE, _JOBS, _BACKLOG = Script("claim", keeps=True), Script("due"), Script("jobs"), Script("backlog")
_SETTLE, _HASTEN, _JOB = Script("settle", keeps=True), Script("hasten", keeps=True), Script("job", keeps=True)
Seen: TypeAlias = tuple[int, list[tuple[int, bytes]]]
"""When leases would end, and (due, id) of what could be claimed."""
Leases: TypeAlias = Literal["caller", "server"]
"""Whose clock leases end by."""
_PAGE = 500
"""Jobs that a script touches at once: Redis serves nobody else meanwhile."""
_LEFT = 5_000
"""Ms after which what was committed for another shard is taken for left behind, and between looks for such."""


class RedisJobs:
    def __init__(
        self, wire: Wire, layout: Layout, turns: Turns, clock: Callable[[], int], *, leases: Leases = "caller"
    ) -> None:
        self._wire = wire
        self._layout = layout
        self._turns = turns
        self._clock = clock
        self._leases = leases
        self._one_by_one = asyncio.Lock()
        self._looked = 0

    async def claim(self, now: int, limit: int, lease: int, kinds: Sequence[str]) -> tuple[Job, ...]:
        lease = min(lease, LONGEST_LEASE)
        if self._layout.shards == 1:
            base = self._layout.bases[0]
            return tuple(_claimed(await self._wire.run(_CLAIM, base, now, limit, lease, self._leases, "take", *kinds)))
        async with self._one_by_one:
            await self._land_what_is_left()
            taken: list[Job] = []
            while len(taken) < limit:
                try:
                    more = await self._some(now, limit - len(taken), lease, kinds)
                except StoreUnavailable:
                    if not taken:
                        raise
                    break
                if more is None:
                    break
                taken += more
            return tuple(sorted(taken, key=lambda job: (job.due, job.id)))

    async def _some(self, now: int, limit: int, lease: int, kinds: Sequence[str]) -> list[Job] | None:
        """Up to `limit` of the earliest over all shards; None where nothing is due."""
        terms = (now, limit, lease, self._leases)
        seen: list[tuple[int, Seen]] = await self._reached(_CLAIM, *terms, "look", *kinds)
        found = sorted((due, id_, shard) for shard, (_, rows) in seen for due, id_ in rows)[:limit]
        if not found:
            return None
        by_shard: dict[int, list[bytes]] = {}
        for _, id_, shard in found:
            by_shard.setdefault(shard, []).append(id_)
        asked = [
            self._wire.ask(_CLAIM, self._layout.bases[shard], *terms, "these", *ids) for shard, ids in by_shard.items()
        ]
        return [job for _, answer in await _answered(asked) for job in _claimed(answer)]

    async def _land_what_is_left(self) -> None:
        """What a killed process had committed for other shards and not landed. Also where nothing is claimed, for
        nothing else may be due."""
        if abs(self._clock() - self._looked) < _LEFT:
            return
        self._looked = self._clock()
        late = f"{self._looked - _LEFT:015}"
        asked = [self._wire.send("HGETALL", f"{base}:o", keeps=True) for base in self._layout.bases]
        for home, pairs in await _answered(asked):
            await self._turns.land(home, [one for one in left(pairs) if one.id < late])

    async def settle(self, settlements: Sequence[tuple[Job, Settlement]], now: int) -> None:
        """A shard's settlements go together, with the jobs and documents that they bring. Where a shard cannot be
        reached those of the others are settled before that is raised."""
        layout, clock = self._layout, self._clock()
        by_shard: dict[int, list[tuple[Job, Settlement]]] = {}
        for job, outcome in settlements:
            by_shard.setdefault(layout.of_job(job.id), []).append((job, outcome))
        standing = stand(doc for _, outcome in settlements for doc in outcome.docs)
        asked: list[Awaitable[None]] = []
        for home, some in by_shard.items():
            jobs: Iterable[Job] = [job for _, outcome in some if isinstance(outcome, Done) for job in outcome.jobs]
            docs: list[Doc] = [doc for _, o in some for doc in o.docs if standing[doc.kind, doc.id] is doc]
            shares = layout.split(jobs, (), docs, ())
            also, away = shares.get(home, Also()), parcels(shares, home, clock)
            done = pack([settled(job, outcome) for job, outcome in some])
            args = (now, clock, done, pack(also.head()), *tail(also, away))
            asked.append(self._settle(home, args, away))
        wrong = [error for error in await asyncio.gather(*asked, return_exceptions=True) if error is not None]
        if wrong:
            raise wrong[0]

    async def _settle(self, home: int, args: Sequence[Arg], away: Sequence[Parcel]) -> None:
        await self._wire.run(_SETTLE, self._layout.bases[home], *args)
        await self._turns.land(home, away)

    async def due(self) -> dict[str, int]:
        if self._layout.shards > 1:
            await self._land_what_is_left()
        found: dict[str, int] = {}
        for _, rows in await self._reached(_DUE, self._clock(), self._leases):
            for kind, at in rows:
                found[kind.decode()] = min(at, found.get(kind.decode(), at))
        return found

    async def hasten(self, what: Literal["f", "w"], kinds: Sequence[str], now: int, until: int | str) -> None:
        """Those that failed before, or all that wait."""
        for base in self._layout.bases:
            for kind in kinds:
                while await self._wire.run(_HASTEN, base, what, kind, now, until, _PAGE) == _PAGE:
                    pass

    async def backlog(self, kind: str) -> Backlog:
        """Counted page by page: jobs that come and go meanwhile may be missed for `oldest`."""
        waiting = dead = 0
        made: list[int] = []
        for base in self._layout.bases:
            page, more = 0, 1
            while more:
                here, gone, oldest, more = await self._wire.run(_BACKLOG, base, kind, page * _PAGE, _PAGE)
                made += [oldest] if oldest else []
                page += 1
            waiting, dead = waiting + here, dead + gone
        return Backlog(waiting, dead, min(made, default=0))

    async def listing(self, state: JobState | None, kind: str, limit: int) -> tuple[JobView, ...]:
        """Read page by page: whoever lists a million does not hold up the others."""
        bases = self._layout.bases
        kinds = {kind}
        if not kind:
            known = await asyncio.gather(*(self._wire.send("SMEMBERS", f"{base}:k") for base in bases))
            kinds = {name.decode() for names in known for name in names}
        found: dict[bytes, Row] = {}
        for number in range(len(STATES)) if state is None else [STATES.index(state)]:
            for one in sorted(kinds):
                for some in await asyncio.gather(*(self._list(base, number, one, limit) for base in bases)):
                    found |= some
        return tuple(view_of(row) for row in earliest(tuple(found.values()), limit))

    async def _list(self, base: str, state: int, kind: str, limit: int) -> dict[bytes, Row]:
        """The first `limit` of a list by id; of those that run all, for they stand in another order."""
        found: dict[bytes, Row] = {}
        at, most = 0, limit if STATES[state] != "running" else sys.maxsize
        while at < most:
            rows = await self._wire.run(_JOBS, base, state, kind, at, min(_PAGE, most - at))
            found |= {row[0]: row for row in rows}
            if len(rows) < _PAGE:
                break
            at += _PAGE
        return found

    async def view(self, id: str) -> JobView | None:
        row = await self._wire.run(_JOB, self._layout.bases[self._layout.of_job(id)], id, "view", 0)
        return view_of(row) if row else None

    async def by_hand(self, id: str, what: Literal["retry", "drop"], now: int) -> bool:
        base = self._layout.bases[self._layout.of_job(id)]
        return await self._wire.run(_JOB, base, id, what, now) is not None

    async def _reached(self, script: Script, *args: str | int) -> list[tuple[int, Any]]:
        """(shard, answer) of those whose nodes can be reached. Raises StoreUnavailable where none can."""
        return await _answered([self._wire.ask(script, base, *args) for base in self._layout.bases])


async def _answered(asked: Sequence[Awaitable[Any]]) -> list[tuple[int, Any]]:
    """(its place, the answer) of those that have one. Raises StoreUnavailable where none has."""
    answers = await asyncio.gather(*asked, return_exceptions=True)
    wrong = [answer for answer in answers if isinstance(answer, BaseException)]
    wrong.sort(key=lambda error: isinstance(error, StoreUnavailable))
    if wrong and (len(wrong) == len(answers) or not isinstance(wrong[0], StoreUnavailable)):
        raise wrong[0]
    return [(at, answer) for at, answer in enumerate(answers) if not isinstance(answer, BaseException)]


def _claimed(answer: tuple[int, list[Row]]) -> list[Job]:
    until, rows = answer
    return [job_of(row, until) for row in rows]
