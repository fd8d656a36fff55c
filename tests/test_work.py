"""What the jobs do with a response: into the records, into local files, and on to the writers that want it."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from bot.changes import presence_job
from bot.crm.base import Event
from bot.crm.config import WriterConfig
from bot.crm.table import make
from bot.jobs import Handler, Worker
from bot.model import Job, Response
from bot.records.base import Filters
from bot.store.base import Again, Done, Settlement
from bot.work import handlers
from tests.harness.responses import NOON, a_scored_chat
from tests.harness.working import put
from tests.harness.writing import Setting, Writer, a_setting


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Setting]:
    async with a_setting(tmp_path) as found:
        yield found


RESPONSE = Job("c1:response", "response", NOON, {"chat": "c1"})


async def test_a_response_goes_into_the_records_and_then_to_every_writer(here: Setting) -> None:
    await put(here.store, RESPONSE, chat=a_scored_chat())
    first, second = Writer("crm"), Writer("jsonl", samples=True)
    worker = Worker(here.store, here.table(first, second), here.clock, lambda: 0.5)
    await worker.drain(["response"])
    assert [(r.chat, r.revision, r.score) for r in here.records.responses(Filters())] == [("c1", 1, 3)]
    await worker.drain(["write.crm", "write.jsonl"])
    assert first.keys + second.keys == ["resp_c1_1", "resp_c1_1"]
    assert await here.store.jobs() == ()


@pytest.mark.parametrize(("sample", "expected"), [(False, ["crm", "jsonl"]), (True, ["jsonl"])])
async def test_samples_go_only_to_writers_that_want_them(here: Setting, sample: bool, expected: list[str]) -> None:
    await put(here.store, RESPONSE, chat=a_scored_chat(sample=sample))
    settlement = await here.run(RESPONSE, Writer("crm"), Writer("jsonl", samples=True))
    assert isinstance(settlement, Done)
    assert [job.kind.removeprefix("write.") for job in settlement.jobs] == expected


@pytest.mark.parametrize("known", [False, True], ids=["no such chat", "nothing said yet"])
async def test_without_a_response_there_is_nothing_to_do(here: Setting, known: bool) -> None:
    if known:
        await put(here.store, RESPONSE, chat=a_scored_chat(revision=0))
    assert await here.run(RESPONSE, Writer()) == Done()
    assert list(here.records.responses(Filters())) == []


async def test_many_responses_are_one_transaction(here: Setting) -> None:
    jobs = [Job(f"c{n}:response", "response", NOON, {"chat": f"c{n}"}) for n in range(40)]
    for n, job in enumerate(jobs):
        await put(here.store, job, chat=a_scored_chat(f"c{n}"))
    settlements = await here.table()["response"].run(jobs)
    assert settlements == [Done()] * 40
    assert len(list(here.records.responses(Filters()))) == 40


def only_detractors(response: Response) -> Sequence[Event]:
    return ("scored", "answered") if response.segment == "detractor" else ()


async def test_a_writer_that_does_not_want_a_response_is_not_made_a_job_for(here: Setting) -> None:
    await put(here.store, RESPONSE, chat=a_scored_chat(score=9))
    assert await here.run(RESPONSE, Writer(on=only_detractors)) == Done()


async def test_a_fault_in_what_a_writer_wants_keeps_nobody_else_waiting(here: Setting) -> None:
    def broken(_: Response) -> Sequence[Event]:
        raise ZeroDivisionError

    await put(here.store, RESPONSE, chat=a_scored_chat())
    writer, other = Writer(on=broken), Writer("other")
    worker = Worker(here.store, here.table(writer, other), here.clock, lambda: 0.5)
    for kind in ("response", "write.crm", "write.other"):
        await worker.drain([kind])
    assert [r.chat for r in here.records.responses(Filters())] == ["c1"]
    assert other.keys == ["resp_c1_1"]
    (view,) = await here.store.jobs()
    assert (view.job.kind, view.job.attempt, view.error[:17]) == ("write.crm", 1, "ZeroDivisionError")


async def test_a_score_that_was_put_right_is_put_right_where_it_went(here: Setting) -> None:
    writer = Writer(on=only_detractors)
    worker = Worker(here.store, here.table(writer), here.clock, lambda: 0.5)
    for revision, score in ((1, 3), (2, 9), (3, 10)):
        await put(here.store, RESPONSE, chat=a_scored_chat("c1", revision, revision, score=score))
        for kind in ("response", "write.crm"):
            await worker.drain([kind])
    assert [(p.response.score, p.news) for p in writer.written] == [
        (3, ("scored", "answered")),
        (9, ("answered",)),
        (10, ("answered",)),
    ]


@pytest.mark.parametrize("remote", [False, True], ids=["files only", "a writer elsewhere"])
async def test_scores_are_urgent_where_somebody_waits_for_them(here: Setting, tmp_path: Path, remote: bool) -> None:
    file = make(WriterConfig("jsonl", "jsonl", tmp_path), here.clock)
    table = here.table(*((file, Writer()) if remote else (file,)))
    kinds = ["response", "write.jsonl", *(["write.crm"] if remote else [])]
    assert [table[kind].urgent for kind in kinds] == [remote] * len(kinds)
    await file.close()


async def test_timers_go_to_the_runtime(here: Setting) -> None:
    jobs = [Job(f"c{n}:timer", "timer", NOON + n, {"chat": f"c{n}"}) for n in range(3)]
    assert await here.table()["timer"].run(jobs) == [Again(NOON + n + 1) for n in range(3)]


class Desk:
    """Those at the desk: notes which chats it looked at."""

    def __init__(self) -> None:
        self.looked: list[str] = []

    async def __call__(self, jobs: Sequence[Job]) -> Sequence[Settlement]:
        self.looked += [job.payload["chat"] for job in jobs]
        return [Done()] * len(jobs)


DESK_KINDS = ("desk", "case", "presence")


async def test_the_desk_looks_once_a_response_is_recorded_and_when_a_page_comes_or_goes(here: Setting) -> None:
    desk = Desk()
    found = handlers(
        *(here.store, here.records, [Writer()], here.never),
        clock=here.clock,
        jitter=lambda: 0.5,
        desk={"desk": Handler(desk), "case": Handler(desk)},
    )
    worker = Worker(here.store, found, here.clock, lambda: 0.5)
    await put(here.store, RESPONSE, chat=a_scored_chat())
    await worker.drain(["response"])
    assert {view.job.id for view in await here.store.jobs()} == {"c1:write.crm", "c1:desk"}
    await put(here.store, presence_job("c2", NOON), chat=a_scored_chat("c2"))
    for kind in ("presence", "desk"):
        await worker.drain([kind])
    assert sorted(desk.looked) == ["c1", "c2"]


async def test_without_a_desk_its_jobs_are_done_and_no_dead_letters(here: Setting) -> None:
    await put(here.store, *(Job(f"c1:{kind}", kind, NOON, {"chat": "c1"}) for kind in DESK_KINDS))
    await Worker(here.store, here.table(), here.clock, lambda: 0.5).drain(DESK_KINDS)
    assert await here.store.jobs() == ()
