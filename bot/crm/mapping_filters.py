"""The filters of a mapping. Each is made once from its arguments, which are checked then, and never raises at work.

What cannot be turned into what a filter makes (words into a number) is absent, like what is not there.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TypeAlias

from bot.crm.mapping_sources import SEGMENTS, Out, OutType, Scene, moment, zone_of
from bot.crm.mapping_syntax import Arg, Call, Constant, Fault
from bot.flows.nodes import nearest

LABELS: Mapping[str, tuple[str, str, str]] = {
    "en": ("Detractor", "Passive", "Promoter"),
    "fr": ("Détracteur", "Neutre", "Promoteur"),
    "de": ("Detraktor", "Neutral", "Promotor"),
    "es": ("Detractor", "Pasivo", "Promotor"),
    "it": ("Detrattore", "Passivo", "Promotore"),
    "nl": ("Criticus", "Passief", "Promotor"),
    "pt": ("Detrator", "Neutro", "Promotor"),
}
"""Names of the segments, in the order of SEGMENTS."""

_YES = frozenset(("true", "yes", "y", "1", "on"))
_NO = frozenset(("false", "no", "n", "0", "off"))
_WHOLE = re.compile(r"[+-]?[0-9]{1,15}")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,15}(?:[.,][0-9]{1,15})?")
_PATTERN = re.compile(r"(?:[^%]|%[YmdHMSyjVGu%])+")
_FIRST = re.compile(r"(?<![\w'’])\w")

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


def build(call: Call, shape: Shape) -> Step:
    """The filter for a value of this shape. Raises Fault."""
    found = FILTERS.get(call.name)
    if found is None:
        near = nearest(call.name, FILTERS)
        hint = f'did you mean "{near}"?' if near else f"filters: {', '.join(FILTERS)}"
        raise Fault(call.at, f'there is no filter "{call.name}"', hint, len(call.name))
    return found(call, shape)


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


def _fault(call: Call, message: str, hint: str) -> Fault:
    return Fault(call.at, message, hint, len(call.name))


def _no_args(call: Call) -> None:
    if call.args:
        raise _fault(call, f"{call.name} takes nothing in ( )", f"write  | {call.name}")


def _one(call: Call, example: str) -> Arg:
    if len(call.args) != 1 or call.args[0].key:
        raise _fault(call, f"{call.name} takes one value", f"for example  | {example}")
    return call.args[0]


def _takes(call: Call, shape: Shape, *types: OutType, hint: str) -> None:
    if shape.type != "any" and shape.type not in types:
        raise _fault(call, f"{call.name} cannot be used on {NAMES[shape.type]}", hint)


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


def _each(work: Callable[[str], str]) -> Run:
    """On a text, or on each text of a list; a number is left as it is."""

    def run(value: Out, scene: Scene) -> Out | None:
        if isinstance(value, str):
            return work(value)
        return tuple(work(part) for part in value) if isinstance(value, tuple) else value

    return run


def _words(work: Callable[[str], str]) -> Build:
    def made(call: Call, shape: Shape) -> Step:
        _no_args(call)
        _takes(call, shape, "text", "texts", hint="it is for texts: leave it out")
        options = tuple(work(one) if isinstance(one, str) else one for one in shape.options)
        return Step(_each(work), replace(shape, options=options))

    return made


def _title(text: str) -> str:
    return _FIRST.sub(lambda found: found[0].upper(), text)


def _labels(call: Call, shape: Shape) -> Step:
    if shape.options != SEGMENTS:
        raise _fault(
            call, "labels names the segments, and this is none", "segment | labels(fr)   or   | map(a: A, b: B)"
        )
    names: dict[Out, str] = {}
    if len(call.args) == 1 and not call.args[0].key:
        language = str(call.args[0].value)
        base = language.replace("_", "-").partition("-")[0].lower()
        if base not in LABELS:
            hint = f"known: {', '.join(LABELS)}; others as  labels(detractor: ..., passive: ..., promoter: ...)"
            raise Fault(call.args[0].at, f'there are no labels in "{language}"', hint, len(language))
        names.update(zip(SEGMENTS, LABELS[base], strict=True))
    else:
        names.update(_pairs(call, "labels(detractor: Critic, passive: Neutral, promoter: Fan)"))
        for arg in call.args:
            if arg.key not in SEGMENTS:
                near = nearest(arg.key, SEGMENTS)
                hint = f'did you mean "{near}"?' if near else f"segments: {', '.join(SEGMENTS)}"
                raise Fault(arg.at, f'there is no segment "{arg.key}"', hint, len(arg.key))
        missing = [name for name in SEGMENTS if name not in names]
        if missing:
            added = ", ".join(f"{name}: ..." for name in missing)
            raise _fault(
                call, f"{' and '.join(missing)} {'has' if len(missing) == 1 else 'have'} no label", f"add  {added}"
            )
    made = tuple(names[one] for one in SEGMENTS)
    return Step(lambda value, scene: names.get(value), Shape("text", _longest(made), made))


def _pairs(call: Call, example: str) -> dict[Out, str]:
    return {key: as_text(value) for key, value in _mapped(call, example).items()}


def _mapped(call: Call, example: str) -> dict[str, Constant]:
    found: dict[str, Constant] = {}
    for arg in call.args:
        if not arg.key:
            raise Fault(arg.at, f"{call.name} takes pairs", f"for example  | {example}", len(str(arg.value)))
        if arg.key in found:
            raise Fault(arg.at, f'"{arg.key}" stands here twice', "remove one", len(arg.key))
        found[arg.key] = arg.value
    if not found:
        raise _fault(call, f"{call.name} takes pairs", f"for example  | {example}")
    return found


def _map(call: Call, shape: Shape) -> Step:
    table = _mapped(call, "map(price: Price, quality: Quality)")
    kinds: set[OutType] = {type_of(value) for value in table.values()}
    kind: OutType = kinds.pop() if len(kinds) == 1 else "any"

    def run(value: Out, scene: Scene) -> Out | None:
        if isinstance(value, tuple):
            found = (table.get(part) for part in value)
            return tuple(as_text(one) for one in found if one is not None)
        return table.get(as_text(value))

    made = tuple(dict.fromkeys(table.values()))
    if shape.type == "texts":
        return Step(run, Shape("texts", None, tuple(as_text(one) for one in made)))
    several = kind == "text" and shape.type == "any"  # an answer may be several choices
    return Step(run, Shape("any" if several else kind, _longest(made), made))


def _segment_label(call: Call, shape: Shape) -> Step:
    """`segment | label`: in the language of the chat. Of an answer, `label` is read with the source."""
    _no_args(call)
    if shape.options != SEGMENTS:
        raise _fault(call, "only an answer or the segment has a label", "answers.reason | label   or   segment | label")

    def run(value: Out, scene: Scene) -> Out | None:
        names = LABELS.get(scene.response.locale.replace("_", "-").partition("-")[0].lower(), LABELS["en"])
        return names[SEGMENTS.index(value)] if value in SEGMENTS else None

    made = tuple(dict.fromkeys(name for names in LABELS.values() for name in names))
    return Step(run, Shape("text", _longest(made), made))


def _truncate(call: Call, shape: Shape) -> Step:
    size = _one(call, "truncate(255)").value
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= 1_000_000:
        raise Fault(call.args[0].at, "truncate takes a number of characters", "for example  | truncate(255)")
    _takes(call, shape, "text", "texts", hint="a text is cut, nothing else: leave it out")
    most = size

    def run(value: Out, scene: Scene) -> Out | None:
        return cut(as_text(value), most)

    longest = most if shape.longest is None else min(most, shape.longest)
    return Step(run, Shape("text", longest, tuple(cut(as_text(one), most) for one in shape.options)))


def cut(text: str, most: int) -> str:
    """At most so many characters, the sign that something is missing included. A character beyond the basic plane (an
    emoji) counts as two, as those systems count that keep UTF-16."""
    if len(text) * 2 <= most or units(text) <= most:
        return text
    kept, room = [], most - 1
    for char in text:
        room -= 2 if char > "\uffff" else 1
        if room < 0:
            break
        kept.append(char)
    return "".join(kept).rstrip() + "…"


def units(text: str) -> int:
    """Its length in UTF-16."""
    return len(text) if text.isascii() else len(text) + sum(char > "\uffff" for char in text)


def _default(call: Call, shape: Shape) -> Step:
    value = _one(call, 'default("none")').value
    mine = type_of(value)
    kind: OutType = shape.type if mine == shape.type else "any"
    longest = None if shape.longest is None else max(shape.longest, units(as_text(value)))
    options = (*shape.options, value) if shape.options and value not in shape.options else shape.options
    return Step(lambda found, scene: found, Shape(kind, longest, options), stand_in=value)


def type_of(value: Out) -> OutType:
    if isinstance(value, bool):
        return "boolean"
    return "integer" if isinstance(value, int) else "number" if isinstance(value, float) else "text"


def _date(call: Call, shape: Shape) -> Step:
    _takes(call, shape, "text", "date", "datetime", hint="for example  ended_at | date")

    def run(value: Out, scene: Scene) -> Out | None:
        found = _time(value, scene)
        return found.date() if isinstance(found, datetime) else found

    return _formatted(call, run, "date", 'date("%d/%m/%Y")')


def _datetime(call: Call, shape: Shape) -> Step:
    _takes(call, shape, "text", "date", "datetime", hint="for example  ended_at | datetime")
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
    pattern = _one(call, example).value
    if not isinstance(pattern, str) or not _PATTERN.fullmatch(pattern):
        hint = f"for example  | {example}   (%Y %m %d %H %M %S, %y %j %G %V %u)"
        raise Fault(call.args[0].at, "this is no date format", hint, max(1, len(str(pattern))))

    def run(value: Out, scene: Scene) -> Out | None:
        found = read(value, scene)
        return found.strftime(pattern) if isinstance(found, date) else None

    return Step(run, Shape("text", len(datetime(2000, 1, 1, tzinfo=UTC).strftime(pattern))))


def _integer(call: Call, shape: Shape) -> Step:
    _no_args(call)
    _takes(call, shape, "text", "integer", "number", "boolean", hint="for example  answers.seats | integer")

    def run(value: Out, scene: Scene) -> Out | None:
        if isinstance(value, str):
            return int(value) if _WHOLE.fullmatch(value.strip()) else None
        return int(value) if isinstance(value, int | float) else None

    return Step(run, Shape("integer"))


def _number(call: Call, shape: Shape) -> Step:
    _no_args(call)
    _takes(call, shape, "text", "integer", "number", "boolean", hint="for example  answers.price | number")

    def run(value: Out, scene: Scene) -> Out | None:
        if isinstance(value, str):
            found = value.strip()
            return float(found.replace(",", ".")) if _DECIMAL.fullmatch(found) else None
        return float(value) if isinstance(value, int | float) else None

    return Step(run, Shape("number"))


def _boolean(call: Call, shape: Shape) -> Step:
    _no_args(call)
    _takes(call, shape, "text", "integer", "boolean", hint="for example  answers.again | boolean")

    def run(value: Out, scene: Scene) -> Out | None:
        word = as_text(value).strip().lower()
        return True if word in _YES else False if word in _NO else None

    return Step(run, Shape("boolean"))


def _text(call: Call, shape: Shape) -> Step:
    _no_args(call)
    made = tuple(as_text(one) for one in shape.options)
    return Step(lambda value, scene: as_text(value), Shape("text", shape.longest, made))


def _join(call: Call, shape: Shape) -> Step:
    separator = as_text(_one(call, 'join(", ")').value)
    _takes(call, shape, "texts", "text", hint="it puts the parts of a list together: leave it out")
    return Step(lambda value, scene: as_text(value, separator), Shape("text"))


def _first(call: Call, shape: Shape) -> Step:
    _no_args(call)
    _takes(call, shape, "texts", "text", hint="it takes the first of a list: leave it out")

    def run(value: Out, scene: Scene) -> Out | None:
        return next(iter(value), None) if isinstance(value, tuple) else value

    return Step(run, replace(shape, type="text" if shape.type == "texts" else shape.type))


def _longest(made: tuple[Out, ...]) -> int | None:
    return max((units(as_text(one)) for one in made), default=None)


FILTERS: Mapping[str, Build] = {
    "labels": _labels,
    "label": _segment_label,
    "truncate": _truncate,
    "default": _default,
    "date": _date,
    "datetime": _datetime,
    "integer": _integer,
    "number": _number,
    "text": _text,
    "boolean": _boolean,
    "upper": _words(str.upper),
    "lower": _words(str.lower),
    "title": _words(_title),
    "strip": _words(str.strip),
    "join": _join,
    "map": _map,
    "first": _first,
}
