"""Hints that a chat may have new entries, between the tasks of one process. They may be lost; the log may not.
What several processes tell each other is in `hub_shared.py`."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from bot.channels.base import Hint
from bot.model import Conversation


class _Listener:
    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = asyncio.Event()

    async def wait(self, timeout: float) -> bool:
        try:
            async with asyncio.timeout(timeout):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True

    def ring(self) -> None:
        self._event.set()


class Hub:
    """Listeners by chat. A chat that nobody listens to costs nothing."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[_Listener]] = {}

    def __len__(self) -> int:
        """How many chats are listened to."""
        return len(self._listeners)

    def hears(self, chat: str) -> bool:
        """Whether somebody listens to this chat here."""
        return chat in self._listeners

    @contextmanager
    def listen(self, chat: str) -> Iterator[Hint]:
        """A hint that arrives between two calls of `wait` is kept for the next one."""
        listener = _Listener()
        self._listeners.setdefault(chat, set()).add(listener)
        try:
            yield listener
        finally:
            here = self._listeners[chat]
            here.discard(listener)
            if not here:
                del self._listeners[chat]

    def ring(self, chat: str) -> None:
        for listener in self._listeners.get(chat, ()):
            listener.ring()

    def moved(self, conversation: Conversation, *, tell: bool) -> None:
        """It was committed here. `tell`: somebody who listens elsewhere may wait for it."""
        self.ring(conversation.id)

    def saw(self, conversation: Conversation) -> None:
        """It was read as it stands; where somebody listens to it here, they know it."""

    async def present(self, chat: str) -> bool:
        """Whether somebody listens to this chat, wherever. Raises StoreUnavailable."""
        return self.hears(chat)

    async def close(self) -> None:
        """Nobody listens here any more."""
