"""The writer thread: everything that waits goes into one transaction, one fsync, one wake-up of the event loop.

- Requests that come while a batch is being written make up the next one, so the batch grows with the load and nobody
  waits for a timer. On the loop they are handed over once per iteration, after every task that could run has run.
- A busy loop must not starve the thread. sqlite3 lets go of the GIL at every step and has to win it back; a loop that
  releases it for microseconds at each system call takes it again before the thread wakes, and CPython forces a change
  of hands only after a whole switch interval without a release. So a batch is few statements (`rows.py`), and the
  interval is 20 us, not 5 ms. Measured with 64 chats beside a loop that is never idle: 5,660 turns/s and p99 9 ms; at
  5 ms 1,180 and 1,100 ms; with executemany 2,840 and 34 ms. Where the loop has pauses it costs nothing.
- A batch that the disk refuses (full, read-only, I/O error, locked too long) is rolled back and each of its callers
  gets StoreUnavailable. The connection is opened anew for the next batch; the thread itself never ends before `close`.
- Before each batch the file must still be the one that was opened: what goes into a deleted or replaced one would be
  acknowledged and gone at the next start. It is refused likewise, until the file is back or the service restarts.
- A batch that fails for another reason (a value that SQLite cannot hold) is run again one request at a time, so that
  only the request at fault fails.
"""

import asyncio
import os
import sqlite3
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

from bot.errors import StoreUnavailable
from bot.store import jobtable, turns
from bot.store.requests import Asked, Claim, Put, PutDoc, Request, Settle, Task
from bot.store.schema import connect

R = TypeVar("R")

_SWITCH_INTERVAL = 20e-6
"""Seconds; see above. It holds for the whole process."""


_AT_FAULT = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.ProgrammingError)
"""Errors of SQLite that a request's own values cause; the others come from the disk."""


class Writer:
    """`wait`: seconds that a batch waits for another process's lock. `together`: requests in one batch at most.
    `before_sync` runs on the writer thread just before each COMMIT: a slow or failing disk for tests and bench."""

    def __init__(
        self, path: Path, clock: Callable[[], int], *, wait: float, together: int, before_sync: Callable[[], None]
    ) -> None:
        self._path = path
        self._opened = path.stat()
        self._clock = clock
        self._wait = wait
        self._together = together
        self._before_sync = before_sync
        self._fresh: list[Request] = []
        self._queue: SimpleQueue[list[Request] | None] = SimpleQueue()
        self._db: sqlite3.Connection | None = None
        self._thread: threading.Thread | None = threading.Thread(target=self._run, name="store-writer", daemon=True)
        sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH_INTERVAL))
        self._thread.start()

    async def ask(self, request: Asked[R]) -> R:
        """Raises StoreUnavailable where the disk refused, or once the writer is closed."""
        if self._thread is None:
            raise StoreUnavailable("the store is closed")
        if not self._fresh:
            request.loop.call_soon(self._hand_over)
        self._fresh.append(request)
        return await request.future

    async def close(self) -> None:
        """Finish what was asked before, then end the thread. A second call returns at once."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._hand_over()
            self._queue.put(None)
            await asyncio.to_thread(thread.join)
            await asyncio.sleep(0)  # the last batch's answers were posted before the thread ended: let them arrive

    def _hand_over(self) -> None:
        if self._fresh:
            self._queue.put(self._fresh)
            self._fresh = []

    def _run(self) -> None:
        closing = False
        while not closing:
            waiting: list[Request] = []
            fresh = self._queue.get()
            while fresh is not None:
                waiting += fresh
                if self._queue.empty():
                    break
                fresh = self._queue.get()
            closing = fresh is None
            for start in range(0, len(waiting), self._together):
                batch = waiting[start : start + self._together]
                self._write(batch)
                with suppress(RuntimeError):  # the loop has ended: nobody is left to hear it
                    batch[0].loop.call_soon_threadsafe(_deliver, batch)
        self._disconnect()

    def _write(self, batch: Sequence[Request]) -> None:
        """One transaction; on return every request has its answer or its error."""
        try:
            self._transact(batch)
        except Exception as error:  # noqa: BLE001 - nothing that a request causes may end the thread that serves all
            self._disconnect()
            if isinstance(error, sqlite3.DatabaseError | OSError) and not isinstance(error, _AT_FAULT):
                for request in batch:
                    request.fail(StoreUnavailable(f"the store cannot write: {error}"))
            elif len(batch) == 1:
                batch[0].fail(error)
            else:
                for request in batch:
                    self._write((request,))

    def _transact(self, batch: Sequence[Request]) -> None:
        if not os.path.samestat(os.stat(self._path), self._opened):  # noqa: PTH116 - a third of the cost of Path.stat
            raise OSError(f"{self._path} is another file than the one that was opened; restart to use it")
        if self._db is None:
            self._db = connect(self._path, self._wait)
        db, now = self._db, self._clock()
        db.execute("BEGIN IMMEDIATE")
        puts = [request for request in batch if isinstance(request, Put | PutDoc)]
        if puts:
            turns.commit(db, puts, now)
        for request in batch:
            if isinstance(request, Settle):
                jobtable.settle(db, request.settlements, request.now)
                request.answer(None)
            elif isinstance(request, Task):
                request.run(db)
        for request in batch:  # last, so that a claim sees what became due in this very batch
            if isinstance(request, Claim):
                request.answer(jobtable.claim(db, request.now, request.limit, request.lease, request.kinds))
        self._before_sync()
        db.execute("COMMIT")

    def _disconnect(self) -> None:
        """Also the rollback: whatever state an error left the connection in, the next batch begins with a new one."""
        if self._db is not None:
            with suppress(sqlite3.Error):
                self._db.close()
            self._db = None


def _deliver(batch: Sequence[Request]) -> None:
    for request in batch:
        request.deliver()
