"""Several processes on one Redis: a database of its own for a test, their pids, and people who never stop asking."""

import asyncio
import re
import subprocess
from collections import Counter
from contextlib import closing

import aiohttp

from tests.harness.redis_server import reaching, single
from tests.harness.service import PATIENCE, within


def database(number: int) -> str:
    """A URL for REDIS_URL; what was in that database is gone."""
    with closing(reaching(url := database_again(number))) as client:
        client.flushdb()
    return url


def database_again(number: int) -> str:
    """The same, with what is in it."""
    return f"{single().url}/{number}"


def children(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-A", "-o", "ppid=,pid=,stat="], capture_output=True, text=True, check=True)
    rows = [line.split() for line in listed.stdout.splitlines()]
    return [int(child) for parent, child, state in rows if int(parent) == pid and "Z" not in state]


def alive(pid: int) -> bool:
    listed = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(listed.stdout.strip()) and "Z" not in listed.stdout


PACE = 0.02
"""Seconds between two questions of one of them: it is they who are watched, not how many they can be."""


class People:
    """Eight who begin one chat after another at `urls`, over connections that they keep. What went wrong is in
    `failed`: a POST is never sent again by the client."""

    def __init__(self, *urls: str) -> None:
        self.urls = list(urls)
        self.failed: list[str] = []
        self.answered = 0
        self.statuses: Counter[int] = Counter()
        self._over = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "People":
        self._tasks = [asyncio.create_task(self._ask(at)) for at in range(8)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._over.set()
        await asyncio.gather(*self._tasks)

    async def more(self, many: int = 50) -> None:
        """Wait until so many more were answered."""
        until = self.answered + many
        async with within(PATIENCE, f"{many} more answers"):
            while not self.failed:
                await asyncio.sleep(0.01)
                if self.answered >= until:
                    break

    async def _ask(self, at: int) -> None:
        async with aiohttp.ClientSession() as http:
            while not self._over.is_set():
                url = self.urls[at % len(self.urls)]
                try:
                    async with http.post(f"{url}/api/v1/chats", json={}) as answer:
                        await answer.read()
                        self.statuses[answer.status] += 1
                except (aiohttp.ClientError, OSError) as error:
                    self.failed.append(f"{type(error).__name__}: {error}")
                    return
                self.answered += 1
                await asyncio.sleep(PACE)


async def figures(url: str) -> dict[str, float]:
    """/metrics, by name and labels."""
    async with aiohttp.ClientSession() as http, http.get(f"{url}/metrics") as answer:
        rows = re.findall(r"^([a-z_]+(?:\{.*\})?) (\S+)$", await answer.text(), re.MULTILINE)
    return {name: float(value) for name, value in rows}
