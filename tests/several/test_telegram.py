"""Telegram is polled by one process at a time, and each update is taken once."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import groupby
from pathlib import Path

import pytest

from bot import app, lease
from bot.model import Address
from bot.sandbox.telegram.server import Telegram, User
from bot.sandbox.telegram.troubles import refused
from tests.harness.flows import SMALL
from tests.harness.proxy import Proxy
from tests.harness.redis_server import Server
from tests.harness.service import serving
from tests.harness.telegram import telegram_environ
from tests.several.pair import KEY

QUICK = {"LOOK": 0.05, "RENEW": 0.2, "KEPT": 0.8, "UNSEEN": 1.4}
"""In seconds, and in the proportions of the real ones."""


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in QUICK.items():
        monkeypatch.setattr(lease, name, value)


@asynccontextmanager
async def process(folder: Path, url: str, telegram: Telegram) -> AsyncIterator[app.Service]:
    environ = telegram_environ(telegram, DATA_DIR=str(folder / "data"), SECRET_KEY=KEY, REDIS_URL=url)
    async with serving(folder, SMALL, app.clock, **environ) as service:
        yield service


async def polled(telegram: Telegram) -> None:
    await telegram.until(lambda: telegram.updates.polled or None, "somebody to poll")


def telegram_set_up(telegram: Telegram) -> list[tuple[str, int]]:
    """What only who polls has to say, in turn: (method, how often)."""
    said = (call.method for call in telegram.calls if call.method in ("deleteWebhook", "setMyCommands"))
    return [(method, len(list(times))) for method, times in groupby(said)]


def conflicts(telegram: Telegram) -> int:
    return sum(call.answer == 409 for call in telegram.called("getUpdates"))


async def said_by(at: app.Service, person: User) -> list[str]:
    """What has been taken of this person, in order."""
    chat = await at.store.load(Address("telegram", str(person.id)))
    assert chat is not None
    return [entry.text for entry in await at.store.entries(chat.id) if entry.author == "visitor"]


async def test_a_graceful_stop_hands_the_polling_over_at_once(
    server: Server, telegram: Telegram, tmp_path: Path
) -> None:
    ana = telegram.person("Ana")
    async with process(tmp_path, server.url, telegram) as a:
        await polled(telegram)
        async with process(tmp_path, server.url, telegram) as b:
            telegram.starts(ana)
            await telegram.message(ana, "How likely")
            answered = telegram.says(ana, "3")
            await telegram.message(ana, "What is the reason?")
            await a.stop()
            await polled(telegram)
            telegram.updates.repeat(answered)  # taken there, and not known here whether it was confirmed
            telegram.says(ana, "late")
            await telegram.message(ana, "Thank you.")
            assert await said_by(b, ana) == ["3", "late"]
    assert conflicts(telegram) == 0
    assert [name for name, _ in telegram_set_up(telegram)] == ["deleteWebhook", "setMyCommands"] * 2


async def test_a_poller_that_is_cut_off_from_the_store_stops_before_another_begins(
    server: Server, telegram: Telegram, tmp_path: Path
) -> None:
    people = [telegram.person(name) for name in ("Ana", "Ben", "Cleo")]
    async with Proxy(server.port) as way, process(tmp_path, f"redis://127.0.0.1:{way.here}", telegram) as a:
        await polled(telegram)
        await a.worker.stop()  # what it had in hand would wait for its lease, which is another matter
        async with process(tmp_path, server.url, telegram) as b:
            for person in people:
                telegram.starts(person)
                await telegram.message(person, "How likely")
            way.hole = True
            for person in people:  # fetched by the one who can keep them no more
                telegram.says(person, "3")
            await telegram.until(lambda: not telegram.updates.polled or None, "it to leave off")
            for person in people:
                await telegram.message(person, "What is the reason?")
                telegram.says(person, "late")
                await telegram.message(person, "Thank you.")
                assert await said_by(b, person) == ["3", "late"]
            way.mend()
            way.reset()
    assert conflicts(telegram) == 0


async def test_two_who_poll_for_a_moment_are_no_news(
    server: Server, telegram: Telegram, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody who stood still for long may ask once more."""
    telegram.fails("getUpdates", refused(409, "Conflict: terminated by other getUpdates request"))
    ana = telegram.person("Ana")
    async with process(tmp_path, server.url, telegram):
        telegram.starts(ana)
        await telegram.message(ana, "How likely")
    assert conflicts(telegram) == 1
    warned = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert not [record for record in warned if "Telegram" in record.getMessage()]
