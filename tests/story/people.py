"""A customer on each channel, as the person sees it: what they say, tap and read. Over real sockets, like anyone."""

import asyncio
import time
from collections.abc import Callable
from itertools import count
from typing import Protocol

import aiohttp

from bot.sandbox.slack.server import Slack
from bot.sandbox.telegram.server import Telegram
from tests.harness import working

PATIENCE = 40.0
"""Seconds that a person waits for something that takes one; the service may just be starting again."""
LOOK = 0.05


async def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for a condition of the outside world, which rings no bell here."""
    await working.until(holds, PATIENCE, what)


class Customer(Protocol):
    async def begin(self) -> None:
        """Open the chat and see the score question."""

    async def say(self, text: str) -> None: ...

    async def tap(self, label: str) -> None:
        """Press what is offered with these words."""

    async def hear(self, words: str) -> None:
        """Wait until it is there to read."""

    def times(self, words: str) -> int:
        """How often it stands there, as far as was read."""


class OnTheWeb:
    """Speaks the public HTTP contract, as the widget does: what was not acknowledged is sent again with the same id."""

    def __init__(self, session: aiohttp.ClientSession, url: Callable[[], str]) -> None:
        """`session` gives a request up before `PATIENCE` is over."""
        self._session, self._url = session, url
        self._ids = count()
        self._chat: dict[str, object] = {}
        self._lines: dict[int, str] = {}

    async def begin(self) -> None:
        self._take(await self._post("/api/v1/chats", {"locale": "en"}))

    async def say(self, text: str) -> None:
        await self._message({"text": text})

    async def tap(self, label: str) -> None:
        await self._look()
        ask = self._chat["ask"]
        assert isinstance(ask, dict), f"nothing is asked: {self._chat}"
        value = next(one["value"] for one in ask["options"] if one["label"] == label)
        await self._message({"value": value, "fence": ask["fence"]})

    async def hear(self, words: str) -> None:
        end = time.monotonic() + PATIENCE
        while not self.times(words):
            assert time.monotonic() < end, f"waited in vain for {words!r}; there is {self._lines}"
            await self._look()
            await asyncio.sleep(LOOK)

    def times(self, words: str) -> int:
        return sum(words in line for line in self._lines.values())

    async def _look(self) -> None:
        body = {"chat": self._chat["token"], "cursor": self._chat["cursor"]}
        self._take(await self._post("/api/v1/chats", body))

    async def _message(self, said: dict[str, object]) -> None:
        body = {"id": f"m{next(self._ids)}", "cursor": self._chat["cursor"], **said}
        self._take(await self._post(f"/api/v1/chats/{self._chat['chat']}/messages", body))

    async def _post(self, path: str, body: dict[str, object]) -> dict[str, object]:
        end = time.monotonic() + PATIENCE
        token, trouble = str(self._chat.get("token", "")), ""
        while True:
            try:
                async with self._session.post(
                    self._url() + path, json=body, headers={"Authorization": f"Bearer {token}"} if token else {}
                ) as answer:
                    found: dict[str, object] = await answer.json()
                    if answer.status < 300:
                        return found
                    assert answer.status == 503, found
                    trouble = str(found)
            except (aiohttp.ClientError, TimeoutError) as error:
                trouble = repr(error)  # the process was killed: it is asked again, as the widget does
            assert time.monotonic() < end, f"{path} was not answered: {trouble}"
            await asyncio.sleep(LOOK)

    def _take(self, state: dict[str, object]) -> None:
        self._chat |= state
        entries = state["entries"]
        assert isinstance(entries, list)
        for entry in entries:
            assert entry["seq"] not in self._lines or self._lines[entry["seq"]] == entry["text"], "a line changed"
            self._lines[entry["seq"]] = entry["text"]


class InTelegram:
    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram
        self._me = telegram.person("Nadia")

    async def begin(self) -> None:
        self._telegram.starts(self._me)
        await self.hear("How likely are you")

    async def say(self, text: str) -> None:
        self._telegram.says(self._me, text)

    async def tap(self, label: str) -> None:
        await self._telegram.until(
            lambda: any(label in message.buttons for message in self._telegram.messages(self._me)), label, PATIENCE
        )
        self._telegram.presses(self._me, label)

    async def hear(self, words: str) -> None:
        await self._telegram.message(self._me, words, PATIENCE)

    def times(self, words: str) -> int:
        return sum(words in message.text for message in self._telegram.messages(self._me))


class InSlack:
    """`nadia`, who is no agent, in her direct messages with the app."""

    def __init__(self, slack: Slack) -> None:
        self._slack = slack

    async def begin(self) -> None:
        for _ in range(20):
            await self._slack.connected()
            if (await self._slack.runs_command("nadia", "/survey")).ok:
                break
        await self.hear("How likely are you")

    async def say(self, text: str) -> None:
        self._slack.says("nadia", "dm", text)

    async def tap(self, label: str) -> None:
        def found() -> tuple[object, str, str] | None:
            for message in reversed(self._slack.messages("dm", "nadia")):
                for one in message.elements:
                    if one["type"] == "button" and one["text"]["text"] == label:
                        return message, one["action_id"], one.get("value", "")
            return None

        await self._slack.wait_for(found, f"a button {label}", PATIENCE)
        end = time.monotonic() + PATIENCE
        while True:
            message, action, value = found() or (None, "", "")
            if message is None:
                return  # it was taken although nobody said so
            await self._slack.connected()
            if (await self._slack.presses("nadia", message, action, value)).ok:  # type: ignore[arg-type]  # a message
                return
            assert time.monotonic() < end, f"{label} was not acknowledged"

    async def hear(self, words: str) -> None:
        await self._slack.message("dm", words, "nadia", PATIENCE)

    def times(self, words: str) -> int:
        return sum(words in message.shown for message in self._slack.messages("dm", "nadia"))
