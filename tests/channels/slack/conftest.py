from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.channels.slack.manifest import EVENTS
from bot.sandbox.slack.server import Slack
from tests.channels.slack.service import MODES, Mode, Service, serving
from tests.harness.slack import furnish, slack_stand_in


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    """The tests' workspace; it tells the app what the app's manifest asks for."""
    async with slack_stand_in() as stand_in:
        stand_in.dispatcher.subscriptions = frozenset(EVENTS)
        furnish(stand_in)
        yield stand_in


@pytest.fixture
async def service(slack: Slack, tmp_path: Path) -> AsyncIterator[Service]:
    """Over a socket, as most have it."""
    async with serving(slack, tmp_path) as running:
        yield running


@pytest.fixture(params=MODES)
async def either(request: pytest.FixtureRequest, slack: Slack, tmp_path: Path) -> AsyncIterator[Service]:
    """Over a socket, and over HTTP."""
    mode: Mode = request.param
    async with serving(slack, tmp_path, mode) as running:
        yield running
