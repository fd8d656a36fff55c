"""What a kind of step is. One file a kind; the table of kinds is in `bot/flows/steps/__init__.py`."""

from collections.abc import Mapping
from typing import Protocol
from zoneinfo import ZoneInfo

from msgspec import Struct

from bot.flows.nodes import Table
from bot.flows.spec import OpenHours, Step, Text
from bot.model import Choice, Value


class Accepted(Struct, frozen=True):
    """The answer was understood. `rest` is what was said beside it and may answer the next question."""

    value: Value
    label: str
    outcome: str
    rest: str = ""


class AskAgain(Struct, frozen=True):
    """It was not understood. `phrase` is a key of the catalogue of phrases; `suggest` are near misses."""

    phrase: str
    suggest: tuple[Choice, ...] = ()
    count: int = 0
    """What `{count}` in the phrase stands for: digits that are missing."""


class View(Struct, frozen=True):
    """What a kind may see when it presents or reads: the step in one language, at one moment. No I/O."""

    step: Step
    locale: str
    """A language of the flow."""
    person: str
    """The person's own locale, e.g. fr-CA, which may be no language of the flow; for understanding."""
    now: int
    zone: ZoneInfo
    """Of the person, else of the service."""
    labels: Mapping[str, str]
    """Rendered labels of `step.options` in this language, by key."""
    texts: Mapping[str, str]
    """Rendered texts of the config, as named by `StepKind.texts`."""
    hours: OpenHours | None = None
    desk: bool = False
    """Whether there is a desk at all: somebody that a chat can be handed over to."""
    closed: tuple[str, ...] = ()
    """Options that are not offered now, since they lead to a handoff and nobody can be reached."""


class Control(Struct, frozen=True):
    """What is shown under the question."""

    options: tuple[Choice, ...] = ()
    low: str = ""
    high: str = ""
    placeholder: str = ""
    note: str = ""
    outcome: str = ""
    """Where set, nothing can be asked at this moment (no free slot): the chat goes on at once by this outcome."""
    said: str = ""
    """What is said before it goes on so."""


class StepKind(Protocol):
    name: str
    waits: bool
    """Whether the chat stops here for the person. A kind that does not wait says its words and goes on."""
    staffed: bool
    """Whether a person takes over here: the chat stops, but nothing is asked and no answer is read."""
    passes: tuple[str, ...]
    """Outcomes by which it can be left at once, with nothing asked (`Control.outcome`)."""
    keys: tuple[str, ...]
    """Keys of the step that only this kind has (`parse` reads them)."""

    def parse(self, table: Table) -> object:
        """Read this kind's own keys; problems are reported to the table, which collects them."""

    def outcomes(self, step: Step) -> tuple[str, ...]:
        """The closed set of outcomes of an answer, without `skipped` and `timeout`, which the language adds."""

    def texts(self, step: Step) -> Mapping[str, Text]:
        """Texts in the config that are rendered in a turn, by name."""

    def present(self, view: View) -> Control: ...

    def value(self, view: View, value: Value) -> Accepted | AskAgain:
        """Read what was tapped or picked. A value that was never offered is AskAgain."""

    def text(self, view: View, text: str) -> Accepted | AskAgain:
        """Read what was typed, at most 200 characters of it for a parser; never raises, whatever the text."""
