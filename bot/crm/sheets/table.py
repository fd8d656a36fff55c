"""The responses in one tab: its header, found and completed by name, and whose row is whose."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.crm.sheets.api import GRID, RANGES, Sheet
from bot.crm.sheets.grid import Cell, cells, header, letters, spans
from bot.errors import Permanent, Unauthorized


@dataclass(frozen=True, slots=True)
class Found:
    columns: Mapping[str, int]
    """Name -> column, of every column in row 1."""
    rows: Mapping[str, int]
    """Chat -> row, of those asked for whose row is known to be theirs now."""


class Table:
    """Everything raises DeliveryError."""

    def __init__(self, sheet: Sheet, key: str, names: Sequence[str]) -> None:
        self.key = key
        """The column that holds the chat."""
        self.names = tuple(dict.fromkeys((key, *names)))
        """Those that are written."""
        self._sheet = sheet
        self._at = 0
        """Where the chats' column was last seen."""

    async def header(self) -> dict[str, int]:
        """Name -> column, as it stands."""
        (first,) = await self._sheet.read("1:1")
        return header(first[0] if first else ())

    async def find(self, noted: Mapping[str, int], sought: Iterable[str] = ()) -> Found:
        """`noted` are rows as they were; these are looked at, and where one is another's now its chat is looked for,
        as those `sought` are. The header is completed."""
        columns, there = await self._look(noted)
        if set(self.names) - set(columns):
            columns = await self._complete(columns)
        if columns[self.key] != self._at:  # moved, or never seen: what was read was another column
            self._at, there = columns[self.key], {}
        rows = {chat: row for chat, row in noted.items() if there.get(row) == chat}
        missing = {chat for chat in (*noted, *sought) if chat not in rows}
        if missing:
            found = await self.everybody(columns)
            rows |= {chat: found[chat][0] for chat in missing if chat in found}
        return Found(columns, rows)

    async def everybody(self, columns: Mapping[str, int]) -> Mapping[str, Sequence[int]]:
        """Chat -> its rows."""
        found: dict[str, list[int]] = {}
        for row, cell in enumerate(await self._sheet.column(columns[self.key]), 1):
            if cell is not None and row > 1:
                found.setdefault(str(cell).strip(), []).append(row)
        return found

    async def rows(self, wanted: Iterable[int], columns: Mapping[str, int]) -> Mapping[int, Mapping[str, Cell]]:
        """Row -> column -> value."""
        last, found = letters(max(columns.values())), dict[int, Mapping[str, Cell]]()
        ranges = spans(wanted)
        for at in range(0, len(ranges), RANGES):
            part = ranges[at : at + RANGES]
            pages = await self._sheet.read(*(f"A{a}:{last}{b}" for a, b in part), raw=True)
            for (first, _), page in zip(part, pages, strict=True):
                for row, values in enumerate(page, first):
                    found[row] = {name: values[c] if c < len(values) else None for name, c in columns.items()}
        return found

    async def put(self, changes: Mapping[int, Mapping[str, Cell]], columns: Mapping[str, int]) -> None:
        """Write these values into these rows; all other cells stay as they are."""
        data = []
        for row, values in changes.items():
            left = min(columns[name] for name in values)
            line = cells(values, columns, left)
            data.append((f"{letters(left)}{row}:{letters(left + len(line) - 1)}{row}", [line]))
        if data:
            await self._sheet.put(data)

    async def append(self, lines: Sequence[Mapping[str, Cell]], columns: Mapping[str, int]) -> int:
        """The row of the first of these, the others follow; 0 where Google did not say."""
        left = min(columns.values())
        column, row = await self._sheet.append([cells(line, columns, left) for line in lines], left)
        if row and column != left:
            # Something beside the table belongs to it in Google's eyes, so it began further left: put it right.
            width = max(columns.values()) - left + 1
            wrong = [[""] * width for _ in lines]
            span = f"{letters(column)}{row}:{letters(column + width - 1)}{row + len(lines) - 1}"
            await self._sheet.put([(span, wrong)])
            await self.put({row + at: line for at, line in enumerate(lines)}, columns)
        return row

    async def _look(self, noted: Mapping[str, int]) -> tuple[dict[str, int], Mapping[int, str]]:
        """The header, and what stands in the chats' column at these rows."""
        name, ranges = letters(self._at), spans(noted.values())
        if ranges and len(ranges) < RANGES:
            try:
                first, *pages = await self._sheet.read("1:1", *(f"{name}{a}:{name}{b}" for a, b in ranges))
            except Permanent as error:
                if error.code != GRID:  # a row that is below the end of the sheet now
                    raise
            else:
                there = {
                    row: str(cell[0]).strip()
                    for (start, _), page in zip(ranges, pages, strict=True)
                    for row, cell in enumerate(page, start)
                    if cell
                }
                return header(first[0] if first else ()), there
        return await self.header(), {}

    async def _complete(self, columns: dict[str, int]) -> dict[str, int]:
        """Name the missing columns at the right of those that there are."""
        if columns and self.key not in columns and await self._is_used():
            raise Unauthorized(
                f'row 1 of the sheet "{self._sheet.tab}" has no column "{self.key}", which says whose row is whose: '
                "name that column so again"
            )
        missing = [name for name in self.names if name not in columns]
        free = max(columns.values(), default=-1) + 1
        where = f"{letters(free)}1:{letters(free + len(missing) - 1)}1"
        try:
            await self._sheet.put([(where, [missing])])
        except Permanent as error:
            tab = await self._sheet.properties() if error.code == GRID else None
            if tab is None:
                raise
            await self._sheet.widen(tab, free + len(missing) - tab.grid_properties.column_count)
            await self._sheet.put([(where, [missing])])
        return {**columns, **{name: free + at for at, name in enumerate(missing)}}

    async def _is_used(self) -> bool:
        """Whether there is anything below the header."""
        try:
            (page,) = await self._sheet.read("2:201")
        except Permanent as error:
            if error.code != GRID:
                raise
            return False
        return any(any(cell not in (None, "") for cell in row) for row in page)
