"""The filters that make another type of a value. What cannot be turned into it is absent. Pure."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime

from bot.crm.mapping.shape import Shape, Step, as_text, no_args, one, takes
from bot.crm.mapping.sources import Out, OutType, Scene, moment, zone_of
from bot.crm.mapping.syntax import Call, Fault

_YES = frozenset(("true", "yes", "y", "1", "on"))
_NO = frozenset(("false", "no", "n", "0", "off"))
_WHOLE = re.compile(r"[+-]?[0-9]{1,15}")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,15}(?:[.,][0-9]{1,15})?")
_PATTERN = re.compile(r"(?:[^%]|%[YmdHMSyjVGu%])+")


def date_(call: Call, shape: Shape) -> Step:
    takes(call, shape, "text", "date", "datetime", hint="for example  ended_at | date")

    def run(value: Out, scene: Scene) -> Out | None:
        found = _time(value, scene)
        return found.date() if isinstance(found, datetime) else found

    return _formatted(call, run, "date", 'date("%d/%m/%Y")')


def datetime_(call: Call, shape: Shape) -> Step:
    takes(call, shape, "text", "date", "datetime", hint="for example  ended_at | datetime")
    return _formatted(call, _time, "datetime", 'datetime("%d/%m/%Y %H:%M")')


def _time(value: Out, scene: Scene) -> datetime | None:
    """In the zone of the settings: a day is the owner's day."""
    if isinstance(value, str):
        found = moment(value, scene.timezone)
    elif isinstance(value, datetime):
        found = value
    elif isinstance(value, date):
        found = datetime(value.year, value.month, value.day, tzinfo=zone_of(scene.timezone))
    else:
        found = None
    try:
        return found.astimezone(zone_of(scene.timezone)) if found is not None else None
    except OverflowError:
        return None


def _formatted(call: Call, read: Callable[[Out, Scene], Out | None], kind: OutType, example: str) -> Step:
    if not call.args:
        return Step(read, Shape(kind))
    pattern = one(call, example).value
    if not isinstance(pattern, str) or "%" not in pattern or not _PATTERN.fullmatch(pattern):
        hint = f"for example  | {example}   (%Y %m %d %H %M %S, %y %j %G %V %u)"
        raise Fault(call.args[0].at, "this is no date format", hint, max(1, len(str(pattern))))

    def run(value: Out, scene: Scene) -> Out | None:
        found = read(value, scene)
        return found.strftime(pattern) if isinstance(found, date) else None

    return Step(run, Shape("text", len(datetime(2000, 1, 1, tzinfo=UTC).strftime(pattern))))


def integer(call: Call, shape: Shape) -> Step:
    no_args(call)
    takes(call, shape, "text", "integer", "number", "boolean", hint="for example  answers.seats | integer")

    def run(value: Out, scene: Scene) -> Out | None:
        if isinstance(value, str):
            return int(value) if _WHOLE.fullmatch(value.strip()) else None
        return int(value) if isinstance(value, int | float) else None

    return Step(run, Shape("integer"))


def number(call: Call, shape: Shape) -> Step:
    no_args(call)
    takes(call, shape, "text", "integer", "number", "boolean", hint="for example  answers.price | number")

    def run(value: Out, scene: Scene) -> Out | None:
        if isinstance(value, str):
            found = value.strip()
            return float(found.replace(",", ".")) if _DECIMAL.fullmatch(found) else None
        return float(value) if isinstance(value, int | float) else None

    return Step(run, Shape("number"))


def boolean(call: Call, shape: Shape) -> Step:
    no_args(call)
    takes(call, shape, "text", "integer", "boolean", hint="for example  answers.again | boolean")

    def run(value: Out, scene: Scene) -> Out | None:
        word = as_text(value).strip().lower()
        return True if word in _YES else False if word in _NO else None

    return Step(run, Shape("boolean"))


def text(call: Call, shape: Shape) -> Step:
    no_args(call)
    made = tuple(as_text(one) for one in shape.options)
    return Step(lambda value, scene: as_text(value), Shape("text", shape.longest, made))
