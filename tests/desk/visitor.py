"""Somebody on the web, by its HTTP API; their page listens to the chat, as the widget does in a handoff."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import aiohttp

from tests.harness.service import within
from tests.harness.working import PATIENCE


class Visitor:
    """`entries` is everything that the page shows."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._count = 0
        self._heard = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None
        self.entries: list[dict[str, Any]] = []
        self.ask: Mapping[str, Any] | None = None
        self.status = "open"
        self.chat = ""
        self.late = 0.0
        self._told = False

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.leaves()
        await self._session.close()

    async def opens(self, **body: Any) -> None:
        async with self._session.post(f"{self._url}/api/v1/chats", json=body) as answer:
            found = await answer.json()
        self.chat, self._token = found["chat"], found["token"]
        self._take(found)
        self.comes()

    async def answers(self, **body: Any) -> None:
        self._count += 1
        body |= {"id": f"v{self._count}", "cursor": self._cursor, "fence": self.ask["fence"] if self.ask else 0}
        where = f"{self._url}/api/v1/chats/{self.chat}/messages"
        async with self._session.post(where, json=body, headers=self._headers) as answer:
            found = await answer.json()
            assert answer.status == 200, found
        self._take(found)

    async def does(self, action: str) -> None:
        await self.answers(action=action)

    async def hears(self, words: str, seconds: float = PATIENCE) -> dict[str, Any]:
        """The entry, as soon as the page shows it."""
        async with within(seconds, f"{words!r} on the page"):
            while True:
                for entry in self.entries:
                    if words in entry["text"]:
                        return entry
                self._heard.clear()
                await self._heard.wait()

    def comes(self) -> None:
        """Their page is there."""
        self._told = False
        self._listening = asyncio.create_task(self._listen())

    async def listens(self) -> None:
        """Until the page has heard of the chat, as it is told whoever comes."""
        async with within(PATIENCE, "the page to hear of its chat"):
            while not self._told:
                self._heard.clear()
                await self._heard.wait()

    def goes_to(self, url: str) -> None:
        """From now on requests reach another process, as a load balancer may choose."""
        self._url = url

    async def leaves(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):  # ours; what else ended it is raised
                await self._listening
            self._listening = None

    @property
    def _headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    @property
    def _cursor(self) -> int:
        return max((entry["seq"] for entry in self.entries), default=0)

    async def _listen(self) -> None:
        where = f"{self._url}/api/v1/chats/{self.chat}/events?cursor={self._cursor}"
        async with self._session.get(where, headers=self._headers, timeout=aiohttp.ClientTimeout(None)) as answer:
            assert answer.status == 200, await answer.text()
            async for line in answer.content:
                if line.startswith(b"data:"):
                    self._told = True
                    self._take(json.loads(line.removeprefix(b"data:")))

    def _take(self, found: Mapping[str, Any]) -> None:
        known = {entry["seq"] for entry in self.entries}
        self.entries += [entry for entry in found["entries"] if entry["seq"] not in known]
        self.ask, self.status = found["ask"], found["status"]
        self._heard.set()
