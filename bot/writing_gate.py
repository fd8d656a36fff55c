"""Whether a writer is written to now. Pure but for the clock that it is given; kept in memory, one a writer.

    open     everything goes
    held     the other side asked us to wait, and we do
    broken   five calls in a row came to nothing: it is tried after 15 s, then less and less often, every 5 min at last
    parked   it does not know us any more: tried once a minute, every 5 min at last, until somebody has put it right

Where the time of a hold or a pause is over one job alone goes first; when it has got an answer, all follow. So what
waits for somebody who is away is neither claimed nor counted as tried, however much it is.
"""

from collections.abc import Callable
from typing import Literal, TypeAlias

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000

State: TypeAlias = Literal["open", "held", "broken", "parked"]
STATES: tuple[State, ...] = ("open", "held", "broken", "parked")

FAILURES = 5
"""Calls in a row that come to nothing before the writer counts as broken."""
PAUSES: dict[State, tuple[int, ...]] = {
    "held": (5 * SECOND, 10 * SECOND, 20 * SECOND, 40 * SECOND, 60 * SECOND),
    "broken": (15 * SECOND, 30 * SECOND, 60 * SECOND, 2 * MINUTE, 5 * MINUTE),
    "parked": (1 * MINUTE, 2 * MINUTE, 5 * MINUTE),
}
"""From one trial to the next; the last one for all that follow. `held` is for who names no time of their own."""
LONGEST_HOLD = 24 * HOUR
"""Platforms do ask for hours; more than a day is taken for a slip."""


class Gate:
    """Implements `jobs_lanes.Gate`. Told what came of each call, in whatever order the calls end."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._state: State = "open"
        self._until = 0
        self._shut_at = 0
        self._since = 0
        self._trials = 0
        """Pauses since it was in another state."""
        self._failures = 0

    @property
    def state(self) -> State:
        return self._state

    @property
    def opens(self) -> int:
        """A clock that was set back, before the moment when it was shut, does not keep it shut."""
        return self._until if self._clock() >= self._shut_at - MINUTE else 0

    @property
    def cautious(self) -> bool:
        return self._state != "open"

    @property
    def away(self) -> int:
        """For how long it has not been open, in ms."""
        return max(0, self._clock() - self._since) if self.cautious else 0

    @property
    def _shut(self) -> bool:
        return self._clock() < self.opens

    def answered(self) -> None:
        """It works. What was under way when it was shut opens a broken one alone: a hold is obeyed in any case."""
        if not self._shut or self._state == "broken":
            self._state, self._until, self._trials, self._failures = "open", 0, 0, 0

    def failed(self) -> None:
        """A call came to nothing: no connection, no answer, an error of theirs."""
        if self._shut:
            return
        self._failures += 1
        if self._state != "open" or self._failures >= FAILURES:
            self._pause("broken")

    def throttled(self, after: float) -> None:
        """Too fast; `after` is the wait in seconds that they asked for, 0 where they named none."""
        if after > 0:
            self._shut_for("held", min(int(after * SECOND), LONGEST_HOLD))
        elif not self._shut:
            self._pause("held")

    def refused(self) -> None:
        """It does not know us."""
        if not self._shut or self._state != "parked":
            self._pause("parked")

    def try_now(self) -> None:
        """Somebody says that it works again. A hold is obeyed all the same."""
        if self._state in ("broken", "parked"):
            self._until = self._clock()

    def _pause(self, state: State) -> None:
        pauses = PAUSES[state]
        self._trials = self._trials + 1 if self._state == state else 1
        self._shut_for(state, pauses[min(self._trials, len(pauses)) - 1])

    def _shut_for(self, state: State, wait: int) -> None:
        now = self._clock()
        if self._state == "open":
            self._since = now
        if self._state != "parked":
            self._state = state
        self._until = max(self.opens, now + wait)
        self._shut_at = now
