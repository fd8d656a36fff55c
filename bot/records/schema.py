"""The tables, for SQLite and PostgreSQL alike. Imports SQLAlchemy, so import it only where records are used.

    responses   one row a chat: its newest revision; `counted_at` is when it was scored, or began where it has no score
    answers     one row an answer of that revision, in the order given
    cases       one row a chat whose response opened a case, as that revision says it
    deliveries  one row a chat and writer: the last attempt, the newest revision that arrived, and what is in doubt

Times are timestamps with a zone (UTC) in the database and ms since the epoch in Python.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import TypeEngine

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class _Text(sqlite.DATETIME):
    """SQLite's column for a timestamp, without SQLAlchemy's own conversion: `Moment` does it."""

    def bind_processor(self, dialect: Dialect) -> None:
        return None

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        return None


class Moment(TypeDecorator[int]):
    """A timestamp with a zone; an int of ms in Python.

    SQLite has no timestamps: there it is text as SQLAlchemy's own DateTime writes it, in UTC, but formatted five times
    as fast, for every response has eight of them.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return _Text()  # type: ignore[no-untyped-call]  # SQLAlchemy left its DATETIME without types
        return DateTime(timezone=True)

    def bind_processor(self, dialect: Dialect) -> Callable[[int | None], datetime | str | None] | None:
        # On SQLite at once, without the steps that every type is taken through.
        return _text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_bind_param(self, value: int | None, dialect: Dialect) -> datetime | str | None:
        if dialect.name == "sqlite":
            return _text(value)
        return None if value is None else EPOCH + timedelta(milliseconds=value)

    def process_result_value(self, value: datetime | str | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        at = datetime.fromisoformat(f"{value}+00:00") if isinstance(value, str) else value
        return (at - EPOCH) // timedelta(milliseconds=1)


@lru_cache(1024)  # the times of a response are few, and formatting one is what costs
def _text(ms: int | None) -> str | None:
    if ms is None:
        return None
    seconds, rest = divmod(ms, 1000)
    return f"{_second(seconds)}.{rest:03}000"


@lru_cache(1024)
def _second(seconds: int) -> str:
    return (EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S")


def _moment(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, Moment(), nullable=nullable)


KEY = String(64).with_variant(String(64, collation="C"), "postgresql")
"""A key, ordered by its bytes in every database."""


def _words(name: str, length: int = 64) -> Column[str]:
    return Column(name, String(length), nullable=False)


def _json(name: str) -> Column[Any]:
    # Any: the column's own type in SQLAlchemy; values are checked where rows are read (`rows.py`).
    return Column(name, JSON(), nullable=False)


responses = Table(
    "responses",
    metadata,
    Column("chat", KEY, primary_key=True),
    Column("revision", Integer, nullable=False),
    _words("flow"),
    _words("flow_version"),
    _words("channel", 32),
    _words("locale", 35),
    _words("timezone"),
    Column("score", SmallInteger),
    Column("segment", String(16)),
    _words("outcome"),
    Column("sample", Boolean, nullable=False),
    _words("visitor", 128),
    _json("contact"),
    _json("context"),
    _json("clicks"),
    _moment("started_at"),
    _moment("scored_at", nullable=True),
    _moment("updated_at"),
    _moment("ended_at", nullable=True),
    _moment("counted_at"),
    Index(None, "counted_at", "chat"),
)

answers = Table(
    "answers",
    metadata,
    Column("chat", KEY, ForeignKey("responses.chat", ondelete="CASCADE"), primary_key=True),
    Column("position", SmallInteger, primary_key=True),
    _words("key", 128),
    _words("kind", 32),
    _json("value"),
    Column("label", Text, nullable=False),
    _moment("answered_at"),
    Index(None, "key"),
)

cases = Table(
    "cases",
    metadata,
    Column("chat", KEY, ForeignKey("responses.chat", ondelete="CASCADE"), primary_key=True),
    _words("state", 16),
    _words("rule"),
    _words("owner", 128),
    _words("outcome"),
    _words("counts", 16),
    _words("cause"),
    Column("note", Text, nullable=False),
    _moment("opened_at"),
    _moment("due_at", nullable=True),
    _moment("resolved_at", nullable=True),
    Index(None, "state", "due_at"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("writer", KEY, primary_key=True),
    Column("chat", KEY, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("delivered", Integer, nullable=False),
    _words("state", 16),
    Column("attempts", Integer, nullable=False),
    Column("error", Text, nullable=False),
    _words("remote", 255),
    _moment("tried_at"),
    _moment("delivered_at", nullable=True),
    Column("request", Text, nullable=False),
    Column("doubt", Text, nullable=False),
    Index(None, "chat"),
)
