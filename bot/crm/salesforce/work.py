"""One response on its way through a batch, and what tells a value of ours from one of theirs."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.crm.base import Parcel, Receipt
from bot.crm.http.kept import NOTE, Kept
from bot.crm.mapping.mapped import Out, plain
from bot.crm.salesforce.calls import Record, Value
from bot.errors import DeliveryError
from bot.model import Response


@dataclass(frozen=True, slots=True)
class Person:
    sobject: str
    """Contact or Lead."""
    id: str
    now: Mapping[str, Value] = field(default_factory=dict)
    """What its fields say there, those that are mapped."""
    made: bool = False
    """Whether it was created just now, with its fields."""


@dataclass(slots=True)
class Work:
    parcel: Parcel
    notes: dict[str, str] = field(default_factory=dict)
    person: Person | None = None
    remote: str = ""
    skipped: str = ""
    error: DeliveryError | None = None

    @property
    def response(self) -> Response:
        return self.parcel.response

    @property
    def open(self) -> bool:
        """Whether there is anything left to do."""
        return self.error is None and not self.skipped

    def fail(self, error: DeliveryError | None) -> None:
        """The first error is the one that is told."""
        self.error = self.error or error

    def receipt(self) -> Receipt:
        return Receipt(self.remote, self.notes, self.error, self.skipped)


def written(values: Mapping[str, Out]) -> dict[str, Value]:
    """As Salesforce wants them in JSON: times as RFC 3339, several choices with semicolons."""
    return {name: plain(value) for name, value in values.items()}


def moment(value: Value) -> datetime | None:
    """A date or a time, in UTC; None for anything else."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        return None if at is None else at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:8]


def untouched(values: Record, now: Record | None, note: str, doubt: bool) -> dict[str, Value]:
    """Those that nobody changed there since we wrote them; all where there is nothing yet."""
    if now is None or not note:
        return dict(values)
    left = Kept({NOTE: note}, on=True).untouched(values, now, doubt)
    return {name: value for name, value in values.items() if name in left}


def noted(note: str, values: Record, *, sure: bool) -> str:
    """The note of what was written; not `sure`: of what is about to be, and may be there whatever comes back."""
    notes = {NOTE: note} if note else {}
    kept = Kept(notes, on=True)
    (kept.wrote if sure else kept.trying)(values)
    return notes.get(NOTE, "")
