"""Many rows into SQLite in few statements. Imports SQLAlchemy, as `database.py` does.

SQLAlchemy prepares each value of each row anew, and its executemany makes one step of SQLite a row: at every step
sqlite3 lets go of the GIL and has to win it back from a busy event loop. Both cost more than SQLite itself. So here the
statement that SQLAlchemy compiled is repeated with as many rows as fit, in powers of two, which keeps the texts few and
the driver's cache warm. Measured for a response of four answers: 53-63 us of processor time against 133.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, ColumnClause, Connection, Dialect, Insert

from bot.records.rows import json

LARGEST = 64
"""Rows in one statement: with 22 columns far below what SQLite takes, 32,766 values."""


class Bulk:
    """One insert, compiled once. The rows name their values in the order of the table's columns."""

    def __init__(self, statement: Insert, dialect: Dialect) -> None:
        text = str(statement.compile(dialect=dialect))
        columns = statement.table.columns
        self.row = f"({', '.join('?' * len(columns))})"
        self.head, found, self.tail = text.partition(f" VALUES {self.row}")
        if not found or "?" in self.tail:
            raise ValueError(f"this insert is none that can be repeated: {text}")
        self._processors = [
            (at, process) for at, column in enumerate(columns) if (process := _processor(column, dialect)) is not None
        ]
        """By place in the row; most values go as they are."""
        self._text = lru_cache(self._of)

    def run(self, connection: Connection, rows: Sequence[Mapping[str, object]]) -> None:
        """Insert all of them, in order."""
        start = 0
        while start < len(rows):
            count = min(LARGEST, 1 << ((len(rows) - start).bit_length() - 1))
            values: list[object] = []
            for row in rows[start : start + count]:
                at = len(values)
                values += row.values()
                for place, process in self._processors:
                    values[at + place] = process(values[at + place])
            connection.exec_driver_sql(self._text(count), tuple(values))
            start += count

    def _of(self, count: int) -> str:
        return f"{self.head} VALUES {', '.join([self.row] * count)}{self.tail}"


def _processor(column: ColumnClause[Any], dialect: Dialect) -> Callable[[object], object] | None:
    """For JSON what `open_engine` gives to the engine, without the steps around it: no value of ours is SQL's NULL."""
    return json if isinstance(column.type, JSON) else column.type.dialect_impl(dialect).bind_processor(dialect)
