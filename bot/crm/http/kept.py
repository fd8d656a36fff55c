"""Whether a person changed a field on the other side since we wrote it, for `changed: keep`. Pure.

- A writer notes a mark of what it writes, for each field: some digits of its hash, never the value itself.
- A field whose value is neither what we wrote nor what we would write now was changed by somebody else. One that this
  chat has never written is ours to write: what stands there is an older answer's.
- A write whose answer got lost may have come through, so its marks are kept beside the last ones (`trying`).
- After a killed process nobody knows what was written, so then nothing counts as changed.
"""

import re
from collections.abc import Hashable, Mapping, MutableMapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256

import msgspec
from msgspec.structs import replace

from bot.crm.base import Parcel, Stored

NOTE = "written"
DIGITS = 8
LAST = 4
"""Marks of a field at most: of so many attempts in a row whose answers got lost."""

_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,8})(?:\.\d{1,6})?")
"""No zero before it, which would make it a phone number or a code."""


def normal(value: object) -> str:
    """A value as text, the same however the other side spells it: 9, 9.0 and "9"; a time in any zone; None and ""."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(int(value)) if float(value).is_integer() else repr(value)
        case list() | tuple():
            return ";".join(sorted(normal(one) for one in value))
        case dict():
            return ";".join(f"{key}={normal(one)}" for key, one in sorted(value.items()))
    text = " ".join(str(value).split())
    if len(text) > 10 and text[:4].isdigit() and text[4] == "-":
        try:
            at = datetime.fromisoformat(text)
            at = at if at.tzinfo else at.replace(tzinfo=UTC)
            return at.astimezone(UTC).isoformat(timespec="milliseconds")
        except (ValueError, OverflowError):  # the year 1 east of Greenwich is no time in UTC, and anybody may type it
            return text
    return normal(float(text)) if _NUMBER.fullmatch(text) else text


def mark(value: object) -> str:
    return sha256(normal(value).encode("utf-8", "replace")).hexdigest()[:DIGITS]


class Kept:
    """What one chat has written, in its notes. Where it is not `on`, nothing is noted and nothing is left alone."""

    def __init__(self, notes: MutableMapping[str, str], *, on: bool) -> None:
        self.on, self._notes = on, notes
        try:
            self._marks = msgspec.json.decode(notes.get(NOTE, "{}"), type=dict[str, list[str]])
        except msgspec.MsgspecError:
            self._marks = {}

    def untouched(
        self, wanted: Mapping[str, object], there: Mapping[str, object], doubt: bool = False
    ) -> dict[str, object]:
        """Those of `wanted` that nobody else changed, given what stands `there`."""
        return {
            name: value
            for name, value in wanted.items()
            if doubt
            or name not in self._marks
            or mark(there.get(name)) in self._marks[name]
            or normal(there.get(name)) == normal(value)
        }

    def trying(self, values: Mapping[str, object]) -> None:
        """These are about to be written: from now on each may be there, or what was there before."""
        self._note({name: [*self._marks.get(name, ()), mark(value)][-LAST:] for name, value in values.items()})

    def wrote(self, values: Mapping[str, object]) -> None:
        """These are there."""
        self._note({name: [mark(value)] for name, value in values.items()})

    def _note(self, marks: Mapping[str, list[str]]) -> None:
        if self.on and marks:
            self._notes[NOTE] = msgspec.json.encode(self._marks | dict(marks)).decode()


def differing(wanted: Mapping[str, object], there: Mapping[str, object]) -> tuple[str, ...]:
    """The fields that say something else there."""
    return tuple(name for name, value in wanted.items() if normal(there.get(name)) != normal(value))


def of_the_newest(parcels: Sequence[Parcel], found: Sequence[tuple[Hashable, Stored]]) -> list[Stored]:
    """What was found of these and of whom, without the drift of whoever answered again: a person has one score, which
    is the newer response's. To write the older one again, as drift calls for, would put the newer one's away."""
    newest: dict[Hashable, Parcel] = {}
    for parcel, (who, _) in zip(parcels, found, strict=True):
        other = newest.setdefault(who, parcel)
        newest[who] = max(other, parcel, key=lambda one: (one.response.scored, one.response.updated))
    return [
        stored if newest[who] is parcel else replace(stored, drifted=())
        for parcel, (who, stored) in zip(parcels, found, strict=True)
    ]
