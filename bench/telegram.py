"""Telegram by web hook: turns a second through the whole way, beside a bare handler that makes the same one call.

A turn: the update comes in, its turn is durable, it is acknowledged, and the next question has reached the Bot API.
The server is on one core; the driver, which is also the Bot API, on the other.
"""

import asyncio
import contextlib
import itertools
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TypeVar

from bench.bot_api import BotApi
from bench.client import Connection, Load
from bench.http import DRIVER_CORE, free_port, pin, server
from bot.channels.telegram.links import hook_names

TOKEN = "4711:AAbenchbenchbenchbenchbenchbenchbench"
SECRET = "a-secret-of-the-benchmark-0123456789"
FLOW = """
version: 1
brand: {name: Acme}
languages: [en]
flows:
  long:
    start: q0
    steps:
"""
QUESTIONS = 9
AT_ONCE = 64
T = TypeVar("T")
_people = itertools.count(1_000_000)
_updates = itertools.count(1)


def flow() -> str:
    """Questions without buttons, so that a turn is one sendMessage; the last turn of a chat ends it."""
    steps = [
        f'      q{n}: {{kind: text, say: "Question {n}: what would you improve?", then: '
        f"{f'q{n + 1}' if n + 1 < QUESTIONS else 'bye'}}}"
        for n in range(QUESTIONS)
    ]
    return FLOW + "\n".join(steps) + "\n      bye: {kind: message, say: Thank you., end: completed}\n"


@dataclass(frozen=True, slots=True)
class Row:
    service: float
    bare: float
    ratio: float
    calls: float
    """sendMessage calls a turn; anything beside them is in `others`."""
    others: float
    acknowledged: float
    """Milliseconds, p99, from the update to its 200."""
    there: float
    """Milliseconds, p99, from the update to the sendMessage that answers it."""


def update(person: int, text: str) -> bytes:
    who = {"id": person, "is_bot": False, "first_name": "Ada", "language_code": "en"}
    chat = {"id": person, "type": "private", "first_name": "Ada"}
    message: dict[str, object] = {"message_id": next(_updates), "date": 1, "chat": chat, "from": who, "text": text}
    if text.startswith("/"):
        message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text)}]
    return json.dumps({"update_id": next(_updates), "message": message}).encode()


async def chat(connection: Connection, api: BotApi, path: str, acks: Load, whole: Load) -> None:
    """One person from /start to the end."""
    person = next(_people)
    for number in range(QUESTIONS + 1):
        written, began = api.written(person), perf_counter()
        await connection.post(path, update(person, "The box was crushed twice." if number else "/start"))
        acks.latencies.append(perf_counter() - began)
        await written
        whole.latencies.append(perf_counter() - began)
        whole.turns += 1


async def drive(port: int, path: str, seconds: float, api: BotApi, secret: str) -> tuple[Load, Load]:
    acks, whole = Load(), Load()
    connections = [await Connection.open("127.0.0.1", port) for _ in range(AT_ONCE)]
    for one in connections:
        one.headers = f"X-Telegram-Bot-Api-Secret-Token: {secret}\r\n"
    began = perf_counter()

    async def run(connection: Connection) -> None:
        while perf_counter() < began + seconds:
            await chat(connection, api, path, acks, whole)

    await asyncio.gather(*(run(connection) for connection in connections))
    whole.seconds = perf_counter() - began
    for one in connections:
        one.close()
    return acks, whole


@contextlib.contextmanager
def _servers(api_port: int) -> Iterator[tuple[int, int]]:
    service, bare = free_port(), free_port()
    url = f"http://127.0.0.1:{api_port}"
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "flows.yaml").write_text(flow(), "utf-8")
        Path(folder, "settings.yaml").write_text("telegram: {updates: webhook}\n", "utf-8")
        environ = {"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API_URL": url, "SECRET_KEY": SECRET}
        with (
            server("-m", "bot", "serve", port=service, ready="/api/v1/chats", folder=folder, **environ),
            server("-m", "bench.hook", str(bare), url, port=bare, ready="/echo", folder=folder),
        ):
            yield service, bare


def run(quick: bool = False) -> Row:
    pin(DRIVER_CORE)
    seconds, rounds = (1.5, 3) if quick else (4.0, 5)
    api = BotApi()
    found: list[tuple[Load, Load, Load]] = []
    path, secret = hook_names(TOKEN, SECRET)
    with asyncio.Runner() as runner:
        runner.run(api.start())
        # The servers ask this loop who they are while they start: it has to run meanwhile.
        with _beside(runner, lambda: _servers(api.port)) as (service, bare):
            runner.run(drive(service, f"/telegram/{path}", 1.0, api, secret))
            api.calls.clear()
            for _ in range(rounds):
                acks, whole = runner.run(drive(service, f"/telegram/{path}", seconds, api, secret))
                calls = api.calls.copy()
                _, baseline = runner.run(drive(bare, "/hook", seconds, api, secret))
                found.append((acks, whole, baseline))
                api.calls = calls
        api.close()
    turns = sum(whole.turns for _, whole, _ in found)
    return Row(
        median(whole.rate for _, whole, _ in found),
        median(baseline.rate for _, _, baseline in found),
        median(whole.rate / baseline.rate for _, whole, baseline in found),
        api.calls["sendMessage"] / turns,
        (api.calls.total() - api.calls["sendMessage"]) / turns,
        median(acks.percentile(0.99) for acks, _, _ in found),
        median(whole.percentile(0.99) for _, whole, _ in found),
    )


@contextlib.contextmanager
def _beside(
    runner: asyncio.Runner, made: Callable[[], contextlib.AbstractContextManager[tuple[int, int]]]
) -> Iterator[tuple[int, int]]:
    """Enter and leave a blocking context in a thread while the loop runs."""
    context = made()
    yield runner.run(_thread(context.__enter__))
    runner.run(_thread(lambda: context.__exit__(None, None, None)))


async def _thread(work: Callable[[], T]) -> T:
    return await asyncio.to_thread(work)


if __name__ == "__main__":
    print(run(quick=True))
