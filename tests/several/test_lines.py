"""What is said at one process reaches the page that listens at another."""

from contextlib import closing
from pathlib import Path

import pytest
from aiohttp import ClientSession

from bot import hub_shared
from bot.sandbox.slack.server import Slack
from tests.desk.visitor import Visitor
from tests.harness.flows import SMALL
from tests.harness.redis_server import Server, command
from tests.harness.working import until
from tests.several.pair import an_agent_writes, pair, staffed, with_maya


async def test_an_agent_s_line_reaches_the_page_at_the_other_process(
    server: Server, slack: Slack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_shared, "LOOK", 3_600.0)  # so it comes by its word
    async with staffed(tmp_path, slack, server.url) as (a, b), with_maya(slack, a, page=b) as visitor:
        await an_agent_writes(a, visitor.chat, "Hello")
        await visitor.hears("Hello")
        visitor.goes_to(a.url)
        await visitor.answers(text="Hello Maya")
        await an_agent_writes(b, visitor.chat, "What broke?")
        await visitor.hears("What broke?")
        assert [entry["seq"] for entry in visitor.entries] == sorted({entry["seq"] for entry in visitor.entries})


async def test_it_comes_too_where_nothing_is_heard_any_more(server: Server, slack: Slack, tmp_path: Path) -> None:
    """Both are cut off from the words of the others, and the one who writes does not even know."""
    async with staffed(tmp_path, slack, server.url) as (a, b), with_maya(slack, a, page=b) as visitor:
        with closing(server.client()) as client:
            for number in range(2):
                killed = command(client, "CLIENT", "KILL", "TYPE", "pubsub")
                assert killed or number
                await an_agent_writes(a, visitor.chat, f"line {number}")
                await visitor.hears(f"line {number}", seconds=3.0)
            await until(lambda: command(client, "PUBSUB", "NUMSUB", "chatsurvey:words") == [b"chatsurvey:words", 2])
        await an_agent_writes(a, visitor.chat, "the last")
        await visitor.hears("the last", seconds=3.0)


async def test_a_page_at_another_process_shows_every_answer(server: Server, tmp_path: Path) -> None:
    """An ordinary chat: no word is told for an answer, and the look finds it."""
    async with pair(tmp_path, server.url, flows=SMALL) as (a, b), Visitor(a.url) as visitor:
        await visitor.opens()
        await visitor.leaves()
        visitor.goes_to(b.url)
        visitor.comes()
        await visitor.listens()
        assert visitor.ask is not None
        async with ClientSession(a.url) as other:  # the same visitor's second tab
            said = {"id": "other", "cursor": 1, "fence": visitor.ask["fence"], "value": 9}
            where = f"/api/v1/chats/{visitor.chat}/messages"
            async with other.post(where, json=said, headers=visitor._headers) as answer:
                assert answer.status == 200
        await visitor.hears("Thank you.", seconds=3.0)
