"""The mapping of one writer as the settings file says it: moments, conditions, who is meant, what goes where.

The language of the values is `bot.crm.mapping.expr`; docs/mapping.md shows all of it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Literal, TypeAlias, TypeVar

from bot.crm.base import EVENTS, Event
from bot.crm.mapping.expr import Expr, compile_value
from bot.crm.mapping.mapped import Field, Mapped, Section
from bot.crm.mapping.sources import MORE_SUBJECTS
from bot.crm.mapping.syntax import Fault
from bot.crm.spec import Section as SectionSpec
from bot.crm.spec import Spec
from bot.errors import Mark
from bot.flows.conditions import parse_when
from bot.flows.nodes import Scalar, Table, nearest
from bot.flows.spec import Condition
from bot.settings_reader import OPEN
from bot.settings_writers_keys import Keys, Read

Targets: TypeAlias = Mapping[str, Table]
Word = TypeVar("Word", bound=str)

_TARGET = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,79}")
UNKNOWN: tuple[Literal["create", "skip", "park"], ...] = ("create", "skip", "park")
CHANGED: tuple[Literal["overwrite", "keep"], ...] = ("overwrite", "keep")
TRUST: tuple[Literal["typed", "claimed"], ...] = ("typed", "claimed")


def read_mapping(keys: Keys, spec: Spec, timezone: str) -> Mapped:
    """Everything of the section that is no key, log-in or address. What is wrong is reported to its table."""
    table = keys.table
    trust = _word(keys, "trust", TRUST)
    found = _tables(table, "match", spec.matches, spec.free)
    match = {target: dict(_match(inner, trust)) for target, inner in found.items()}
    fields = {target: _fields(inner) for target, inner in _tables(table, "fields", spec.targets, spec.free).items()}
    sections = {one.name: tuple(_sections(keys, one)) for one in spec.sections}
    mapped = Mapped(
        on=_moments(table, EVENTS),
        when=_when(table),
        trust=trust,
        unknown=_word(keys, "unknown", UNKNOWN),
        changed=_word(keys, "changed", CHANGED),
        match=match,
        fields=fields,
        sections={name: found for name, found in sections.items() if found},
        target=next(iter(spec.targets), ""),
        matched=next(iter(spec.matches), ""),
        timezone=timezone,
    )
    _found_by(table, spec, mapped)
    exprs = (*expressions(mapped),)
    return replace(mapped, transcript=any(use.source == "transcript" for expr in exprs for use in expr.uses))


def read_selection(keys: Keys, timezone: str) -> Mapped:
    """Which responses at which moments, of a writer that is given them whole."""
    return Mapped(on=_moments(keys.table, EVENTS), when=_when(keys.table), timezone=timezone)


def expressions(mapped: Mapped) -> Iterator[Expr]:
    """All of them."""
    for several in mapped.match.values():
        yield from several.values()
    for fields in mapped.fields.values():
        yield from (field.expr for field in fields)
    for sections in mapped.sections.values():
        yield from (field.expr for section in sections for field in section.fields)


def _found_by(table: Table, spec: Spec, mapped: Mapped) -> None:
    for target in mapped.fields:
        if target in spec.matches and target not in mapped.match and table.shape("match") == "missing":
            who = f"the person in {target}" if target else "the person"
            hint = "for example  match: {Email: contact.email}, as the field is called there"
            table.problem(f"nothing says how {who} is found", hint, "fields")
            return


def _word(keys: Keys, key: str, choices: tuple[Word, ...]) -> Word:
    found = keys.choice(keys.table, key, choices, choices[0])
    return next(one for one in choices if one == found)


def _moments(table: Table, usual: tuple[str, ...]) -> tuple[Event, ...]:
    found: list[Event] = []
    if table.shape("on") == "missing":
        table.scalars("on")
        return tuple(event for event in EVENTS if event in usual)
    for written in table.scalars("on"):
        event = next((one for one in EVENTS if one == written.value), None)
        if event is None:
            near = nearest(written.value, EVENTS)
            hint = f'did you mean "{near}"?' if near else f"one of {', '.join(EVENTS)}"
            table.problem(f'there is no moment "{written.value[:40]}"', hint, "on", mark=written.mark)
        else:
            found.append(event)
    if table.shape("on") == "list" and not table.scalars("on"):
        table.problem("an empty list is never", f"for example  on: [{', '.join(EVENTS[:3])}]", "on")
    return tuple(dict.fromkeys(found))


def _when(table: Table) -> Condition | None:
    inner = table.table("when", example="{segment: detractor}")
    return None if inner is None else parse_when(inner, MORE_SUBJECTS)


def _tables(table: Table, key: str, targets: tuple[str, ...], free: bool) -> Targets:
    """By target; a flat table is the first target's."""
    if not targets and key == "match":
        return {}
    first = next(iter(targets), "")
    inner = table.table(key, example="{Email: contact.email}" if key == "match" else "{Score: score}")
    if inner is None:
        return {}
    names = inner.keys()
    nested = [name for name in names if inner.shape(name) == "table"]
    if not names:
        inner.problem("an empty table says nothing", f"remove  {key}, or for example  {key}: {{Score: score}}")
    if not nested:
        return {first: inner}
    found: dict[str, Table] = {}
    for name in names:
        if name not in nested:
            hint = f"put it under one:  {key}: {{{first or 'target'}: {{{name}: ...}}}}"
            inner.problem(f'"{name}" stands beside targets and belongs to none', hint, mark=inner.key_mark(name))
        elif not _known(inner, name, targets, free and key == "fields"):
            inner.table(name)
        elif (one := inner.table(name)) is not None:
            found[name] = one
    return found


def _known(inner: Table, name: str, targets: tuple[str, ...], free: bool) -> bool:
    if name in targets or (free and _TARGET.fullmatch(name)):
        return True
    near = nearest(name, targets)
    if near:
        hint = f'did you mean "{near}"?'
    elif targets:
        hint = f"known here: {', '.join(targets)}"
    else:
        hint = f'a value in quotes is a text:  {name}: "{{{{ score }}}}"'
    inner.problem(f'"{name}" is nothing that can be written here', hint, mark=inner.key_mark(name))
    return False


def _match(table: Table, trust: str) -> Iterator[tuple[str, Expr]]:
    for field in _fields(table):
        uses = field.expr.uses
        said = next((use for use in uses if use.source == "visitor" or use.source.startswith("context.")), None)
        hint = f"for example  {field.name}: contact.email"
        if not uses:
            table.problem("everybody would be the same person", hint, field.name)
        elif said is not None and trust != "claimed":
            told = f"{said.source} is a page's word, and anybody can say it"
            table.problem(told, f"{hint}, or  trust: claimed", field.name, mark=said.mark)
        else:
            yield field.name, field.expr


def _fields(table: Table) -> tuple[Field, ...]:
    found = (_field(table, name) for name in table.keys())  # noqa: SIM118 - a Table is no dict
    return tuple(field for field in found if field is not None)


def _field(table: Table, name: str) -> Field | None:
    if table.shape(name) not in ("text", "missing"):
        table.table(name) if table.shape(name) == "table" else table.scalars(name)
        hint = f'for example  {name}: score   or   {name}: "Score {{{{ score }}}}"   ({{{{ }}}} only in quotes)'
        table.problem("one value is expected here", hint, name)
        return None
    written = table.scalar(name, example="score")
    if written is None:
        return None
    if OPEN in written.value:
        hint = "a secret is never written into a record: write the value itself"
        table.problem(f'"{written.value[:60]}" is only read where a secret is expected', hint, name)
        return None
    try:
        return Field(name, compile_value(written), table.key_mark(name))
    except Fault as fault:
        table.problem(fault.message, fault.hint, name, mark=_place(written, fault))
        return None


def _place(written: Scalar, fault: Fault) -> Mark:
    """In the file: an opening quote stands before the first character."""
    mark = written.mark
    return replace(mark, column=mark.column + fault.at + (1 if written.quoted else 0), width=fault.width)


def _sections(keys: Keys, spec: SectionSpec) -> Iterator[Section]:
    table = keys.table
    if spec.several:
        tables = table.tables(spec.name)
    else:
        one = table.table(spec.name, example="{when: {segment: detractor}, fields: {...}}")
        tables = () if one is None else (one,)
    for one in tables:
        read = Read()
        keys.read(one, spec.keys, read)
        inner = one.table("fields", example="{Subject: quote}")
        yield Section(
            spec.name,
            one.mark,
            _moments(one, spec.on or EVENTS),
            _when(one),
            () if inner is None else _fields(inner),
            read.options,
        )
        one.finish()
