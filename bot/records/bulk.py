"""Many rows in few statements. Imports SQLAlchemy, as `database.py` does.

SQLAlchemy prepares each value of each row anew, and its executemany makes one step of SQLite a row: at every step
sqlite3 lets go of the GIL and has to win it back from a busy event loop. Both cost more than SQLite itself. So here the
statement that SQLAlchemy compiled is repeated with as many rows as fit, in powers of two, which keeps the texts few and
the driver's cache (SQLite's statements, psycopg's prepared ones) warm. Figures: docs/postgresql.md.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from sqlalchemy import Connection, Dialect, Insert

LARGEST = 64
"""Rows in one statement: with 22 columns far below what SQLite (32,766 values) and PostgreSQL (65,535) take."""
_ROW = re.compile(r" VALUES (\(.*?\))(?= ON CONFLICT| RETURNING|$)", re.DOTALL)


class Bulk:
    """One insert, compiled once. The rows name their values in the order of the table's columns."""

    def __init__(self, statement: Insert, dialect: Dialect) -> None:
        text = str(statement.compile(dialect=dialect))
        columns = statement.table.columns
        found = _ROW.search(text)
        row = re.sub(r"%\(\w+\)s", "%s", found[1]) if found else ""
        self.head, self.row, self.tail = (
            text[: found.start()] if found else "",
            row,
            text[found.end() :] if found else "",
        )
        if row.count("?") + row.count("%s") != len(columns) or "?" in self.tail or "%(" in self.tail:
            raise ValueError(f"this insert is none that can be repeated: {text}")
        self._processors: list[Callable[[object], object] | None] = [
            column.type.dialect_impl(dialect).bind_processor(dialect) for column in columns
        ]
        self._text = lru_cache(self._of)

    def run(self, connection: Connection, rows: Sequence[Mapping[str, object]]) -> list[str]:
        """Insert all of them, in order. Returns the first column of what the statement returns, if it does."""
        start, returned = 0, list[str]()
        while start < len(rows):
            count = min(LARGEST, 1 << ((len(rows) - start).bit_length() - 1))
            values: list[object] = []
            for row in rows[start : start + count]:
                for value, process in zip(row.values(), self._processors, strict=True):
                    values.append(value if process is None else process(value))
            result = connection.exec_driver_sql(self._text(count), tuple(values))
            if result.returns_rows:
                returned += result.scalars()
            start += count
        return returned

    def _of(self, count: int) -> str:
        return f"{self.head} VALUES {', '.join([self.row] * count)}{self.tail}"
