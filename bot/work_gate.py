"""Whether responses are recorded now. Kept in memory, one a process; pure but for the clock that it is given.

The first failure shuts it: a database that refuses one response for a reason of its own refuses all. Then one response
goes first, after 2 s, then less and less often, every 30 s at last; when it is recorded all follow. So what waits for
the records is neither claimed nor counted as tried, however much it is and however long.
"""

from collections.abc import Callable

from bot.jobs_retry import SECOND

PAUSES = (2 * SECOND, 5 * SECOND, 10 * SECOND, 20 * SECOND, 30 * SECOND)
"""From one trial to the next; the last one for all that follow."""


class RecordsGate:
    """Implements `jobs_lanes.Gate`."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._until = 0
        self._failures = 0

    @property
    def opens(self) -> int:
        """A clock that was put back does not keep it shut."""
        return self._until if self._until <= self._clock() + PAUSES[-1] else 0

    @property
    def cautious(self) -> bool:
        return self._failures > 0

    def try_now(self) -> None:
        self._until = 0

    def failed(self) -> None:
        self._until = self._clock() + PAUSES[min(self._failures, len(PAUSES) - 1)]
        self._failures += 1

    def worked(self) -> None:
        self._until = self._failures = 0
