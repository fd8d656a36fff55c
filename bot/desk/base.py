"""The port between the cases and the place where agents act. A board shows and translates; it decides nothing.

An agent is named by a string that the board makes and understands (`T02:U7`); so is the place of a card, and a line in
its thread. Texts here are meaning, never markup: a board escapes them and fits them to its limits.
"""

from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

from bot.model import CaseState, Handoff

Source: TypeAlias = Literal["", "typed", "proven", "claimed"]
Mark: TypeAlias = Literal["reached", "internal", "undelivered"]
Action: TypeAlias = Literal["claim", "outcome", "release"]
LineKind: TypeAlias = Literal["say", "note", "edit", "delete", "refused"]


class CardFact(Struct, frozen=True):
    """One fact beside what was said. `source` tells for a fact about the person where it comes from."""

    label: str
    value: str
    source: Source = ""
    link: str = ""
    """Where the value leads to; an http(s) address."""
    more: tuple[str, str] = ("", "")
    """Words and address of a link behind the value."""


class Card(Struct, frozen=True):
    """Everything that a card says. Two cards that are equal look the same."""

    key: str
    """The case: the chat's id."""
    state: CaseState
    text: str
    """A full sentence: the notification."""
    score: int | None
    name: str
    wish: str
    quotes: tuple[str, ...] = ()
    """What the customer said, in their words."""
    facts: tuple[CardFact, ...] = ()
    origin: str = ""
    """`Web chat, in French`."""
    script: str = ""
    """What to say to somebody of this segment."""
    due: int = 0
    """The deadline; 0 for none."""
    overdue: bool = False
    told: str = ""
    """Who was told that it is overdue: a mention as the settings write it."""
    next: str = ""
    """Who is told at `next_at` where nobody acts: a mention as the settings write it."""
    next_at: int = 0
    owner: str = ""
    """The agent who holds it, or who resolved it."""
    since: int = 0
    """Since when the owner holds it."""
    until: int = 0
    """Snoozed until then."""
    outcome: str = ""
    """Its label."""
    took: str = ""
    """How long it took, in words."""
    live: Handoff = ""
    away: str = ""
    """Said where the customer on the line has left the page."""
    rule: str = ""
    sample: bool = False
    crm: str = ""
    """Address of this person in the CRM."""
    mention: str = ""
    """Whom to call to a case that nobody has: as the settings write it."""
    actions: tuple[Action, ...] = ()
    """The buttons, the next step first."""


class Colleague(Struct, frozen=True):
    """An agent: customers see `first` alone, records and the others at the desk the whole name."""

    name: str
    first: str


class Notice(Struct, frozen=True):
    """One message of ours, in a card's thread or beside it. Either words of ours, or (`quote`) words of `name`."""

    text: str = ""
    mention: str = ""
    """Whom to call: as the settings write it, or an agent."""
    quote: str = ""
    name: str = ""
    card: str = ""
    """The place of a card to link to."""
    due: int = 0
    """A moment that belongs to the text, shown in the reader's own time; 0 for none."""
    loud: bool = False
    """Of a thread, but nobody may miss it: shown beside it too."""
    lead: str = ""
    """What stands before the text, where nobody may overlook it."""


class Line(Struct, frozen=True):
    """Something that an agent did in a card's thread."""

    kind: LineKind
    agent: str
    ref: str
    """The board's name of the line; of the line that was changed for `edit` and `delete`."""
    text: str = ""
    """For `refused`: what cannot be passed on, for people."""


class Result(Struct, frozen=True):
    """What became of an agent's action. Where it was refused, `words` say why, to that agent."""

    done: bool
    words: str = ""


class Verdict(Struct, frozen=True):
    """How a case ended, as the agent filled it in."""

    outcome: str
    cause: str = ""
    note: str = ""
    tell: bool = False


class Choices(Struct, frozen=True):
    """What the outcome form offers."""

    head: str
    """Score and name."""
    outcomes: tuple[tuple[str, str], ...]
    """(key, label), in the order of the settings."""
    causes: tuple[tuple[str, str], ...]
    tell: str = ""
    """`Tell Nadia that it is settled`; empty where nothing reaches them."""
    told: str = ""
    """The sentence that they would get."""


class HomeCase(Struct, frozen=True):
    """One line of a person's overview."""

    score: int | None
    name: str
    quote: str
    when: str
    place: str
    """Of the card."""


class Home(Struct, frozen=True):
    """What needs somebody, what is yours, the number with its margin. In that order."""

    waiting: tuple[HomeCase, ...]
    more: int
    """How many more wait than are shown."""
    yours: tuple[HomeCase, ...]
    figure: str
    shares: str
    at: int
    trouble: str = ""
    """Why nothing of it can be shown now; empty where it can."""


class Board(Protocol):
    """Every call may raise Retryable, Throttled, or Permanent. `key` travels with a message, so that after a crash it
    is found and not sent again."""

    async def post(self, to: str, key: str, card: Card) -> str:
        """Put the card up in the channel `to`; its place."""

    async def update(self, place: str, key: str, card: Card) -> None: ...

    async def find(self, to: str, key: str, since: int) -> str:
        """The place of the card that was put up under this key after `since`; empty where there is none."""

    async def tell(self, place: str, key: str, notice: Notice) -> str:
        """Say it in the card's thread; the board's name of the message."""

    async def said(self, place: str, since: int) -> frozenset[str]:
        """The keys of what we said in this thread."""

    async def shout(self, to: str, key: str, notice: Notice) -> None:
        """Say it in a channel."""

    async def whisper(self, place: str, agent: str, text: str) -> None:
        """Say it in the thread to one agent alone."""

    async def mark(self, place: str, ref: str, mark: Mark) -> None:
        """Put a mark on a line. One that has it already is no error."""

    async def colleague(self, agent: str) -> Colleague:
        """What this agent is called."""

    async def belongs(self, to: str, agent: str) -> bool:
        """Whether somebody is in this channel: others must not see what customers said."""

    async def home(self, agent: str, home: Home | None) -> None:
        """Show a person their overview; None to somebody who is not at the desk."""

    def alias(self, place: str) -> str:
        """Under which the chat of this card is resolved."""

    async def link(self, place: str) -> str:
        """A web address of the card."""


class Agents(Protocol):
    """What a board may ask of the service for those who act there. Everything is committed on return; the rest follows
    as a job. `events` are the platform's ids: where one was committed before, nothing is done. Raises StoreUnavailable.
    """

    async def chat_at(self, alias: str) -> str | None:
        """The chat of a card or its thread."""

    async def claim(self, chat: str, agent: str, events: Sequence[str] = ()) -> Result: ...

    async def release(self, chat: str, agent: str, events: Sequence[str] = ()) -> Result: ...

    async def snooze(self, chat: str, agent: str, until: str, events: Sequence[str] = ()) -> Result:
        """`until` is `1h` or `tomorrow`."""

    async def hand_over(self, chat: str, agent: str, to: str, events: Sequence[str] = ()) -> Result: ...

    async def resolve(self, chat: str, agent: str, verdict: Verdict, events: Sequence[str] = ()) -> Result: ...

    async def line(self, chat: str, line: Line, events: Sequence[str] = ()) -> None:
        """A line of the thread: on to the customer, or kept."""

    async def whisper(self, chat: str, agent: str, words: str, events: Sequence[str] = ()) -> None:
        """Tell one agent something in the thread."""

    async def link(self, chat: str, agent: str, events: Sequence[str] = ()) -> None:
        """Tell one agent the address of the card."""

    async def choices(self, chat: str, agent: str) -> Choices | str:
        """What the outcome form offers this agent, or why it cannot be filled in."""

    async def home(self, agent: str) -> None:
        """An agent looks at their overview: it is drawn anew."""
