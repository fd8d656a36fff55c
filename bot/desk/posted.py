"""What the board has of a case, and what waits to be told: the documents beside a case. Pure."""

from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from bot.desk.base import Colleague, Line

REMEMBERED = 40
PASSING = ("away", "back")
"""Kinds of remarks of which the last one counts."""


class Posted(Struct, frozen=True):
    """Doc kind `card`, id the chat. `pending` is written before a message goes out under that key: after a crash it is
    looked up, since the board takes the same message twice."""

    place: str = ""
    hash: str = ""
    """Of the card as it was last shown."""
    pending: str = ""
    since: int = 0
    """When `pending` was noted."""
    greeted: bool = False
    seq: int = 0
    """The log is in the thread up to here."""
    live: int = 0
    """The handoff that the thread follows: when it was asked for; 0 for none."""
    away: int = 0
    """Since when the customer's page is not there; 0 while it is."""
    said: tuple[str, ...] = ()
    """Keys of what was said beside the customer's lines."""

    def add(self, key: str) -> "Posted":
        """Of comings and goings, which have no end, the last: they must not push out what is to be said once."""
        kind = key.partition(":")[0]
        others = [one for one in self.said if kind not in PASSING or one.partition(":")[0] != kind]
        return replace(self, said=(*others, key)[-REMEMBERED:])

    @property
    def left(self) -> str:
        """The absence that was told of and whose end was not; empty for none."""
        absences = [key.removeprefix("away:") for key in self.said if key.startswith("away:")]
        return absences[-1] if absences and f"back:{absences[-1]}" not in self.said else ""


class Kept(Struct, frozen=True):
    """Doc kind `line`, id `<chat>\\n<its own>`: what an agent did in the thread and what is still to be done about it.
    The document goes when that is done.

    new          on to the customer, once the agent's name is known
    sent         a tick as soon as it has reached the customer
    internal, undelivered   a mark; `words` to the agent
    whisper      only `words` to the agent
    link         only the address of the card to the agent
    """

    state: Literal["new", "sent", "internal", "undelivered", "whisper", "link"]
    line: Line
    at: int
    seq: int = 0
    """Of the line in the log."""
    words: str = ""


class Profile(Struct, frozen=True):
    """Doc kind `agent`, id the agent: what they are called."""

    name: str
    at: int
    first: str = ""

    @property
    def colleague(self) -> Colleague:
        return Colleague(self.name, self.first or self.name)


def write(doc: Posted | Kept | Profile) -> bytes:
    return msgspec.json.encode(doc)


def read_posted(body: bytes) -> Posted:
    return msgspec.json.decode(body, type=Posted)


def read_kept(body: bytes) -> Kept:
    return msgspec.json.decode(body, type=Kept)


def read_profile(body: bytes) -> Profile:
    return msgspec.json.decode(body, type=Profile)
