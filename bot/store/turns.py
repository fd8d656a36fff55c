"""The commits of one batch, inside its transaction: one read for all compare-and-sets (two where documents are among
them), then one insert a table.

The changes are judged in Python, in the order they came, against what the read found and what earlier ones of the same
batch would write. One that loses, repeats or is malformed gets its own verdict and leaves its neighbours alone.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from bot.model import Change, Doc, DocChange, Job
from bot.store import doctable, jobtable
from bot.store.base import Commit
from bot.store.codec import encode_json
from bot.store.requests import Put, PutDoc
from bot.store.rows import insert

EVENT_KEPT = 2 * 24 * 3_600_000
"""How long a platform's event id is remembered, in ms: for a day, also where a clock is set forward by a day."""

NAMES, ADDRESSES = 0, 1
"""The two spaces of the alias table."""

_NEWER_CHAT = (
    "ON CONFLICT (id) DO UPDATE SET version = excluded.version, seq = excluded.seq, tail = excluded.tail,"
    " body = excluded.body"
)
_NEWER_ALIAS = "ON CONFLICT (space, name) DO UPDATE SET chat = excluded.chat"
_NEWER_EVENT = "ON CONFLICT (key) DO UPDATE SET at = excluded.at"

_heads = msgspec.json.Decoder(dict[str, tuple[int, int, int]])
_keys = msgspec.json.Decoder(set[str])


def address_name(channel: str, peer: str) -> str:
    return f"{channel}\n{peer}"


def commit(db: sqlite3.Connection, puts: Sequence[Put | PutDoc], now: int) -> None:
    """Answers every put, in the order they came. Raises sqlite3.Error where the store cannot write."""
    heads, last = _read(db, [put.change.conversation.id for put in puts if isinstance(put, Put)])
    batch = _Batch(heads, last, _seen(db, [event for put in puts for event in put.change.events], now))
    keys = [key for put in puts for key in _keys_of(put)]
    if keys:
        batch.versions = doctable.versions(db, keys)
    for put in puts:
        if isinstance(put, Put):
            batch.judge(put, now)
        else:
            batch.judge_doc(put, now)
    batch.write(db, now)


def _keys_of(put: Put | PutDoc) -> Sequence[doctable.Key]:
    if isinstance(put, PutDoc):
        return ((put.change.doc.kind, put.change.doc.id),)
    docs = put.change.docs
    return [(doc.kind, doc.id) for doc in docs] if docs else ()


@dataclass(slots=True)
class _Batch:
    heads: dict[str, tuple[int, int, int]]
    """(version, seq, tail) by chat, as this batch leaves them."""
    last: int
    """The log's last row number."""
    seen: set[str]
    chats: list[object] = field(default_factory=list)
    log: list[object] = field(default_factory=list)
    aliases: list[object] = field(default_factory=list)
    events: list[object] = field(default_factory=list)
    jobs: dict[str, Job | None] = field(default_factory=dict)
    """By id, the last word wins; None cancels. The lists hold the values of rows, one row after the other."""
    versions: dict[doctable.Key, int] = field(default_factory=dict)
    """Of the documents, as this batch leaves them; those that are not there are absent."""
    docs: dict[doctable.Key, Doc] = field(default_factory=dict)

    def judge(self, put: Put, now: int) -> None:
        """Answer a put, and take up its rows where it is taken."""
        change, chat = put.change, put.change.conversation
        version, seq, tail = self.heads.get(chat.id, (0, 0, 0))
        if not self.seen.isdisjoint(change.events):
            put.answer(Commit.REPEATED)
        elif version != change.expected:
            put.answer(Commit.LOST)
        elif seq + len(change.entries) != chat.seq:
            put.fail(ValueError(f"the log ends at {seq}; {len(change.entries)} entries cannot lead to {chat.seq}"))
        else:
            self._take(put, tail, now)
            put.answer(Commit.DONE)

    def _take(self, put: Put, tail: int, now: int) -> None:
        change, chat = put.change, put.change.conversation
        if change.entries:
            self.last += 1
            self.log += (self.last, tail, chat.seq, put.lines)
            tail = self.last
        self.heads[chat.id] = (chat.version, chat.seq, tail)
        self.chats += (chat.id, chat.version, chat.seq, tail, put.body)
        if not change.expected and chat.address.peer != chat.id:
            self.aliases += (ADDRESSES, address_name(chat.address.channel, chat.address.peer), chat.id)
        for alias in change.aliases:
            self.aliases += (NAMES, alias, chat.id)
        for doc in change.docs:
            self._keep(doc)
        self._also(change, now)

    def judge_doc(self, put: PutDoc, now: int) -> None:
        """The same for a document."""
        change = put.change
        if not self.seen.isdisjoint(change.events):
            put.answer(Commit.REPEATED)
        elif self.versions.get((change.doc.kind, change.doc.id), 0) != change.expected:
            put.answer(Commit.LOST)
        else:
            self._keep(change.doc)
            for alias, chat in change.aliases:
                self.aliases += (NAMES, alias, chat)
            self._also(change, now)
            put.answer(Commit.DONE)

    def _keep(self, doc: Doc) -> None:
        key = (doc.kind, doc.id)
        version = self.versions.pop(key, 0) + 1
        if doc.body:
            self.versions[key] = version
        self.docs[key] = Doc(doc.kind, doc.id, version, doc.body)

    def _also(self, change: Change | DocChange, now: int) -> None:
        for event in change.events:
            self.seen.add(event)
            self.events += (event, now)
        for id_ in change.cancel:
            self.jobs[id_] = None
        for job in change.jobs:
            self.jobs[job.id] = job

    def write(self, db: sqlite3.Connection, now: int) -> None:
        insert(db, "INSERT INTO chat (id, version, seq, tail, body)", 5, self.chats, _NEWER_CHAT)
        insert(db, "INSERT INTO log (n, prev, seq, body)", 4, self.log)
        insert(db, "INSERT INTO alias (space, name, chat)", 3, self.aliases, _NEWER_ALIAS)
        if self.jobs:
            jobtable.cancel(db, [name for name, job in self.jobs.items() if job is None])
            jobtable.upsert(db, [job for job in self.jobs.values() if job is not None], now)
        if self.docs:
            doctable.write(db, self.docs)
        if self.events:
            insert(db, "INSERT INTO event (key, at)", 2, self.events, _NEWER_EVENT)
            _sweep(db, now, limit=64 + len(self.events))


def _read(db: sqlite3.Connection, chats: Sequence[str]) -> tuple[dict[str, tuple[int, int, int]], int]:
    """(version, seq, tail) of the chats that exist, and the last row number of the log; one step of SQLite."""
    text, last = db.execute(
        "SELECT json_group_object(id, json_array(version, seq, tail)), (SELECT max(n) FROM log)"
        " FROM chat WHERE id IN (SELECT value FROM json_each(?))",
        (encode_json(chats),),
    ).fetchone()
    return _heads.decode(text), last or 0


def _seen(db: sqlite3.Connection, events: list[str], now: int) -> set[str]:
    if not events:
        return set()
    query = "SELECT json_group_array(key) FROM event WHERE key IN (SELECT value FROM json_each(?)) AND at > ?"
    return _keys.decode(db.execute(query, (encode_json(events), now - EVENT_KEPT)).fetchone()[0])


def _sweep(db: sqlite3.Connection, now: int, limit: int) -> None:
    """Forget expired events: a few more than were added, so that the table keeps up with no timer and no long pause."""
    db.execute(
        "DELETE FROM event WHERE key IN (SELECT key FROM event WHERE at <= ? ORDER BY at LIMIT ?)",
        (now - EVENT_KEPT, limit),
    )
