"""A1 notation, the header of a sheet, and rows that are read together. Pure.

Source: developers.google.com/workspace/sheets/api/guides/concepts#cell.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

Cell: TypeAlias = str | int | float | bool | None

LONGEST = 50_000
"""Characters in one cell, as UTF-16 counts them."""
APART = 30
"""Rows that are read along between two that are wanted: cheaper than another range in the address."""
_START = re.compile(r"(?:.*!)?([A-Z]{1,3})(\d+)(?::.*)?", re.DOTALL)


def letters(column: int) -> str:
    """The name of a column, counted from 0: A, Z, AA."""
    found = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(65 + rest) + found
    return found


def number(name: str) -> int:
    """The column of a name, counted from 0."""
    found = 0
    for letter in name:
        found = found * 26 + ord(letter) - 64
    return found - 1


def sheet(title: str) -> str:
    """A tab's title as it stands before the `!`."""
    return "'" + title.replace("'", "''") + "'"


def start(range: str) -> tuple[int, int]:
    """Column from 0 and row from 1 at which a range begins. Raises ValueError."""
    match = _START.fullmatch(range)
    if match is None:
        raise ValueError("it is no range of cells")
    return number(match[1]), int(match[2])


def header(row: Sequence[Cell]) -> dict[str, int]:
    """Name -> column; of two columns with the same name the first."""
    found: dict[str, int] = {}
    for column, cell in enumerate(row):
        name = "" if cell is None else str(cell).strip()
        if name:
            found.setdefault(name, column)
    return found


def cells(values: Mapping[str, Cell], columns: Mapping[str, int], left: int = 0) -> list[Cell]:
    """One row from the column `left` on; null, which leaves a cell as it is, where nothing is written."""
    places = {columns[name]: value for name, value in values.items()}
    return [fitting(places.get(column)) for column in range(left, max(places, default=left - 1) + 1)]


def fitting(value: Cell) -> Cell:
    """Text that a cell can hold, with line feeds alone."""
    if not isinstance(value, str):
        return value
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) * 2 <= LONGEST:
        return text
    whole = text.encode("utf-16-le")
    if len(whole) // 2 <= LONGEST:
        return text
    return whole[: 2 * (LONGEST - 1)].decode("utf-16-le", "ignore") + "…"


def spans(rows: Iterable[int]) -> list[tuple[int, int]]:
    """First and last rows of as few ranges as make sense."""
    found: list[tuple[int, int]] = []
    for row in sorted(set(rows)):
        if found and row - found[-1][1] <= APART:
            found[-1] = (found[-1][0], row)
        else:
            found.append((row, row))
    return found
