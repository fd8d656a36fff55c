"""The writer's port. A writer carries responses to one other system and knows nothing of stores, chats or retries.

A writer is a module with `SPEC` (what can be set) and `make(config, clock)`, a line in `bot.crm.table`, and a table of
cases in its tests. What else it can do it says by a protocol below: Describing, Preparing, Reconciling.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from msgspec import Struct, field

from bot.errors import DeliveryError
from bot.model import Response

Event: TypeAlias = Literal[
    "scored", "answered", "completed", "abandoned", "callback_requested", "case_opened", "case_resolved"
]
"""Moments of a response. `answered` is every change that is none of the others (a later answer, a click, another
score). Several may come together: quick answers share one delivery."""

EVENTS: tuple[Event, ...] = (
    *("scored", "answered", "completed", "abandoned"),
    *("callback_requested", "case_opened", "case_resolved"),
)


class Parcel(Struct, frozen=True):
    """One response for one writer: its newest revision, and what this writer knows of it from before."""

    response: Response
    key: str
    """The same at every attempt for this chat and revision: `resp_<chat>_<revision>`."""
    news: tuple[Event, ...] = ()
    """Which of the moments that it wants (`Writer.wants`) this writer was not told of yet."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """What the writer noted of this chat in earlier receipts, those of failed attempts included: ids on the other
    side, what it has done once already. Short names of its own."""
    doubt: bool = False
    """An earlier attempt was cut off, or its answer got lost: what has no key on the other side may be there."""


class Receipt(Struct, frozen=True):
    """What became of a parcel. With an `error` it is tried again or given up, as the kind of error says; `notes` are
    kept in any case."""

    remote: str = ""
    """The other side's id of the response (or of the person), where it names one."""
    notes: Mapping[str, str] | None = None
    """All notes of this chat from now on; None: as they were."""
    error: DeliveryError | None = None
    skipped: str = ""
    """Why nothing was to be written, in words for a person (nobody with this address there ...)."""
    doubts: tuple[str, ...] = ()
    """What may be on the other side twice, or not at all, since it takes no key and cannot be asked: noted, listed by
    `chatsurvey jobs doubts`, and not sent again."""


class Writer(Protocol):
    name: str
    """As in the settings file: stable, since job ids hold it."""
    samples: bool
    """Whether responses of the demo page are written too."""
    transcript: bool
    """Whether `Response.transcript` is wanted; else it is left empty, which spares a read."""
    batch: int
    """How many parcels one call of `write` takes at most."""
    parallel: int
    """How many calls of `write` may run at once."""

    def wants(self, response: Response) -> Sequence[Event]:
        """The moments of this response that this writer is told of, as it stands now; none: not this response.
        `answered` is counted anew for each revision, the others once a chat."""

    async def write(self, parcels: Sequence[Parcel]) -> Sequence[Receipt]:
        """Write these (all of different chats); one receipt a parcel, in order. Raises nothing of the closed list.

        Writing a parcel again must be harmless wherever the other side allows that: by a key it takes, by looking
        first where `doubt` is set, or by a note.
        """

    async def check(self) -> str:
        """Empty where the other side can be reached and knows us, else what to mend. Changes nothing there."""

    async def close(self) -> None: ...


@runtime_checkable
class FileWriter(Writer, Protocol):
    """A writer of a local file: it is written in the records' own pass, since a job would cost more than the line."""

    async def write_all(self, responses: Sequence[Response]) -> Sequence[DeliveryError | None]:
        """As `write` for each of them, in order."""


FieldType: TypeAlias = Literal["text", "integer", "number", "boolean", "date", "datetime", "choice", "choices", "other"]


class FieldFacts(Struct, frozen=True):
    """A field as the other side describes it."""

    type: FieldType
    length: int | None = None
    """Characters that fit in."""
    options: tuple[str, ...] = ()
    """Of a choice; values that are none of these are refused."""
    writable: bool = True
    required: bool = False
    unique: bool = False


@runtime_checkable
class Describing(Writer, Protocol):
    """A writer whose other side says which fields there are (`chatsurvey check --live`)."""

    async def describe(self) -> Mapping[str, Mapping[str, FieldFacts]]:
        """Target of the mapping -> field -> facts; a target that is not there is absent. Raises DeliveryError."""

    def advice(self, target: str, field: str) -> str:
        """What to click to make this field (or, with an empty field, this target)."""


class SetupStep(Struct, frozen=True):
    what: str
    """For example `field NPS_Score__c on Contact (number)`."""
    state: Literal["there", "made", "todo"]
    how: str = ""
    """For `todo`: what a person has to click."""


@runtime_checkable
class Preparing(Writer, Protocol):
    """A writer that can make what it needs on the other side (`chatsurvey crm setup`)."""

    async def setup(self, make: bool) -> Sequence[SetupStep]:
        """What is needed; made where it is missing, `make` is set and the API allows it. Raises DeliveryError."""


class Stored(Struct, frozen=True):
    """What the other side has of one response."""

    count: int
    """Records of this response: 0 missing, 2 or more doubled."""
    drifted: tuple[str, ...] = ()
    """Fields that say something else than what would be written now."""


@runtime_checkable
class Reconciling(Writer, Protocol):
    """A writer whose other side can be asked for what it has (`chatsurvey doctor crm --reconcile`)."""

    async def stored(self, parcels: Sequence[Parcel]) -> Sequence[Stored]:
        """One a parcel, in order. Reads only. Raises DeliveryError."""
