"""How the app is told: events until they are acknowledged, what a person did once.

An event is sent at most four times, after `retries` seconds each, as Slack does (at once, a minute, five minutes); it
waits for as long as the app has no connection at all. What a person did is sent once: unanswered, the person sees it.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, Protocol, TypeAlias

from msgspec import Struct

from bot.sandbox.slack.events import SUBSCRIPTIONS, by_person, envelope, subscription
from bot.sandbox.slack.state import World
from bot.sandbox.slack.types import Json

Kind: TypeAlias = Literal["events_api", "interactive", "slash_commands"]


class Ack(Struct, frozen=True, kw_only=True):
    """What came of one attempt. `body` is what the app answered with: a document, or {} where it said nothing."""

    ok: bool
    seconds: float
    # Any: JSON, of whatever shape the app chose.
    body: Any = None
    reason: str = ""
    """http_timeout, http_error, connection_failed, timeout, connection_closed, no_connection: as Slack names it."""
    again: bool = True
    """Whether the app may be asked again (X-Slack-No-Retry)."""


class Delivery(Struct, frozen=True, kw_only=True):
    kind: Kind
    payload: Json
    attempt: int
    ack: Ack


class Line(Protocol):
    """A way to the app: Socket Mode, or HTTP."""

    @property
    def open(self) -> bool:
        """Whether there is somebody to send to."""

    async def send(self, kind: Kind, payload: Json, attempt: int, reason: str, within: float) -> Ack: ...


class Dispatcher:
    def __init__(self, world: World, line: Line) -> None:
        self._world = world
        self.line = line
        self.retries: tuple[float, ...] = (0.0, 60.0, 300.0)
        self.within = 3.0
        """Seconds that the app has to acknowledge."""
        self.subscriptions: frozenset[str] = frozenset(SUBSCRIPTIONS)
        self.events: list[Json] = []
        """All that were dispatched, in order."""
        self.deliveries: list[Delivery] = []
        """All attempts, when they were settled."""
        self.dropped: list[Json] = []
        """Given up after the last attempt."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._hurry = asyncio.Event()
        self._kept: list[Json] | None = None
        self._twice: list[bool] = []
        self._lose = 0

    @property
    def pending(self) -> int:
        """Events that are neither acknowledged nor given up."""
        return len(self._tasks)

    def emit(self, team_id: str, event: Json) -> None:
        """An event happened; the app hears of it where it subscribed and, in channels, is a member."""
        team = self._world.teams[team_id]
        name = subscription(self._world, event)
        inside = not name.startswith("message.") or team.bot.id in self._world.channels[event["channel"]].members
        if name not in self.subscriptions or not inside or self._world.token_of(team_id) is None:
            return
        made = envelope(self._world, team, event, self._world.event_id())
        self.events.append(made)
        self.deliver(made)
        if self._twice and name.startswith("message.") and by_person(team, event):
            fresh = self._twice.pop(0)
            self.deliver(made | {"event_id": self._world.event_id()} if fresh else made)

    def deliver(self, made: Json) -> None:
        """Send an event (again)."""
        if self._kept is not None:
            self._kept.append(made)
            return
        task = asyncio.create_task(self._deliver(made))
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._world.bell.ring()

    async def _deliver(self, made: Json) -> None:
        reason = ""
        for attempt in range(1 + len(self.retries)):
            if attempt:
                await self._pause(self.retries[attempt - 1])
            while not self.line.open:
                await self._world.bell.rung()
            ack = await self._send("events_api", made, attempt, reason)
            if ack.ok or not ack.again:
                return
            reason = ack.reason
        self.dropped.append(made)
        self._world.bell.ring()

    async def _send(self, kind: Kind, payload: Json, attempt: int = 0, reason: str = "") -> Ack:
        ack = await self.line.send(kind, payload, attempt, reason, self.within)
        if ack.ok and self._lose and kind == "events_api":
            self._lose -= 1
            ack = Ack(ok=False, seconds=ack.seconds, reason="timeout")
        self.deliveries.append(Delivery(kind=kind, payload=payload, attempt=attempt, ack=ack))
        self._world.bell.ring()
        return ack

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
        except TimeoutError:
            return

    async def act(self, kind: Kind, payload: Json) -> Ack:
        """Something a person did: the app's answer to it, or that there was none."""
        return await self._send(kind, payload)

    def hurry(self) -> None:
        """What waits to be sent again goes now."""
        self._hurry.set()
        self._hurry = asyncio.Event()

    def twice(self, *, fresh_id: bool = False, times: int = 1) -> None:
        """The next message of a person is told twice: with the same event_id, or (`fresh_id`) with another one."""
        self._twice += [fresh_id] * times

    def lose_acks(self, times: int = 1) -> None:
        """The next events are acknowledged, and that is not heard: they come again."""
        self._lose += times

    @contextmanager
    def backwards(self) -> Iterator[None]:
        """What happens inside is told at the end, the last thing first."""
        self._kept = []
        try:
            yield
        finally:
            kept, self._kept = self._kept, None
            for made in reversed(kept):
                self.deliver(made)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
