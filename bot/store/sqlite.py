"""The embedded store: one SQLite file in WAL mode, read and written on the event loop, committed by a thread.

Writing: see `writer.py` (batches), `turns.py` and `jobtable.py` (what a batch does), `rows.py` (why few statements).

Reading: a chat is one row, found by one index, in about 10 us - less than handing the question to a thread and back.
In WAL mode a reader never waits for a writer or its fsync, so a slow disk does not stop the loop. Reads that grow with
the number of jobs (`jobs`, `backlogs`) go to a thread. Nothing is cached: another process may write to the same file.
"""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from bot.errors import StoreUnavailable
from bot.model import Address, Change, Conversation, Doc, DocChange, Entry, Job
from bot.store import doctable, jobtable
from bot.store.base import Backlog, Commit, JobState, JobView, Settlement
from bot.store.codec import decode_chat, decode_entries
from bot.store.marks import Marks
from bot.store.requests import Claim, Put, PutDoc, Settle, Task
from bot.store.schema import connect, prepare
from bot.store.turns import ADDRESSES, NAMES, address_name
from bot.store.writer import Writer

R = TypeVar("R")

_READ_WAIT = 0.05
"""Seconds that a read may wait for a lock on the loop: they meet one only while another process recovers the file."""

_BY_ADDRESS = """
SELECT body FROM chat
WHERE id IN (?1, (SELECT chat FROM alias WHERE space = ?2 AND name = ?3)) ORDER BY n DESC
"""
_LOG = """
WITH RECURSIVE turn (prev, seq, body) AS (
    SELECT prev, seq, body FROM log WHERE n = (SELECT tail FROM chat WHERE id = ?1) AND seq > ?2
    UNION ALL SELECT log.prev, log.seq, log.body FROM turn JOIN log ON log.n = turn.prev WHERE log.seq > ?2
) SELECT body FROM turn
"""


class SqliteStore:
    """Implements `bot.store.base.Store`. Made by `open`; it belongs to the event loop that uses it first."""

    def __init__(self, path: Path, clock: Callable[[], int], reader: sqlite3.Connection, writer: Writer) -> None:
        self._path = path
        self._clock = clock
        self._reader = reader
        self._writer = writer
        self._marks = Marks()
        self._listeners: list[Callable[[str], None]] = []

    @classmethod
    def open(
        cls,
        path: Path,
        clock: Callable[[], int],
        *,
        wait: float = 5.0,
        together: int = 256,
        before_sync: Callable[[], None] = lambda: None,
    ) -> "SqliteStore":
        """Create or open the file. `clock` gives ms since the epoch; the rest is for tests and bench (see `Writer`).
        Raises UserMistake for a file that this version cannot use."""
        prepare(path, wait)
        reader = connect(path, _READ_WAIT)
        reader.execute("PRAGMA query_only = ON")
        return cls(path, clock, reader, Writer(path, clock, wait=wait, together=together, before_sync=before_sync))

    async def load(self, address: Address) -> Conversation | None:
        name = address_name(address.channel, address.peer)
        chats = (decode_chat(body) for (body,) in self._read(_BY_ADDRESS, address.peer, ADDRESSES, name))
        return next((chat for chat in chats if chat.address == address), None)

    async def load_id(self, chat: str) -> Conversation | None:
        rows = self._read("SELECT body FROM chat WHERE id = ?", chat)
        return decode_chat(rows[0][0]) if rows else None

    async def commit(self, change: Change) -> Commit:
        return await self._writer.ask(Put(change))

    async def entries(self, chat: str, after: int = 0) -> tuple[Entry, ...]:
        turns = self._read(_LOG, chat, after)
        return tuple(entry for (body,) in reversed(turns) for entry in decode_entries(body) if entry.seq > after)

    async def resolve(self, alias: str) -> str | None:
        rows = self._read("SELECT chat FROM alias WHERE space = ? AND name = ?", NAMES, alias)
        return str(rows[0][0]) if rows else None

    async def doc(self, kind: str, id: str) -> Doc | None:
        rows = self._read(doctable.ONE, kind, id)
        return Doc(kind, id, *rows[0]) if rows else None

    async def docs(self, kind: str, after: str = "", limit: int = 1000) -> tuple[Doc, ...]:
        return tuple(Doc(kind, *row) for row in self._read(doctable.SOME, kind, after, limit))

    async def put(self, change: DocChange) -> Commit:
        return await self._writer.ask(PutDoc(change))

    async def keep_flow(self, version: str, source: str) -> None:
        if await self.flow(version) is None:
            sql = "INSERT OR IGNORE INTO flow (version, source) VALUES (?, ?)"
            await self._writer.ask(Task(lambda db: _run(db, sql, version, source)))

    async def flow(self, version: str) -> str | None:
        rows = self._read("SELECT source FROM flow WHERE version = ?", version)
        return str(rows[0][0]) if rows else None

    async def claim(self, now: int, limit: int, lease: int, kinds: Sequence[str] = ()) -> tuple[Job, ...]:
        return await self._writer.ask(Claim(now, limit, lease, kinds))

    async def settle(self, settlements: Sequence[tuple[Job, Settlement]], now: int) -> None:
        if settlements:
            await self._writer.ask(Settle(settlements, now))

    async def due(self) -> Mapping[str, int]:
        return jobtable.due(self._read(jobtable.NEXT, self._clock()))

    async def hasten(self, kind: str, now: int) -> None:
        await self._writer.ask(Task(lambda db: _run(db, jobtable.HASTEN, kind, now)))

    async def bring_forward(self, kinds: Sequence[str], now: int, until: int) -> None:
        names = json.dumps(list(kinds))
        await self._writer.ask(Task(lambda db: _run(db, jobtable.FORWARD, names, now, until)))
        await self._writer.ask(Task(lambda db: _run(db, jobtable.FORWARD_RUNNING, names, now, until)))

    async def backlogs(self, kinds: Sequence[str]) -> Mapping[str, Backlog]:
        return await self._aside(lambda db: {kind: jobtable.backlog(db, kind) for kind in kinds})

    async def jobs(self, state: JobState | None = None, kind: str = "", limit: int = 100) -> tuple[JobView, ...]:
        return await self._aside(lambda db: jobtable.listing(db, state, kind, limit))

    async def job(self, id: str) -> JobView | None:
        rows = self._read(f"{jobtable.VIEW} WHERE id = ?", id)
        return jobtable.view(rows[0]) if rows else None

    async def end_leases(self, now: int) -> None:
        """What a killed process had in hand waits again at once, and says when it is claimed that it was interrupted.
        For the one server of a folder, before it claims."""
        sql = "UPDATE job SET state = 0, lease = 0, touched = ?, interrupted = 1 WHERE state = 1"
        await self._writer.ask(Task(lambda db: _run(db, sql, now)))

    async def retry_job(self, id: str, now: int) -> bool:
        sql = "UPDATE job SET state = 0, due = ?, attempt = 0 WHERE id = ? AND state IN (0, 2)"
        return await self._writer.ask(Task(lambda db: _run(db, sql, now, id))) > 0

    async def drop_job(self, id: str) -> bool:
        return await self._writer.ask(Task(lambda db: _run(db, "DELETE FROM job WHERE id = ?", id))) > 0

    async def writable(self) -> bool:
        sql = "INSERT INTO probe (one, at) VALUES (1, 0) ON CONFLICT (one) DO UPDATE SET at = at + 1"
        try:
            await self._writer.ask(Task(lambda db: _run(db, sql)))
        except (StoreUnavailable, sqlite3.Error):
            return False
        return True

    async def versions(self, chats: Sequence[str]) -> Mapping[str, int]:
        rows = self._read(
            "SELECT id, version FROM chat WHERE id IN (SELECT value FROM json_each(?))", json.dumps(list(chats))
        )
        return dict(rows)

    def tell(self, word: str) -> None:
        """One process serves a folder, so all who may hear it are here."""
        for listener in self._listeners:
            asyncio.get_running_loop().call_soon(listener, word)

    def hear(self, listener: Callable[[str], None]) -> None:
        self._listeners.append(listener)

    async def mark(self, group: str, name: str, value: bytes, ttl: int) -> None:
        self._marks.put(group, name, value, ttl)

    async def unmark(self, group: str, name: str) -> None:
        self._marks.drop(group, name)

    async def marks(self, group: str) -> Mapping[str, bytes]:
        return self._marks.of(group)

    async def close(self) -> None:
        await self._writer.close()
        self._reader.close()

    async def _aside(self, work: Callable[[sqlite3.Connection], R]) -> R:
        """What grows with the number of jobs is read on a thread."""

        def run() -> R:
            with closing(connect(self._path, _READ_WAIT)) as db:
                return work(db)

        try:
            return await asyncio.to_thread(run)
        except sqlite3.Error as error:
            raise StoreUnavailable(f"the store cannot be read: {error}") from error

    def _read(self, sql: str, *values: object) -> list[Any]:  # sqlite3 cannot know the types of a row
        try:
            return self._reader.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise StoreUnavailable(f"the store cannot be read: {error}") from error


def _run(db: sqlite3.Connection, sql: str, *values: object) -> int:
    """The number of rows that changed."""
    return db.execute(sql, values).rowcount
