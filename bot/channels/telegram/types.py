"""What an update of the Bot API can mean to a survey, as values."""

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Person:
    """Who wrote, as their profile has it: claimed by them, proven by nobody."""

    peer: str
    """Of a private chat, hence also that of the person."""
    language: str = ""
    first_name: str = ""
    last_name: str = ""
    username: str = ""


@dataclass(frozen=True, slots=True)
class Begin:
    """/start, perhaps with what a deep link carries."""

    person: Person
    payload: str


@dataclass(frozen=True, slots=True)
class Action:
    """A command that means the same at every question."""

    person: Person
    action: str


@dataclass(frozen=True, slots=True)
class Words:
    """What was typed; a shared contact is its number. A command that is not known here is typed text too: the engine
    reads commands in every language."""

    person: Person
    text: str


@dataclass(frozen=True, slots=True)
class Media:
    """A picture, a voice message, a sticker: nothing that can be read."""

    person: Person


@dataclass(frozen=True, slots=True)
class Tap:
    """A button. `value` is an answer, an action with `action` set, or something to be seen with `view` set."""

    person: Person
    query: str
    """To be answered, else the button keeps turning."""
    message: int
    chat: str
    fence: int
    value: int | str = ""
    action: Literal["", "skip", "back"] = ""
    view: Literal["", "all", "more"] = ""
    page: int = 0
    hashed: str = ""
    """Of the value, where that did not fit."""


@dataclass(frozen=True, slots=True)
class Odd:
    """A button that is none of ours, or of an older version: it is told to rest."""

    person: Person
    query: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The person blocked the bot."""

    person: Person


@dataclass(frozen=True, slots=True)
class Group:
    """Somebody talks to the bot, or added it, where more people read."""

    peer: str
    language: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing to do, and why."""

    why: str


Meaning: TypeAlias = Begin | Action | Words | Media | Tap | Odd | Gone | Group | Nothing


@dataclass(frozen=True, slots=True)
class Update:
    """One update. `id` rises by one with each of a bot; 0 where it has none."""

    id: int
    meaning: Meaning
