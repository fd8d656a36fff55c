"""The service as a process with Telegram: what it needs, what it loads, and what a kill leaves."""

import asyncio
import subprocess
import sys
from pathlib import Path

from bot.sandbox.telegram.server import Message, Telegram, User
from tests.channels.telegram.world import FLOW
from tests.harness.service import TOP, Service, clean


def test_without_a_token_nothing_of_the_channel_is_loaded() -> None:
    source = "import sys, bot.app, bot.cli; print(*sorted(m for m in sys.modules if 'telegram' in m or m == 'httpx'))"
    words = [sys.executable, "-c", source]
    done = subprocess.run(words, env=clean({}), cwd=TOP, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["bot.settings_telegram"]


async def shows(telegram: Telegram, person: User, words: str, button: str = "") -> Message:
    def look() -> Message | None:
        found = telegram.messages(person)
        return next((one for one in found if words in one.text and (not button or button in one.buttons)), None)

    return await telegram.until(look, f"{words!r} with {button!r}")


async def test_a_killed_service_goes_on_where_it_stopped(tmp_path: Path, telegram: Telegram) -> None:
    """With only a token. What people do while it is dead is not lost, and what was taken is not taken twice."""
    service = Service(tmp_path, FLOW, TELEGRAM_TOKEN=telegram.token, TELEGRAM_API_URL=telegram.url)
    ana = telegram.person("Ana")
    telegram.starts(ana)
    for answer, question in (
        ("3", "What let you down?"),
        ("late", "How should we put it right?"),
        ("no", "Thank you."),
    ):
        await asyncio.to_thread(service.start)
        try:
            words = "How likely" if answer == "3" else "What let" if answer == "late" else "How should"
            await shows(telegram, ana, words)
            telegram.says(ana, answer)
            await shows(telegram, ana, question)
        finally:
            await asyncio.to_thread(service.kill)
    said = [message.text.partition("\n")[0] for message in telegram.messages(ana)]
    assert list(dict.fromkeys(said)) == [
        "How likely are you to recommend us?",
        "What let you down?",
        "How should we put it right?",
        "Thank you.",
    ]
    assert telegram.token not in service.out + service.err
