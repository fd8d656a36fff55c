"""Whether the records can be used, told once when that changes; and the notes that wait until they can.

A note (an attempt to deliver a response) is worth keeping and never worth waiting for: while the database is away notes
are gathered here, one a writer and chat, and are written when it is back. They are in memory: what a killed process had
gathered is lost, which costs the history of an attempt and nothing else.
"""

import logging
import time
from collections.abc import Callable, Sequence

from bot.records.base import Delivery, joined

log = logging.getLogger(__name__)

MOST = 20_000
"""Notes that are gathered; beyond it the oldest are let go of."""


class Away:
    """`ticks` gives seconds that never go back."""

    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        self._ticks = ticks
        self._since = 0.0
        self._lost = 0
        self._owed: dict[tuple[str, str], Delivery] = {}
        self.trouble = ""
        """Why they cannot be used; empty while they can."""

    @property
    def seconds(self) -> float:
        """For how long they have been away; 0 while they can be used."""
        return self._ticks() - self._since if self.trouble else 0.0

    @property
    def owed(self) -> Sequence[Delivery]:
        return tuple(self._owed.values())

    def failed(self, error: str) -> None:
        if not self.trouble:
            self._since = self._ticks()
            log.warning("responses wait, and nothing of them is lost: %s", error)
        self.trouble = error

    def works(self) -> None:
        if self.trouble:
            log.warning("the records can be used again, after %.0f s", self.seconds)
        self.trouble = ""

    def note(self, notes: Sequence[Delivery]) -> None:
        """These are to be written."""
        for new in notes:
            key = (new.writer, new.chat)
            old = self._owed.pop(key, None)
            self._owed[key] = new if old is None else joined(old, new)
        over = list(self._owed)[: max(0, len(self._owed) - MOST)]
        for key in over:
            del self._owed[key]
        if over and not self._lost:
            log.warning("more than %d notes of deliveries wait for the records; the oldest are let go of", MOST)
        self._lost += len(over)

    def paid(self, notes: Sequence[Delivery]) -> None:
        """These were written; what was noted of the same since then still waits."""
        for one in notes:
            if self._owed.get((one.writer, one.chat)) is one:
                del self._owed[one.writer, one.chat]
        if not self._owed:
            self._lost = 0
