"""What goes wrong on the way to a platform, once or as often as said: `telegram.fails("sendMessage", throttled(2))`."""

import asyncio
from collections import deque
from dataclasses import dataclass

from bot.sandbox.telegram import errors as telegram_errors
from bot.sandbox.telegram.errors import Refusal

ANY = "*"
HTML = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>nginx</body>\r\n</html>\r\n"


@dataclass(frozen=True, slots=True)
class Trouble:
    """How one call is answered instead of what it asked for."""

    refusal: Refusal | None = None
    html: bool = False
    """The gateway's page instead of JSON."""
    effect: bool = False
    """Whether the call has its effect although the answer says nothing of it."""
    silent: bool = False
    """The connection is closed without an answer."""
    gate: asyncio.Event | None = None
    """The call waits until this is set."""


def throttled(seconds: int) -> Trouble:
    """429 with `retry_after`."""
    return Trouble(telegram_errors.throttled(seconds))


def broken(status: int = 502, *, html: bool = False, effect: bool = False) -> Trouble:
    """5xx."""
    return Trouble(Refusal(status, {500: "Internal Server Error", 502: "Bad Gateway"}.get(status, "")), html, effect)


def refused(status: int, words: str) -> Trouble:
    """Any other refusal of the platform, word for word."""
    return Trouble(Refusal(status, words))


def lost() -> Trouble:
    """It happens, and the answer never arrives."""
    return Trouble(effect=True, silent=True)


def dropped() -> Trouble:
    """The connection breaks before anything happens."""
    return Trouble(silent=True)


def slow(gate: asyncio.Event) -> Trouble:
    """Answered as it should be, once the gate is open."""
    return Trouble(effect=True, gate=gate)


class Troubles:
    """What is to go wrong next, by method."""

    def __init__(self) -> None:
        self._coming: dict[str, deque[Trouble]] = {}

    def add(self, method: str, trouble: Trouble, times: int) -> None:
        self._coming.setdefault(method, deque()).extend([trouble] * times)

    def next(self, method: str) -> Trouble | None:
        """Polling is spared from what befalls any method: a test means the calls that do something."""
        names = (method,) if method == "getUpdates" else (method, ANY)
        return next((self._coming[name].popleft() for name in names if self._coming.get(name)), None)

    @property
    def left(self) -> int:
        """Ordered and not yet met."""
        return sum(len(coming) for coming in self._coming.values())

    def clear(self) -> None:
        self._coming.clear()
