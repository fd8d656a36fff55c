"""The hub where several processes serve the same chats.

- A word, `chat:<id>:<version>`, is told to the others after a commit that somebody who listens there may wait for. It
  may be lost.
- So while somebody listens here, the versions of all those chats are asked for every `LOOK` seconds, in one call, and
  whoever listens to one that has moved is hinted. While nobody does, nothing is asked.
- While somebody listens here to a chat that is in a handoff, a mark in the store says so to those at the desk, at
  whichever process. It ends with the last who listens, and by itself soon after a process that was killed.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from bot.channels.base import Hint
from bot.errors import StoreUnavailable
from bot.hub import Hub
from bot.model import Conversation
from bot.store.base import Store

LOOK = 0.8
"""Seconds between two looks: what was said elsewhere is here within a second, also where its word was lost."""
MARKED = 10_000
"""Milliseconds that a mark stays by itself."""
REFRESH = 3.0
"""Seconds after which it is put again."""
_DIGITS = 15
"""Of a version at most: words come from whoever may publish there."""
FAREWELL = 1.0
"""Seconds at the end to take the marks away."""


def _group(chat: str) -> str:
    return f"here:{chat}"


class SharedHub(Hub):
    """`name` is that of this process among the others."""

    def __init__(self, store: Store, name: str) -> None:
        super().__init__()
        self._store, self._name = store, name
        self._known: dict[str, int] = {}
        """Versions that those who listen here have been hinted to."""
        self._attended: set[str] = set()
        """In a handoff, and listened to here."""
        self._marked: dict[str, float] = {}
        """When the mark was put, by the loop's clock."""
        self._keeping: asyncio.Task[None] | None = None
        self._soon = asyncio.Event()
        store.hear(self._heard)

    @contextmanager
    def listen(self, chat: str) -> Iterator[Hint]:
        try:
            with super().listen(chat) as hint:
                if self._keeping is None:
                    self._keeping = asyncio.create_task(self._keep(), name="looks for what was said elsewhere")
                yield hint
        finally:
            if not self.hears(chat):
                self._known.pop(chat, None)
                self._attend(chat, False)

    def moved(self, conversation: Conversation, *, tell: bool) -> None:
        self._hint(conversation.id, conversation.version)
        if tell:
            self._store.tell(f"chat:{conversation.id}:{conversation.version}")

    def saw(self, conversation: Conversation) -> None:
        """What it was when they began to listen is what they know; later looks of one say nothing of the others."""
        if self.hears(conversation.id):
            self._known.setdefault(conversation.id, conversation.version)
            self._attend(conversation.id, bool(conversation.handoff))

    async def present(self, chat: str) -> bool:
        if self.hears(chat):
            return True
        return any(name != self._name for name in await self._store.marks(_group(chat)))

    async def close(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        self._attended.clear()
        with suppress(StoreUnavailable, TimeoutError):  # they end by themselves
            async with asyncio.timeout(FAREWELL):
                await self._mark(0.0)

    def _heard(self, word: str) -> None:
        what, _, rest = word.partition(":")
        chat, _, version = rest.rpartition(":")
        if what == "chat" and len(version) <= _DIGITS and version.isdecimal():
            self._hint(chat, int(version))

    def _hint(self, chat: str, version: int) -> None:
        if self.hears(chat) and version > self._known.get(chat, 0):
            self._known[chat] = version
            self.ring(chat)

    def _attend(self, chat: str, there: bool) -> None:
        if there != (chat in self._attended):
            (self._attended.add if there else self._attended.discard)(chat)
            self._soon.set()

    async def _keep(self) -> None:
        """As long as somebody listens, or has left a mark."""
        clock = asyncio.get_running_loop().time
        try:
            look = clock() + LOOK
            while self._listeners or self._marked:
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(look):
                        await self._soon.wait()
                self._soon.clear()
                with suppress(StoreUnavailable):  # the next look finds what this one missed
                    await self._mark(clock())
                if clock() >= look:
                    with suppress(StoreUnavailable):  # as above
                        await self._look()
                    look = clock() + LOOK
        finally:
            self._keeping = None

    async def _look(self) -> None:
        if not self._listeners:
            return
        found = await self._store.versions(tuple(self._listeners))
        for chat, version in found.items():
            # Another one, not a later one: a server that was failed over may have lost what was not acknowledged.
            if self.hears(chat) and version != self._known.get(chat):
                self._known[chat] = version
                self.ring(chat)

    async def _mark(self, now: float) -> None:
        """Put the marks that are new or grow old, and take away those of who has left."""
        late = [
            chat for chat in self._attended if now >= self._marked.get(chat, now) + REFRESH or chat not in self._marked
        ]
        gone = [chat for chat in self._marked if chat not in self._attended]
        for chat in late:
            self._marked[chat] = now
        for chat in gone:
            del self._marked[chat]
        put = (self._store.mark(_group(chat), self._name, b"1", MARKED) for chat in late)
        taken = (self._store.unmark(_group(chat), self._name) for chat in gone)
        await asyncio.gather(*put, *taken)
