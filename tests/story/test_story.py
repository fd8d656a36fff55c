"""The whole way of an unhappy customer: a 2, a person asked for, an agent who answers in the Slack thread and resolves
the case, and the survey that goes on to its end. On every channel; and again with the process killed with SIGKILL
between any two steps."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from bot.sandbox.slack.server import Slack
from bot.sandbox.slack.types import Message
from bot.sandbox.telegram.server import Telegram
from tests.harness.service import Service, command
from tests.harness.slack import slack_environ
from tests.harness.soak import SOAK
from tests.harness.telegram_contract import faults as telegram_faults
from tests.story.people import PATIENCE, Customer, InSlack, InTelegram, OnTheWeb, until

CHANNELS = ("web", "telegram", "slack")


class Story:
    """What a story needs: the service as a process of its own, both platforms, the customer, and Maya at the desk."""

    def __init__(self, service: Service, slack: Slack, telegram: Telegram, customer: Customer) -> None:
        self.service, self.slack, self.telegram, self.customer = service, slack, telegram, customer

    @property
    def cards(self) -> list[Message]:
        return [message for message in self.slack.messages("#nps-alerts") if not message.is_reply]

    @property
    def thread(self) -> list[Message]:
        return self.slack.thread(self.cards[0])

    def said(self, words: str) -> int:
        return sum(words in message.shown for message in self.thread)

    async def card(self, words: str) -> Message:
        """The card, once it says this."""
        await until(lambda: any(words in card.shown for card in self.cards), f"a card with {words!r}")
        return next(card for card in self.cards if words in card.shown)

    async def press(self, action: str, words: str) -> None:
        """Maya presses a button of the card, again where nobody acknowledged it, until the card says `words`."""
        card = self.cards[0]
        for _ in range(10):
            await self.slack.connected()
            await self.slack.presses("maya", self.slack.now(card) or card, action)
            try:
                await self.slack.wait_for(
                    lambda: words in (self.slack.now(card) or card).shown or None, words, PATIENCE / 10
                )
            except (AssertionError, TimeoutError):
                continue  # the process was killed before it was committed: as a person does, once more
            return
        raise AssertionError(f"the card never said {words!r}: {self.cards[0].shown}")

    async def resolve(self) -> None:
        """Through the form, as a person does who tries again where Slack says that it did not work."""
        card = self.cards[0]
        for _ in range(10):
            await self.slack.connected()
            await self.slack.presses("maya", self.slack.now(card) or card, "case_resolve")
            try:
                await self.slack.opened("maya", PATIENCE / 10)
            except (AssertionError, TimeoutError):
                continue  # the window is an errand, and may be lost
            if (await self.slack.submits("maya", {"outcome": "replaced", "note": "Sent a new one."})).ok:
                return
        raise AssertionError("the form was never taken")


async def gives_two(story: Story) -> None:
    await story.customer.begin()
    await story.customer.tap("2")
    await story.customer.hear("What let you down?")


async def says_why(story: Story) -> None:
    await story.customer.say("The box was crushed twice.")
    await story.customer.hear("do better next time")


async def asks_for_a_person(story: Story) -> None:
    await story.customer.say("A stronger box.")
    await story.customer.tap("Chat now")
    await story.customer.hear("getting somebody for you")


async def is_on_the_card(story: Story) -> None:
    card = await story.card("2 of 10")
    await until(lambda: "crushed twice" in (story.slack.now(card) or card).shown, "the quote on the card")


async def is_claimed(story: Story) -> None:
    await story.press("case_claim", "has it since")
    await story.customer.hear("Maya")


async def is_answered(story: Story) -> None:
    await story.slack.connected()
    story.slack.says("maya", "#nps-alerts", "Hello, this is Maya. Shall I send a new one?", story.cards[0].ts)
    await story.customer.hear("Shall I send a new one?")


async def notes_stay(story: Story) -> None:
    story.slack.says("maya", "#nps-alerts", "// second complaint this week", story.cards[0].ts)
    await until(lambda: any("lock" in message.reactions for message in story.thread), "the lock on the note")


async def replies(story: Story) -> None:
    await story.customer.say("Yes please, that would help.")
    await until(lambda: story.said("that would help") == 1, "the customer's line in the thread")


async def is_resolved(story: Story) -> None:
    await story.resolve()
    await until(lambda: "resolved" in (story.slack.now(story.cards[0]) or story.cards[0]).shown, "the resolved card")


async def goes_on_to_the_end(story: Story) -> None:
    await story.customer.hear("Saved, thank you")


STEPS: tuple[Callable[[Story], Awaitable[None]], ...] = (
    *(gives_two, says_why, asks_for_a_person, is_on_the_card, is_claimed, is_answered, notes_stay, replies),
    *(is_resolved, goes_on_to_the_end),
)


async def export_of(story: Story) -> dict[str, object]:
    """The one response, with its case, once both are there."""
    for _ in range(200):
        done = await asyncio.to_thread(command, story.service.folder, "export", "--format", "json")
        assert done.returncode == 0, done.stderr
        (found,) = json.loads(done.stdout)
        if found["outcome"] and (found.get("case") or {}).get("outcome"):
            return dict(found)
        await asyncio.sleep(0.1)
    raise AssertionError(f"the export never had it all: {done.stdout}")


def check(story: Story, found: dict[str, object], doubtful: float = 1) -> None:
    """Nothing is lost, nothing is there twice, nothing internal went out. `doubtful`: how often a message may stand in
    a messenger where the process was killed between send and settle; Telegram cannot be asked, so it comes again."""
    case = found["case"]
    assert isinstance(case, dict)
    assert (found["score"], found["outcome"]) == (2, "completed")
    assert (case["state"], case["outcome"], case["counts"]) == ("resolved", "replaced", "recovered")
    assert case["owner"] == "Maya Roy"
    assert len(story.cards) == 1
    assert story.said("that would help") == 1
    assert 1 <= story.customer.times("Shall I send a new one?") <= doubtful
    assert story.customer.times("second complaint") == 0


@asynccontextmanager
async def told(folder: Path, channel: str) -> AsyncIterator[Story]:
    async with (
        Slack() as slack,
        Telegram(check=telegram_faults) as telegram,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE / 4)) as session,
    ):
        slack.dispatcher.retries = (0.0, 0.3, 2.0, 5.0)
        slack.add_user("maya", real_name="Maya Roy", email="maya@acme.example")
        slack.add_user("nadia", real_name="Nadia Benali", email="nadia@acme.example")
        slack.add_channel("nps-alerts", "maya")
        environ = slack_environ(slack, SLACK_ALERT_CHANNEL="#nps-alerts")
        service = Service(
            folder, None, **environ, TELEGRAM_TOKEN=telegram.token, TELEGRAM_API_URL=telegram.url, LOG_LEVEL="warning"
        )
        people: dict[str, Callable[[], Customer]] = {
            "web": lambda: OnTheWeb(session, lambda: service.url),
            "telegram": lambda: InTelegram(telegram),
            "slack": lambda: InSlack(slack),
        }
        try:
            await asyncio.to_thread(service.start)
            yield Story(service, slack, telegram, people[channel]())
            if service.code is None:
                await asyncio.to_thread(service.stop)
        finally:
            await asyncio.to_thread(service.end)
        assert telegram.faults == []


@pytest.mark.parametrize("channel", CHANNELS)
async def test_an_unhappy_customer_is_won_back(tmp_path: Path, channel: str) -> None:
    async with told(tmp_path, channel) as story:
        for step in STEPS:
            await step(story)
        check(story, await export_of(story))
        assert story.service.err == ""
        assert "also in    Telegram, by long polling; Slack, by socket; cases in #nps-alerts" in story.service.out


@pytest.mark.parametrize("channel", CHANNELS)
async def test_the_story_outlives_a_kill_between_any_two_steps(tmp_path: Path, channel: str) -> None:
    """In `make test` each channel has a third of the kills, and together they have them all."""
    mine = range(len(STEPS)) if SOAK else range(CHANNELS.index(channel), len(STEPS), len(CHANNELS))
    async with told(tmp_path, channel) as story:
        for number, step in enumerate(STEPS):
            await step(story)
            if number in mine:
                story.service.kill()
                await asyncio.to_thread(story.service.start)
        check(story, await export_of(story), doubtful=2 if channel == "telegram" else 1)
        assert story.service.code is None
