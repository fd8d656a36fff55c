"""Deliveries to one writer: what is sent when, and that nothing comes twice, too late or in the wrong order."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from msgspec import structs

from bot import writing
from bot.changes import write_job
from bot.crm.base import Event, Parcel, Receipt
from bot.errors import Permanent, Retryable, Throttled, Unauthorized
from bot.jobs import Worker
from bot.model import Change, Entry, Response
from bot.records.base import Delivery
from bot.records.database import Database
from bot.store.base import Again, Done, Retry
from bot.writing_remote import Remote
from tests.harness.responses import NOON, a_response, a_scored_chat
from tests.harness.working import HOUR, MINUTE, SECOND, put
from tests.harness.writing import Setting, Trip, Writer, a_setting

WRITE = write_job("c1", "crm", NOON)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Setting]:
    async with a_setting(tmp_path) as found:
        yield found


async def test_the_newest_revision_is_sent_and_noted(here: Setting) -> None:
    await put(here.store, WRITE, chat=a_scored_chat(revision=7))
    writer = Writer(answers=[Receipt("remote-1")])
    assert isinstance(await here.run(WRITE, writer), Done)
    assert writer.keys == ["resp_c1_7"]
    assert await here.delivery() == Delivery("crm", "c1", 7, "delivered", 1, NOON, "", "remote-1", 7)


@pytest.mark.parametrize("known", [False, True], ids=["no such chat", "nothing said yet"])
async def test_without_a_response_there_is_nothing_to_do(here: Setting, known: bool) -> None:
    if known:
        await put(here.store, WRITE, chat=a_scored_chat(revision=0))
    writer = Writer()
    assert (await here.run(WRITE, writer), writer.calls) == (Done(), 0)


async def test_what_arrived_is_not_sent_again(here: Setting) -> None:
    writer = Writer()
    trip = Trip(here, writer)
    await trip.say(a_scored_chat())
    await trip.step()
    await trip.say(a_scored_chat())
    await trip.step()
    assert writer.keys == ["resp_c1_1"]
    await trip.say(a_scored_chat(revision=2))
    await trip.step()
    assert writer.keys == ["resp_c1_1", "resp_c1_2"]


def three_moments(response: Response) -> Sequence[Event]:
    moments: dict[Event, bool] = {
        "scored": True,
        "completed": response.outcome == "completed",
        "case_resolved": response.revision > 3,
    }
    return [event for event, holds in moments.items() if holds]


async def test_each_moment_is_told_once_and_what_is_of_no_interest_is_not_sent(here: Setting) -> None:
    writer = Writer(on=three_moments)
    trip = Trip(here, writer)
    for revision in (1, 2, 3, 4, 5):
        await trip.say(a_scored_chat(revision=revision, outcome="completed" if revision >= 3 else ""))
        await trip.step()
    assert [(p.response.revision, p.news) for p in writer.written] == [
        (1, ("scored",)),
        (3, ("completed",)),
        (4, ("case_resolved",)),
    ]


async def test_moments_that_came_while_it_was_away_are_told_together(here: Setting) -> None:
    writer = Writer(on=three_moments, answers=[Retryable("down")])
    trip = Trip(here, writer)
    await trip.say(a_scored_chat(revision=1))
    await trip.step()
    await trip.say(a_scored_chat(revision=3, outcome="completed"))
    await trip.step()
    assert [(p.key, p.news) for p in writer.written] == [("resp_c1_3", ("scored", "completed"))]


async def test_notes_come_back_with_the_next_parcel(here: Setting) -> None:
    first, second = (
        Receipt(notes={"contact": "1"}, error=Retryable("down")),
        Receipt(notes={"contact": "1", "case": "2"}),
    )
    writer = Writer(answers=[first, second])
    trip = Trip(here, writer)
    await trip.say(a_scored_chat())
    await trip.step()
    here.clock.now += MINUTE
    await trip.step()
    await trip.say(a_scored_chat(revision=2))
    await trip.step()
    assert [dict(p.notes) for p in writer.seen] == [{}, {"contact": "1"}, {"contact": "1", "case": "2"}]
    assert (await here.remote()).notes == {"contact": "1", "case": "2"}


async def test_an_answer_that_got_lost_leaves_a_doubt_until_one_came(here: Setting) -> None:
    writer = Writer(answers=[Retryable("no answer", doubt=True), Retryable("down"), Receipt()])
    trip = Trip(here, writer)
    await trip.say(a_scored_chat())
    for _ in range(3):
        await trip.step()
        here.clock.now += MINUTE
    await trip.say(a_scored_chat(revision=2))
    await trip.step()
    assert [(p.key, p.doubt) for p in writer.seen] == [
        ("resp_c1_1", False),
        ("resp_c1_1", True),
        ("resp_c1_1", True),
        ("resp_c1_2", False),
    ]


async def test_after_a_kill_between_send_and_settle_the_same_key_comes_again_in_doubt(here: Setting) -> None:
    writer = Writer()
    trip = Trip(here, writer)
    await trip.say(a_scored_chat())
    claimed = await here.store.claim(NOON, 9, SECOND, ("write.crm",))
    await trip.handler.run(claimed)  # and never settled
    here.clock.now += MINUTE
    await Trip(here, writer).step()
    assert [(p.key, p.doubt) for p in writer.written] == [("resp_c1_1", False), ("resp_c1_1", True)]


async def test_a_batch_that_is_cut_off_at_the_stop_is_in_doubt_whole(here: Setting) -> None:
    begun = asyncio.Event()

    class Slow(Writer):
        async def write(self, parcels: Sequence[Parcel]) -> Sequence[Receipt]:
            self.seen += parcels
            begun.set()
            await asyncio.Event().wait()
            return ()

    jobs = [write_job(f"c{n}", "crm", NOON) for n in range(3)]
    for n, job in enumerate(jobs):
        await put(here.store, job, chat=a_scored_chat(f"c{n}"))
    worker = Worker(here.store, here.table(Slow()), here.clock, lambda: 0.5)
    running = asyncio.create_task(worker.run())
    await begun.wait()
    await worker.stop(0.01)
    await running
    writer = Writer()
    await Trip(here, writer).step()
    assert sorted((p.key, p.doubt) for p in writer.written) == [(f"resp_c{n}_1", True) for n in range(3)]


async def test_a_call_that_never_ends_is_given_up_in_doubt(here: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    class Hanging(Writer):
        async def write(self, parcels: Sequence[Parcel]) -> Sequence[Receipt]:
            await asyncio.Event().wait()
            return ()

    monkeypatch.setattr(writing, "BOUND", 0.01)
    await put(here.store, WRITE, chat=a_scored_chat())
    settlement = await here.run(WRITE, Hanging())
    assert isinstance(settlement, Retry)
    assert (settlement.at, settlement.error) == (NOON + 5 * SECOND, "not done within 0.01 s")
    assert settlement.docs


@pytest.mark.parametrize("wanted", [True, False])
async def test_the_transcript_is_read_only_for_who_wants_it(here: Setting, wanted: bool) -> None:
    chat = a_scored_chat(seq=1)
    line = Entry(1, NOON, "bot", "How likely ...?")
    await here.store.commit(Change(chat, 0, (line,)))
    writer = Writer(transcript=wanted)
    await here.run(WRITE, writer)
    assert writer.written[0].response.transcript == ((line,) if wanted else ())


async def test_one_failure_in_a_batch_concerns_no_other(here: Setting) -> None:
    jobs = [write_job(f"c{n}", "crm", NOON) for n in range(3)]
    for n in range(3):
        await put(here.store, jobs[n], chat=a_scored_chat(f"c{n}"))
    writer = Writer(answers=[Receipt(), Retryable("down"), Receipt()])
    settlements = await here.table(writer)["write.crm"].run(jobs)
    assert [type(settlement) for settlement in settlements] == [Done, Retry, Done]
    assert (writer.calls, [p.response.chat for p in writer.written]) == (1, ["c0", "c2"])


async def test_a_fault_in_a_writer_costs_the_response_at_fault_alone_and_tells_no_secret(
    here: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(parcel: Parcel) -> Receipt:
        if parcel.response.chat == "c1":
            raise ValueError("what a person said")
        return Receipt()

    for n in range(3):
        await put(here.store, write_job(f"c{n}", "crm", NOON), chat=a_scored_chat(f"c{n}"))
    writer = Writer(answers=[broken] * 9)
    with caplog.at_level(logging.INFO):
        await Trip(here, writer).step()
    (left,) = await here.store.jobs()
    assert (left.job.id, left.job.attempt) == ("c1:write.crm", 1)
    assert "ValueError" in left.error
    assert "what a person said" not in left.error + caplog.text
    # What was sent before the fault is sent again, and says so.
    assert {p.response.chat: p.doubt for p in writer.written} == {"c0": True, "c2": True}


async def test_receipts_that_are_too_few_are_a_fault(here: Setting) -> None:
    class Forgetful(Writer):
        async def write(self, parcels: Sequence[Parcel]) -> Sequence[Receipt]:
            return ()

    await put(here.store, WRITE, chat=a_scored_chat())
    settlement = await here.run(WRITE, Forgetful())
    assert isinstance(settlement, Retry)
    assert settlement.error == "0 receipts for 1 parcels"


async def test_a_send_counts_also_where_it_cannot_be_noted(here: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    def keep(_self: Database, _: Sequence[Delivery]) -> None:
        raise Retryable("the records cannot be used now: disk I/O error")

    writer = Writer()
    trip = Trip(here, writer)
    await trip.say(a_scored_chat())
    with monkeypatch.context() as broken:
        broken.setattr(Database, "keep", keep)
        await trip.step()
    assert (writer.keys, await here.store.jobs()) == (["resp_c1_1"], ())
    await trip.say(a_scored_chat("c2"))
    await here.records.upsert([a_response("c9")])
    await trip.step()
    assert [(await here.delivery(chat)).state for chat in ("c1", "c2")] == ["delivered", "delivered"]


async def test_who_asks_to_wait_is_left_alone_by_all_its_jobs_and_then_asked_by_one(here: Setting) -> None:
    writer = Writer(answers=[Throttled("slower", 60)])
    trip = Trip(here, writer)
    for n in range(4):
        await trip.say(a_scored_chat(f"c{n}"))
    assert await trip.step(limit=1) == 1
    assert [await trip.step() for _ in range(3)] == [0, 0, 0]
    here.clock.now += 60 * SECOND
    assert [await trip.step() for _ in range(3)] == [1, 3, 0]
    assert {view.job.attempt for view in await here.store.jobs()} == set()


async def test_a_job_that_was_claimed_before_the_gate_was_shut_goes_back_as_it_was(here: Setting) -> None:
    trip = Trip(here, Writer(answers=[Throttled("slower", 60)]))
    for n in range(2):
        await trip.say(a_scored_chat(f"c{n}"))
    first, second = await here.store.claim(NOON, 2, HOUR, ("write.crm",))
    await trip.handler.run([first])
    interrupted = structs.replace(second, interrupted=True)
    assert await trip.handler.run([interrupted]) == [Again(NOON, interrupted=True)]


async def test_nobody_is_let_in_all_wait_and_people_are_told_once(here: Setting) -> None:
    writer = Writer(answers=[Unauthorized("invalid_grant")] * 3)
    trip = Trip(here, writer)
    for n in range(5):
        await trip.say(a_scored_chat(f"c{n}"))
    await trip.step(limit=1)
    for _ in range(2):
        here.clock.now += 5 * MINUTE
        assert await trip.step() == 1
    assert here.bell.rung == [("parked", "crm", "invalid_grant")]
    assert {view.job.attempt for view in await here.store.jobs()} == {0}
    assert (await here.delivery("c0")).state == "parked"
    here.clock.now += 5 * MINUTE
    assert [await trip.step() for _ in range(2)] == [1, 4]
    assert here.bell.rung[1:] == [("resumed", "crm")]
    assert await here.store.jobs() == ()


async def test_a_dead_letter_is_told_with_the_other_sides_own_words(here: Setting) -> None:
    trip = Trip(here, Writer(answers=[Permanent("No such column 'NPS__c'", "INVALID_FIELD")]))
    await trip.say(a_scored_chat())
    await trip.step()
    assert here.bell.rung[-1] == ("dead", "crm", "INVALID_FIELD: No such column 'NPS__c'")
    (view,) = await here.store.jobs()
    assert (view.state, view.error) == ("dead", "INVALID_FIELD: No such column 'NPS__c'")


async def test_a_person_who_is_not_known_there_is_looked_for_until_they_are(here: Setting) -> None:
    writer = Writer(answers=[Permanent("nobody has this address", "unknown_person")] * 3)
    trip = Trip(here, writer)
    await trip.say(a_scored_chat())
    times = []
    for _ in range(25):
        times += [here.clock.now - NOON] if await trip.step() else []
        here.clock.now += HOUR
    assert times == [0, 6 * HOUR, 12 * HOUR, 18 * HOUR]
    assert writer.keys == ["resp_c1_1"]
    assert await here.remote() == Remote(1)


async def test_an_outage_costs_a_trial_now_and_then_and_ends_for_all_at_once(here: Setting) -> None:
    writer = Writer(answers=[Retryable("down")] * 10_000)
    trip = Trip(here, writer)
    for n in range(40):
        await trip.say(a_scored_chat(f"c{n:02}"))
    ran = 0
    while here.clock.now < NOON + 24 * HOUR:
        ran += await trip.step(limit=8)
        here.clock.now += 20 * SECOND
    assert ran < 400
    assert max(view.job.attempt for view in await here.store.jobs()) < 12
    writer.answers.clear()
    here.clock.now += HOUR  # one of them is due by then
    for _ in range(9):
        await trip.step()
    assert len(writer.written) == 40
    assert await here.store.jobs() == ()


async def test_samples_go_only_where_they_are_wanted(here: Setting) -> None:
    await put(here.store, WRITE, chat=a_scored_chat(sample=True))
    for samples in (False, True):
        writer = Writer(samples=samples)
        assert isinstance(await here.run(WRITE, writer), Done)
        assert writer.calls == samples


async def test_a_dead_letter_that_is_retried_goes_on_with_what_is_known(here: Setting) -> None:
    writer = Writer(answers=[Receipt(notes={"contact": "1"}, error=Permanent("no", "field"))])
    trip = Trip(here, writer)
    await trip.say(a_scored_chat())
    await trip.step()
    await here.store.retry_job("c1:write.crm", here.clock())
    await trip.step()
    assert [(p.key, dict(p.notes)) for p in writer.written] == [("resp_c1_1", {"contact": "1"})]
