"""The port between writers that need a person and the place where people are told, beside that of the cases."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from bot.desk.base import Result


class Alarm(Struct, frozen=True):
    """Everything that the one message about a writer says. Two that are equal look the same."""

    writer: str
    text: str
    """A full sentence: the notification."""
    error: str = ""
    """The other side's own words."""
    hint: str = ""
    """What to do about it."""
    button: str = ""
    """What its button says; empty where there is nothing to do again."""
    by: str = ""
    """The agent who had it sent again."""
    over: bool = False


class AlarmBoard(Protocol):
    """Every call may raise Retryable, Throttled, or Permanent. `key` travels with the message, as with a card."""

    async def alarm(self, to: str, place: str, key: str, alarm: Alarm) -> str:
        """Say it in the channel `to`, or change what stands at `place`; its place."""

    async def find(self, to: str, key: str, since: int) -> str:
        """The place of the message under this key, put up after `since`; empty where there is none."""


class Operators(Protocol):
    """What a board may ask of the service for somebody who looks after its deliveries. Committed on return."""

    async def replay(self, writer: str, agent: str, events: Sequence[str] = ()) -> Result:
        """Send again everything that was given up. Raises StoreUnavailable."""
