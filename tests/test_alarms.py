"""Alarms about a writer that needs a person: one message, whatever happens in between."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from bot.alarms import AFTER_REPLAY, LOOK_AGAIN, Alarms, Raising, alarm_job
from bot.desk.alarms import Alarm
from bot.errors import Permanent, Retryable
from bot.jobs import Handler
from bot.model import Job
from bot.store.base import Again, Dead, Done, Retry, Settlement
from bot.store.sqlite import SqliteStore
from bot.writing_gate import Gate
from tests.harness.responses import NOON
from tests.harness.working import HOUR, Clock, Doing, open_store, put, until

TO = "#nps-alerts"


class Wall:
    """Implements `desk.alarms.AlarmBoard`: what stands on it, by place."""

    def __init__(self) -> None:
        self.shown: dict[str, tuple[str, Alarm]] = {}
        self.loses: list[Exception] = []
        """Raised by the next calls after they had their effect: the answer is lost."""

    @property
    def one(self) -> Alarm:
        ((_, alarm),) = self.shown.values()
        return alarm

    async def alarm(self, to: str, place: str, key: str, alarm: Alarm) -> str:
        assert to == TO
        if place and place not in self.shown:
            raise Permanent("it is not there", "message_not_found")
        place = place or f"place-{len(self.shown) + 1}"
        self.shown[place] = key, alarm
        if self.loses:
            raise self.loses.pop(0)
        return place

    async def find(self, to: str, key: str, since: int) -> str:
        assert since <= NOON + 48 * HOUR
        return next((place for place, (known, _) in self.shown.items() if (to, known) == (TO, key)), "")


class World:
    """A store with its alarms, and the wall that they are put up on."""

    def __init__(self, store: SqliteStore, clock: Clock) -> None:
        self.store, self.clock, self.wall = store, clock, Wall()
        self.gate = Gate(clock)
        self.gates = {"write.crm": Handler(Doing(), gate=self.gate)}
        self.alarms = Alarms(store, clock)
        self.raising = Raising(store, self.wall, TO, clock, lambda: 0.5, gates=self.gates)

    async def dies(self, chat: str, error: str = "INVALID_FIELD: No such column NPS__c") -> None:
        """A delivery to the writer `crm` is given up."""
        job = Job(f"{chat}:write.crm", "write.crm", self.clock.now, {"chat": chat})
        await put(self.store, job)
        (claimed,) = await self.store.claim(self.clock.now, 1, 30_000, ("write.crm",))
        await self.store.settle([(claimed, Dead(error))], self.clock.now)
        await self.alarms.dead("crm", error)

    async def looks(self) -> Settlement:
        """The job runs as it waits in the store."""
        view = await self.store.job("system:alarm.crm")
        assert view is not None
        self.clock.now = max(self.clock.now, view.job.due)
        (job,) = await self.store.claim(self.clock.now, 1, 30_000, ("alarm",))
        (settlement,) = await self.raising.run([job])
        await self.store.settle([(job, settlement)], self.clock.now)
        return settlement

    async def waiting(self) -> list[str]:
        return [view.job.id for view in await self.store.jobs("waiting", "write.crm")]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    clock = Clock()
    store = open_store(tmp_path, clock)
    yield World(store, clock)
    await store.close()


async def test_many_dead_letters_are_one_message(world: World) -> None:
    await world.dies("a")
    await world.dies("b")
    assert await world.looks() == Again(world.clock.now + LOOK_AGAIN)
    await world.dies("c", "REQUIRED_FIELD_MISSING: LastName")
    await world.looks()
    assert world.wall.one.text == "3 responses did not get into crm."
    assert world.wall.one.error == "REQUIRED_FIELD_MISSING: LastName"
    assert world.wall.one.button == "Replay"


async def test_replay_sends_all_of_them_again_and_the_message_follows(world: World) -> None:
    await world.dies("a")
    await world.dies("b")
    await world.looks()
    assert (await world.alarms.replay("crm", "T1:maya", ("slack:press:1",))).done
    assert await world.waiting() == ["a:write.crm", "b:write.crm"]
    assert await world.looks() == Again(world.clock.now + AFTER_REPLAY)
    assert (world.wall.one.by, world.wall.one.button, world.wall.one.over) == ("T1:maya", "", False)
    for job in await world.store.claim(world.clock.now, 9, 30_000, ("write.crm",)):
        await world.store.settle([(job, Done())], world.clock.now)
    assert await world.looks() == Done()
    assert world.wall.one.over
    assert world.wall.one.text == "crm has everything again."


async def test_a_press_that_comes_twice_or_too_late_does_nothing(world: World) -> None:
    await world.dies("a")
    await world.alarms.replay("crm", "T1:maya", ("slack:press:1",))
    (job,) = await world.store.claim(world.clock.now, 1, 30_000, ("write.crm",))
    await world.store.settle([(job, Dead("again"))], world.clock.now)
    assert (await world.alarms.replay("crm", "T1:maya", ("slack:press:1",))).done
    assert await world.waiting() == []
    assert await world.store.drop_job("a:write.crm")
    assert not (await world.alarms.replay("crm", "T1:tom", ("slack:press:2",))).done


async def test_what_fails_again_after_a_replay_is_the_same_message(world: World) -> None:
    await world.dies("a")
    await world.looks()
    await world.alarms.replay("crm", "T1:maya")
    await world.looks()
    (job,) = await world.store.claim(world.clock.now, 1, 30_000, ("write.crm",))
    await world.store.settle([(job, Dead("still wrong"))], world.clock.now)
    await world.looks()
    assert (world.wall.one.text, world.wall.one.error) == ("1 response did not get into crm.", "still wrong")


async def test_a_parked_writer_is_told_once_and_its_return_too(world: World) -> None:
    await world.alarms.parked("crm", "the key was taken back")
    await world.alarms.parked("crm", "the key was taken back")
    await world.looks()
    assert world.wall.one.text == "crm does not let us in any more; its responses wait."
    assert world.wall.one.hint.endswith("chatsurvey doctor crm --writer crm")
    assert world.wall.one.error == "the key was taken back"
    assert world.wall.one.button == "Try now"
    await world.alarms.resumed("crm")
    assert await world.looks() == Done()
    assert world.wall.one.over


async def test_a_parked_writer_is_tried_at_once_where_somebody_says_so(world: World) -> None:
    world.gate.refused()
    await put(world.store, Job("a:write.crm", "write.crm", NOON, {"chat": "a"}))
    (job,) = await world.store.claim(NOON, 1, 30_000, ("write.crm",))
    await world.store.settle([(job, Again(world.gate.opens, "the key was taken back"))], NOON)
    await world.alarms.parked("crm", "the key was taken back")
    await world.looks()
    assert world.gate.opens > world.clock.now
    assert (await world.alarms.replay("crm", "T1:maya", ("slack:press:1",))).done
    await world.looks()
    assert world.gate.opens <= world.clock.now
    assert [job.id for job in await world.store.claim(world.clock.now, 1, 30_000, ("write.crm",))] == ["a:write.crm"]


async def test_every_process_tries_a_writer_that_somebody_says_works_again(world: World) -> None:
    """Each has a gate of its own; one of them is told by the desk, the others by a word."""
    other, woken = World(world.store, world.clock), []
    other.alarms = Alarms(world.store, world.clock, lambda: woken.append("other"))
    world.store.hear(partial(other.alarms.heard, other.gates))
    world.gate.refused()
    other.gate.refused()
    await world.alarms.parked("crm", "the key was taken back")
    await world.looks()
    assert not woken
    assert (await world.alarms.replay("crm", "T1:maya", ("slack:press:1",))).done
    await world.looks()
    await until(lambda: other.gate.opens <= world.clock.now)
    assert woken == ["other"]


async def test_a_writer_that_lets_one_process_in_again_is_tried_by_the_others_too(world: World) -> None:
    other = World(world.store, world.clock)
    world.store.hear(partial(other.alarms.heard, other.gates))
    other.gate.refused()
    await world.alarms.resumed("crm")
    await until(lambda: other.gate.opens <= world.clock.now)
    assert other.gate.cautious, "one job alone goes first"


@pytest.mark.parametrize("word", ["try:write.sheets", "try:", "try:timer", "chat:write.crm:1", "write.crm"])
async def test_a_word_about_anything_else_opens_no_gate(world: World, word: str) -> None:
    world.gate.refused()
    world.alarms.heard({**world.gates, "timer": Handler(Doing())}, word)
    assert world.gate.opens > world.clock.now


async def test_a_hold_is_obeyed_whoever_says_what(world: World) -> None:
    world.gate.throttled(30)
    world.alarms.heard(world.gates, "try:write.crm")
    assert world.gate.opens > world.clock.now


async def test_the_next_trouble_is_a_message_of_its_own(world: World) -> None:
    await world.alarms.parked("crm", "no")
    await world.looks()
    await world.alarms.resumed("crm")
    await world.looks()
    world.clock.now += HOUR
    await world.alarms.parked("crm", "no")
    await world.looks()
    assert [alarm.over for _, alarm in world.wall.shown.values()] == [True, False]


async def test_a_lost_answer_of_the_desk_puts_no_second_message_up(world: World) -> None:
    await world.dies("a")
    world.wall.loses = [Retryable("no answer")]
    assert isinstance(await world.looks(), Retry)
    await world.looks()
    assert len(world.wall.shown) == 1


async def test_a_message_that_somebody_deleted_is_put_up_again(world: World) -> None:
    await world.dies("a")
    await world.looks()
    world.wall.shown.clear()
    await world.dies("b")
    await world.looks()
    assert world.wall.one.text == "2 responses did not get into crm."


async def test_where_there_is_no_desk_the_log_says_it_once(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.raising = Raising(world.store, None, "", world.clock, lambda: 0.5, gates={})
    await world.dies("a")
    await world.looks()
    await world.looks()
    assert [record.getMessage() for record in caplog.records] == [
        "1 response did not get into crm. INVALID_FIELD: No such column NPS__c"
    ]


async def test_an_alarm_without_a_cause_says_nothing(world: World) -> None:
    await put(world.store, alarm_job("crm", NOON))
    assert await world.looks() == Done()
    assert world.wall.shown == {}
