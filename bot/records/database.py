"""The SQL of the records, synchronous. Imports SQLAlchemy: `sql.py` imports this module when it is first needed.

A revision lands only where it is newer than the one kept. On SQLite the transaction that writes holds the file's write
lock, so it may look first; on PostgreSQL several processes write at once, so it looks again once it holds the rows, as
the upsert has compared them once more. Rows are written in the order of their keys, so two such transactions never
wait for each other.
"""

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, false, select
from sqlalchemy.engine import URL, make_url

from bot.errors import Retryable
from bot.model import Response
from bot.records import reading, rows
from bot.records.address import checked
from bot.records.base import Delivery, Filters, Tally
from bot.records.faults import translated
from bot.records.migrations import HEAD, version_of
from bot.records.schema import answers, deliveries, responses
from bot.records.statements import merged, writing

BUSY = 5.0
"""Seconds to wait for another process's transaction on the SQLite file."""


class Database:
    """One open database at the newest migration. Raises Retryable where it cannot be used now, Permanent where it does
    not take a row, UserMistake for an address of no database of ours."""

    def __init__(self, url: str) -> None:
        self._engine = open_engine(make_url(checked(url)))
        self._postgres = self._engine.dialect.name == "postgresql"
        # Reads of several statements see one state; SQLite's do so anyway.
        self._reads = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True} if self._postgres else {}
        self._writing = writing(self._engine.dialect)
        file = None if self._postgres else self._engine.url.database
        self._file = Path(file) if file else None
        self._opened = self._file.stat() if self._file else None
        try:
            self._migrate()
        except BaseException:
            self._engine.dispose()
            raise

    def _migrate(self) -> None:
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
        wanted = [newest[chat] for chat in sorted(newest)]
        with self._transaction() as connection:
            landed = self._land(connection, wanted)
            self._put(connection, "answers", [row for r in landed for row in rows.answer_rows(r)])
            self._put(connection, "cases", [rows.case_row(r.chat, r.case) for r in landed if r.case is not None])
            self._put(connection, "deliveries", [rows.delivery_row(d) for d in merged(noted)])

    def keep(self, found: Sequence[Delivery]) -> None:
        with self._transaction() as connection:
            self._put(connection, "deliveries", [rows.delivery_row(d) for d in merged(found)])

    def keep_rows(self, found: Sequence[rows.Row]) -> None:
        """Deliveries as rows of this table, each once; see `notes`."""
        with self._transaction() as connection:
            self._put(connection, "deliveries", found)

    def notes(self) -> Iterator[Sequence[Mapping[str, object]]]:
        """All deliveries by writer and chat, as rows, page by page."""
        with translated(), self._reading() as connection:
            yield from reading.notes(connection)

    def tried(self, found: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], int]:
        """When each of these (writer and chat) was tried last, in ms; those that were."""
        with translated(), self._reading() as connection:
            return reading.tried(connection, found)

    def deliveries(self, chat: str) -> Sequence[Delivery]:
        query = deliveries.select().where(deliveries.c.chat == chat).order_by(deliveries.c.writer)
        with translated(), self._reading() as connection:
            return [rows.delivery_of_row(row) for row in reading.rows(connection, query)]

    def doubts(self, limit: int) -> Sequence[Delivery]:
        with translated(), self._reading() as connection:
            return reading.doubts(connection, limit)

    def responses(self, filters: Filters) -> Iterator[Response]:
        with translated(), self._reading() as connection:
            yield from reading.responses(connection, filters)

    def open_cases(self, limit: int) -> Sequence[Response]:
        with translated(), self._reading() as connection:
            return reading.open_cases(connection, limit)

    def tally(self, since: int, until: int) -> Tally:
        with translated(), self._reading() as connection:
            return reading.tally(connection, since, until)

    def ping(self) -> None:
        """Whether it can be written. It changes nothing; a file's lock, a standby and missing rights are noticed."""
        with self._transaction() as connection:
            connection.execute(deliveries.delete().where(false()))

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

    def _reading(self) -> Connection:
        return self._engine.connect().execution_options(**self._reads)

    def _land(self, connection: Connection, wanted: Sequence[Response]) -> Sequence[Response]:
        """Write the rows of those that are newer than what is kept, without answers of before; returns them."""
        query = select(responses.c.chat, responses.c.revision).where(responses.c.chat.in_([r.chat for r in wanted]))
        kept = reading.pairs(connection, query)
        newer = [r for r in wanted if r.revision > kept.get(r.chat, 0)]
        self._put(connection, "responses", [rows.response_row(r) for r in newer])
        before = [r.chat for r in newer if r.chat in kept]
        if self._postgres and newer:
            # Another process may have written meanwhile; from here on these rows are held. Who wrote this revision too
            # had the same answers, and a first revision has none before it.
            kept = reading.pairs(connection, query)
            newer = [r for r in newer if r.revision == kept[r.chat]]
            before = [r.chat for r in newer if r.revision > 1]
        if before:
            connection.execute(answers.delete().where(answers.c.chat.in_(before)))
        return newer

    def _put(self, connection: Connection, table: str, found: Sequence[rows.Row]) -> None:
        if found:
            self._writing[table](connection, found)


def open_engine(url: URL) -> Engine:
    """An engine whose transactions are real ones on SQLite too, schema changes included."""
    if url.get_backend_name() != "sqlite":
        try:
            from bot.records import postgres  # noqa: PLC0415 - psycopg, only where it is used
        except ImportError as error:
            hint = "install it with pip install 'psycopg[binary]'"
            raise Retryable(f"the driver of PostgreSQL cannot be loaded ({error.name}); {hint}") from error
        return postgres.engine(url)
    path = Path(url.database or "")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # it holds what people said
    except OSError as error:
        raise Retryable(f"{path.name} cannot be opened: {error.strerror}") from error
    engine = create_engine(url, connect_args={"timeout": BUSY}, json_serializer=rows.json)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; `_begin` does
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
