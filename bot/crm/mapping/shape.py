"""What is known of a mapping's value before there is one, and what all filters share. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TypeAlias

from bot.crm.mapping.sources import Out, OutType, Scene
from bot.crm.mapping.syntax import Arg, Call, Constant, Fault

_WIDE = re.compile("[\U00010000-\U0010ffff]")

Run: TypeAlias = Callable[[Out, Scene], Out | None]


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of a value before there is one."""

    type: OutType
    longest: int | None = None
    """Characters it has at most; None where that is open."""
    options: tuple[Out, ...] = ()
    """All values there are; empty where that is open."""


@dataclass(frozen=True, slots=True)
class Step:
    run: Run
    shape: Shape
    stand_in: Out | None = None
    """What an absent value becomes."""


Build: TypeAlias = Callable[[Call, Shape], Step]


def as_text(value: Out, separator: str = ", ") -> str:
    """For a person to read: times as RFC 3339 in UTC."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return separator.join(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def type_of(value: Out) -> OutType:
    if isinstance(value, bool):
        return "boolean"
    return "integer" if isinstance(value, int) else "number" if isinstance(value, float) else "text"


def longest_of(made: tuple[Out, ...]) -> int | None:
    return max((units(as_text(one)) for one in made), default=None)


def units(text: str) -> int:
    """Its length in UTF-16."""
    return len(text) if text.isascii() else len(text) + len(_WIDE.findall(text))


def cut(text: str, most: int) -> str:
    """At most so many characters, the sign that something is missing included. A character beyond the basic plane (an
    emoji) counts as two, as those systems count that keep UTF-16."""
    if len(text) * 2 <= most or units(text) <= most:
        return text
    start = text[: most - 1]
    while (over := units(start) - most + 1) > 0:
        start = start[: -((over + 1) // 2)]
    return start.rstrip() + "…"


# What the arguments of a filter may be


def fault(call: Call, message: str, hint: str) -> Fault:
    return Fault(call.at, message, hint, len(call.name))


def no_args(call: Call) -> None:
    if call.args:
        raise fault(call, f"{call.name} takes nothing in ( )", f"write  | {call.name}")


def one(call: Call, example: str) -> Arg:
    if len(call.args) != 1 or call.args[0].key:
        raise fault(call, f"{call.name} takes one value", f"for example  | {example}")
    return call.args[0]


def takes(call: Call, shape: Shape, *types: OutType, hint: str) -> None:
    if shape.type != "any" and shape.type not in types:
        raise fault(call, f"{call.name} cannot be used on {NAMES[shape.type]}", hint)


def pairs(call: Call, example: str) -> dict[str, Constant]:
    found: dict[str, Constant] = {}
    for arg in call.args:
        if not arg.key:
            raise Fault(arg.at, f"{call.name} takes pairs", f"for example  | {example}", len(str(arg.value)))
        if arg.key in found:
            raise Fault(arg.at, f'"{arg.key}" stands here twice', "remove one", len(arg.key))
        found[arg.key] = arg.value
    if not found:
        raise fault(call, f"{call.name} takes pairs", f"for example  | {example}")
    return found


NAMES: Mapping[OutType, str] = {
    "text": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "date": "a date",
    "datetime": "a time",
    "texts": "a list",
    "any": "this",
}
