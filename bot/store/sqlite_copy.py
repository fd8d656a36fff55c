"""The rows of a SQLite store, read in one transaction, and taken page by page: see `copy_rows.py`.

The folder's lock is the caller's: nobody serves the file meanwhile.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.model import Doc
from bot.store.copy_rows import (
    MARKER,
    ChatRow,
    EventRow,
    Figures,
    FlowRow,
    JobRow,
    NameRow,
    Row,
    Thing,
    head_of,
)
from bot.store.rows import insert
from bot.store.schema import connect, prepare
from bot.store.turns import EVENT_KEPT

_WAIT = 5.0
_PAGE = 200
_ROWS: dict[Thing, str] = {
    "flows": "FROM flow",
    "chats": "FROM chat",
    "names": "FROM alias",
    "jobs": "FROM job",
    "documents": "FROM doc WHERE (kind, id) <> (:kind, :id)",
    "events": "FROM event WHERE at > :since",
}
_COLUMNS: dict[Thing, str] = {
    "flows": "version, source",
    "chats": "id, version, seq, tail, body",
    "names": "space, name, chat",
    "jobs": "id, kind, due, payload, gen, attempt, state, error, created, touched, interrupted",
    "documents": "kind, id, version, body",
    "events": "key, at",
}
_LOG = """
WITH RECURSIVE turn (prev, seq, body) AS (
    SELECT prev, seq, body FROM log WHERE n = ?
    UNION ALL SELECT log.prev, log.seq, log.body FROM turn JOIN log ON log.n = turn.prev
) SELECT seq, body FROM turn
"""
_STATES = ("waiting", "running", "dead")


class SqliteCopy:
    """Implements `bot.store.copy_rows.Copyable`. `now`: events that count no more at that moment are no rows."""

    def __init__(self, path: Path, now: int) -> None:
        prepare(path, _WAIT)
        self._path = path
        self._values = {"since": now - EVENT_KEPT, "kind": MARKER[0], "id": MARKER[1]}
        self._db = connect(path, _WAIT)
        self._wrote = False

    async def counts(self) -> Mapping[Thing, int]:
        self._look()
        return {thing: self._number(thing) for thing in _ROWS}

    async def pages(self, thing: Thing) -> AsyncIterator[Sequence[Row]]:
        rest = f" {_ROWS[thing]} ORDER BY {'id' if thing == 'chats' else '1, 2'}"
        found = self._db.execute(f"SELECT {_COLUMNS[thing]}{rest}", self._values)
        while page := found.fetchmany(_PAGE):
            yield [self._row(thing, row) for row in page]

    async def take(self, rows: Sequence[Row]) -> None:
        """One transaction, which has reached the disk on return."""
        self._unlook()
        self._wrote = True
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._insert(rows)
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    async def wipe(self) -> None:
        self._unlook()
        self._wrote = True
        kind, id_ = MARKER
        self._db.execute("BEGIN IMMEDIATE")
        for table in ("chat", "log", "job", "alias", "event", "flow"):
            self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - constants
        self._db.execute("DELETE FROM doc WHERE (kind, id) <> (?, ?)", (kind, id_))
        self._db.execute("COMMIT")

    def keep_aside(self, now: str) -> Path:
        """A copy of the file beside it, before it is wiped."""
        self._unlook()
        copy = self._path.with_name(f"{self._path.name}.before-{now}")
        self._db.execute("VACUUM INTO ?", (str(copy),))
        copy.chmod(0o600)
        return copy

    async def figures(self) -> Figures:
        jobs: dict[str, dict[str, int]] = {}
        for kind, state, number in self._db.execute("SELECT kind, state, count(*) FROM job GROUP BY 1, 2"):
            jobs.setdefault(kind, {})[_STATES[state]] = number
        still_open = sum(not head_of(body).ended for (body,) in self._db.execute("SELECT body FROM chat"))
        kinds = f"SELECT kind, count(*) {_ROWS['documents']} GROUP BY 1"
        documents = dict(self._db.execute(kinds, self._values).fetchall())
        files = [self._path, self._path.with_name(f"{self._path.name}-wal")]
        size = sum(file.stat().st_size for file in files if file.exists())
        return Figures(self._number("chats"), still_open, jobs, documents, self._number("flows"), size)

    async def close(self) -> None:
        """What it wrote is in the file itself, not in its log, afterwards."""
        self._unlook()
        if self._wrote:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.close()

    def _look(self) -> None:
        """Everything is read as it is now."""
        self._unlook()
        self._db.execute("BEGIN")

    def _unlook(self) -> None:
        if self._db.in_transaction:
            self._db.execute("COMMIT")

    def _number(self, thing: Thing) -> int:
        return int(self._db.execute(f"SELECT count(*) {_ROWS[thing]}", self._values).fetchone()[0])

    def _row(self, thing: Thing, row: tuple[Any, ...]) -> Row:  # sqlite3 cannot know the types of a row
        match thing:
            case "flows":
                return FlowRow(*row)
            case "chats":
                id_, version, seq, tail, body = row
                return ChatRow(id_, version, seq, body, tuple(self._db.execute(_LOG, (tail,)))[::-1])
            case "names":
                return NameRow(*row)
            case "jobs":
                return _job(*row)
            case "documents":
                return Doc(*row)
            case "events":
                return EventRow(*row)

    def _insert(self, rows: Sequence[Row]) -> None:
        values: dict[str, list[object]] = {}
        chats = [row for row in rows if isinstance(row, ChatRow)]
        last = self._db.execute("SELECT coalesce(max(n), 0) FROM log").fetchone()[0] if chats else 0
        for chat in chats:
            tail = 0
            for seq, body in chat.turns:
                last += 1
                values.setdefault(_LOGS, []).extend((last, tail, seq, body))
                tail = last
            values.setdefault(_CHATS, []).extend((chat.id, chat.version, chat.seq, tail, chat.body))
        for row in rows:
            for head, fields in _others(row):
                values.setdefault(head, []).extend(fields)
        for head, several in values.items():
            insert(self._db, head, head.count(",") + 1, several)


def _job(*row: Any) -> JobRow:  # as above
    id_, kind, due, payload, gen, attempt, state, error, created, touched, cut = row
    return JobRow(id_, kind, due, payload, gen, attempt, state, error, created, touched, bool(cut))


_CHATS = "INSERT INTO chat (id, version, seq, tail, body)"
_LOGS = "INSERT INTO log (n, prev, seq, body)"
_JOBS = f"INSERT INTO job ({_COLUMNS['jobs']}, lease)"


def _others(row: Row) -> Iterator[tuple[str, Sequence[object]]]:
    """(statement, values) of what is one row in one table."""
    match row:
        case FlowRow(version, source):
            yield "INSERT INTO flow (version, source)", (version, source)
        case NameRow(space, name, chat):
            yield "INSERT INTO alias (space, name, chat)", (space, name, chat)
        case Doc(kind, id, version, body):
            yield "INSERT INTO doc (kind, id, version, body)", (kind, id, version, body)
        case EventRow(key, at):
            yield "INSERT INTO event (key, at)", (key, at)
        case JobRow():
            first = (row.id, row.kind, row.due, row.payload, row.gen, row.attempt, row.state)
            yield _JOBS, (*first, row.error, row.created, row.touched, row.cut, 0)
        case ChatRow():
            return
