"""A page at any process: whatever one of them gave out, the others take."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests.desk.visitor import Visitor
from tests.harness.flows import SMALL
from tests.harness.redis_server import Server
from tests.several.pair import Pair, pair


@pytest.fixture
async def both(server: Server, tmp_path: Path) -> AsyncIterator[Pair]:
    async with pair(tmp_path, server.url, flows=SMALL) as made:
        yield made


async def test_a_chat_goes_on_at_the_other_process_where_it_stood(both: Pair) -> None:
    async with Visitor(both.a.url) as visitor, Visitor(both.b.url) as tab:
        await visitor.opens()
        await visitor.leaves()
        visitor.goes_to(both.b.url)
        await visitor.answers(value=3)
        visitor.goes_to(both.a.url)
        await visitor.answers(text="too slow")
        tab.chat, tab._token = visitor.chat, visitor._token
        tab.comes()
        await tab.listens()
        assert (tab.entries, tab.status) == (visitor.entries, "ended")


async def test_a_link_that_one_process_made_is_followed_at_the_other(both: Pair) -> None:
    async with Visitor(both.a.url) as visitor, ClientSession(both.b.url) as there:
        await visitor.opens()
        await visitor.leaves()
        await visitor.answers(value=9)
        (link,) = [entry["link"]["url"] for entry in visitor.entries if entry.get("link")]
        path = f"/{link.split('/', 3)[-1]}" if "://" in link else link
        async with there.get(path, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (302, "https://reviews.example/acme")
        chat = await both.a.store.load_id(visitor.chat)
        assert chat is not None
        assert len(chat.clicks) == 1


async def test_each_process_counts_its_callers_for_itself(both: Pair) -> None:
    """So with two of them somebody may be twice as fast: said in docs/operating.md."""
    async with Visitor(both.a.url) as visitor:
        await visitor.opens()
        await visitor.leaves()
        statuses = []
        for at in both:
            async with ClientSession(at.url) as session:
                for number in range(40):
                    body = {"id": f"{at.url}{number}", "cursor": 1, "text": "?"}
                    where = f"/api/v1/chats/{visitor.chat}/messages"
                    async with session.post(where, json=body, headers=visitor._headers) as answer:
                        statuses.append(answer.status)
        assert statuses[0] == statuses[40] == 200
        assert 429 in statuses[:40]
