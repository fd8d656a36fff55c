"""The SQL of the records, synchronous. Imports SQLAlchemy: `sql.py` imports this module when it is first needed.

A revision lands only where it is newer than the one kept. The transaction that writes reads the kept revisions first:
on SQLite it holds the write lock by then, on PostgreSQL the rows, and the upsert itself compares once more.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    case,
    create_engine,
    event,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DatabaseError, OperationalError

from bot.errors import Retryable
from bot.model import Response
from bot.records import reading, rows
from bot.records.base import Delivery, Filters, Tally
from bot.records.bulk import Bulk
from bot.records.migrations import HEAD, version_of
from bot.records.schema import answers, cases, deliveries, responses

PAGE = 500
BUSY = 5.0
"""Seconds to wait for another process's transaction on the SQLite file."""


class Database:
    """One open database at the newest migration. Raises Retryable where it cannot be used now."""

    def __init__(self, url: str) -> None:
        self._engine = open_engine(make_url(url))
        self._insert = postgresql.insert if self._engine.dialect.name == "postgresql" else sqlite.insert
        self._statements = {
            "responses": self._put_response(),
            "answers": self._insert(answers),
            "cases": self._put_case(),
            "deliveries": self._put_delivery(),
        }
        self._bulks = {
            name: Bulk(statement, self._engine.dialect)
            for name, statement in self._statements.items()
            if self._engine.dialect.name == "sqlite"
        }
        file = self._engine.url.database if self._engine.dialect.name == "sqlite" else None
        self._file = Path(file) if file else None
        self._opened = self._file.stat() if self._file else None
        with translated(), self._engine.connect() as connection:
            found = version_of(connection)
        if found > HEAD:
            raise Retryable(f"the records were written by a newer chatsurvey ({found}; this one: {HEAD}); upgrade")
        if found != HEAD:
            from bot.records.migrations.upgrade import upgrade  # noqa: PLC0415 - Alembic, only where it has work

            with self._transaction() as connection:
                upgrade(connection)

    def upsert(self, found: Sequence[Response], noted: Sequence[Delivery] = ()) -> None:
        newest = {r.chat: r for r in sorted(found, key=lambda r: r.revision)}
        query = select(responses.c.chat, responses.c.revision).where(responses.c.chat.in_(newest)).with_for_update()
        with self._transaction() as connection:
            kept = reading.pairs(connection, query)
            newer = [r for r in newest.values() if r.revision > kept.get(r.chat, 0)]
            self._insert_all(connection, "responses", [rows.response_row(r) for r in newer])
            if known := [r.chat for r in newer if r.chat in kept]:
                connection.execute(answers.delete().where(answers.c.chat.in_(known)))
            self._insert_all(connection, "answers", [row for r in newer for row in rows.answer_rows(r)])
            self._insert_all(connection, "cases", [rows.case_row(r.chat, r.case) for r in newer if r.case is not None])
            self._insert_all(connection, "deliveries", [rows.delivery_row(d) for d in noted])

    def keep(self, found: Sequence[Delivery]) -> None:
        with self._transaction() as connection:
            self._insert_all(connection, "deliveries", [rows.delivery_row(d) for d in found])

    def deliveries(self, chat: str) -> Sequence[Delivery]:
        query = deliveries.select().where(deliveries.c.chat == chat).order_by(deliveries.c.writer)
        with translated(), self._engine.connect() as connection:
            return [rows.delivery_of_row(row) for row in reading.rows(connection, query)]

    def doubts(self, limit: int) -> Sequence[Delivery]:
        t = deliveries.c
        query = (
            deliveries.select()
            .where((t.state == "in_doubt") | (t.doubt != ""))
            .order_by(t.tried_at.desc(), t.chat)
            .limit(limit)
        )
        with translated(), self._engine.connect() as connection:
            return [rows.delivery_of_row(row) for row in reading.rows(connection, query)]

    def responses(self, filters: Filters) -> Iterator[Response]:
        with translated(), self._engine.connect() as connection:
            yield from reading.responses(connection, filters)

    def open_cases(self, limit: int) -> Sequence[Response]:
        with translated(), self._engine.connect() as connection:
            return reading.open_cases(connection, limit)

    def tally(self, since: int, until: int) -> Tally:
        with translated(), self._engine.connect() as connection:
            return reading.tally(connection, since, until)

    def in_place(self) -> bool:
        """Whether the file at the path is still the one that is open; what goes into a deleted one is lost."""
        if self._file is None or self._opened is None:
            return True
        try:
            return os.path.samestat(self._file.stat(), self._opened)
        except OSError:
            return False

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """One transaction that writes: all of it or nothing."""
        with translated(), self._engine.connect().execution_options(writes=True) as connection, connection.begin():
            yield connection

    def _insert_all(self, connection: Connection, name: str, found: Sequence[rows.Row]) -> None:
        if not found:
            return
        if name in self._bulks:
            self._bulks[name].run(connection, found)
        else:
            connection.execute(self._statements[name], found)

    def _put_response(self) -> sqlite.Insert | postgresql.Insert:
        insert = self._insert(responses)
        values = {c.name: insert.excluded[c.name] for c in responses.c if not c.primary_key}
        newer = insert.excluded.revision > responses.c.revision
        return insert.on_conflict_do_update(index_elements=["chat"], set_=values, where=newer)

    def _put_case(self) -> sqlite.Insert | postgresql.Insert:
        insert = self._insert(cases)
        values = {c.name: insert.excluded[c.name] for c in cases.c if not c.primary_key}
        return insert.on_conflict_do_update(index_elements=["chat"], set_=values)

    def _put_delivery(self) -> sqlite.Insert | postgresql.Insert:
        insert = self._insert(deliveries)
        new, old = insert.excluded, deliveries.c
        values: dict[str, ColumnElement[Any]] = {c.name: new[c.name] for c in deliveries.c if not c.primary_key}
        # What arrived stays known while a newer revision is being tried.
        values |= {
            "delivered": case((new.delivered > old.delivered, new.delivered), else_=old.delivered),
            "delivered_at": func.coalesce(new.delivered_at, old.delivered_at),
            "remote": case((new.remote != literal_column("''"), new.remote), else_=old.remote),
            "doubt": case((new.doubt != literal_column("''"), new.doubt), else_=old.doubt),
        }
        return insert.on_conflict_do_update(index_elements=["writer", "chat"], set_=values)


def open_engine(url: URL) -> Engine:
    """An engine whose transactions are real ones on SQLite too, schema changes included."""
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, json_serializer=_json)
    path = Path(url.database or "")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # it holds what people said
    except OSError as error:
        raise Retryable(f"{path.name} cannot be opened: {error.strerror}") from error
    engine = create_engine(url, connect_args={"timeout": BUSY}, json_serializer=_json)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _prepare(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; `_begin` does
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def translated() -> Iterator[None]:
    """What the database says about itself becomes ours; a wrong statement stays what it is, a bug."""
    try:
        yield
    except OperationalError as error:
        # Without the statement: its parameters are what people said.
        raise Retryable(f"the records cannot be used now: {error.orig}") from None
    except DatabaseError as error:
        if type(error) is not DatabaseError:  # its subclasses tell of a wrong statement
            raise
        raise Retryable(f"the records cannot be used, restore them from a backup: {error.orig}") from None
