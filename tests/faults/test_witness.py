"""The checks of the fault tests find what they are for: each kind of damage, done by hand to what a real run left."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import replace

import pytest
import pytest_asyncio

from tests.harness import witness_reader as reader
from tests.harness.faults import calm
from tests.harness.faults_house import House, a_house
from tests.harness.receiver import Event
from tests.harness.witness import Crowd
from tests.harness.witness_check import missing_events, missing_lines, missing_records, wrong_events, wrong_logs

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("faults")]

Turns = list[bytes]
DAMAGE: dict[str, tuple[Callable[[Turns], Turns], str]] = {
    "an answer is dropped": (lambda turns: turns[:1] + turns[2:], "acknowledged were"),
    "an answer is there twice": (lambda turns: turns[:2] + turns[1:], "acknowledged were"),
    "two answers are swapped": (lambda turns: [turns[0], turns[2], turns[1], *turns[3:]], "acknowledged were"),
    "an answer has other words": (lambda turns: [turn.replace(b"answer 1", b"answer 7") for turn in turns], "answer 7"),
    "the last line is gone": (lambda turns: turns[:-1], "it says"),
    "a line has another number": (lambda turns: [b"99" + turns[0][turns[0].index(b"\n") :], *turns[1:]], "do not end"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with a_house(tmp_path_factory.mktemp("house"), processes=1) as house:
        await calm(house, 12, seed=1)
        yield house


@pytest.mark.parametrize("kind", DAMAGE)
async def test_a_damaged_log_is_found(house: House, kind: str) -> None:
    damage, words = DAMAGE[kind]
    with closing(house.servers[0].client()) as client:
        (key,) = client.scan_iter(f"*:l:{house.chats[0].id}", count=10_000)
        before = [turn for turn in client.lrange(key, 0, -1) if isinstance(turn, bytes)]
        assert wrong_logs(house.chats, reader.logs(house.servers[0].url)) == []
        client.delete(key)
        client.rpush(key, *damage(before))
        found = wrong_logs(house.chats, reader.logs(house.servers[0].url))
        client.delete(key)
        client.rpush(key, *before)
    assert any(words in line for line in found)
    assert all(line.startswith(house.chats[0].id) for line in found)


async def test_a_lost_chat_is_found_and_one_that_nobody_had(house: House) -> None:
    lost, *rest = house.chats
    logs = reader.logs(house.servers[0].url)
    assert wrong_logs(rest, logs) == [f"{lost.id}: nobody knows who said {lost.said}"]
    del logs[lost.id]
    assert wrong_logs(house.chats, logs) == [f"{lost.id}: the chat is lost"]


@pytest.mark.parametrize(
    "damage", ["UPDATE responses SET score = 11", "DELETE FROM answers", "UPDATE responses SET revision = revision - 1"]
)
async def test_a_wrong_record_is_found(house: House, damage: str) -> None:
    logs = reader.logs(house.servers[0].url)
    assert missing_records(house.chats, logs, reader.responses(house.database)) == []
    copy = house.folder / "copy.db"
    copy.unlink(missing_ok=True)
    with closing(sqlite3.connect(house.data / "records.db")) as records, closing(sqlite3.connect(copy)) as damaged:
        records.backup(damaged)
        damaged.execute(damage)
        damaged.commit()
    assert len(missing_records(house.chats, logs, reader.responses(f"sqlite:///{copy}"))) == len(house.chats)


async def test_an_event_or_a_line_that_never_came_is_found(house: House) -> None:
    logs, events, chat = reader.logs(house.servers[0].url), house.receiver.events, house.chats[0].id
    assert missing_events(house.chats, logs, events) == []
    assert len(missing_events(house.chats, logs, [event for event in events if event.data["chat"] != chat])) == 1
    lines = reader.lines(house.files)
    assert missing_lines(house.chats, logs, lines) == []
    assert len(missing_lines(house.chats, logs, [line for line in lines if line["chat"] != chat])) == 1


async def test_an_event_under_another_id_or_out_of_order_is_found(house: House) -> None:
    events = house.receiver.events
    assert wrong_events([*events, *events[-1:]]) == [], "the same once more does no harm"
    (last,) = events[-1:]
    assert len(wrong_events([*events, replace(last, id="other")])) == 1
    assert len(wrong_events([*events, _older(last)])) == 1


def _older(event: Event) -> Event:
    return replace(event, id="older", data=event.data | {"revision": event.data["revision"] - 1})


async def test_a_customer_who_is_refused_for_good_is_told_of(house: House) -> None:
    """The chats are thrown away under the customers."""
    crowd = Crowd(house.bases, 2, 4)
    load = asyncio.create_task(crowd.run())
    await crowd.come(10, 30)
    with closing(house.servers[0].client()) as client:
        client.flushall()
    crowd.stop()
    await load
    assert any("404" in line for line in crowd.surprises)
