"""What can be set of a writer: each writer's module says it once, as `SPEC`, and the settings file is read by it."""

from typing import Literal, TypeAlias

from msgspec import Struct

KeyType: TypeAlias = Literal["text", "secret", "secrets", "integer", "flag", "choice", "url", "file"]


class Key(Struct, frozen=True):
    """One key of a writer's section in the settings file."""

    name: str
    type: KeyType = "text"
    """`secret` is `${NAME}` alone, `secrets` one or several; `file` is a path, read from the working folder."""
    default: str | int | bool | None = None
    required: bool = False
    choices: tuple[str, ...] = ()
    low: int = 0
    high: int = 1_000_000_000
    example: str = ""
    """As it would stand in the file; shown where it is missing or wrong."""


class Login(Struct, frozen=True):
    """One way to log in: the keys that stand under `login`. The first whose required keys are all given is taken."""

    name: str
    keys: tuple[Key, ...]


class Section(Struct, frozen=True):
    """A table of its own beside `fields` (case, task, event ...): `{when, on, fields, <keys>}`. Absent: not done."""

    name: str
    keys: tuple[Key, ...] = ()
    several: bool = False
    """Whether it may be a list of such tables; the first counts whose `when` holds and whose moment has come."""
    on: tuple[str, ...] = ()
    """The moments at which it is done where the file does not say."""


class Spec(Struct, frozen=True):
    kind: str
    title: str
    """As its makers write it: Salesforce, HubSpot ..."""
    base_url: str = ""
    """Where its API is where the file does not say; empty where that follows from other keys or there is none."""
    logins: tuple[Login, ...] = ()
    keys: tuple[Key, ...] = ()
    targets: tuple[str, ...] = ()
    """What `fields` may hold a table for, the first being meant where `fields` is one flat table."""
    free: bool = False
    """Whether other targets than these may be named (custom objects)."""
    matches: tuple[str, ...] = ()
    """Targets that can be found by `match`, the first being meant where `match` is one flat table."""
    sections: tuple[Section, ...] = ()
    fields: bool = True
    """Whether there is a mapping at all; else none of on, when, match, fields, unknown, changed, trust is read."""
    selects: bool = False
    """Whether `on` and `when` are read where there is no mapping."""
    samples: bool = False
    """Whether responses of the demo page are written where the file does not say."""


class Fault(Struct, frozen=True):
    """Something wrong in what a section says together, which no key says alone. A writer's module tells of them by a
    function `faults(options, secrets) -> Sequence[Fault]`, where it has one. Keys that were wrong are missing there."""

    key: str
    """Where to point: a key of the section or of its login."""
    message: str
    """Without the value where that may be a secret."""
    hint: str
