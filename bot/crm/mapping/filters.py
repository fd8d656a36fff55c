"""The filters of a mapping. Each is made once from its arguments, which are checked then, and never raises at work.

What cannot be turned into what a filter makes (words into a number) is absent, like what is not there.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.crm.mapping import names as mapping_names
from bot.crm.mapping import types as mapping_types
from bot.crm.mapping.shape import Build, Run, Shape, Step, as_text, cut, no_args, one, takes, type_of, units
from bot.crm.mapping.sources import Out, OutType, Scene
from bot.crm.mapping.syntax import Call, Fault
from bot.flows.nodes import nearest

_FIRST = re.compile(r"(?<![\w'’])\w")


def build(call: Call, shape: Shape) -> Step:
    """The filter for a value of this shape. Raises Fault."""
    found = FILTERS.get(call.name)
    if found is None:
        near = nearest(call.name, FILTERS)
        hint = f'did you mean "{near}"?' if near else f"filters: {', '.join(FILTERS)}"
        raise Fault(call.at, f'there is no filter "{call.name}"', hint, len(call.name))
    return found(call, shape)


def _each(work: Callable[[str], str]) -> Run:
    """On a text, or on each text of a list; a number is left as it is."""

    def run(value: Out, scene: Scene) -> Out | None:
        if isinstance(value, str):
            return work(value)
        return tuple(work(part) for part in value) if isinstance(value, tuple) else value

    return run


def _words(work: Callable[[str], str]) -> Build:
    def made(call: Call, shape: Shape) -> Step:
        no_args(call)
        takes(call, shape, "text", "texts", hint="it is for texts: leave it out")
        options = tuple(work(one) if isinstance(one, str) else one for one in shape.options)
        return Step(_each(work), replace(shape, options=options))

    return made


def _title(text: str) -> str:
    return _FIRST.sub(lambda found: found[0].upper(), text)


def _truncate(call: Call, shape: Shape) -> Step:
    size = one(call, "truncate(255)").value
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= 1_000_000:
        raise Fault(call.args[0].at, "truncate takes a number of characters", "for example  | truncate(255)")
    takes(call, shape, "text", "texts", hint="a text is cut, nothing else: leave it out")
    most = size

    def run(value: Out, scene: Scene) -> Out | None:
        return cut(as_text(value), most)

    longest = most if shape.longest is None else min(most, shape.longest)
    return Step(run, Shape("text", longest, tuple(cut(as_text(one), most) for one in shape.options)))


def _default(call: Call, shape: Shape) -> Step:
    value = one(call, 'default("none")').value
    mine = type_of(value)
    kind: OutType = shape.type if mine == shape.type else "any"
    longest = None if shape.longest is None else max(shape.longest, units(as_text(value)))
    options = (*shape.options, value) if shape.options and value not in shape.options else shape.options
    return Step(lambda found, scene: found, Shape(kind, longest, options), stand_in=value)


def _join(call: Call, shape: Shape) -> Step:
    separator = as_text(one(call, 'join(", ")').value)
    takes(call, shape, "texts", "text", hint="it puts the parts of a list together: leave it out")
    return Step(lambda value, scene: as_text(value, separator), Shape("text"))


def _first(call: Call, shape: Shape) -> Step:
    no_args(call)
    takes(call, shape, "texts", "text", hint="it takes the first of a list: leave it out")

    def run(value: Out, scene: Scene) -> Out | None:
        return next(iter(value), None) if isinstance(value, tuple) else value

    return Step(run, replace(shape, type="text" if shape.type == "texts" else shape.type))


FILTERS: Mapping[str, Build] = {
    "labels": mapping_names.labels,
    "label": mapping_names.segment_label,
    "truncate": _truncate,
    "default": _default,
    "date": mapping_types.date_,
    "datetime": mapping_types.datetime_,
    "integer": mapping_types.integer,
    "number": mapping_types.number,
    "text": mapping_types.text,
    "boolean": mapping_types.boolean,
    "upper": _words(str.upper),
    "lower": _words(str.lower),
    "title": _words(_title),
    "strip": _words(str.strip),
    "join": _join,
    "map": mapping_names.mapped,
    "first": _first,
}
