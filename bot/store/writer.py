"""The writer: everything that waits goes into one transaction, one fsync, one wake-up of the event loop.

- A batch is written in two parts. Its statements run on the event loop, some 15 us a turn: they touch memory (SQLite's
  cache, the kernel's), as reading does. COMMIT, which waits for the disk, runs on the writer thread. What comes
  meanwhile makes up the next batch, so it grows with the load and nobody waits for a timer. Where many come at once the
  next batch gives the loop a few turns to bring those who were just answered back: measured with 64 chats, a turn costs
  a seventh less, for all that is paid once a batch. Who comes alone waits for nobody.
- Why not all of it on the thread: sqlite3 lets go of the GIL at every step and a thread has to win it back from a busy
  loop each time, two changes of hands a statement. Measured with 64 chats, a turn cost a tenth more.
- The loop never waits: where another process holds the lock, or anything else goes wrong, the batch goes to the thread
  whole, which waits up to `wait` seconds, opens the file anew where it must, and tells each request what came of it.
- A thread that has waited for the disk must get the GIL soon, or all who wait for the batch wait longer: CPython gives
  it after a switch interval, which is set to 1 ms from 5.
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
from typing import TypeAlias, TypeVar

from bot.errors import StoreUnavailable
from bot.store import jobtable, turns
from bot.store.requests import Asked, Claim, Put, PutDoc, Request, Settle, Task
from bot.store.schema import connect

R = TypeVar("R")
_Batch: TypeAlias = Sequence[Request]

_SWITCH_INTERVAL = 1e-3
"""Seconds; see above. It holds for the whole process."""

_PATIENCE = 20
"""Iterations of the loop that a batch waits for more at most; half as many as there were requests in the last one."""

_AT_FAULT = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.ProgrammingError)
"""Errors of SQLite that a request's own values cause; the others come from the disk."""


class Writer:
    """`wait`: seconds that a batch waits for another process's lock. `together`: requests in one batch at most, which
    bounds the pause of the loop. `before_sync` runs on the writer thread just before each COMMIT: a slow or failing
    disk for tests and bench. All methods belong to the event loop, save those named `_on_thread...`, and `_check`,
    `_begin` and `_disconnect`, which whoever has the batch calls."""

    def __init__(
        self, path: Path, clock: Callable[[], int], *, wait: float, together: int, before_sync: Callable[[], None]
    ) -> None:
        self._path = path
        self._opened = path.stat()
        self._clock = clock
        self._wait = wait
        self._together = together
        self._before_sync = before_sync
        self._waiting: list[Request] = []
        self._queue: SimpleQueue[tuple[_Batch, bool] | None] = SimpleQueue()
        self._db: sqlite3.Connection | None = None
        """Of whoever has the batch: the loop while it begins one, the thread until that is delivered."""
        self._away = False
        """Whether a batch is with the thread."""
        self._last = 1
        """Requests in the last batch."""
        self._thread: threading.Thread | None = threading.Thread(
            target=self._on_thread, name="store-writer", daemon=True
        )
        sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH_INTERVAL))
        self._thread.start()

    async def ask(self, request: Asked[R]) -> R:
        """Raises StoreUnavailable where the disk refused, or once the writer is closed."""
        if self._thread is None:
            raise StoreUnavailable("the store is closed")
        if not self._waiting and not self._away:
            self._gather(request.loop)
        self._waiting.append(request)
        return await request.future

    async def close(self) -> None:
        """Finish what was asked before, then end the thread. A second call returns at once."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put((self._waiting, False))
            self._waiting = []
            self._queue.put(None)
            await asyncio.to_thread(thread.join)
            await asyncio.sleep(0)  # the last batch's answers were posted before the thread ended: let them arrive

    def _gather(self, loop: asyncio.AbstractEventLoop) -> None:
        """The next batch begins after some iterations of the loop."""
        loop.call_soon(self._next, loop, min(self._last // 2, _PATIENCE))

    def _next(self, loop: asyncio.AbstractEventLoop, patience: int) -> None:
        """Begin the next batch, where one waits and none is away."""
        if not self._waiting or self._away:
            return
        if patience and len(self._waiting) < self._together:
            loop.call_soon(self._next, loop, patience - 1)
            return
        batch, self._waiting = self._waiting[: self._together], self._waiting[self._together :]
        self._away, self._last = True, len(batch)
        self._queue.put((batch, self._begun(batch)))

    def _begun(self, batch: _Batch) -> bool:
        """Whether the batch is in a transaction that is only to be committed. The thread opens the file: the first
        time, and after an error."""
        if self._db is None:
            return False
        try:
            self._check()
            self._begin(self._db, batch)
        except Exception:  # noqa: BLE001 - whatever it was, the thread tries again and tells
            if self._db.in_transaction:
                self._disconnect()
            return False
        return True

    def _deliver(self, batch: _Batch) -> None:
        self._away = False
        for request in batch:
            request.deliver()
        if self._waiting:
            self._gather(batch[0].loop)

    def _on_thread(self) -> None:
        while (given := self._queue.get()) is not None:
            batch, begun = given
            if batch:
                self._on_thread_write(batch, begun)
                with suppress(RuntimeError):  # the loop has ended: nobody is left to hear it
                    batch[0].loop.call_soon_threadsafe(self._deliver, batch)
        self._disconnect()

    def _on_thread_write(self, batch: _Batch, begun: bool = False) -> None:
        """One transaction; on return every request has its answer or its error."""
        try:
            self._on_thread_commit(batch, begun)
        except Exception as error:  # noqa: BLE001 - nothing that a request causes may end the thread that serves all
            self._disconnect()
            if isinstance(error, sqlite3.DatabaseError | OSError) and not isinstance(error, _AT_FAULT):
                for request in batch:
                    request.fail(StoreUnavailable(f"the store cannot write: {error}"))
            elif len(batch) == 1:
                batch[0].fail(error)
            else:
                for request in batch:
                    self._on_thread_write((request,))

    def _on_thread_commit(self, batch: _Batch, begun: bool) -> None:
        if not begun:
            self._check()
        if self._db is None:
            self._db = connect(self._path, self._wait, shared=True)
        db = self._db
        if not begun:
            db.execute(f"PRAGMA busy_timeout = {int(self._wait * 1000)}")
            self._begin(db, batch)
            db.execute("PRAGMA busy_timeout = 0")  # for the loop, which never waits; COMMIT has its lock by now
        self._before_sync()
        db.execute("COMMIT")

    def _check(self) -> None:
        if not os.path.samestat(os.stat(self._path), self._opened):  # noqa: PTH116 - a third of the cost of Path.stat
            raise OSError(f"{self._path} is another file than the one that was opened; restart to use it")

    def _begin(self, db: sqlite3.Connection, batch: _Batch) -> None:
        """Everything of a transaction but its end."""
        now = self._clock()
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

    def _disconnect(self) -> None:
        """Also the rollback: whatever state an error left the connection in, the next batch begins with a new one."""
        if self._db is not None:
            with suppress(sqlite3.Error):  # it is given up, whatever it says to that
                self._db.close()
            self._db = None
