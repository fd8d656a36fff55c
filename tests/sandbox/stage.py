"""The page beside the two stand-ins, without a service: a test plays the app that writes to both."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.sandbox import acts
from bot.sandbox.clock import Clock
from bot.sandbox.crms import Crms
from bot.sandbox.slack.server import Slack
from bot.sandbox.slack.types import Message
from bot.sandbox.snapshot import Cast, Snapshots
from bot.sandbox.telegram.server import Telegram
from bot.sandbox.web import Page


@dataclass(frozen=True)
class Stage:
    page: Page
    telegram: Telegram
    slack: Slack
    clock: Clock
    cast: Cast

    @property
    def card(self) -> Message:
        """The newest message of the desk's channel."""
        return self.slack.messages("#nps-alerts")[-1]


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    clock = Clock()
    async with Telegram(now=clock) as telegram, Slack(now=clock) as slack:
        maya, sam = slack.add_user("maya", real_name="Maya Roy"), slack.add_user("sam", real_name="Sam Ode")
        slack.add_channel("nps-alerts", "maya")
        cast = Cast((telegram.person("Nadia"), telegram.person("Léa", "fr")), (maya,), (sam,))

        async def perform(act: acts.Act) -> None:
            await acts.perform(telegram, slack, Crms({}), act)

        async def move(by: int) -> None:
            clock.move(by)

        links = {"chat": "about:blank", "shop": "about:blank"}
        snapshots = Snapshots(telegram, slack, clock, cast, links, lambda: "ready")
        page = Page(snapshots.take, perform, move, bells=(telegram.world.bell, slack.world.bell))
        await page.start(0)
        page.show()
        try:
            yield Stage(page, telegram, slack, clock, cast)
        finally:
            await page.stop()
