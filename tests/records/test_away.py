"""PostgreSQL stopped, hung, refusing: nothing waits for it longer than it must, and nothing that was noted is lost."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator

import pytest

from bot.errors import Permanent, Retryable
from bot.records import sql
from bot.records.away import Away
from bot.records.base import Delivery, Filters
from bot.records.postgres import Bounded
from bot.records.sql import SqlRecords
from tests.harness.postgres_server import Server, postgres
from tests.harness.responses import NOON, a_response
from tests.harness.working import until


@pytest.fixture
def server() -> Iterator[Server]:
    """The server that a test may stop; it runs again afterwards."""
    found = postgres()
    yield found
    found.thaw()
    if not found.running:
        found.start()


@pytest.fixture
async def records(server: Server) -> AsyncIterator[SqlRecords]:
    url = server.database()
    made = SqlRecords(f"{url}?connect_timeout=2", pauses=(0.05,))
    yield made
    await made.close()
    if not server.running:
        server.start()
    server.drop(url)


NOTE = Delivery("crm", "c1", 1, "delivered", 1, NOON, delivered=1, remote="r-1")


async def test_a_server_that_was_restarted_is_no_error(records: SqlRecords, server: Server) -> None:
    await records.upsert([a_response("c1")])
    server.stop()
    server.start()
    await records.upsert([a_response("c2")])
    assert [r.chat for r in records.responses(Filters())] == ["c1", "c2"]


async def test_notes_wait_while_it_is_away_and_are_written_when_it_is_back(
    records: SqlRecords, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    await records.ready()
    server.stop()
    await records.keep([NOTE])
    await records.keep(
        [Delivery("crm", "c1", 2, "retrying", 1, NOON + 9, error="503"), Delivery(*KEY, 1, "dead", 3, NOON)]
    )
    with pytest.raises(Retryable):
        await records.upsert([a_response()])
    for refused in (records.open_cases(1), records.tally(0, NOON)):
        with pytest.raises(Retryable):
            await refused
    assert records.away > 0
    server.start()
    await until(lambda: not records.trouble, 10)
    await until(lambda: bool(records.deliveries("c1")))
    (found,) = records.deliveries("c1")
    assert (found.state, found.revision, found.delivered, found.remote, found.error) == ("retrying", 2, 1, "r-1", "503")
    assert [d.state for d in records.deliveries(KEY[1])] == ["dead"]
    told = [record.getMessage().partition(":")[0].partition(",")[0] for record in caplog.records]
    assert told == ["responses wait", "the records can be used again"]


KEY = ("jsonl", "c2")


async def test_a_server_that_hangs_holds_nobody_up(
    records: SqlRecords, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    await records.ready()
    monkeypatch.setattr(Bounded, "patience", 0.2)
    server.freeze()
    turns = 0
    writing = asyncio.create_task(records.upsert([a_response()]))
    while not writing.done():
        await asyncio.sleep(0.01)  # the loop is free: this is what else it does
        turns += 1
    with pytest.raises(Retryable, match="the records cannot be used now"):
        await writing
    assert turns > 20
    began = asyncio.get_running_loop().time()
    with pytest.raises(Retryable):
        await records.open_cases(9)
    await records.keep([NOTE])
    assert asyncio.get_running_loop().time() - began < 0.1
    server.thaw()
    await until(lambda: not records.trouble, 10)
    await records.upsert([a_response()])
    assert [r.chat for r in records.responses(Filters())] == ["c1"]


@pytest.mark.parametrize("bad", [{"score": 70_000}, {"started": 10**18}], ids=["too large a number", "no such time"])
async def test_a_row_that_it_does_not_take_is_told_apart_from_a_database_that_is_away(
    records: SqlRecords, bad: dict[str, int]
) -> None:
    with pytest.raises(Permanent, match="do not take this response") as told:
        await records.upsert([a_response("c1"), a_response("c2", **bad)])
    assert not any(str(value) in str(told.value) for value in bad.values())
    assert list(records.responses(Filters())) == []
    assert not records.trouble


async def test_a_note_that_it_does_not_take_is_let_go_of_and_the_others_are_kept(
    records: SqlRecords, caplog: pytest.LogCaptureFixture
) -> None:
    await records.keep(
        [NOTE, Delivery("crm", "c2", 1, "dead", 10**12, NOON), Delivery("crm", "c3", 1, "dead", 1, NOON)]
    )
    assert [len(records.deliveries(chat)) for chat in ("c1", "c2", "c3")] == [1, 0, 1]
    ours = [one for one in caplog.records if one.name.startswith("bot.")]  # psycopg may tell of its pipeline too
    (line,) = [one.getMessage() for one in ours if one.levelname == "WARNING"]
    assert line.startswith("a note of a delivery to crm is let go of: the records do not take")
    await records.keep([Delivery("crm", "c4", 1, "dead", 1, NOON)])
    assert len(records.deliveries("c4")) == 1


async def test_a_call_ends_in_its_time_whatever_the_thread_does(
    records: SqlRecords, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    await records.ready()
    monkeypatch.setattr(sql, "BOUND", 0.05)
    monkeypatch.setattr(Bounded, "patience", 0.3)
    server.freeze()
    with pytest.raises(Retryable, match="no answer within"):
        await records.upsert([a_response()])
    server.thaw()


def test_notes_are_gathered_up_to_a_bound(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("bot.records.away.MOST", 3)
    away = Away(lambda: 7.0)
    with caplog.at_level(logging.WARNING):
        for n in range(5):
            away.note([Delivery("crm", f"c{n}", 1, "dead", 1, NOON)])
    assert [note.chat for note in away.owed] == ["c2", "c3", "c4"]
    assert len(caplog.records) == 1
    newer = Delivery("crm", "c3", 2, "delivered", 1, NOON, delivered=2)
    written = away.owed
    away.note([newer])
    away.paid(written)
    assert away.owed == (newer,)
