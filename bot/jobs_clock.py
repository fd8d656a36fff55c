"""Notices that the wall clock was set back: jobs that were due by the time before would wait for it to come again."""

import logging
from collections.abc import Callable, Sequence
from time import monotonic

from bot.store.base import Store

log = logging.getLogger(__name__)

_STEP = 60_000
"""Ms that a wall clock loses against the monotonic one before that counts as a step."""
_ROUND = 600_000
"""Ms: what was due so soon behind the time before comes too. Attempts that were put off just then are among it."""


class Steps:
    """`clock` gives ms since the epoch, `steady` seconds of a clock that nobody sets. `kinds` are brought forward."""

    def __init__(
        self, store: Store, clock: Callable[[], int], kinds: Sequence[str], steady: Callable[[], float] = monotonic
    ) -> None:
        self._store, self._clock, self._steady = store, clock, steady
        self._kinds = tuple(kinds)
        self._ahead = self._difference()
        self._until = 0

    async def look(self) -> None:
        """Where the clock fell back since the last look, make due now what it would keep waiting. Raises
        StoreUnavailable, and tries again at the next look then."""
        ahead, before = self._difference(), self._ahead
        self._ahead = ahead
        if before - ahead > _STEP:
            log.warning("the clock fell back by %d s; jobs of the time before are done now", (before - ahead) // 1_000)
            self._until = max(self._until, self._clock() + before - ahead + _ROUND)
        if self._until:
            await self._store.bring_forward(self._kinds, self._clock(), self._until)
            self._until = 0

    def _difference(self) -> int:
        return self._clock() - int(self._steady() * 1_000)
