"""Two whole services in one loop, on one Redis and one data folder, as two processes of one host would be."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from bot import app
from bot.model import Inbound
from bot.sandbox.slack.server import Slack
from tests.desk.visitor import Visitor
from tests.harness.flows import ATTENDED
from tests.harness.service import serving
from tests.harness.slack import slack_environ

KEY = "a-secret-key-of-the-tests-0123456789"
ALERTS = """
alerts:
  - {when: {score: 0..6}, to: "#nps-alerts"}
"""


class Pair(NamedTuple):
    a: app.Service
    b: app.Service


@asynccontextmanager
async def pair(
    folder: Path, *urls: str, flows: str = ATTENDED, now: Callable[[], int] = app.clock, **environ: str
) -> AsyncIterator[Pair]:
    """`urls` are the ways by which each of them reaches the same Redis; one for both."""
    common = {"DATA_DIR": str(folder / "data"), "SECRET_KEY": KEY, **environ}
    async with AsyncExitStack() as stack:
        a, b = [
            await stack.enter_async_context(serving(folder, flows, now, **common, REDIS_URL=url))
            for url in (urls[0], urls[-1])
        ]
        yield Pair(a, b)


@asynccontextmanager
async def staffed(folder: Path, slack: Slack, *urls: str, now: Callable[[], int] = app.clock) -> AsyncIterator[Pair]:
    """With people at a desk in Slack, each process with a socket of its own."""
    folder.joinpath("settings.yaml").write_text(ALERTS, "utf-8")
    async with pair(folder, *urls, now=now, **slack_environ(slack)) as both:
        await slack.connected(2)
        yield both


@asynccontextmanager
async def with_maya(slack: Slack, at: app.Service, page: app.Service) -> AsyncIterator[Visitor]:
    """Somebody who asked for a person at one process, and whose page listens at another; Maya is there."""
    async with Visitor(at.url) as visitor:
        await visitor.opens()
        await visitor.leaves()
        await visitor.answers(value=3)
        await visitor.answers(text="it broke")
        visitor.goes_to(page.url)
        visitor.comes()
        await visitor.listens()
        await slack.presses("maya", await slack.message("#nps-alerts", "is waiting for a person now"), "case_claim")
        await visitor.hears("Maya from support joined")
        yield visitor


async def an_agent_writes(at: app.Service, chat: str, text: str) -> None:
    """A line of Maya's, as it comes from the desk to this process."""
    inbound = Inbound(text, app.clock(), "agent", "say", text, name="Maya", ref=text)
    await at.runtime.receive(chat, inbound)
