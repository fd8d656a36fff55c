"""The statements that write, for SQLite and PostgreSQL alike, each for many rows. Imports SQLAlchemy."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, Dialect, case, func, literal_column
from sqlalchemy.dialects import postgresql, sqlite

from bot.records.base import Delivery, joined
from bot.records.bulk import Bulk
from bot.records.rows import Row
from bot.records.schema import answers, cases, deliveries, responses

Write: TypeAlias = Callable[[Connection, Sequence[Row]], None]


def writing(dialect: Dialect) -> Mapping[str, Write]:
    """By table: what puts rows into it, in their order."""
    insert = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
    put = insert(responses)
    values = {c.name: put.excluded[c.name] for c in responses.c if not c.primary_key}
    newer = put.excluded.revision > responses.c.revision
    response = put.on_conflict_do_update(index_elements=["chat"], set_=values, where=newer)
    put = insert(cases)
    values = {c.name: put.excluded[c.name] for c in cases.c if not c.primary_key}
    made = {
        "responses": response,
        "answers": insert(answers).on_conflict_do_nothing(index_elements=["chat", "position"]),
        "cases": put.on_conflict_do_update(index_elements=["chat"], set_=values),
        "deliveries": _delivery(insert(deliveries)),
    }
    return {name: _write(statement, dialect) for name, statement in made.items()}


def _write(statement: postgresql.Insert | sqlite.Insert, dialect: Dialect) -> Write:
    if dialect.name == "sqlite":
        return Bulk(statement, dialect).run

    def run(connection: Connection, rows: Sequence[Row]) -> None:
        # psycopg prepares it once and sends all rows without waiting for an answer in between. (Many rows in one
        # statement cost it twice the time: it looks through the text for each value's place.)
        connection.execute(statement, rows)

    return run


def _delivery(put: postgresql.Insert | sqlite.Insert) -> postgresql.Insert | sqlite.Insert:
    new, old = put.excluded, deliveries.c
    # Any: SQLAlchemy leaves the type of a column's value open.
    values: dict[str, ColumnElement[Any]] = {c.name: new[c.name] for c in deliveries.c if not c.primary_key}
    # What arrived stays known while a newer revision is being tried.
    values |= {
        "delivered": case((new.delivered > old.delivered, new.delivered), else_=old.delivered),
        "delivered_at": func.coalesce(new.delivered_at, old.delivered_at),
        "remote": case((new.remote != literal_column("''"), new.remote), else_=old.remote),
        "doubt": case((new.doubt != literal_column("''"), new.doubt), else_=old.doubt),
    }
    return put.on_conflict_do_update(index_elements=["writer", "chat"], set_=values)


def merged(found: Iterable[Delivery]) -> list[Delivery]:
    """One note a writer and chat, by key: what the notes come to in their order. (PostgreSQL refuses a statement that
    would change a row twice, and two that change rows in another order could wait for each other.)"""
    notes: dict[tuple[str, str], Delivery] = {}
    for new in found:
        key = (new.writer, new.chat)
        notes[key] = new if key not in notes else joined(notes[key], new)
    return [notes[key] for key in sorted(notes)]
