"""A lease: one process at a time does the work, and another one goes on where it cannot any more."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from bot.errors import StoreUnavailable
from bot.lease import KEPT, KIND, RENEW, UNSEEN, Lease
from bot.model import Doc, DocChange
from bot.store.base import Commit
from bot.store.sqlite import SqliteStore
from tests.harness.working import Clock, until

STEP = 0.5
LOOKS = 12
"""At its clock, of who has gone through everything that it does in one."""


class Reached(SqliteStore):
    """The store as one process reaches it. `away`: not at all; `mute`: what it asks is done, and no answer comes."""

    away = mute = False

    async def doc(self, kind: str, id: str) -> Doc | None:
        self._check()
        return await super().doc(kind, id)

    async def put(self, change: DocChange) -> Commit:
        self._check()
        done = await super().put(change)
        if self.mute:
            raise StoreUnavailable("the answer was lost")
        return done

    def _check(self) -> None:
        if self.away:
            raise StoreUnavailable("away")


class Process:
    """One that wants the lease. Its clock counts how often it was looked at."""

    def __init__(self, room: "Room", name: str) -> None:
        self._room, self.name = room, name
        store = Reached.open(room.file, Clock())
        assert isinstance(store, Reached)
        self.store = store
        self.looks = 0
        self.task = asyncio.create_task(
            Lease(store, "polling", process=name, ticks=self._ticks, look=0.001).run(self._work)
        )

    def _ticks(self) -> float:
        self.looks += 1
        return self._room.ticks

    async def _work(self) -> None:
        self._room.at_work.append(self.name)
        self._room.most = max(self._room.most, len(self._room.at_work))
        try:
            await self._room.over.wait()
        finally:
            self._room.at_work.remove(self.name)

    async def stops(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):  # ours; what else ended it is raised
            await self.task

    async def is_killed(self) -> None:
        self.store.away = True
        await self.stops()


class Room:
    """Processes around one store. `ticks` is the clock of them all; `at_work` are those that do the work now."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "store.db"
        self.ticks = 1_000.0
        self.at_work: list[str] = []
        self.most = 0
        self.over = asyncio.Event()
        self.processes: dict[str, Process] = {}

    def begins(self, *names: str) -> None:
        self.processes |= {name: Process(self, name) for name in names}

    def __getitem__(self, name: str) -> Process:
        return self.processes[name]

    async def passes(self, seconds: float) -> None:
        """Time goes by, in steps that everybody looks at."""
        for _ in range(int(seconds / STEP)):
            self.ticks += STEP
            awake = {one: one.looks + LOOKS for one in self.processes.values() if self._looks(one)}
            await until(partial(self._have_looked, awake))

    def _have_looked(self, awake: Mapping[Process, int]) -> bool:
        return all(one.looks >= enough or not self._looks(one) for one, enough in awake.items())

    def _looks(self, one: Process) -> bool:
        return not one.task.done() and (one.name in self.at_work or not one.store.away)

    async def holder(self) -> str:
        await until(lambda: bool(self.at_work))
        (name,) = self.at_work
        return name

    async def other(self, *names: str) -> str:
        """Somebody who is none of these, at work."""
        await until(lambda: bool(set(self.at_work) - set(names)))
        return await self.holder()


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    made = Room(tmp_path)
    yield made
    for process in made.processes.values():
        await process.stops()
        await process.store.close()
    assert made.most == 1


async def test_one_of_several_does_the_work_and_keeps_it(room: Room) -> None:
    room.begins("a", "b", "c")
    holder = await room.holder()
    await room.passes(2 * UNSEEN)
    assert room.at_work == [holder]


async def test_a_graceful_stop_lets_another_go_on_at_once(room: Room) -> None:
    room.begins("a", "b")
    holder = await room.holder()
    await room[holder].stops()
    assert await room.other(holder) != holder


async def test_after_a_kill_another_goes_on_once_it_has_seen_nothing_for_long_enough(room: Room) -> None:
    room.begins("a", "b", "c")
    holder = await room.holder()
    await room.passes(UNSEEN)
    await room[holder].is_killed()
    await room.passes(UNSEEN - RENEW - STEP)
    assert room.at_work == []
    await room.passes(RENEW + 2 * STEP)
    assert await room.other(holder) != holder


async def test_a_holder_that_is_cut_off_stops_before_another_begins(room: Room) -> None:
    room.begins("a", "b")
    holder = await room.holder()
    room[holder].store.away = True
    await room.passes(KEPT - RENEW - STEP)
    assert room.at_work == [holder], "a short outage changes nothing"
    await room.passes(RENEW + STEP)
    assert room.at_work == []
    await room.passes(UNSEEN - KEPT + STEP)
    assert await room.other(holder) != holder
    room[holder].store.away = False
    await room.passes(UNSEEN)
    assert room.at_work != [holder], "who comes back waits like everybody else"


async def test_where_the_store_is_away_for_all_the_work_goes_on_afterwards(room: Room) -> None:
    room.begins("a", "b")
    await room.holder()
    for name in ("a", "b"):
        room[name].store.away = True
    await room.passes(30)
    assert room.at_work == []
    for name in ("a", "b"):
        room[name].store.away = False
    assert await room.holder() in ("a", "b")


async def test_a_holder_whose_answers_are_lost_for_a_while_stays_it(room: Room) -> None:
    room.begins("a", "b")
    holder = await room.holder()
    room[holder].store.mute = True
    await room.passes(RENEW + STEP)
    room[holder].store.mute = False
    await room.passes(2 * UNSEEN)
    assert room.at_work == [holder]


async def test_a_lease_that_was_taken_is_not_given_up_by_who_had_it(room: Room) -> None:
    room.begins("a")
    holder = await room.holder()
    doc = await room[holder].store.doc(KIND, "polling")
    assert doc is not None
    taken = DocChange(Doc(KIND, "polling", doc.version + 1, b"somebody else"), doc.version)
    assert await room[holder].store.put(taken) is Commit.DONE
    await room.passes(RENEW + STEP)
    assert room.at_work == []
    await room[holder].stops()
    assert (await room[holder].store.doc(KIND, "polling")) == taken.doc


async def test_work_that_ends_or_fails_gives_the_lease_up(room: Room) -> None:
    store = Reached.open(room.file, Clock())

    async def fails() -> None:
        raise LookupError("a fault in the work")

    with pytest.raises(LookupError):
        await Lease(store, "polling").run(fails)
    room.begins("b")
    assert await room.holder() == "b"
    await store.close()
