from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sandbox.telegram.server import Telegram
from tests.channels.telegram.world import World, world_of
from tests.harness.telegram import telegram

__all__ = ["telegram"]


@pytest.fixture
async def world(tmp_path: Path, telegram: Telegram) -> AsyncIterator[World]:
    """The whole service, which polls."""
    async with world_of(tmp_path, telegram) as running:
        yield running


@pytest.fixture(params=["polling", "webhook"])
async def either(request: pytest.FixtureRequest, tmp_path: Path, telegram: Telegram) -> AsyncIterator[World]:
    """The whole service, by either way that updates come."""
    async with world_of(tmp_path, telegram, updates=request.param) as running:
        yield running
