"""The port between channels and the service. A channel translates; it never sees the engine or the store."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from msgspec import Struct

from bot.model import Address, Ask, Conversation, Entry, Ignored, Inbound, Start


class Reply(Struct, frozen=True):
    """Where a chat stands after something was received."""

    conversation: Conversation
    entries: tuple[Entry, ...]
    """After the cursor that was asked for, the visitor's own included."""
    ask: Ask | None
    ignored: Ignored = ""
    """Why nothing changed; empty where it was taken."""
    language: str = ""
    """Of the flow, that the chat is held in; said by `look`."""


class Hint(Protocol):
    """Wakes when a chat may have new entries. Hints may be lost; the log may not."""

    async def wait(self, timeout: float) -> bool:
        """True when hinted, False after `timeout` seconds."""


class Front(Protocol):
    """What a channel may ask of the service. Every call raises StoreUnavailable where the store cannot answer."""

    async def open(self, start: Start, flow: str = "") -> Reply:
        """Begin a chat; committed on return. Raises Unknown for a flow that does not exist."""

    async def receive(self, chat: str, inbound: Inbound, after: int = 0, events: tuple[str, ...] = ()) -> Reply:
        """One turn; committed on return. `after` is the client's cursor. Raises Unknown for an unknown chat. `events`
        are the platform's ids of what arrived: where one was committed before, the reply is ignored as `repeated`."""

    async def receive_at(
        self,
        address: Address,
        inbound: Inbound,
        *,
        events: tuple[str, ...] = (),
        opening: Start | None = None,
        flow: str = "",
    ) -> Reply:
        """What arrived from a person on a messaging channel; committed on return.

        Goes to the open chat of this address. Where there is none, `opening` begins one in the same commit (what
        arrived was then the occasion, not an answer; the id and address of `opening` are made here); without it a text
        to an ended chat is kept as a late comment. An address has one active chat, also where several messages to
        begin one arrive at once. The entries of the reply are those of this turn.
        Raises Unknown where there is neither, and for a flow that does not exist."""

    async def invite(self, start: Start, flow: str, key: str) -> Reply:
        """Begin a chat on a messaging channel for whoever is at `start.address`; the same `key` begins one only (the
        reply is then ignored as `repeated`). Raises Refused where that person has opted out or is in another chat."""

    async def resolve(self, alias: str) -> str | None:
        """The chat that a name points to, e.g. the thread of a card."""

    async def look(self, chat: str, after: int = 0) -> Reply:
        """The chat as it stands. Raises Unknown for an unknown chat."""

    async def follow(self, chat: str, ref: str, at: int) -> str:
        """Record a click on a link and return its target URL. Raises Unknown where the chat never had that link."""

    def listen(self, chat: str) -> AbstractContextManager[Hint]: ...

    async def present(self, chat: str) -> bool:
        """Whether somebody's page listens to this chat in a handoff now, whichever process it is at."""

    async def came_or_went(self, chat: str) -> None:
        """A page began or ceased to listen to a chat in a handoff: those at the desk hear of it soon."""


class Post(Struct, frozen=True):
    """One message to a person on a messaging channel: lines that belong together (the bot's, or one of an agent), and
    the question whose control stands under the last of them. Meaning, never markup: a channel escapes and fits it."""

    chat: str
    locale: str
    """A language of the flow."""
    entries: tuple[Entry, ...]
    ask: Ask | None = None


class Asked(Struct, frozen=True):
    """A question that was sent and is answered now: its control goes and what was chosen is shown."""

    chat: str
    locale: str
    message: str
    """The platform's id of the message."""
    text: str
    """Its words as sent: `words_of` its post."""
    chosen: str
    """How the answer reads; empty where the question went without one (timed out, skipped, ended)."""
    change: bool
    """Whether `back` leads to it, so that a Change button can be offered."""
    fence: int = 0
    """Of the question that stands now: a Change button works as long as it does."""
    again: bool = False
    """The same question follows at once in a new message."""
    over: bool = False
    """The chat has ended with it in silence: nothing else is said."""


def words_of(entries: Sequence[Entry]) -> str:
    """The words that stand with the question of a post: its lines after the last link, a blank line between them."""
    after = max((at for at, entry in enumerate(entries, 1) if entry.link is not None), default=0)
    return "\n\n".join(entry.text for entry in entries[after:] if entry.text)


class Messenger(Protocol):
    """The sending side of a messaging channel. `peer` is that of the chat's address. Every call may raise Retryable,
    Throttled, or Permanent with code `gone` (the person cannot be reached here any more) or another one."""

    @property
    def name(self) -> str:
        """That of the channel."""

    async def post(self, peer: str, post: Post) -> str:
        """Send it; the platform's id of the message (of the last, where it did not fit into one). Empty for a question
        that has no control: it is never settled."""

    async def settle(self, peer: str, asked: Asked) -> None:
        """Make the old buttons go. What cannot be edited any more (too old, deleted, not modified) is no error."""

    async def revise(self, peer: str, message: str, entry: Entry, locale: str) -> None:
        """An agent changed a line, or took it back where the entry has no text."""

    async def close(self) -> None: ...


class Found(Struct, frozen=True):
    """A post as the platform has it: its last message, the last entry in it, and the question under it."""

    message: str
    seq: int
    step: str = ""
    fence: int = 0


@runtime_checkable
class Tidying(Protocol):
    """A messenger whose platform can take a Change button away once it works no more, at the price of a call."""

    async def tidy(self, peer: str, message: str) -> None:
        """The message of a settled question keeps its words and has no button any more. Raises as `settle` does."""


@runtime_checkable
class Traceable(Protocol):
    """A messenger whose platform can be asked what went out, so that a crash leaves nothing in doubt."""

    async def find(self, peer: str, chat: str) -> Found | None:
        """The newest post of this chat that is there; None for none. Raises as the other calls do."""
