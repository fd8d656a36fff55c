"""Google Sheets v4 as far as a table of responses needs it: one tab of one spreadsheet.

What is written is RAW: stored as it is, never calculated, so that no text becomes a formula. Whatever a person has to
mend (share the spreadsheet, name the tab) is raised as Unauthorized with what to click, since nothing works before.

Sources: the discovery document (spreadsheets.values); developers.google.com/workspace/sheets/api: guides/values,
limits, reference/rest/v4/spreadsheets (get, batchUpdate: AddSheetRequest, AppendDimensionRequest).
"""

from collections.abc import Mapping, Sequence

import msgspec

from bot.crm.http.client import Answer, Client, segment
from bot.crm.sheets.grid import Cell, letters, sheet, start
from bot.crm.sheets.key import ServiceAccount
from bot.errors import DeliveryError, Permanent, Retryable, Throttled, Unauthorized

RANGES = 60
"""Ranges in one address at most: it stays below 4 kB."""
PAGE = 50_000
"""Rows of a column that are read at once: about 2 MB of chat ids."""

GRID = "grid"
FIXES = {
    "forbidden": "share the spreadsheet with {address} as Editor (Share, top right)",
    "not_found": "check `spreadsheet`, and share it with {address} as Editor (Share, top right)",
    "api_disabled": "enable the Google Sheets API of the service account's project: "
    "console.cloud.google.com/apis/library/sheets.googleapis.com",
    "no_sheet": 'make the sheet "{tab}" (+ at the bottom left), or:  chatsurvey crm setup {name}',
    "protected": "let {address} edit it: Data, Protect sheets and ranges",
    "full": "a spreadsheet holds 10 million cells: archive old rows, or set another `spreadsheet`",
}
_WORDS = (
    ("Unable to parse range", "no_sheet"),
    ("exceeds grid limits", GRID),
    ("protected cell", "protected"),
    ("above the limit of", "full"),
)


class Values(msgspec.Struct, rename="camel"):
    range: str = ""
    values: list[list[Cell]] = []


class _Ranges(msgspec.Struct, rename="camel"):
    value_ranges: list[Values] = []


class _Updates(msgspec.Struct, rename="camel"):
    updated_range: str = ""


class _Appended(msgspec.Struct):
    updates: _Updates = msgspec.field(default_factory=_Updates)


class _Grid(msgspec.Struct, rename="camel"):
    row_count: int = 0
    column_count: int = 0


class Tab(msgspec.Struct, rename="camel"):
    sheet_id: int = 0
    title: str = ""
    grid_properties: _Grid = msgspec.field(default_factory=_Grid)


class _Sheet(msgspec.Struct):
    properties: Tab = msgspec.field(default_factory=Tab)


class _Spreadsheet(msgspec.Struct):
    sheets: list[_Sheet] = []


class _Detail(msgspec.Struct):
    reason: str = ""


class _Error(msgspec.Struct):
    message: str = ""
    status: str = ""
    details: list[_Detail] = []


class _Refused(msgspec.Struct):
    error: _Error = msgspec.field(default_factory=_Error)


def judge(answer: Answer) -> DeliveryError | None:
    """What Google refuses, by what a person can do about it; None: by its status."""
    if answer.status not in (400, 403, 404):
        return None
    try:
        error = msgspec.json.decode(answer.body, type=_Refused).error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        error = _Error()
    reasons = {detail.reason for detail in error.details}
    said = f"answered {answer.status}: {error.message or error.status}"
    if error.status == "RESOURCE_EXHAUSTED" or reasons & {"rateLimitExceeded", "userRateLimitExceeded"}:
        return Throttled(said, answer.wait)
    code = next((code for words, code in _WORDS if words in error.message), "")
    if answer.status == 403 and not code:
        disabled = "SERVICE_DISABLED" in reasons or "has not been used in project" in error.message
        code = "api_disabled" if disabled else "forbidden"
    if answer.status == 404 and not code:
        code = "not_found"
    return Permanent(said, code) if code else None


class Sheet:
    """One tab. Everything raises DeliveryError."""

    def __init__(self, client: Client, spreadsheet: str, tab: str, account: ServiceAccount) -> None:
        self.tab, self._client, self._account = tab, client, account
        self._path = f"v4/spreadsheets/{segment(spreadsheet)}"

    async def read(self, *ranges: str, raw: bool = False) -> Sequence[Sequence[Sequence[Cell]]]:
        """The rows of each of these ranges of the tab, without empty ones at the end. `raw`: numbers as numbers."""
        params = [("ranges", f"{sheet(self.tab)}!{one}") for one in ranges]
        params += [("valueRenderOption", "UNFORMATTED_VALUE")] if raw else []
        answer = await self._send("GET", "/values:batchGet", params=params, safe=True)
        found = answer.read(_Ranges).value_ranges
        if len(found) != len(ranges):
            raise answer.fault(Retryable("the answer was not understood"))
        return [one.values for one in found]

    async def column(self, column: int) -> Sequence[Cell]:
        """All cells of a column, from row 1 on."""
        name, found, row = letters(column), list[Cell](), 1
        while True:
            try:
                (page,) = await self.read(f"{name}{row}:{name}{row + PAGE - 1}")
            except Permanent as error:
                if error.code == GRID and row > 1:  # the sheet ends with the page before
                    return found
                raise
            found += [None] * (row - 1 - len(found))
            found += [cells[0] if cells else None for cells in page]
            if len(page) < PAGE // 2:  # not only a gap at the page's end
                return found
            row += PAGE

    async def append(self, rows: Sequence[Sequence[Cell]], column: int) -> tuple[int, int]:
        """Append to the table that has its header at this column of row 1, and insert what is needed, so that nothing
        below is overwritten. The column from 0 and the row from 1 where they begin, (0, 0) where that was not said."""
        where = segment(f"{sheet(self.tab)}!{letters(column)}1")
        params = {"valueInputOption": "RAW", "insertDataOption": "INSERT_ROWS"}
        answer = await self._send("POST", f"/values/{where}:append", params=params, json={"values": rows})
        try:
            return start(answer.read(_Appended).updates.updated_range)
        except ValueError:
            return 0, 0

    async def put(self, data: Sequence[tuple[str, Sequence[Sequence[Cell]]]]) -> None:
        """Write these ranges; a null leaves its cell as it is."""
        ranges = [{"range": f"{sheet(self.tab)}!{where}", "values": rows} for where, rows in data]
        body = {"valueInputOption": "RAW", "data": ranges}
        await self._send("POST", "/values:batchUpdate", json=body, safe=True)

    async def properties(self) -> Tab | None:
        """The tab; None where there is none of this title."""
        params = {"fields": "sheets.properties(sheetId,title,gridProperties)"}
        answer = await self._send("GET", "", params=params, safe=True)
        tabs = (one.properties for one in answer.read(_Spreadsheet).sheets)
        return next((one for one in tabs if one.title == self.tab), None)

    async def make(self) -> None:
        await self._change("addSheet", {"properties": {"title": self.tab}})

    async def widen(self, tab: Tab, columns: int) -> None:
        await self._change("appendDimension", {"sheetId": tab.sheet_id, "dimension": "COLUMNS", "length": columns})

    async def close(self) -> None:
        await self._client.close()

    async def _change(self, request: str, body: Mapping[str, object]) -> None:
        await self._send("POST", ":batchUpdate", json={"requests": [{request: body}]})

    async def _send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | Sequence[tuple[str, str]] | None = None,
        json: object = None,
        safe: bool = False,
    ) -> Answer:
        try:
            return await self._client.send(method, self._path + path, params=params, json=json, safe=safe)
        except Permanent as error:
            if error.code not in FIXES:
                raise
            raise self.advised(error, FIXES[error.code]) from None

    def advised(self, error: DeliveryError, fix: str) -> Unauthorized:
        """The same, and what to do about it. The words of the fix are ours: they name nobody but the account."""
        name = self._client.name
        address = self._account.address or "the service account's address (`client_email` in its key)"
        found = Unauthorized(f"{error}; {fix.format(address=address, tab=self.tab, name=name)}")
        found.request = error.request
        return found
