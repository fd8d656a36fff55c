"""How the stand-in for Slack misbehaves, where it was told to: one entry for one call, in order."""

import asyncio
from collections import deque
from typing import Literal

from msgspec import Struct

from bot.sandbox.slack.types import Json


class Quirk(Struct, frozen=True, kw_only=True):
    """Made by the functions below."""

    kind: Literal["throttled", "broken", "refused", "slow"]
    status: int = 200
    error: str = ""
    extra: Json | None = None
    seconds: float = 0.0
    gate: asyncio.Event | None = None
    after: bool = False
    """Whether the call took effect before it went wrong."""


def throttled(seconds: int = 1) -> Quirk:
    """429 with Retry-After; nothing was done."""
    return Quirk(kind="throttled", status=429, seconds=seconds)


def broken(status: int = 503, *, after: bool = False) -> Quirk:
    """An error of Slack's own, with a body that is no JSON; with `after` it did what was asked."""
    return Quirk(kind="broken", status=status, after=after)


def lost() -> Quirk:
    """It did what was asked; the connection closes without an answer."""
    return Quirk(kind="broken", status=0, after=True)


def refused(error: str, **extra: object) -> Quirk:
    """`ok: false` with this error; nothing was done."""
    return Quirk(kind="refused", error=error, extra=extra)


def slow(seconds: float) -> Quirk:
    """It does what was asked at once and answers after `seconds`."""
    return Quirk(kind="slow", seconds=seconds)


def held(gate: asyncio.Event) -> Quirk:
    """It does what was asked at once and answers when `gate` is set."""
    return Quirk(kind="slow", gate=gate)


class Quirks:
    """What was ordered, by method; `*` is any method."""

    def __init__(self) -> None:
        self._ordered: dict[str, deque[Quirk]] = {}

    def order(self, method: str, *quirks: Quirk) -> None:
        """The next calls of `method` go like this, one quirk a call."""
        self._ordered.setdefault(method, deque()).extend(quirks)

    def take(self, method: str) -> Quirk | None:
        for name in (method, "*"):
            if ordered := self._ordered.get(name):
                return ordered.popleft()
        return None

    def clear(self) -> None:
        self._ordered.clear()

    @property
    def left(self) -> int:
        """Ordered and not yet met."""
        return sum(len(ordered) for ordered in self._ordered.values())
