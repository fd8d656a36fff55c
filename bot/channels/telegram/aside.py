"""Small answers that are no part of a chat: sent beside it, once, in a bounded number, and lost with the process.

They are for what only matters now (a button that shall stop turning); everything else is a job.
"""

import asyncio
import logging
from collections.abc import Awaitable, Coroutine

from bot.errors import DeliveryError

log = logging.getLogger(__name__)

MOST = 200
"""On their way at once; more are left out."""
PATIENCE = 10.0
"""Seconds for one."""


class Asides:
    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()
        self._closed = False
        self.left_out = 0

    def soon(self, *calls: Coroutine[None, None, object]) -> None:
        """Run them after one another, without waiting for them here. Never raises."""
        if self._closed or len(self._running) >= MOST:
            self.left_out += 1
            for call in calls:
                call.close()
            return
        task = asyncio.create_task(_each(calls))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def close(self, patience: float = 1.0) -> None:
        """Those on their way have `patience` seconds to end; no other begins."""
        self._closed = True
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=patience)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


async def _each(calls: tuple[Coroutine[None, None, object], ...]) -> None:
    for call in calls:
        await _one(call)


async def _one(call: Awaitable[object]) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            await call
    except (DeliveryError, TimeoutError) as error:
        log.debug("a small answer was lost: %s", type(error).__name__)
