"""The port between channels and the service. A channel translates; it never sees the engine or the store."""

from contextlib import AbstractContextManager
from typing import Protocol

from msgspec import Struct

from bot.model import Ask, Conversation, Entry, Ignored, Inbound, Start


class Reply(Struct, frozen=True):
    """Where a chat stands after something was received."""

    conversation: Conversation
    entries: tuple[Entry, ...]
    """After the cursor that was asked for, the visitor's own included."""
    ask: Ask | None
    ignored: Ignored = ""
    """Why nothing changed; empty where it was taken."""


class Hint(Protocol):
    """Wakes when a chat may have new entries. Hints may be lost; the log may not."""

    async def wait(self, timeout: float) -> bool:
        """True when hinted, False after `timeout` seconds."""


class Front(Protocol):
    """What a channel may ask of the service. Every call raises StoreUnavailable where the store cannot answer."""

    async def open(self, start: Start, flow: str = "") -> Reply:
        """Begin a chat; committed on return. Raises Unknown for a flow that does not exist."""

    async def receive(self, chat: str, inbound: Inbound, after: int = 0) -> Reply:
        """One turn; committed on return. `after` is the client's cursor. Raises Unknown for an unknown chat."""

    async def look(self, chat: str, after: int = 0) -> Reply:
        """The chat as it stands. Raises Unknown for an unknown chat."""

    async def follow(self, chat: str, ref: str, at: int) -> str:
        """Record a click on a link and return its target URL. Raises Unknown where the chat never had that link."""

    def listen(self, chat: str) -> AbstractContextManager[Hint]: ...
