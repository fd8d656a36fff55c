"""A crowd of customers at several processes, without sticky sessions: the witnesses of the fault tests.

Each answers whole chats. Every request goes to a process drawn by lot and is sent again, with its id, to another one
until it is acknowledged; some are sent to two processes at once, some once more long after they were acknowledged, and
some customers are impatient and ask again while the first request still stands. What was acknowledged is written down
here, and nothing else is believed.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import aiohttp

from tests.soak.customers import answer

Json: TypeAlias = dict[str, Any]
"""The client's own view of the JSON that came."""

PATIENCE = (0.7, 2.0, 5.0)
"""Seconds that customers wait for an answer before they ask again."""
TWICE_AT_ONCE, ONCE_MORE = 0.15, 0.1
"""How often an answer is sent to two processes at once, and how often an old one again."""
THINKING = 0.03
"""Seconds between two answers, at most."""
MOST = 20
"""Surprises that are kept."""


@dataclass
class Chat:
    """What one chat's customer knows for certain."""

    id: str
    token: str
    score: int = -1
    said: list[str] = field(default_factory=list)
    """Acknowledged answers as the log shows them, in order."""
    sent: list[tuple[str, Json]] = field(default_factory=list)
    ended: bool = False


class Crowd:
    """`count` customers at once, each answering one chat after the other until told to stop."""

    def __init__(self, bases: Sequence[str], seed: int, count: int) -> None:
        self._bases = bases
        self._seed = seed
        self._count = count
        self._stopping = False
        self._news = asyncio.Condition()
        self._since = 0.0
        self._first: dict[int, float] = {}
        self.chats: list[Chat] = []
        self.answers = 0
        """Acknowledged, each counted once."""
        self.resent = 0
        """Requests that were refused or got no answer."""
        self.refused = 0
        """Requests that were answered, and not acknowledged."""
        self.longest = 0.0
        """Seconds that somebody had to wait until an answer was acknowledged."""
        self.surprises: list[str] = []
        """Answers that no customer may get, whatever fails."""

    def stop(self) -> None:
        """Begin no new chat; the ones under way are answered to their end."""
        self._stopping = True

    async def run(self) -> None:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            await asyncio.gather(*(self._one(session, random.Random(f"{self._seed}.{n}")) for n in range(self._count)))

    def watch(self) -> None:
        """From now on note when each process first acknowledges something."""
        self._since, self._first = asyncio.get_running_loop().time(), {}

    @property
    def recovered(self) -> Mapping[int, float]:
        """Seconds from `watch` to the first acknowledged answer, by process."""
        return self._first

    async def all_answer(self, seconds: float) -> None:
        """Until each process has acknowledged something since `watch`. Raises TimeoutError."""
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: len(self._first) == len(self._bases))

    async def come(self, more: int, seconds: float) -> None:
        """Until so many more answers were acknowledged. Raises TimeoutError."""
        wanted = self.answers + more
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: self.answers >= wanted)

    async def _one(self, session: aiohttp.ClientSession, rng: random.Random) -> None:
        while not self._stopping and len(self.surprises) < MOST:
            with suppress(_Surprised):  # it is in `surprises`
                await self._chat(session, rng)

    async def _chat(self, session: aiohttp.ClientSession, rng: random.Random) -> None:
        state = await self._sure(session, rng, "/api/v1/chats", {"locale": "en"}, "")
        chat = Chat(str(state["chat"]), str(state["token"]))
        self.chats.append(chat)
        path = f"/api/v1/chats/{chat.id}/messages"
        while state["status"] != "ended":
            await asyncio.sleep(rng.random() * THINKING)  # a person thinks
            ask, number = state["ask"], len(chat.said)
            said, shown = answer(ask, rng, number)
            body = {"id": f"{chat.id}-{number}", "cursor": state["cursor"], "fence": ask["fence"], **said}
            times = 2 if rng.random() < TWICE_AT_ONCE else 1
            states = [self._sure(session, rng, path, body, chat.token) for _ in range(times)]
            state = max(await asyncio.gather(*states), key=lambda found: int(found["cursor"]))
            chat.said.append(shown)
            chat.sent.append((path, body))
            self.answers += 1
            if ask["kind"] == "nps":
                chat.score = int(said["value"])
            if rng.random() < ONCE_MORE:
                again = await self._sure(session, rng, *rng.choice(chat.sent), chat.token)
                # A reminder may have come between them, where the clock was set forward.
                new = [line["author"] for line in again["entries"] if line["seq"] > state["cursor"]]
                if "visitor" in new or again["status"] != state["status"]:
                    self._wonder(
                        f"{path}: sent once more, and the log went from {state['cursor']} to {again['cursor']}"
                    )
        chat.ended = True

    async def _sure(
        self, session: aiohttp.ClientSession, rng: random.Random, path: str, body: Json, token: str
    ) -> Json:
        """Send until it is acknowledged."""
        began = asyncio.get_running_loop().time()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        while True:
            process = rng.randrange(len(self._bases))
            patience = aiohttp.ClientTimeout(total=rng.choice(PATIENCE))
            try:
                async with session.post(
                    self._bases[process] + path, json=body, headers=headers, timeout=patience
                ) as response:
                    if response.status in (200, 201):
                        state: Json = await response.json()
                        await self._acknowledged(process, began)
                        return state
                    self.refused += 1
                    if response.status not in (429, 503):
                        self._wonder(f"{path} {body}: {response.status} {await response.text()}")
            except (aiohttp.ClientError, TimeoutError, ConnectionError):
                pass  # a process that is away, slow or killed is what is tried: counted, and asked of another one
            self.resent += 1
            await asyncio.sleep(0.01 + 0.04 * rng.random())

    async def _acknowledged(self, process: int, began: float) -> None:
        now = asyncio.get_running_loop().time()
        self.longest = max(self.longest, now - began)
        if self._since:
            self._first.setdefault(process, now - self._since)
        async with self._news:
            self._news.notify_all()

    def _wonder(self, what: str) -> None:
        self.surprises.append(what)
        raise _Surprised


class _Surprised(Exception):
    """This chat cannot go on."""
