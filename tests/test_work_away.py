"""Records that are away, or that do not take one response: the lane waits as a whole, and nobody waits for one row."""

import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bot.changes import record_job
from bot.crm.config import WriterConfig
from bot.crm.table import make
from bot.errors import Permanent, Retryable
from bot.jobs import Worker
from bot.model import Job, Response
from bot.records.base import Delivery
from bot.store.base import Dead, Done
from bot.work import recording
from bot.work_gate import PAUSES, RecordsGate
from tests.harness.responses import NOON, a_scored_chat
from tests.harness.working import SECOND, Clock, put
from tests.harness.writing import Setting, Writer, a_setting


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Setting]:
    async with a_setting(tmp_path) as found:
        yield found


@dataclass
class Records:
    """As much as recording asks for: away while `error` is set, and never takes the chats in `poison`."""

    error: str = ""
    poison: Sequence[str] = ()
    kept: list[str] = field(default_factory=list)
    noted: list[str] = field(default_factory=list)
    tried: int = 0

    async def upsert(self, responses: Sequence[Response], deliveries: Sequence[Delivery] = ()) -> None:
        self.tried += 1
        if self.error:
            raise Retryable(self.error)
        if any(response.chat in self.poison for response in responses):
            raise Permanent("the records do not take this response: DataError", "DataError")
        self.kept += [response.chat for response in responses]
        self.noted += [note.chat for note in deliveries]

    async def keep(self, deliveries: Sequence[Delivery]) -> None:
        self.noted += [note.chat for note in deliveries]


def with_records(here: Setting, records: Records) -> Setting:
    return replace(here, records=records)  # type: ignore[arg-type]  # as above


async def waiting(here: Setting, count: int) -> list[Job]:
    jobs = [Job(f"c{n:02}:response", "response", NOON, {"chat": f"c{n:02}"}) for n in range(count)]
    for n, job in enumerate(jobs):
        await put(here.store, job, chat=a_scored_chat(f"c{n:02}"))
    return jobs


async def test_an_outage_of_hours_counts_no_attempt_and_ends_by_itself(here: Setting) -> None:
    await waiting(here, 30)
    records = Records("the server is away")
    table = with_records(here, records).table(Writer())
    lanes = {kind: table[kind] for kind in ("response", "record")}
    gate = lanes["record"].gate
    assert gate is not None
    worker = Worker(here.store, lanes, here.clock, lambda: 0.5)
    for _ in range(500):  # four hours, a trial at a time
        await worker.drain(tuple(lanes))
        here.clock.now = max(here.clock.now + SECOND, gate.opens)
    assert records.tried > 100
    assert here.clock.now > NOON + 4 * 3_600 * SECOND
    assert {view.job.attempt for view in await here.store.jobs("waiting", "record")} == {0}
    records.error = ""
    tried = records.tried
    for _ in range(3):
        await worker.drain(tuple(lanes))
        here.clock.now += SECOND
    assert sorted(records.kept) == [f"c{n:02}" for n in range(30)]
    assert records.tried == tried + 2, "one alone, then all others at once"
    assert await here.store.jobs(None, "record") == ()


async def test_writers_and_desk_do_not_wait_for_the_records(here: Setting) -> None:
    records = Records("away")
    (job,) = await waiting(here, 1)
    handler = recording(here.store, records, [Writer("crm")], here.clock, desk=True)["response"]  # type: ignore[arg-type]  # as above
    for tried in (1, 1):  # the second one knows already
        (settled,) = await handler.run([job])
        assert isinstance(settled, Done)
        assert [one.kind for one in settled.jobs] == ["write.crm", "desk", "record"]
        assert settled.jobs[-1].due == NOON + PAUSES[0]
        assert records.tried == tried


async def test_one_that_the_records_do_not_take_is_a_dead_letter_alone(
    here: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    jobs = await waiting(here, 9)
    records = Records(poison=["c04"])
    table = with_records(here, records).table(Writer())
    settled = await table["response"].run(jobs)
    left = [one for done in settled if isinstance(done, Done) for one in done.jobs if one.kind == "record"]
    assert [one.payload["chat"] for one in left] == ["c04"]
    assert sorted(records.kept) == [f"c{n:02}" for n in range(9) if n != 4]
    with caplog.at_level(logging.ERROR):
        settled = await table["record"].run([record_job("c03", NOON), *left])
    assert settled == [Done(), Dead("the records do not take this response: DataError")]
    assert [record.getMessage()[:40] for record in caplog.records] == ["the response of chat c04 is a dead lette"]


async def test_a_file_has_its_line_once_and_the_note_of_it_is_kept(here: Setting, tmp_path: Path) -> None:
    jobs = await waiting(here, 3)
    folder = tmp_path / "files"
    folder.mkdir()
    records = Records("away")
    writer = make(WriterConfig("jsonl", "jsonl", folder), here.clock)
    table = with_records(here, records).table(writer)
    await table["response"].run(jobs)
    records.error = ""
    await table["record"].run([record_job(job.payload["chat"], NOON) for job in jobs])
    assert sum(len(file.read_text("utf-8").splitlines()) for file in folder.glob("*.jsonl")) == 3
    assert sorted(records.noted) == sorted(records.kept) == ["c00", "c01", "c02"]
    await writer.close()


def test_the_gate_tries_less_and_less_often() -> None:
    clock = Clock(NOON)
    gate = RecordsGate(clock)
    assert (gate.opens <= NOON, gate.cautious) == (True, False)
    waits = []
    for _ in range(7):
        gate.failed()
        waits.append(gate.opens - clock.now)
        clock.now = gate.opens
    assert waits == [*PAUSES, PAUSES[-1], PAUSES[-1]]
    assert gate.cautious
    gate.failed()
    gate.try_now()
    assert gate.opens <= clock.now
    gate.failed()
    clock.now -= 86_400 * SECOND
    assert gate.opens <= clock.now, "a clock that was put back does not keep it shut for a day"
    gate.worked()
    assert (gate.opens, gate.cautious) == (0, False)
