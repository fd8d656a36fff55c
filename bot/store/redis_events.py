"""Events across shards: of two commits with the same event, in whatever shards, one is taken.

A shard's commits are judged by the shard alone. With several shards each event has a key of its own besides: whoever
commits it reserves it there first, with a token and its home shard. Who finds it reserved looks into that home: was it
committed, it is repeated. Else its owner is at work, and is waited for; one that takes too long (a killed process) is
fenced off in its home shard, so that its commit fails should it still come, and the reservation is taken over. A commit
of this process whose answer was lost is fenced off at once when it is repeated.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from bot.errors import StoreUnavailable
from bot.store.redis_layout import Layout
from bot.store.redis_wire import Script, Wire

_EVENT = Script("event", keeps=True)
_WAITS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Seconds between looks at somebody else's reservation; behind the last it is taken over."""
_REMEMBERED = 1_000
"""Commits in doubt, the last ones."""


class Events:
    def __init__(self, wire: Wire, layout: Layout, clock: Callable[[], int]) -> None:
        self._wire = wire
        self._layout = layout
        self._clock = clock
        self._doubtful: deque[str] = deque(maxlen=_REMEMBERED)

    async def reserve(self, events: Sequence[str], home: int, mark: str) -> bool:
        """False where one was committed before."""
        if self._layout.shards == 1:
            return True
        for at, event in enumerate(events):
            if not await self._reserve(event, home, mark):
                await self.release(events[:at], home, mark)
                return False
        return True

    @contextmanager
    def doubtful(self, mark: str) -> Iterator[None]:
        """Around the commit with this token: where it raises StoreUnavailable, nobody knows what became of it."""
        try:
            yield
        except StoreUnavailable:
            self._doubtful.append(mark)
            raise

    async def release(self, events: Sequence[str], home: int, mark: str) -> None:
        """After a commit that was not taken."""
        if self._layout.shards > 1:
            for event in events:
                await self._ask("release", event, f"{mark} {home}")

    async def _reserve(self, event: str, home: int, mark: str) -> bool:
        mine = f"{mark} {home}"
        for wait in (*_WAITS, None):
            theirs = await self._ask("reserve", event, mine)
            if theirs is None:
                return True
            their_mark, _, their_home = bytes(theirs).decode().partition(" ")
            base = self._layout.bases[int(their_home)]
            no_more = wait is None or their_mark in self._doubtful
            what = "fence" if no_more else "look"
            now = self._clock()
            committed = int(await self._wire.run(_EVENT, base, what, event, their_mark, now))
            if committed == 1:
                return False
            if committed == -1 or no_more or wait is None:  # it expired, or its owner can commit no more
                await self._ask("release", event, bytes(theirs).decode())
            else:
                await asyncio.sleep(wait)
        return await self._ask("reserve", event, mine) is None

    async def _ask(self, what: str, event: str, mine: str) -> bytes | None:
        found: bytes | None = await self._wire.run(_EVENT, self._layout.event(event), what, mine)
        return found
