"""A clock that can be moved: the machine's own, and what it was moved by.

`clock()` gives ms since the epoch, as `app.start(settings, now=clock)` wants it. It never goes back. Whoever waits for
a time (a worker, a page) is told of a move by `told`.
"""

import time
from collections.abc import Callable

HOUR = 3_600_000
DAY = 24 * HOUR


class Clock:
    """`start` sets the time that it shows first; without it, it shows the machine's."""

    def __init__(self, start: int | None = None) -> None:
        self._offset = 0 if start is None else start - self._machine()
        self.told: list[Callable[[], object]] = []
        """Called after every move."""

    @staticmethod
    def _machine() -> int:
        return time.time_ns() // 1_000_000

    def __call__(self) -> int:
        return self._machine() + self._offset

    @property
    def offset(self) -> int:
        """How far it is ahead of the machine, in ms."""
        return self._offset

    def move(self, by: int) -> int:
        """Let `by` ms pass and return the time that it shows now. Raises ValueError for a negative number."""
        if by < 0:
            raise ValueError("time goes forward")
        self._offset += by
        for tell in self.told:
            tell()
        return self()
