"""The documents inside a transaction: small aggregates beside the chats, by kind and id.

A document without a body is not there: its row goes, and the next one under its name begins at version 1 again.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from bot.model import Doc
from bot.store.codec import encode_json
from bot.store.rows import insert
from bot.store.standing import stand

Key: TypeAlias = tuple[str, str]
"""(kind, id)"""

_INSERT = "INSERT INTO doc (kind, id, version, body)"
_AS_SAID = "ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, body = excluded.body"
_ONE_MORE = "ON CONFLICT (kind, id) DO UPDATE SET version = doc.version + 1, body = excluded.body"
_VERSIONS = """
SELECT json_group_array(json_array(doc.kind, doc.id, doc.version)) FROM json_each(?) AS asked
CROSS JOIN doc ON doc.kind = json_extract(asked.value, '$[0]') AND doc.id = json_extract(asked.value, '$[1]')
"""
_DELETE = (
    "DELETE FROM doc WHERE (kind, id) IN"
    " (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))"
)
ONE = "SELECT version, body FROM doc WHERE kind = ? AND id = ?"
SOME = "SELECT id, version, body FROM doc WHERE kind = ? AND id > ? ORDER BY id LIMIT ?"

_versions = msgspec.json.Decoder(list[tuple[str, str, int]])


def versions(db: sqlite3.Connection, keys: Sequence[Key]) -> dict[Key, int]:
    """Those that are there; one step of SQLite."""
    rows = _versions.decode(db.execute(_VERSIONS, (encode_json(keys),)).fetchone()[0])
    return {(kind, id_): version for kind, id_, version in rows}


def write(db: sqlite3.Connection, docs: Mapping[Key, Doc]) -> None:
    """Keep them with the versions that they say."""
    _delete(db, [key for key, doc in docs.items() if not doc.body])
    _insert(db, [doc for doc in docs.values() if doc.body], _AS_SAID)


def put(db: sqlite3.Connection, docs: Iterable[Doc]) -> None:
    """Keep those that stand (`standing.py`) with versions one more than what was there; one that says a version only
    over the one before it."""
    latest = stand(docs)
    asked = [key for key, doc in latest.items() if doc.version]
    known = versions(db, asked) if asked else {}
    latest = {key: doc for key, doc in latest.items() if not doc.version or doc.version == known.get(key, 0) + 1}
    _delete(db, [key for key, doc in latest.items() if not doc.body])
    _insert(db, [Doc(doc.kind, doc.id, 1, doc.body) for doc in latest.values() if doc.body], _ONE_MORE)


def _insert(db: sqlite3.Connection, docs: Sequence[Doc], tail: str) -> None:
    values: list[object] = []
    for doc in docs:
        values += (doc.kind, doc.id, doc.version, doc.body)
    insert(db, _INSERT, 4, values, tail)


def _delete(db: sqlite3.Connection, keys: Sequence[Key]) -> None:
    if keys:
        db.execute(_DELETE, (encode_json(keys),))
