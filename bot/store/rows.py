"""Many rows in few statements.

sqlite3 lets go of the GIL at every step of a statement and must win it back from a busy event loop each time. So the
writer sends all rows of a table as one `INSERT ... VALUES (..), (..), ...`, cut into powers of two so that the
statements stay in the connection's cache: 100 rows take three statements (64 + 32 + 4).
"""

import sqlite3
from functools import lru_cache

_LARGEST = 128


@lru_cache(maxsize=None)  # noqa: UP033 - says that it is unbounded on purpose: a handful of tables times 8 sizes
def _statement(head: str, width: int, rows: int, tail: str) -> str:
    row = f"({', '.join('?' * width)})"
    return f"{head} VALUES {', '.join([row] * rows)} {tail}"


def insert(db: sqlite3.Connection, head: str, width: int, values: list[object], tail: str = "") -> None:
    """Run `head VALUES rows tail`; `values` are the rows one after the other, `width` values each."""
    start, left = 0, len(values) // width
    while left:
        rows = min(_LARGEST, 1 << (left.bit_length() - 1))
        end = start + rows * width
        db.execute(_statement(head, width, rows, tail), values[start:end])
        start, left = end, left - rows
