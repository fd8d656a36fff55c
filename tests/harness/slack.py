"""Slack for tests: the stand-in on a free port, every request checked against the vendor's contracts.

A room's conftest makes the fixture its own with `from tests.harness.slack import slack as slack`.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from bot.sandbox.slack.server import Slack, clock
from tests.harness.slack_contract import faults_of

RETRIES = (0.0, 0.3, 5.0)
"""Seconds until an event that was not acknowledged comes again; the last also when the test says `hurry`."""


@asynccontextmanager
async def slack_stand_in(now: Callable[[], int] = clock) -> AsyncIterator[Slack]:
    """At the end the contracts must have had nothing against any request. A test that makes a faulty one on purpose
    takes it away again: `slack.forgive()`."""
    stand_in = Slack(now, check=faults_of)
    stand_in.dispatcher.retries = RETRIES
    async with stand_in:
        yield stand_in
    assert stand_in.faults == []


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    """With Maya and Tom at the desk in #nps-alerts, and Nadia, a customer, who is in #general only."""
    async with slack_stand_in() as stand_in:
        furnish(stand_in)
        yield stand_in


def furnish(slack: Slack) -> None:
    """The people and channels of the tests' workspace."""
    slack.add_user("maya", real_name="Maya Roy", email="maya@acme.example")
    slack.add_user("tom", real_name="Tom Weiss", email="tom@acme.example", locale="de-DE")
    slack.add_user("nadia", real_name="Nadia Benali", email="nadia@acme.example", locale="fr-FR")
    slack.add_channel("nps-alerts", "maya", "tom")


def slack_environ(slack: Slack, **more: str) -> dict[str, str]:
    """The settings of a service in Socket Mode with this Slack."""
    tokens = {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_APP_TOKEN": slack.app_token}
    return {"SLACK_API_URL": slack.api_url, **tokens, **more}
