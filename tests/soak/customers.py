"""Customers who answer whole chats and never give up: an answer is sent again, with its id, until it is acknowledged.

They are the independent witnesses of the fault tests: what was acknowledged to them must be in the log once, in order,
and nothing else may be there.
"""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

import aiohttp

Json = dict[str, Any]
"""The client's own view of the JSON that came."""

TIMEOUT = aiohttp.ClientTimeout(total=10)


@dataclass
class Witness:
    """What one chat's customer knows for certain."""

    chat: str = ""
    token: str = ""
    score: int = -1
    said: list[str] = field(default_factory=list)
    """Acknowledged answers as the log shows them, in order."""
    finished: bool = False
    resent: int = 0


class Customers:
    """`count` customers at once, each answering one chat after the other until told to stop."""

    def __init__(self, base: str, seed: int, count: int) -> None:
        self._base = base
        self._seed = seed
        self._count = count
        self._stopping = asyncio.Event()
        self.witnesses: list[Witness] = []

    def stop(self) -> None:
        """Begin no new chat; the ones under way are answered to their end."""
        self._stopping.set()

    async def run(self) -> None:
        async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
            await asyncio.gather(*(self._one(session, random.Random(f"{self._seed}.{n}")) for n in range(self._count)))

    async def _one(self, session: aiohttp.ClientSession, rng: random.Random) -> None:
        while not self._stopping.is_set():
            witness = Witness()
            await self._chat(session, rng, witness)

    async def _chat(self, session: aiohttp.ClientSession, rng: random.Random, witness: Witness) -> None:
        state = await self._send(session, "/api/v1/chats", {"locale": "en"}, witness)
        witness.chat, witness.token = str(state["chat"]), str(state["token"])
        self.witnesses.append(witness)
        number = 0
        while state["status"] != "ended":
            ask = state["ask"]
            said, shown = answer(ask, rng, number)
            body = {"id": f"{witness.chat}-{number}", "cursor": state["cursor"], "fence": ask["fence"], **said}
            state = await self._send(session, f"/api/v1/chats/{witness.chat}/messages", body, witness)
            witness.said.append(shown)
            if ask["kind"] == "nps":
                witness.score = int(said["value"])
            number += 1
        witness.finished = True

    async def _send(self, session: aiohttp.ClientSession, path: str, body: Json, witness: Witness) -> Json:
        headers = {"Authorization": f"Bearer {witness.token}"} if witness.token else {}
        while True:
            try:
                async with session.post(self._base + path, json=body, headers=headers) as response:
                    if response.status in (200, 201):
                        return dict(await response.json())
                    if response.status not in (429, 503):
                        raise AssertionError(f"{path} {body}: {response.status} {await response.text()}")
            except (aiohttp.ClientError, TimeoutError, ConnectionError):
                witness.resent += 1
            await asyncio.sleep(0.02)


def answer(ask: Json, rng: random.Random, number: int) -> tuple[Json, str]:
    """What to send to this question, and how the log will show it."""
    if ask["kind"] == "nps":
        score = rng.randint(0, 10)
        return {"value": score}, str(score)
    options = ask.get("options") or []
    if ask["kind"] in ("choice", "yesno"):
        # The last option leads to the end without asking for contact details.
        return {"value": options[-1]["value"]}, options[-1]["label"]
    words = f"answer {number} of {rng.random()}"
    return {"text": words}, words
