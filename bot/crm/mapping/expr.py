"""One value of a mapping, compiled: an unquoted source with filters, a constant, or a text with `{{ ... }}` in it.

Compiled once when the settings are read, where everything wrong is found. `run` never raises, whatever a person typed:
what does not fit is absent. Texts come out clean (`mapping_sources.clean`), so that anything can carry them.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from bot.crm.mapping.filters import build
from bot.crm.mapping.shape import Shape, as_text, longest_of, type_of
from bot.crm.mapping.sources import (
    FAMILIES,
    SOURCES,
    Out,
    OutType,
    Read,
    Scene,
    Source,
    answer_source,
    clean,
    contact_source,
    context_source,
    label_source,
)
from bot.crm.mapping.syntax import LONGEST, Call, Fault, Pipeline, constant, pipeline
from bot.errors import Mark
from bot.flows.nodes import Scalar, nearest

_PART = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,79}")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class Use:
    """A source that an expression reads: `answers.reason`, with its place."""

    source: str
    mark: Mark
    label: bool = False
    """Whether its label is read and not its value."""
    calls: tuple[Call, ...] = ()
    """The filters behind it."""


@dataclass(frozen=True, slots=True)
class Expr:
    text: str
    """As written."""
    mark: Mark
    type: OutType
    run: Callable[[Scene], Out | None] = field(compare=False, repr=False)
    uses: tuple[Use, ...] = ()
    longest: int | None = None
    """Characters it has at most; None where that is open."""
    options: tuple[Out, ...] = ()
    """All values it can have; empty where that is open."""
    exact: str = ""
    """The one source that is read as it is, without a filter."""


@dataclass(frozen=True, slots=True)
class _Part:
    read: Read
    shape: Shape
    use: Use


def compile_value(written: Scalar) -> Expr:
    """What stands behind a field. Raises Fault, whose place counts from the value's first character."""
    if len(written.value) > LONGEST:
        raise Fault(0, f"the value is longer than {LONGEST:,} characters", "shorten it")
    if written.quoted:
        return _quoted(replace(written, value=written.value.rstrip("\n")))  # a YAML block ends with one
    value = constant(written.value.strip())
    if not isinstance(value, str):
        return _constant(value, written)
    if "{{" in value:
        raise Fault(0, "a text with {{ }} in it stands in quotes", f'write  "{value[:60]}"', 2)
    part = _part(_read(written.value, 0, written.value), written.mark)
    exact = part.use.source if not part.use.calls and not part.use.label else ""
    return _typed(part, written, exact)


def _typed(part: _Part, written: Scalar, exact: str) -> Expr:
    shape = part.shape
    return Expr(
        written.value, written.mark, shape.type, part.read, (part.use,), shape.longest, shape.options, exact=exact
    )


def _constant(value: Out, written: Scalar) -> Expr:
    longest = len(value) if isinstance(value, str) else None
    return Expr(written.value, written.mark, type_of(value), lambda scene: value, (), longest, (value,))


def _quoted(written: Scalar) -> Expr:
    pieces = tuple(_pieces(written))
    parts = [piece for piece in pieces if isinstance(piece, _Part)]
    words = "".join(piece for piece in pieces if isinstance(piece, str))
    if not parts:
        if not written.value.strip():
            raise Fault(0, "an empty text is never written", "remove the field: what is absent is left as it is")
        if _is_meant(words):
            hint = f'write it without quotes, or  "{{{{ {words.strip()[:60]} }}}}"'
            raise Fault(0, "in quotes this is a text, not a source with filters", hint, len(words))
        return _constant(clean(words), written)
    uses = tuple(part.use for part in parts)
    if len(parts) == 1 and not words.strip():
        return _typed(parts[0], written, "")
    reads = tuple(piece if isinstance(piece, str) else piece.read for piece in pieces)

    def run(scene: Scene) -> Out | None:
        found = "".join(one if isinstance(one, str) else _filled(one, scene) for one in reads)
        return found if found.strip() else None

    return Expr(written.value, written.mark, "text", run, uses)


def _is_meant(words: str) -> bool:
    """Whether a text in quotes was surely meant as a source with filters."""
    try:
        found = pipeline(words)
    except Fault:
        return False
    return bool(found.calls) and _is_source(found.source)


def _filled(read: Read, scene: Scene) -> str:
    found = read(scene)
    return "" if found is None else as_text(found)


def _pieces(written: Scalar) -> Iterator[str | _Part]:
    at = 0
    for found in _PART.finditer(written.value):
        yield from _plain(written.value[at : found.start()], at)
        inner = found[1]
        if not inner.strip():
            raise Fault(found.start(), "nothing stands between {{ and }}", 'for example  "Score {{ score }}"', 4)
        # An opening quote stands before the text that YAML gives us.
        yield _part(_read(inner, found.start() + 2, inner), written.mark, 1)
        at = found.end()
    yield from _plain(written.value[at:], at)


def _plain(text: str, at: int) -> Iterator[str]:
    for sign in ("{{", "}}", "{%"):
        if sign in text:
            hint = 'for example  "Score {{ score }}"; there is no {% %} here'
            raise Fault(at + text.index(sign), f"{sign} stands alone", hint, 2)
    if text:
        yield clean(text)


def _read(text: str, start: int, whole: str) -> Pipeline:
    """The pipeline; where it does not even begin with a source, that is what is said."""
    word = _WORD.match(text.strip())
    if word is None or (word.end() < len(text.strip()) and "|" not in text and not _is_source(word[0])):
        shown = " ".join(whole.split())[:60]
        hint = f'constant text stands in quotes:  "{shown}"'
        raise Fault(start, f'"{shown[:40]}" is no source', hint, max(1, len(text.strip())))
    return pipeline(text, start)


def _is_source(word: str) -> bool:
    return word in SOURCES or word.partition(".")[0] in FAMILIES


def _part(read: Pipeline, mark: Mark, quotes: int = 0) -> _Part:
    calls, name = read.calls, read.source
    label = name.startswith("answers.") and name.endswith(".label")
    if calls and calls[0].name == "label" and name.startswith("answers.") and not calls[0].args:
        calls, label = calls[1:], True
    name = name.removesuffix(".label") if label else name
    source = _source(name, label, read.at)
    shape = Shape(source.type, longest_of(source.options), source.options)
    steps = []
    for call in calls:
        step = build(call, shape)
        shape = step.shape
        steps.append((step.run, step.stand_in))
    place = replace(mark, column=mark.column + read.at + quotes, width=len(read.source))
    return _Part(_chained(source.read, tuple(steps)), shape, Use(name, place, label, calls))


def _chained(read: Read, steps: tuple[tuple[Callable[[Out, Scene], Out | None], Out | None], ...]) -> Read:
    def run(scene: Scene) -> Out | None:
        value = read(scene)
        for work, stand_in in steps:
            value = stand_in if value is None or value in ("", ()) else work(value, scene)
        if isinstance(value, str):
            return clean(value) or None
        return tuple(clean(part) for part in value) or None if isinstance(value, tuple) else value

    return run


def _source(name: str, label: bool, at: int) -> Source:
    found = SOURCES.get(name)
    if found is not None and not label:
        return found
    family, _, key = name.partition(".")
    if family in FAMILIES and _KEY.fullmatch(key):
        if family == "answers":
            return label_source(key) if label else answer_source(key)
        return contact_source(key) if family == "contact" else context_source(key)
    raise Fault(at, f'there is no source "{name[:40]}"', _meant(name, family, key), len(name))


def _meant(name: str, family: str, key: str) -> str:
    if family == "answers" and key.startswith("contact."):
        return f"write  {key}"
    if family in FAMILIES:
        return f"write  {family}.KEY, for example  {family}.{'email' if family == 'contact' else 'reason'}"
    near = nearest(name, (*SOURCES, *FAMILIES))
    if near in FAMILIES or nearest(family, FAMILIES):
        near = f"{near if near in FAMILIES else nearest(family, FAMILIES)}.{key or 'KEY'}"
    if near:
        return f'did you mean "{near}"?'
    return f'constant text stands in quotes:  "{name[:60]}"'
