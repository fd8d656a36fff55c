"""What two processes are asked at the same moment happens once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from bot.app import Service, clock
from bot.errors import Refused
from bot.jobs import Handler, Worker
from bot.model import Address, Doc, DocChange, Inbound, Job, Start
from tests.desk.visitor import Visitor
from tests.harness.flows import SMALL
from tests.harness.redis_server import Server
from tests.harness.working import Doing, until
from tests.several.pair import Pair, pair

TIMES = 8
"""That each race is run: which of the two comes first is chance."""


@pytest.fixture
async def both(server: Server, tmp_path: Path) -> AsyncIterator[Pair]:
    async with pair(tmp_path, server.url, flows=SMALL) as made:
        yield made


async def answers(at: Service, visitor: Visitor, id: str, value: int) -> tuple[int, dict[str, Any]]:
    body = {"id": id, "cursor": 1, "fence": 1, "value": value}
    async with ClientSession(at.url) as session:
        where = f"/api/v1/chats/{visitor.chat}/messages"
        async with session.post(where, json=body, headers=visitor._headers) as answer:
            return answer.status, await answer.json(content_type=None)


async def said(at: Service, chat: str) -> list[str]:
    return [entry.text for entry in await at.store.entries(chat) if entry.author == "visitor"]


async def test_of_two_answers_to_one_question_one_is_taken(both: Pair) -> None:
    for _ in range(TIMES):
        async with Visitor(both.a.url) as visitor:
            await visitor.opens()
            await visitor.leaves()
            got = await asyncio.gather(answers(both.a, visitor, "a", 3), answers(both.b, visitor, "b", 9))
            assert sorted(status for status, _ in got) == [200, 409]
            (value,) = [value for (status, _), value in zip(got, "39", strict=True) if status == 200]
            assert await said(both.a, visitor.chat) == [value]
            assert got[0][1]["cursor"] == got[1][1]["cursor"], "who came too late is shown what was taken"


async def test_the_same_answer_at_both_is_taken_once_and_answered_twice(both: Pair) -> None:
    for _ in range(TIMES):
        async with Visitor(both.a.url) as visitor:
            await visitor.opens()
            await visitor.leaves()
            got = await asyncio.gather(answers(both.a, visitor, "same", 3), answers(both.b, visitor, "same", 3))
            assert [status for status, _ in got] == [200, 200]
            assert got[0][1] == got[1][1]
            assert await said(both.b, visitor.chat) == ["3"]


async def test_two_first_messages_of_one_person_begin_one_chat(both: Pair) -> None:
    for number in range(TIMES):
        address = Address("telegram", str(4711 + number))

        async def first(at: Service, id: str, address: Address = address) -> str:
            opening = Start("", address, clock(), locale="en")
            inbound = Inbound(id, clock(), "text", text="hello")
            reply = await at.runtime.receive_at(address, inbound, events=(f"{address.peer}:{id}",), opening=opening)
            return reply.conversation.id

        found = await asyncio.gather(first(both.a, "1"), first(both.b, "2"))
        assert len(set(found)) == 1


async def test_one_event_that_comes_to_both_is_taken_once(both: Pair) -> None:
    for number in range(TIMES):
        address = Address("slack", f"T1:U{number}")
        begun = await both.a.runtime.receive_at(
            address, Inbound("0", clock(), "text", text="hi"), opening=Start("", address, clock(), locale="en")
        )
        inbound = Inbound("e1", clock(), "text", text="3")
        got = await asyncio.gather(
            *(one.runtime.receive_at(address, inbound, events=(f"event-{number}",)) for one in both)
        )
        assert Counter(reply.ignored for reply in got) == {"": 1, "repeated": 1}
        assert await said(both.b, begun.conversation.id) == ["3"]


async def test_invitations_with_one_key_begin_one_chat(both: Pair) -> None:
    for number in range(TIMES):
        start = Start("", Address("telegram", f"invited-{number}"), clock(), locale="en")
        got = await asyncio.gather(*(one.runtime.invite(start, "nps", "order-1") for one in both))
        assert Counter(reply.ignored for reply in got) == {"": 1, "repeated": 1}
        assert len({reply.conversation.id for reply in got}) == 1


async def test_of_two_invitations_with_keys_of_their_own_one_finds_the_person_busy(both: Pair) -> None:
    for number in range(TIMES):
        start = Start("", Address("telegram", f"wanted-{number}"), clock(), locale="en")
        got = await asyncio.gather(
            *(one.runtime.invite(start, "nps", key) for one, key in zip(both, "ab", strict=True)),
            return_exceptions=True,
        )
        refused = [one for one in got if isinstance(one, Refused)]
        assert [one.code for one in refused] == ["busy"]
        assert len(got) - len(refused) == 1


async def test_each_job_is_done_by_one_of_the_workers(both: Pair) -> None:
    """Jobs of the system among them; also those that both have scheduled."""
    jobs = 200
    doings = [Doing(), Doing()]
    for at in both:
        await at.worker.stop()  # its own knows no such jobs
    for number in range(jobs):
        for at in both:
            owner = "system" if number % 2 else f"T1:u{number}"
            job = Job(f"{owner}:{number}", "digest", clock(), {"n": str(number)}, gathers=True)
            await at.store.put(DocChange(Doc("kick", "all", 1, b""), 0, jobs=(job,)))
    workers = [
        Worker(at.store, {"digest": Handler(doing, 4, 2)}, clock, lambda: 0.5, pace=0.001)
        for at, doing in zip(both, doings, strict=True)
    ]
    running = [asyncio.create_task(worker.run()) for worker in workers]
    await until(lambda: sum(len(doing.done) for doing in doings) >= jobs, 20)
    for worker in workers:
        await worker.stop()
    await asyncio.gather(*running)
    assert len(doings[0].done) + len(doings[1].done) == len({*doings[0].done, *doings[1].done}) == jobs
    assert all(doing.done for doing in doings), "both have had some"
