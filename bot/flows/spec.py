"""What a flow file says, parsed: frozen types that the checker proves and the machine is compiled from.

`load` makes them (reporting every problem at once), `lint` proves them, `machine` compiles them, `engine` runs them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from bot.errors import Mark

Scalar: TypeAlias = int | str


@dataclass(frozen=True, slots=True)
class Text:
    """Words for a person, by language; a plain string in the file stands for every language of the file."""

    by_language: Mapping[str, str]
    mark: Mark
    path: str
    marks: Mapping[str, Mark] = field(default_factory=dict)
    """Where each language's words are written."""


@dataclass(frozen=True, slots=True)
class Option:
    """One choice or link. The key is stable across languages and versions; answers are stored by it."""

    key: str
    label: Text
    mark: Mark
    url: Text | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """An inclusive range of integers: `0..6`."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Check:
    """One line of a `when`: `subject` is a name (score, segment, outcome, answer, locale, channel, answers.x,
    contact.x, context.x). It holds where the value is one of `accepts`, or (with `present` set) is there or is missing.
    """

    subject: str
    accepts: tuple[Scalar | Range, ...]
    mark: Mark
    present: bool | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds where every test holds."""

    tests: tuple[Check, ...]
    mark: Mark


@dataclass(frozen=True, slots=True)
class Rule:
    """One way out of a step. The first that holds is taken. A table `{detractor: a}` becomes rules by outcome."""

    to: str
    mark: Mark
    outcome: str | None = None
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    kind: str
    mark: Mark
    path: str
    say: Text | None = None
    then: tuple[Rule, ...] = ()
    then_mark: Mark | None = None
    """Of the word `then`; None where the step has none."""
    end: str = ""
    """The chat's outcome where this step ends it; empty else."""
    save_as: str = ""
    optional: bool = False
    timeout: int = 0
    """Milliseconds of silence after which the outcome is `timeout`; 0 for never."""
    options: tuple[Option, ...] = ()
    gating: bool = False
    """`gating: accepted`: the owner means to offer these links to some people only."""
    config: object = None
    """What the kind's own keys say: the frozen type its `parse` returns."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """No reminder is sent in these minutes since midnight, in the person's zone. `start` > `end` spans midnight."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Timers:
    remind_after: int = 0
    remind_max: int = 1
    abandon_after: int = 0
    quiet: Quiet | None = None
    remind_say: Text | None = None


@dataclass(frozen=True, slots=True)
class Brand:
    name: str
    color: str = "#5b4bff"
    privacy: str = ""
    """URL of the owner's privacy page; empty for the service's own."""


@dataclass(frozen=True, slots=True)
class Flow:
    name: str
    mark: Mark
    start: str
    steps: Mapping[str, Step]
    timers: Timers = field(default_factory=Timers)
    invite: Text | None = None
    """The words on the launcher of the widget; None for the standard ones."""


@dataclass(frozen=True, slots=True)
class Book:
    """A whole flow file. `version` is the hash of its text: every flow in it has this version."""

    version: str
    source: str
    brand: Brand
    languages: tuple[str, ...]
    """The first is the fallback."""
    flows: Mapping[str, Flow]
    """The first is the default."""


@dataclass(frozen=True, slots=True)
class OpenHours:
    """Opening hours, from the settings file. `days` has seven tuples of (start, end) in minutes, Monday first."""

    timezone: str
    days: tuple[tuple[tuple[int, int], ...], ...]
    closed: tuple[str, ...] = ()
    """ISO dates."""
    slot: int = 30 * 60_000
    notice: int = 2 * 3_600_000
    ahead: int = 7 * 86_400_000
