"""One tab of a spreadsheet: its cells, its grid, and the ranges that Google reads and refuses.

Sources: developers.google.com/workspace/sheets/api/guides: concepts (A1 notation), values (where appended values
begin); the words of errors as clients' issues quote them.
"""

import re
from dataclasses import dataclass, field, replace
from typing import TypeAlias

Value: TypeAlias = str | int | float | bool | None

_RANGE = re.compile(r"([A-Z]{0,3})(\d*)(?::([A-Z]{0,3})(\d*))?")
LONGEST = 50_000


class Refused(Exception):
    """The request is answered with 400 and these words."""


@dataclass(frozen=True, slots=True)
class Area:
    """From and to, both counted from 0 and inclusive."""

    top: int
    left: int
    bottom: int
    right: int


def name_of(column: int) -> str:
    found = ""
    while column >= 0:
        found = chr(65 + column % 26) + found
        column = column // 26 - 1
    return found


def _column(name: str) -> int:
    found = 0
    for letter in name:
        found = found * 26 + ord(letter) - 64
    return found - 1


@dataclass(slots=True)
class Tab:
    title: str
    id: int = 0
    height: int = 1000
    width: int = 26
    cells: list[list[Value]] = field(default_factory=list)
    """Rows may be shorter than the grid; what is not there is empty."""

    @property
    def quoted(self) -> str:
        return self.title if self.title.isalnum() else "'" + self.title.replace("'", "''") + "'"

    def copy(self) -> "Tab":
        return replace(self, cells=[list(line) for line in self.cells])

    def value(self, row: int, column: int) -> Value:
        line = self.cells[row] if row < len(self.cells) else []
        return line[column] if column < len(line) else ""

    def set(self, row: int, column: int, value: Value) -> None:
        if value is None:
            return
        if not isinstance(value, str | int | float):
            raise Refused("Invalid value at 'data.values': a list or a struct is no value of a cell")
        if isinstance(value, str) and len(value.encode("utf-16-le")) // 2 > LONGEST:
            raise Refused(f"Your input contains more than the maximum of {LONGEST} characters in a single cell.")
        while len(self.cells) <= row:
            self.cells.append([])
        line = self.cells[row]
        line += [""] * (column + 1 - len(line))
        line[column] = value

    def area(self, text: str) -> Area:
        """What a range behind the `!` means. Raises Refused for one that is none, or outside of the grid."""
        match = _RANGE.fullmatch(text)
        if match is None or not any(match.groups()):
            raise Refused(f"Unable to parse range: {self.title}!{text}")
        a, b, c, d = match.groups()
        if c is None and d is None:
            c, d = a, b
        left, right = _column(a) if a else 0, _column(c) if c else self.width - 1
        top, bottom = int(b) - 1 if b else 0, int(d) - 1 if d else self.height - 1
        if top >= self.height or left >= self.width:
            raise self.outside(text)
        return Area(top, left, min(bottom, self.height - 1), min(right, self.width - 1))

    def outside(self, text: str) -> Refused:
        size = f"Max rows: {self.height}, max columns: {self.width}"
        return Refused(f"Range ({self.title}!{text}) exceeds grid limits. {size}")

    def written(self, area: Area) -> str:
        """The area in A1 notation."""
        first, last = f"{name_of(area.left)}{area.top + 1}", f"{name_of(area.right)}{area.bottom + 1}"
        return f"{self.quoted}!{first}" + (f":{last}" if last != first else "")

    def read(self, area: Area) -> list[list[Value]]:
        """Without empty cells at the end of a row and empty rows at the end."""
        found: list[list[Value]] = []
        for row in range(area.top, min(area.bottom + 1, len(self.cells))):
            line = [self.value(row, column) for column in range(area.left, area.right + 1)]
            while line and line[-1] == "":
                line.pop()
            found.append(line)
        while found and not found[-1]:
            found.pop()
        return found

    def write(self, text: str, rows: list[list[Value]]) -> Area:
        """Values into a range that has to hold them; a single cell is where they begin."""
        area = self.area(text)
        high, wide = len(rows), max(map(len, rows), default=0)
        single = ":" not in text
        if area.top + high > self.height or area.left + wide > self.width:
            raise self.outside(text)
        if not single and (area.top + high - 1 > area.bottom or area.left + wide - 1 > area.right):
            beyond = name_of(area.right + 1)
            raise Refused(
                f"Requested writing within range [{self.written(area)}], but tried writing to column [{beyond}]"
            )
        for at, line in enumerate(rows):
            for place, value in enumerate(line):
                self.set(area.top + at, area.left + place, value)
        return Area(area.top, area.left, area.top + max(high, 1) - 1, area.left + max(wide, 1) - 1)

    def append(self, text: str, rows: list[list[Value]]) -> tuple[Area | None, Area]:
        """The table that the range's first cell belongs to, and where its new rows went: inserted below its last one,
        from its first column on. A table ends where a row or a column is empty."""
        at = self.area(text)
        table = self._table(at.top, at.left)
        top = table.bottom + 1 if table else at.top
        left = table.left if table else at.left
        for place in range(len(rows)):
            if top < len(self.cells):
                self.cells.insert(top + place, [])
        self.height += len(rows) if top + len(rows) > self.height or top < len(self.cells) else 0
        self.width = max(self.width, left + max(map(len, rows), default=0))
        for place, line in enumerate(rows):
            for column, value in enumerate(line):
                self.set(top + place, left + column, value)
        wide = max(map(len, rows), default=1)
        return table, Area(top, left, top + len(rows) - 1, left + wide - 1)

    def _table(self, row: int, column: int) -> Area | None:
        """What touches this cell, corners included: an edge grows for as long as anything stands beyond it."""
        if self.value(row, column) == "":
            return None
        top, left, bottom, right = row, column, row, column
        grown = True
        while grown:
            grown = False
            while self._any(range(bottom + 1, bottom + 2), range(left - 1, right + 2)):
                bottom, grown = bottom + 1, True
            while self._any(range(top - 1, top), range(left - 1, right + 2)):
                top, grown = top - 1, True
            while self._any(range(top - 1, bottom + 2), range(right + 1, right + 2)):
                right, grown = right + 1, True
            while self._any(range(top - 1, bottom + 2), range(left - 1, left)):
                left, grown = left - 1, True
        return Area(top, left, bottom, right)

    def _any(self, rows: range, columns: range) -> bool:
        return any(self.value(row, column) != "" for row in rows for column in columns if row >= 0 and column >= 0)
