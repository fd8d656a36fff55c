"""A person on the line with a customer in Telegram: Maya acts in Slack, Ana reads and writes in Telegram."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from bot.sandbox.slack.server import Slack
from bot.sandbox.slack.types import Message
from bot.sandbox.telegram.server import Telegram
from tests.channels.telegram.world import SCORES, World, world_of
from tests.harness.flows import ATTENDED
from tests.harness.slack import slack, slack_environ

__all__ = ["slack"]


@pytest.fixture
async def attended(tmp_path: Path, telegram: Telegram, slack: Slack) -> AsyncIterator[World]:
    """The whole service with a desk in Slack."""
    environ = slack_environ(slack, SLACK_ALERT_CHANNEL="#nps-alerts")
    async with world_of(tmp_path, telegram, flows=ATTENDED, **environ) as running:
        await slack.connected()
        yield running


async def test_a_person_on_the_line(attended: World, slack: Slack) -> None:
    telegram = attended.telegram
    ana = telegram.person("Ana")
    telegram.starts(ana)
    await attended.shows(ana, "How likely", SCORES)
    telegram.says(ana, "/human")
    await attended.shows(ana, "Somebody will be with you.", [])
    await attended.shows(ana, "How likely", [])
    card = await slack.message("#nps-alerts", "is waiting for a person now")
    await slack.presses("maya", card, "case_claim")
    await attended.shows(ana, "Maya from support joined")

    said = slack.says("maya", "#nps-alerts", "Shall I refund you?", thread_ts=card.ts)
    line = await attended.shows(ana, "Maya\nShall I refund you?")
    assert [(one.type, one.length) for one in line.entities] == [("bold", 4)]
    said = slack.edits("maya", said, "Shall I refund you & send <a new one>?")
    await attended.shows(ana, "Maya\nShall I refund you & send <a new one>?")
    slack.deletes("maya", said)
    await telegram.until(lambda: not any("refund" in text for text in attended.said(ana)), "the line to go")

    before = len(telegram.messages(ana))
    for words in ("/help", "9"):
        telegram.says(ana, words)
    telegram.sends(ana, "photo")
    await attended.shows(ana, "Pictures and recordings cannot be passed on here.")
    for words in ("Help", "9", "(a picture or recording)"):
        await slack.wait_for(partial(_thread, slack, card, words), words)
    assert len(telegram.messages(ana)) == before + 1, "the bot says nothing while a person is there"
    assert (await attended.chat(ana)).score is None

    claimed = await slack.wait_for(lambda: slack.now(card))
    await slack.presses("maya", claimed, "case_resolve")
    form = await slack.opened("maya")
    await slack.submits("maya", {"outcome": "replaced", "cause": "delivery", "note": "Sent."}, form)
    await attended.shows(ana, "How likely", SCORES)


def _thread(slack: Slack, card: Message, words: str) -> Message | None:
    return next((one for one in slack.thread(card) if words in one.shown), None)
