"""Fixtures: Telegram as a stand-in whose every request is held to the contract, and the real client against it.

A folder's conftest imports them once. A test that provokes a fault of contract empties `telegram.faults`.
"""

from collections.abc import AsyncIterator

import pytest
from telegram import Bot
from telegram.request import HTTPXRequest

from bot.sandbox.telegram.server import Telegram
from tests.harness import telegram_contract


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    async with Telegram(check=telegram_contract.faults) as running:
        yield running
    assert running.faults == []


@pytest.fixture
async def bot(telegram: Telegram) -> AsyncIterator[Bot]:
    """The client library as it comes."""
    async with client(telegram) as made:
        yield made


def client(telegram: Telegram, token: str = "") -> Bot:
    request = HTTPXRequest(read_timeout=10)
    polling = HTTPXRequest(read_timeout=10)
    return Bot(token or telegram.token, base_url=f"{telegram.url}/bot", request=request, get_updates_request=polling)


def telegram_environ(telegram: Telegram, **more: str) -> dict[str, str]:
    """The settings of a service with this Telegram; it polls unless PUBLIC_URL is among them."""
    return {"TELEGRAM_TOKEN": telegram.token, "TELEGRAM_API_URL": telegram.url, **more}
