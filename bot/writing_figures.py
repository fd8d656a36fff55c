"""What `/metrics` says of each writer: how far it is behind, what waits, what is dead, and whether it is written to."""

import logging
from collections.abc import Callable, Mapping

from bot.changes import write_kind
from bot.errors import StoreUnavailable
from bot.obs import Meters
from bot.store.base import Backlog, Store
from bot.writing_gate import STATES, Gate

log = logging.getLogger(__name__)


class Figures:
    """Counted at each scrape, which reads the jobs of the writers; nothing is counted in between."""

    def __init__(self, store: Store, gates: Mapping[str, Gate], clock: Callable[[], int], meters: Meters) -> None:
        self._store, self._gates, self._clock = store, gates, clock
        self._found: Mapping[str, Backlog] = {}
        self._blind = False
        """Told once, and not at each scrape."""
        meters.before.append(self._ask)
        writer = ("writer",)
        meters.table("chatsurvey_writer_lag_seconds", "Age of the oldest response that waits", writer, self._lag)
        meters.table("chatsurvey_writer_waiting", "Responses that wait", writer, self._waiting)
        meters.table("chatsurvey_writer_dead", "Dead letters", writer, self._dead)
        text = "Processes by the state that a writer is in for them"
        meters.table("chatsurvey_writer_state", text, ("writer", "state"), self._states, adds=True)

    async def _ask(self) -> None:
        kinds = {write_kind(name): name for name in self._gates}
        try:
            found = await self._store.backlogs(list(kinds))
        except StoreUnavailable as error:
            if not self._blind:
                log.warning("what waits for the writers cannot be counted: %s", error)
            self._blind = True
            return
        self._blind = False
        self._found = {kinds[kind]: backlog for kind, backlog in found.items()}

    def _lag(self) -> Mapping[tuple[str, ...], float]:
        now = self._clock()
        return {(n,): max(0.0, (now - b.oldest) / 1_000) if b.oldest else 0.0 for n, b in self._found.items()}

    def _waiting(self) -> Mapping[tuple[str, ...], float]:
        return {(name,): backlog.waiting for name, backlog in self._found.items()}

    def _dead(self) -> Mapping[tuple[str, ...], float]:
        return {(name,): backlog.dead for name, backlog in self._found.items()}

    def _states(self) -> Mapping[tuple[str, ...], float]:
        return {(name, state): float(gate.state == state) for name, gate in self._gates.items() for state in STATES}
