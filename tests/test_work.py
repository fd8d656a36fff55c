"""What the jobs do: responses into the records and to the writers, by what each of them answers."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from msgspec import structs

from bot.changes import presence_job, write_job
from bot.errors import Permanent, Retryable, Throttled
from bot.jobs import Handler, Worker
from bot.jobs_retry import DELAYS
from bot.model import Change, Entry, Job, Response
from bot.records.base import Delivery, Filters
from bot.records.sql import SqlRecords
from bot.store.base import Again, Dead, Done, Retry, Settlement
from bot.store.sqlite import SqliteStore
from bot.work import LONGEST_HOLD, handlers
from tests.harness.responses import NOON, a_scored_chat
from tests.harness.working import HOUR, SECOND, Clock, open_store, put


@dataclass
class Writer:
    """Keeps what it is given; says `answers` first, one a call."""

    name: str = "crm"
    samples: bool = False
    transcript: bool = False
    batch: int = 8
    answers: list[Exception | str] = field(default_factory=list)
    written: list[tuple[str, Response]] = field(default_factory=list)
    calls: int = 0

    async def write(self, response: Response, key: str) -> str:
        self.calls += 1
        answer = self.answers.pop(0) if self.answers else ""
        if isinstance(answer, Exception):
            raise answer
        self.written.append((key, response))
        return answer

    async def check(self) -> str:
        return ""

    async def close(self) -> None: ...


@dataclass
class Setting:
    store: SqliteStore
    records: SqlRecords
    clock: Clock

    async def never(self, job: Job) -> Settlement:
        """A timer that is not due yet."""
        return Again(job.due + 1)

    def table(self, *writers: Writer) -> dict[str, Handler]:
        return handlers(self.store, self.records, writers, self.never, clock=self.clock, jitter=lambda: 0.5)

    async def run(self, job: Job, *writers: Writer) -> Settlement:
        """Run one job by itself, as the worker would."""
        (settlement,) = await self.table(*writers)[job.kind].run([job])
        return settlement

    async def delivery(self, chat: str = "c1") -> Delivery:
        (found,) = self.records.deliveries(chat)
        return found


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Setting]:
    clock = Clock()
    store, records = open_store(tmp_path, clock), SqlRecords(f"sqlite:///{tmp_path}/records.db")
    yield Setting(store, records, clock)
    await records.close()
    await store.close()


RESPONSE = Job("c1:response", "response", NOON, {"chat": "c1"})
WRITE = write_job("c1", "crm", NOON)


async def test_a_response_goes_into_the_records_and_then_to_every_writer(here: Setting) -> None:
    await put(here.store, RESPONSE, chat=a_scored_chat())
    first, second = Writer("crm"), Writer("jsonl", samples=True)
    worker = Worker(here.store, here.table(first, second), here.clock, lambda: 0.5)
    await worker.drain(["response"])
    assert [(r.chat, r.revision, r.score) for r in here.records.responses(Filters())] == [("c1", 1, 3)]
    await worker.drain(["write.crm", "write.jsonl"])
    assert [key for key, _ in first.written + second.written] == ["resp_c1_1", "resp_c1_1"]
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
    writer = Writer()
    assert await here.run(RESPONSE, writer) == Done()
    assert list(here.records.responses(Filters())) == []
    assert (await here.run(WRITE, writer), writer.calls) == (Done(), 0)


async def test_many_responses_are_one_transaction(here: Setting) -> None:
    jobs = [Job(f"c{n}:response", "response", NOON, {"chat": f"c{n}"}) for n in range(40)]
    for n, job in enumerate(jobs):
        await put(here.store, job, chat=a_scored_chat(f"c{n}"))
    settlements = await here.table()["response"].run(jobs)
    assert settlements == [Done()] * 40
    assert len(list(here.records.responses(Filters()))) == 40


class Broken:
    """Records that cannot be used."""

    async def upsert(self, responses: Sequence[Response], deliveries: Sequence[Delivery] = ()) -> None:
        raise Retryable("the records cannot be used now: disk I/O error")

    async def delivered(self, writer: str, chats: Sequence[str]) -> dict[str, int]:
        await self.upsert(())
        return {}


async def test_records_that_cannot_be_written_are_tried_until_they_can(here: Setting) -> None:
    await put(here.store, RESPONSE, chat=a_scored_chat())
    broken = replace(here, records=Broken())  # type: ignore[arg-type]  # as much of Records as is asked here
    writer = Writer()
    for job in (RESPONSE, WRITE):
        settlement = await broken.run(job, writer)
        assert settlement == Again(NOON + 5 * SECOND, "the records cannot be used now: disk I/O error")
    assert writer.calls == 0


async def test_the_newest_revision_is_sent_and_noted(here: Setting) -> None:
    await put(here.store, WRITE, chat=a_scored_chat(revision=7))
    writer = Writer(answers=["remote-1"])
    assert await here.run(WRITE, writer) == Done()
    assert writer.written[0][0] == "resp_c1_7"
    assert await here.delivery() == Delivery("crm", "c1", 7, "delivered", 1, NOON, "", "remote-1", 7)


async def test_what_arrived_is_not_sent_again(here: Setting) -> None:
    await put(here.store, WRITE, chat=a_scored_chat())
    writer = Writer()
    for _ in range(2):
        assert await here.run(WRITE, writer) == Done()
    assert writer.calls == 1
    await put(here.store, WRITE, chat=a_scored_chat(version=2, revision=2))
    await here.run(WRITE, writer)
    assert [key for key, _ in writer.written] == ["resp_c1_1", "resp_c1_2"]


@pytest.mark.parametrize("wanted", [True, False])
async def test_the_transcript_is_read_only_for_who_wants_it(here: Setting, wanted: bool) -> None:
    chat = a_scored_chat(seq=1)
    line = Entry(1, NOON, "bot", "How likely ...?")
    await here.store.commit(Change(chat, 0, (line,)))
    writer = Writer(transcript=wanted)
    await here.run(WRITE, writer)
    assert writer.written[0][1].transcript == ((line,) if wanted else ())


FAILURES: list[tuple[Exception, int, Callable[[Settlement], bool], str]] = [
    (Retryable("down"), 0, lambda s: s == Retry(NOON + 5 * SECOND, "down"), "retrying"),
    (Retryable("down"), 6, lambda s: s == Retry(NOON + HOUR, "down"), "retrying"),
    (Retryable("down"), len(DELAYS), lambda s: s == Dead("down"), "dead"),
    (Permanent("wrong", "gone"), 0, lambda s: s == Dead("gone: wrong"), "dead"),
    (Throttled("slower"), 0, lambda s: s == Retry(NOON + 5 * SECOND, "slower"), "retrying"),
    (Throttled("slower", 60), 0, lambda s: s == Retry(NOON + 60 * SECOND, "slower"), "retrying"),
    (Throttled("slower", 1e12), 0, lambda s: s == Retry(NOON + LONGEST_HOLD, "slower"), "retrying"),
]


@pytest.mark.parametrize(
    ("error", "attempt", "expected", "state"), FAILURES, ids=lambda v: "" if callable(v) else repr(v)[:40]
)
async def test_what_a_failure_means(
    here: Setting, error: Exception, attempt: int, expected: Callable[[Settlement], bool], state: str
) -> None:
    await put(here.store, WRITE, chat=a_scored_chat())
    settlement = await here.run(structs.replace(WRITE, attempt=attempt), Writer(answers=[error]))
    assert expected(settlement), settlement
    found = await here.delivery()
    assert (found.state, found.attempts, found.delivered) == (state, attempt + 1, 0)
    assert str(error) in found.error


async def test_a_receiver_that_asks_to_wait_is_left_alone_by_all_its_jobs(here: Setting) -> None:
    await put(here.store, WRITE, chat=a_scored_chat())
    await put(here.store, write_job("c2", "crm", NOON), chat=a_scored_chat("c2"))
    writer = Writer(answers=[Throttled("slower", 60)])
    run = here.table(writer)["write.crm"].run
    await run([WRITE])
    (held,) = await run([write_job("c2", "crm", NOON)])
    assert held == Again(NOON + 60_500, "held: the receiver asked to wait")
    here.clock.now += 61 * SECOND
    assert await run([write_job("c2", "crm", NOON)]) == [Done()]
    assert [response.chat for _, response in writer.written] == ["c2"]


async def test_one_failure_in_a_batch_concerns_no_other(here: Setting) -> None:
    jobs = [write_job(f"c{n}", "crm", NOON) for n in range(3)]
    for n in range(3):
        await put(here.store, jobs[n], chat=a_scored_chat(f"c{n}"))
    writer = Writer(answers=["", Retryable("down"), ""])
    settlements = await here.table(writer)["write.crm"].run(jobs)
    assert settlements == [Done(), Retry(NOON + 5 * SECOND, "down"), Done()]


async def test_a_bug_in_a_writer_sends_nothing_twice(here: Setting) -> None:
    jobs = [write_job(f"c{n}", "crm", NOON) for n in range(3)]
    for n in range(3):
        await put(here.store, jobs[n], chat=a_scored_chat(f"c{n}"))
    writer = Writer(answers=["", ValueError("what a person said"), ""])
    await Worker(here.store, here.table(writer), here.clock, lambda: 0.5).drain(["write.crm"])
    # The job that failed was run once more by itself, and then it worked.
    assert sorted(response.chat for _, response in writer.written) == ["c0", "c1", "c2"]
    assert await here.store.jobs() == ()


async def test_a_send_counts_also_where_it_cannot_be_noted(here: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    await put(here.store, WRITE, chat=a_scored_chat())

    async def keep(_: Sequence[Delivery]) -> None:
        raise Retryable("the records cannot be used now: disk I/O error")

    monkeypatch.setattr(here.records, "keep", keep)
    assert await here.run(WRITE, Writer()) == Done()


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
