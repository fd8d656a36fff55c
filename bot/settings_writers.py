"""The sections under `writers:`: each is read by the `SPEC` of its kind, every problem at once.

A kind's module is imported where a section of it stands in the file, and only then.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TypeAlias, cast

from bot.crm.mapping.mapped import Mapped
from bot.crm.spec import Fault, Spec
from bot.crm.table import KINDS
from bot.flows.nodes import Table, nearest
from bot.settings_env import Environment
from bot.settings_types import JSONL, WriterSettings
from bot.settings_writers_keys import Keys, Read
from bot.settings_writers_mapping import read_mapping, read_selection

LATER = ("intercom", "activecampaign", "mailchimp", "getresponse", "airtable", "monday", "questionpro")

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_SELECTING = ("on", "when")
_OF_MAPPINGS = (*_SELECTING, "match", "fields", "unknown", "changed", "trust")

Faults: TypeAlias = Callable[[Mapping[str, str | int | bool], Mapping[str, tuple[str, ...]]], Sequence[Fault]]


@dataclass(frozen=True, slots=True)
class Place:
    """What a section does not say itself."""

    env: Environment
    timezone: str
    here: Path
    """Where paths start."""


def read_writers(table: Table | None, place: Place) -> tuple[WriterSettings, ...]:
    """In the order of the file, after the JSONL file, which is written where the file says nothing of it."""
    if table is None:
        return (JSONL,)
    # A table is no dict and cannot be walked itself.
    sections = [(name, inner) for name in table.keys() if (inner := table.table(name)) is not None]  # noqa: SIM118
    kinds = [inner.string("kind", name) for name, inner in sections]
    found = [_read(inner, name, kind, place) for (name, inner), kind in zip(sections, kinds, strict=True)]
    usual = () if "jsonl" in kinds else (JSONL,)
    return (*usual, *(one for one in found if one is not None))


def _read(table: Table, name: str, kind: str, place: Place) -> WriterSettings | None:
    """None where it cannot be read, or is switched off: what else it says may then be unfinished."""
    if kind not in KINDS:
        _unknown(table, kind)
        return None
    _named(table, name, kind)
    return read_writer(table, name, kind, place) if table.flag("enabled", default=True) else None


def _unknown(table: Table, kind: str) -> None:
    key = "kind" if table.shape("kind") != "missing" else None
    if kind in LATER:
        table.problem(f'writers of kind "{kind}" come later', f"known now: {', '.join(KINDS)}", key)
        return
    near = nearest(kind, (*KINDS, *LATER))
    hint = f'did you mean "{near}"?' if near else f"say which in it:  kind: ...  known kinds: {', '.join(KINDS)}"
    table.problem(f'there is no writer of kind "{kind}" in this version', hint, key)


def _named(table: Table, name: str, kind: str) -> None:
    if name in (*KINDS, *LATER) and name != kind:
        hint = "give this one a name of its own, for example  crm:"
        table.problem(f'"{name}" is the name of another writer', hint)
    elif not _NAME.fullmatch(name):
        table.problem(f'"{name}" cannot be a name', "small letters, digits, - and _ (40 at most)")


def read_writer(table: Table, name: str, kind: str, place: Place) -> WriterSettings:
    """One section; `table` is its own."""
    module = import_module(KINDS[kind])
    spec = cast("Spec", module.SPEC)
    table.string("kind")
    table.flag("enabled", default=True)
    keys, found = Keys(table, place.env, place.here), Read()
    login = keys.login(spec.logins, found)
    keys.read(table, spec.keys, found)
    connection = keys.connection(spec, found)
    mapping = _mapping(keys, spec, place.timezone)
    made = WriterSettings(
        kind,
        name,
        table.mark,
        login=login,
        options=found.options,
        secrets=found.secrets,
        connection=connection,
        mapping=mapping,
        samples=table.flag("samples", spec.samples),
        transcript=mapping.transcript if spec.fields else table.flag("transcript"),
    )
    faults = cast("Faults | None", getattr(module, "faults", None))
    for fault in faults(found.options, found.secrets) if faults is not None else ():
        table.problem(fault.message, fault.hint, fault.key, mark=found.marks.get(fault.key))
    _finish(table, spec)
    return made


def _mapping(keys: Keys, spec: Spec, timezone: str) -> Mapped:
    if spec.fields:
        return read_mapping(keys, spec, timezone)
    return read_selection(keys, timezone) if spec.selects else Mapped(timezone=timezone)


def _finish(table: Table, spec: Spec) -> None:
    unread = () if spec.fields else tuple(key for key in _OF_MAPPINGS if not spec.selects or key not in _SELECTING)
    for key in unread:
        if table.shape(key) != "missing":
            table.scalar(key) if table.shape(key) == "text" else None
            table.problem(f"{spec.title} is written whole: there is no mapping", f"remove  {key}", key)
    table.finish(*unread)
