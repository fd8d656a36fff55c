"""Whether a customer's page is there, as those at the desk know it: whichever process it is at, and whatever becomes of
that process."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from bot import hub_shared
from bot.app import Service, clock
from bot.casework_board import GRACE, WATCH
from bot.desk import posted
from bot.sandbox.slack.server import Slack
from bot.sandbox.slack.types import Message
from tests.desk.visitor import Visitor
from tests.harness.redis_server import Server
from tests.harness.working import until
from tests.several.pair import Pair, staffed, with_maya


class Time:
    """The services' clock, which a test moves."""

    def __init__(self) -> None:
        self.moved = 0

    def __call__(self) -> int:
        return clock() + self.moved


async def the_desk_is_at(a: Service, b: Service) -> None:
    """Jobs are done by `a` alone from now on."""
    await b.worker.stop()


async def gone(at: Service, chat: str) -> bool:
    return not await at.runtime.present(chat)


def in_thread(slack: Slack, words: str) -> Callable[[], Message | None]:
    def look() -> Message | None:
        return next((one for one in slack.messages("#nps-alerts") if words in one.shown), None)

    return look


async def test_the_desk_at_one_process_sees_the_page_at_the_other(server: Server, slack: Slack, tmp_path: Path) -> None:
    """A line gets its tick only while the page is there."""
    async with staffed(tmp_path, slack, server.url) as (a, b), with_maya(slack, a, page=b) as visitor:
        await the_desk_is_at(a, b)
        assert a.runtime.listening == 0
        assert await a.runtime.present(visitor.chat)
        card = await slack.message("#nps-alerts", "3 of 10")
        said = slack.says("maya", "#nps-alerts", "Hello", thread_ts=card.ts)
        await visitor.hears("Hello")

        def ticked() -> bool | None:
            line = slack.now(said)
            return (line is not None and "white_check_mark" in line.reactions) or None

        await slack.wait_for(ticked, "the tick")


async def test_of_two_pages_at_two_processes_one_may_close(server: Server, slack: Slack, tmp_path: Path) -> None:
    async with staffed(tmp_path, slack, server.url) as (a, b), with_maya(slack, a, page=b) as visitor:
        async with Visitor(a.url) as tab:
            tab.chat, tab._token = visitor.chat, visitor._token
            tab.comes()
            await tab.listens()
            await visitor.leaves()
            await until(lambda: b.runtime.listening == 0, 10)
            assert await b.runtime.present(visitor.chat)
        await until(lambda: gone(b, visitor.chat), 10)
        assert await gone(a, visitor.chat)


async def test_those_at_the_desk_hear_of_a_page_that_died_with_its_process(
    server: Server, slack: Slack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_shared, "MARKED", 400)
    monkeypatch.setattr(hub_shared, "REFRESH", 0.1)
    time = Time()
    async with staffed(tmp_path, slack, server.url, now=time) as both, with_maya(slack, both.a, page=both.b) as visitor:
        a, b = both
        await the_desk_is_at(a, b)
        await until(lambda: a.runtime.present(visitor.chat))
        is_killed(both)
        await until(lambda: gone(a, visitor.chat))

        time.moved += WATCH
        a.worker.wake(soon=True)
        await until(lambda: known_as_away(a, visitor.chat))
        assert in_thread(slack, "has left the page")() is None, "a reload takes less"
        time.moved += GRACE
        a.worker.wake(soon=True)
        await slack.wait_for(in_thread(slack, "has left the page"), "the remark")


def is_killed(both: Pair) -> None:
    """It says nothing any more to anybody: its signs of life end by themselves."""
    keeping: asyncio.Task[None] | None = both.b.runtime._hub._keeping  # type: ignore[attr-defined]  # as shared hubs do
    assert keeping is not None
    keeping.cancel()


async def known_as_away(at: Service, chat: str) -> bool:
    doc = await at.store.doc("card", chat)
    return doc is not None and posted.read_posted(doc.body).away > 0
