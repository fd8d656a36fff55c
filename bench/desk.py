"""Slack: how soon an interaction is acknowledged under 200 a second, and how soon an agent's line is with the visitor.

Slack is the sandbox's stand-in, over HTTP with signatures, in the driver's loop and on the driver's core; what it takes
itself is in the figures. Every interaction is a turn with its commit: half of them begin a chat, half give a score.
"""

import asyncio
import contextlib
import json
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from time import perf_counter

import aiohttp

from bench.http import DRIVER_CORE, free_port, pin, server
from bot.sandbox.slack.server import Slack
from bot.sandbox.slack.types import Message

A_SECOND = 200
CHATS = 10
"""Visitors with an agent at once."""


@dataclass(frozen=True, slots=True)
class Row:
    interactions: int
    p50: float
    """Milliseconds from the interaction to its acknowledgement."""
    p99: float
    lines: int
    there50: float
    """Milliseconds from an agent's line in the thread to the visitor's event stream."""
    there99: float


@contextlib.asynccontextmanager
async def _stage(people: int) -> AsyncIterator[tuple[Slack, str]]:
    async with Slack() as slack:
        slack.add_user("maya", real_name="Maya Roy")
        slack.add_channel("nps-alerts", "maya")
        for number in range(people):
            slack.add_user(f"person{number}", real_name=f"Person {number}")
        port = free_port()
        slack.use_http(f"http://127.0.0.1:{port}/slack/events")
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            running = server(
                *("-m", "bot", "serve"),
                port=port,
                ready="/api/v1/chats",
                folder=folder,
                SLACK_BOT_TOKEN=slack.bot_token,
                SLACK_SIGNING_SECRET=slack.signing_secret,
                SLACK_API_URL=slack.api_url,
                SLACK_ALERT_CHANNEL="#nps-alerts",
            )
            await asyncio.to_thread(stack.enter_context, running)
            yield slack, f"http://127.0.0.1:{port}"
            await asyncio.to_thread(stack.close)


async def _interactions(slack: Slack, people: int) -> Sequence[float]:
    """Seconds until each was acknowledged; they come at an even pace, whether or not the one before is done."""
    taken: list[float] = []

    async def begin(person: str) -> None:
        ack = await slack.runs_command(person, "/survey")
        assert ack.ok, ack
        taken.append(ack.seconds)

    async def score(person: str) -> None:
        asked = next(one for one in slack.messages("dm", person) if any("6" in words for words in one.buttons))
        button = next(one for one in asked.elements if one["type"] == "button" and one["text"]["text"] == "6")
        ack = await slack.presses(person, asked, button["action_id"], button["value"])
        assert ack.ok, ack
        taken.append(ack.seconds)

    for act in (begin, score):
        tasks = []
        for number in range(people):
            tasks.append(asyncio.create_task(act(f"person{number}")))
            await asyncio.sleep(1 / A_SECOND)
        await asyncio.gather(*tasks)
        if act is begin:
            for number in range(people):
                await slack.message("dm", "How likely", f"person{number}", 60)
    return taken


class Visitor:
    """A web chat with an agent, and its event stream."""

    def __init__(self, session: aiohttp.ClientSession, url: str, number: int) -> None:
        self._session, self._url, self.number = session, url, number
        self.card: Message | None = None
        self.arrived: asyncio.Queue[str] = asyncio.Queue()

    async def begin(self, slack: Slack) -> None:
        async with self._session.post(f"{self._url}/api/v1/chats", json={"locale": "en"}) as answer:
            state = await answer.json()
        head = {"Authorization": f"Bearer {state['token']}"}
        path = f"{self._url}/api/v1/chats/{state['chat']}"
        acts: tuple[dict[str, object], ...] = ({"value": 2}, {"text": f"Reason {self.number}."}, {"action": "human"})
        for number, said in enumerate(acts):
            fence = {} if "action" in said else {"fence": state["ask"]["fence"]}
            body = {"id": f"m{number}", "cursor": state["cursor"], **fence, **said}
            async with self._session.post(f"{path}/messages", json=body, headers=head) as answer:
                state |= await answer.json()
        assert state["status"] == "handoff", state
        self.card = await slack.message("#nps-alerts", f"Reason {self.number}.", seconds=60)
        self._listening = asyncio.create_task(self._listen(f"{path}/events?cursor={state['cursor']}", head))

    async def _listen(self, url: str, head: dict[str, str]) -> None:
        async with self._session.get(url, headers=head, timeout=aiohttp.ClientTimeout(None)) as stream:
            async for line in stream.content:
                if line.startswith(b"data:"):
                    for entry in json.loads(line[5:])["entries"]:
                        self.arrived.put_nowait(entry["text"])

    async def line(self, slack: Slack, text: str) -> float:
        assert self.card is not None
        began = perf_counter()
        slack.says("maya", "#nps-alerts", text, self.card.ts)
        while await self.arrived.get() != text:
            pass
        return perf_counter() - began

    def close(self) -> None:
        self._listening.cancel()


async def agents_lines(slack: Slack, url: str, each: int) -> Sequence[float]:
    """Seconds from each line in the thread to the visitor's event stream at `url`."""
    taken: list[float] = []
    async with aiohttp.ClientSession() as session:
        visitors = [Visitor(session, url, number) for number in range(CHATS)]
        for one in visitors:
            await one.begin(slack)

        async def talk(visitor: Visitor) -> None:
            texts = [f"Line {number} for {visitor.number}" for number in range(each)]
            taken.extend([await visitor.line(slack, text) for text in texts])

        await asyncio.gather(*(talk(one) for one in visitors))
        for one in visitors:
            one.close()
    return taken


async def _measure(people: int, each: int) -> Row:
    async with _stage(people) as (slack, url):
        acknowledged = sorted(1000 * seconds for seconds in await _interactions(slack, people))
        there = sorted(1000 * seconds for seconds in await agents_lines(slack, url, each))
    return Row(len(acknowledged), *quantiles(acknowledged), len(there), *quantiles(there))


def quantiles(ordered: Sequence[float]) -> tuple[float, float]:
    return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]


def run(quick: bool = False) -> Row:
    pin(DRIVER_CORE)
    return asyncio.run(_measure(200 if quick else 1_000, 10 if quick else 50))


if __name__ == "__main__":
    print(run(quick=True))
