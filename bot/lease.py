"""Work that one process at a time does, of all that serve from one store: a lease, won by watching.

It is a document that its holder changes every few seconds. Whoever sees it unchanged for `UNSEEN` of its own monotonic
clock takes it over by compare-and-set; a holder that could not change it for `KEPT` has stopped working by then. So no
wall clock is compared with another, and nothing depends on how long a call to the store takes. A graceful stop gives it
up at once. As leader election of Kubernetes does:
https://pkg.go.dev/k8s.io/client-go/tools/leaderelection

It keeps processes out of each other's way; it is no lock. A process that stood still for longer than that (a suspended
machine) may begin where another has taken over, until it looks at its clock: the work must be right all the same.
"""

import asyncio
import logging
import os
import secrets
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from bot.errors import StoreUnavailable
from bot.model import Doc, DocChange
from bot.store.base import Commit, Store

log = logging.getLogger(__name__)

KIND = "lease"
LOOK = 1.0
"""Seconds between two looks of who waits, and of who holds it at its clock."""
RENEW = 2.0
KEPT = 6.0
"""Seconds that a holder works on without having renewed it."""
UNSEEN = 9.0
"""Seconds without a change after which the holder counts as gone; more than `KEPT`, for the work takes time to stop."""
FAREWELL = 1.0
FREE = b"-"
_NONE = -1


def process_name() -> str:
    """For people, and no other process has the same."""
    return f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"


class Lease:
    """`ticks` gives seconds that never go back; `look` is in seconds of the event loop, 0 for the usual."""

    def __init__(
        self,
        store: Store,
        name: str,
        *,
        process: str = "",
        ticks: Callable[[], float] = time.monotonic,
        look: float = 0.0,
    ) -> None:
        self._store, self._name = store, name
        self._mine = (process or process_name()).encode()
        self._ticks, self._look = ticks, look or LOOK
        self._version = _NONE
        """The one that we made, or are about to replace."""
        self._renewed = 0.0

    async def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Wait for the lease, do the work while it is held, wait again; until cancelled, or the work ends or fails. The
        work is cancelled where the lease is lost, and has ended before another may begin it."""
        while True:
            working: asyncio.Future[None] | None = None
            try:
                await self._win()
                log.info("lease %s: held by this process from now on", self._name)
                working = asyncio.ensure_future(work())
                await self._hold(working)
                if working.done():
                    return working.result()
                log.warning("lease %s: lost, for this process could not renew it; another one goes on", self._name)
            finally:
                if working is not None:
                    working.cancel()
                    await asyncio.gather(working, return_exceptions=True)
                await self._give_up()

    async def _win(self) -> None:
        seen, since = -1, 0.0
        while True:
            with suppress(StoreUnavailable):  # unchanged for so long it is all the same: its holder could not reach it
                version, holder = await self._read()
                if version != seen:
                    seen, since = version, self._ticks()
                if holder in (FREE, self._mine) or self._ticks() - since >= UNSEEN:
                    self._version = version
                    if await self._write(self._mine):
                        return
            await asyncio.sleep(self._look)

    async def _hold(self, working: "asyncio.Future[None]") -> None:
        """Until the work has ended, or the lease is lost or could not be renewed for too long."""
        while not working.done():
            await asyncio.wait((working,), timeout=max(0.0, min(self._look, self._left)))
            if self._left <= 0:
                return
            if not working.done() and self._left <= KEPT - RENEW:
                with suppress(StoreUnavailable, TimeoutError):  # again at the next look, while it is still ours
                    async with asyncio.timeout(self._left):
                        if not await self._write(self._mine):
                            return

    @property
    def _left(self) -> float:
        """Seconds that it is still surely ours."""
        return self._renewed + KEPT - self._ticks()

    async def _give_up(self) -> None:
        if self._version == _NONE:
            return
        with suppress(StoreUnavailable, TimeoutError):  # the others find out
            async with asyncio.timeout(FAREWELL):
                await self._write(FREE)

    async def _write(self, holder: bytes) -> bool:
        """Change it where it is as we know it. False where another one has it."""
        for _ in range(2):
            began = self._ticks()
            doc = Doc(KIND, self._name, self._version + 1, holder)
            if await self._store.put(DocChange(doc, self._version)) is Commit.DONE:
                self._version, self._renewed = self._version + 1, began
                return True
            # A change whose answer was lost may have been kept.
            version, found = await self._read()
            if found != self._mine:
                break
            self._version = version
        self._version = _NONE
        return False

    async def _read(self) -> tuple[int, bytes]:
        doc = await self._store.doc(KIND, self._name)
        return (doc.version, doc.body) if doc is not None else (0, FREE)
