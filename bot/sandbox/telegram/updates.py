"""How what people do reaches the bot: a queue of updates, fetched by long polling or posted to a web hook.

- Polling: an update is handed out until an `offset` above it confirms it. A second getUpdates ends the first one.
- Web hook: updates of one chat are posted one after the other, those of others beside them; one that is not answered
  with 2xx is posted again, and what comes after it in that chat waits.
- `hold` keeps what is new back; `release` lets it go in any order (out of order, or late). `repeat` delivers an update
  again although it was confirmed.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import aiohttp
import msgspec

from bot.sandbox.bell import Bell
from bot.sandbox.telegram.errors import conflict
from bot.sandbox.telegram.types import Update

FIRST = 700_000_001
RETRY = 0.2
"""Seconds before a web hook that failed is called again."""
CONNECTIONS = 40
WAIT = 50
"""Seconds that a poll may wait at most."""


class Updates:
    """One bot's queue."""

    def __init__(self, bell: Bell, first: int = FIRST) -> None:
        self._bell = bell
        self._next = first
        self.waiting: list[Update] = []
        """Not confirmed yet."""
        self.all: list[Update] = []
        self._again: list[Update] = []
        """Handed out with the next poll, whatever its offset confirms."""
        self._twice = 0
        self.held: list[Update] | None = None
        """Kept back; None while nothing is."""
        self.allowed: tuple[str, ...] = ()
        self.url = ""
        self.secret = ""
        self.failures: list[str] = []
        """Why posts to the web hook failed, in words; their statuses in `statuses`."""
        self.statuses: list[int] = []
        self._poll: asyncio.Event | None = None
        self._posting: dict[int, asyncio.Task[None]] = {}
        self._connections = asyncio.Semaphore(CONNECTIONS)
        self._session: aiohttp.ClientSession | None = None

    @property
    def polled(self) -> bool:
        """Whether a getUpdates waits now."""
        return self._poll is not None

    def number(self) -> int:
        self._next += 1
        return self._next - 1

    def add(self, update: Update) -> Update:
        """Something happened. Of a kind that the bot does not want, it never hears."""
        self.all.append(update)
        if self.allowed and update.kind not in self.allowed:
            return update
        if self.held is not None:
            self.held.append(update)
        else:
            self._queue((update,))
        if self._twice:
            self._twice -= 1
            self.repeat(update)
        return update

    def hold(self) -> None:
        """Keep back what comes from now on."""
        self.held = []

    def release(self, order: Sequence[int] = ()) -> None:
        """Deliver what was held: as it came, or in this order (indexes; what is not named is lost)."""
        held, self.held = self.held or [], None
        self._queue([held[at] for at in order] if order else held)

    def repeat(self, update: Update | None = None) -> None:
        """Deliver it once more (the newest, where none is given)."""
        again = update or self.all[-1]
        if self.url:
            self._queue((again,))
        else:
            self._again.append(again)
            self._bell.ring()

    def twice(self) -> None:
        """The next update is delivered twice."""
        self._twice += 1

    def _queue(self, updates: Sequence[Update]) -> None:
        self.waiting.extend(updates)
        for chat in {update.chat for update in updates}:
            self._post(chat)
        self._bell.ring()

    async def fetch(self, offset: int, limit: int, timeout: int, allowed: Sequence[str] | None) -> tuple[Update, ...]:
        """getUpdates. Raises the platform's conflicts."""
        if self.url:
            raise conflict(
                "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            )
        if allowed is not None:
            self.allowed = tuple(allowed)
        if self._poll is not None:
            self._poll.set()
            self._bell.ring()
        mine = self._poll = asyncio.Event()
        self._bell.ring()
        try:
            if offset > 0:
                self.waiting = [update for update in self.waiting if update.update_id >= offset]
            elif offset < 0:
                self.waiting = self.waiting[offset:]
            with suppress(TimeoutError):
                async with asyncio.timeout(min(timeout, WAIT)):
                    while not (self.waiting or self._again or mine.is_set()):
                        await self._bell.rung()
            if mine.is_set():
                raise conflict(
                    "terminated by other getUpdates request; make sure that only one bot instance is running"
                )
            found = (*self.waiting[: limit or 100], *self._again)
            self._again.clear()
            return found
        finally:
            if self._poll is mine:
                self._poll = None

    def hook(self, url: str, secret: str, allowed: Sequence[str] | None, *, drop: bool) -> None:
        """setWebhook; with an empty address, deleteWebhook."""
        if drop:
            self.waiting.clear()
        if allowed is not None:
            self.allowed = tuple(allowed)
        self.url, self.secret = url, secret
        if self._poll is not None and url:
            self._poll.set()
        for chat in {update.chat for update in self.waiting}:
            self._post(chat)
        self._bell.ring()

    def _post(self, chat: int) -> None:
        """See that somebody posts what waits for this chat."""
        if self.url and chat not in self._posting:
            self._posting[chat] = asyncio.create_task(self._deliver(chat))

    async def _deliver(self, chat: int) -> None:
        try:
            await self._deliver_all(chat)
        finally:
            self._posting.pop(chat, None)  # at once: what is queued from now on needs a task of its own

    async def _deliver_all(self, chat: int) -> None:
        while self.url and (mine := next((one for one in self.waiting if one.chat == chat), None)):
            async with self._connections:
                status = await self._send(mine)
            self.statuses.append(status)
            if 200 <= status < 300:
                with suppress(ValueError):  # it was dropped meanwhile
                    self.waiting.remove(mine)
            self._bell.ring()
            if not 200 <= status < 300:
                self.failures.append(f"Wrong response from the webhook: {status}" if status else "Connection refused")
                await asyncio.sleep(RETRY)

    async def _send(self, update: Update) -> int:
        """The status of the answer; 0 where there was none."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
        headers = {"Content-Type": "application/json"}
        if self.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self.secret
        try:
            async with self._session.post(self.url, data=msgspec.json.encode(update), headers=headers) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, TimeoutError):
            return 0

    async def close(self) -> None:
        """Stop posting; what waits stays for the next one."""
        tasks = list(self._posting.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None
