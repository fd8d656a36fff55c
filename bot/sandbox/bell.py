"""Waiting for a state to come about, without polling: whoever changes something rings, whoever waits looks again."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 20.0
"""Seconds. A busy machine is no failure."""


class Bell:
    """One loop's bell. `ring` is cheap and may come from anywhere in that loop."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Event] = set()

    def ring(self) -> None:
        for event in self._waiting:
            event.set()

    async def rung(self) -> None:
        """Return at the next ring."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            await event.wait()
        finally:
            self._waiting.discard(event)

    async def until(self, look: Callable[[], T | None], what: str, seconds: float = PATIENCE) -> T:
        """What `look` gives, as soon as that is true. Raises TimeoutError, naming `what` was awaited."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            async with asyncio.timeout(seconds):
                while not (found := look()):
                    event.clear()
                    await event.wait()
                return found
        except TimeoutError:
            raise TimeoutError(f"waited {seconds} s in vain: {what}") from None
        finally:
            self._waiting.discard(event)

    async def pause(self, seconds: float) -> None:
        """Until the next ring, or for so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.rung()
