"""Whether a mapping fits a CRM's own description of its fields: each thing wrong is a Problem at its place. Pure.

An error is what the CRM will refuse (no such field, a type or value that it does not take, text that does not fit);
a warning what it may refuse (a value that is open into a list of options).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from bot.crm.base import FieldFacts, FieldType
from bot.crm.mapping.expr import Expr, Use
from bot.crm.mapping.mapped import Field, Mapped
from bot.crm.mapping.sources import SOURCES, OutType
from bot.errors import Mark, Problem
from bot.flows.lint_graph import asks, key_of
from bot.flows.nodes import nearest
from bot.flows.spec import Book, Step

Facts: TypeAlias = Mapping[str, Mapping[str, FieldFacts]]
_PART = re.compile(r"\{\{.*?\}\}", re.DOTALL)

TAKES: Mapping[FieldType, tuple[OutType, ...]] = {
    "text": ("text", "integer", "number", "boolean", "date", "datetime", "texts", "any"),
    "integer": ("integer", "any"),
    "number": ("integer", "number", "any"),
    "boolean": ("boolean", "any"),
    "date": ("date", "any"),
    "datetime": ("datetime", "any"),
    "choice": ("text", "integer", "boolean", "any"),
    "choices": ("text", "texts", "any"),
}
"""What a field of this type takes; of one that is none of these nothing is said."""
FILTERS: Mapping[FieldType, str] = {
    "integer": "integer", "number": "number", "boolean": "boolean", "date": "date", "datetime": "datetime",
    "choice": "text", "choices": "text",
}  # fmt: skip
"""The filter that makes a value fit."""
TYPED, FACT, NAME = 4_000, 300, 40
"""Characters at most: of what a person types, of what a page says of itself, of names (theirs and ours)."""
TRANSCRIPT, USUAL = 100_000, 8_000
"""Of a conversation: at most, and nearly always."""
OPEN_SOURCES = {"quote": TYPED, "case.note": TYPED, "clicks": 1_000}
OF_TYPES: Mapping[OutType, int] = {"integer": 12, "number": 24, "boolean": 5, "date": 10, "datetime": 30}
OPEN_KINDS = ("text",)
"""Kinds of steps whose answers a person words; those of all others are short."""


@dataclass(frozen=True, slots=True)
class Fit:
    """One writer's mapping against what its CRM says. `advice(target, field)` is what to click."""

    name: str
    mapping: Mapped
    facts: Facts
    advice: Callable[[str, str], str]
    mark: Mark
    """Of the writer in the settings file."""
    saved: Mapping[str, tuple[Step, ...]] = field(default_factory=dict)
    """Key of an answer -> the steps that save it."""
    link: int = 200
    """Characters of a response's address."""
    filled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Target -> required fields that the writer fills in where the mapping does not."""

    def problems(self) -> Iterator[Problem]:
        mapping = self.mapping
        for target, match in mapping.match.items():
            if self._is_there(target):
                for name, expr in match.items():
                    yield from self._exists(target, name, expr.mark, f"match / {target}")
            else:
                yield self._no_target(target, next((expr.mark for expr in match.values()), self.mark))
        for target, fields in mapping.fields.items():
            yield from self._table(target, fields, f"fields / {target}", known=target in mapping.match)
        for name, sections in mapping.sections.items():
            for section in sections:
                yield from self._table(name, section.fields, name, known=False)
        if mapping.unknown == "create":
            for target in mapping.match:
                yield from self._required(target)

    def _table(self, target: str, fields: tuple[Field, ...], path: str, *, known: bool) -> Iterator[Problem]:
        """`known`: that this target is not there was said already."""
        if not fields:
            return
        if not self._is_there(target):
            if not known:
                yield self._no_target(target, fields[0].mark)
            return
        for one in fields:
            missing = tuple(self._exists(target, one.name, one.mark, path))
            yield from missing or self._field(target, one, f"writers / {self.name} / {path} / {one.name}")

    def _is_there(self, target: str) -> bool:
        return target in self.facts

    def _no_target(self, target: str, mark: Mark) -> Problem:
        return Problem(mark, f"writers / {self.name}", f"there is no {target} there", self.advice(target, ""))

    def _exists(self, target: str, name: str, mark: Mark, path: str) -> Iterator[Problem]:
        there = self.facts[target]
        if name in there or (name == "Id" and not there):
            return
        near = nearest(name, tuple(there))
        hint = f'did you mean "{near}"?  Else: ' if near else ""
        path = f"writers / {self.name} / {path} / {name}"
        yield Problem(mark, path, f"{target} has no field {name}", hint + self.advice(target, name))

    def _field(self, target: str, one: Field, path: str) -> Iterator[Problem]:
        facts = self.facts[target][one.name]
        if not facts.writable:
            hint = "map another field; it is computed there, or our user may not write it"
            yield Problem(one.mark, path, f"{one.name} cannot be written", hint)
            return
        if facts.type in TAKES and one.expr.type not in TAKES[facts.type]:
            hint = f"write  {one.expr.text} | {FILTERS[facts.type]}" if facts.type in FILTERS else ""
            yield Problem(
                one.expr.mark, path, f"{one.name} takes {_a(facts.type)}, and this is {_a(one.expr.type)}", hint
            )
            return
        yield from self._length(one, facts, path)
        yield from self._options(target, one, facts, path)

    def _length(self, one: Field, facts: FieldFacts, path: str) -> Iterator[Problem]:
        if facts.type != "text" or facts.length is None or facts.length <= 0:
            return
        longest = self._longest(one.expr, TRANSCRIPT)
        if longest <= facts.length:
            return
        level: Literal["error", "warning"] = "error"
        if self._longest(one.expr, USUAL) <= facts.length:
            level = "warning"
        said = f"up to {longest:,} characters do not fit: {one.name} holds {facts.length:,}"
        yield Problem(one.expr.mark, path, said, _cut(one.expr, facts.length), level)

    def _longest(self, expr: Expr, transcript: int) -> int:
        """Characters that it may have, as far as the flows and the mapping say."""
        if expr.longest is not None or expr.type not in ("text", "texts", "any"):
            return expr.longest or 0
        if not expr.uses:
            return len(expr.text)
        words = len(_PART.sub("", expr.text)) if "{{" in expr.text else 0
        return words + sum(self._of(use, transcript) for use in expr.uses)

    def _of(self, use: Use, transcript: int) -> int:
        cuts = [arg.value for call in use.calls if call.name == "truncate" for arg in call.args]
        bound = next((cut for cut in cuts if isinstance(cut, int)), None)
        usual = self._usual(use, transcript)
        return usual if bound is None else min(bound, usual)

    def _usual(self, use: Use, transcript: int) -> int:
        """Of a source that is not cut."""
        family, _, key = use.source.partition(".")
        if use.source in ("transcript", "link"):
            return transcript if use.source == "transcript" else self.link
        if family == "answers":
            steps = self.saved.get(key, ())
            return TYPED if any(step.kind in OPEN_KINDS for step in steps) else max((NAME, *map(_longest, steps)))
        if family == "context":
            return FACT
        known = SOURCES.get(use.source)
        return OPEN_SOURCES.get(use.source) or OF_TYPES.get(known.type if known else "text", NAME)

    def _options(self, target: str, one: Field, facts: FieldFacts, path: str) -> Iterator[Problem]:
        if facts.type not in ("choice", "choices") or not facts.options:
            return
        values = self._values(one.expr)
        if values is None:
            told = f"{one.name} takes only what is on its list, and this may be anything"
            yield Problem(one.expr.mark, path, told, "say what becomes what:  | map(a=b, ...)", "warning")
            return
        unknown = [value for value in values if value not in facts.options]
        if unknown:
            listed = ", ".join(facts.options[:8]) + (", ..." if len(facts.options) > 8 else "")
            told = f"{one.name} has no option {' or '.join(unknown[:5])}; it has {listed}"
            names = "labels" if one.expr.uses and one.expr.uses[0].source == "segment" else "map"
            hint = f"write  | {names}(...)  with its own options, or add them: {self.advice(target, one.name)}"
            yield Problem(one.expr.mark, path, told, hint)

    def _values(self, expr: Expr) -> tuple[str, ...] | None:
        """All values that it can have; None where that is open."""
        if expr.options:
            return tuple(_text(value) for value in expr.options)
        if len(expr.uses) != 1 or expr.uses[0].calls or not expr.uses[0].source.startswith("answers."):
            return None
        use = expr.uses[0]
        steps = self.saved.get(use.source.partition(".")[2], ())
        if not steps or not all(step.options for step in steps):
            return None
        options = [option for step in steps for option in step.options]
        if use.label:
            return tuple(dict.fromkeys(text for one in options for text in one.label.by_language.values()))
        return tuple(dict.fromkeys(option.key for option in options))

    def _required(self, target: str) -> Iterator[Problem]:
        mapped = {one.name for one in self.mapping.fields.get(target, ())} | set(self.mapping.match.get(target, ()))
        mapped |= set(self.filled.get(target, ()))
        for name, facts in self.facts.get(target, {}).items():
            if facts.required and facts.writable and name not in mapped:
                path, told = (
                    f"writers / {self.name} / fields / {target}",
                    f"a new {target} needs {name}, which is not mapped",
                )
                yield Problem(
                    self.mark, path, told, f'map it:  {name}: contact.last_name | default("?"), or  unknown: skip'
                )


def saved_in(book: Book | None) -> Mapping[str, tuple[Step, ...]]:
    saved: dict[str, tuple[Step, ...]] = {}
    for flow in book.flows.values() if book is not None else ():
        for step in flow.steps.values():
            if asks(step):
                saved[key_of(step)] = (*saved.get(key_of(step), ()), step)
    return saved


def _cut(expr: Expr, length: int) -> str:
    if len(expr.uses) > 1:
        return f"cut its longest part with  | truncate({max(1, length // 2)}), or make the field longer there"
    cut = any(call.name == "truncate" for use in expr.uses for call in use.calls)
    return f"{'lower it to' if cut else 'cut it with'}  | truncate({length}), or make the field longer there"


def _longest(step: Step) -> int:
    """Of a step with options: the longest words on one, in any language."""
    return max((len(text) for one in step.options for text in one.label.by_language.values()), default=0)


def _a(type: str) -> str:
    return {"any": "an answer", "texts": "a list", "integer": "a whole number", "choice": "an option"}.get(
        type, f"a {type}"
    )


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
