"""The writer's protocol. A writer carries one response to one other system and knows nothing of stores or chats."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from bot.errors import DeliveryError
from bot.model import Response


class Writer(Protocol):
    name: str
    """As in the settings file: stable, since job ids hold it."""
    samples: bool
    """Whether responses of the demo page are written too."""
    transcript: bool
    """Whether `Response.transcript` is wanted; else it is left empty, which spares a read."""

    batch: int
    """How many responses it likes to be handed at once; each is still written, and may fail, on its own."""

    async def write(self, response: Response, key: str) -> str:
        """Write this revision; returns the remote id (may be empty).

        `key` is the same at every attempt for this chat and revision. Writing it again must be harmless where the
        other side allows that. Raises Retryable, Throttled or Permanent and nothing else.
        """

    async def check(self) -> str:
        """Empty where the other side can be reached as configured, else what to mend."""

    async def close(self) -> None: ...


@runtime_checkable
class BatchWriter(Writer, Protocol):
    """A writer for which many responses are one piece of work, as a file is."""

    async def write_all(self, responses: Sequence[Response]) -> Sequence[DeliveryError | None]:
        """As `write` for each of them, in order; what failed is returned and not raised."""
