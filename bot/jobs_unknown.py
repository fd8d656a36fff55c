"""Kinds of jobs that nothing here does: whether others that serve from the same store may."""

from collections.abc import Awaitable, Callable, Collection
from typing import TypeAlias

Elsewhere: TypeAlias = Callable[[], Awaitable[Collection[str]]]
"""The kinds that other processes do. Raises StoreUnavailable."""


async def nobody_else() -> Collection[str]:
    return ()


class Unknown:
    """`patience`: ms that nobody at all has done a kind before it is given up. Whoever does it may be started anew just
    now, or its writer may be away for hours: jobs that wait for that are overdue and no dead letters."""

    def __init__(self, patience: int, elsewhere: Elsewhere) -> None:
        self._patience, self._elsewhere = patience, elsewhere
        self._since: dict[str, int] = {}
        """When it was seen first that nobody does it."""

    async def hopeless(self, kinds: Collection[str], now: int) -> Collection[str]:
        """Those of `kinds`, which have jobs and no lane here, that nobody does for so long. Raises StoreUnavailable."""
        known = await self._elsewhere() if kinds else ()
        self._since = {kind: min(now, self._since.get(kind, now)) for kind in kinds if kind not in known}
        return [kind for kind, since in self._since.items() if now - since >= self._patience]
