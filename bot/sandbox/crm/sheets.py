"""A stand-in of Google Sheets: one spreadsheet with its tabs, shared with one service account or not.

It takes what the writer needs of the API: values.get, batchGet, append, update and batchUpdate, the properties of the
tabs, addSheet and appendDimension. An append made twice adds a second row, as in Google. `valueInputOption` has to be
RAW: anything else is a fault, since text would be calculated.
"""

from collections.abc import Callable, Mapping, Sequence

from aiohttp import web

from bot.sandbox.crm.sheets_tab import Area, Refused, Tab, Value
from bot.sandbox.crm.sheets_wire import Batch, Change, Rows, assertion_fault, key_file
from bot.sandbox.crm.standin import EXCHANGE, Check, StandIn, Table, nothing

SPREADSHEET = "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}

SETTINGS = """\
writers:
  sheets:
    login: {key: "${GOOGLE_KEY}", token_url: URL/token}
    base_url: URL
    allow_private: true
    spreadsheet: SPREADSHEET
    sheet: Responses
    fields:
      Chat: chat
      Date: scored_at | datetime
      Score: score
      Segment: segment | labels(en)
      Reason: answers.reason
      E-mail: contact.email
      Phone: contact.phone
      Outcome: outcome
      Case: case.state
      Link: link
"""


class Sheets(StandIn):
    title = "Google Sheets"
    login_path = "/token"
    prefix = "ya29."

    def __init__(self, check: Check = nothing, *, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(check, host=host, port=port)
        self.tabs = [Tab("Responses")]
        self.shared = True
        """Whether the service account may see it."""

    def routes(self) -> Sequence[web.RouteDef]:
        at = "/v4/spreadsheets/{id}"
        return [
            web.get(at + "/values:batchGet", self._batch_get),
            web.post(at + "/values:batchUpdate", self._batch_update),
            web.post(at + "/values/{range:.+}:append", self._append),
            web.get(at + "/values/{range:.+}", self._get),
            web.put(at + "/values/{range:.+}", self._put),
            web.post("/v4/spreadsheets/{id:[^/:]+}:batchUpdate", self._change),
            web.get("/v4/spreadsheets/{id:[^/:]+}", self._properties),
        ]

    def tables(self) -> Sequence[Table]:
        found = []
        for tab in self.tabs:
            head, *rows = [[_shown(value) for value in line] for line in tab.cells] or [[]]
            found.append(Table(tab.title, tuple(head), rows))
        return found

    def settings(self) -> str:
        return SETTINGS.replace("URL", self.url).replace("SPREADSHEET", SPREADSHEET)

    def environment(self) -> Mapping[str, str]:
        return {"GOOGLE_KEY": key_file()}

    def tab(self, title: str = "Responses") -> Tab:
        return next(tab for tab in self.tabs if tab.title == title)

    def records(self) -> Sequence[Mapping[str, Value]]:
        """The rows of the first tab by the names in its header."""
        head, *rows = self.tabs[0].cells or [[]]
        return [{str(name): tab_value(row, at) for at, name in enumerate(head) if name != ""} for row in rows]

    def login_fault(self, form: Mapping[str, str]) -> str:
        if form.get("grant_type") != GRANT:
            return "unsupported_grant_type"
        return assertion_fault(form.get("assertion", ""))

    def refusal(self, code: int, words: str) -> web.Response:
        status = "RESOURCE_EXHAUSTED" if code == 429 else STATUS.get(code, "UNAVAILABLE")
        return web.json_response({"error": {"code": code, "message": words, "status": status}}, status=code)

    async def _batch_get(self, request: web.Request) -> web.Response:
        exchange = request[EXCHANGE]
        ranges = [value for name, value in exchange.pairs if name == "ranges"]
        return self._answered(request, lambda: {"valueRanges": [self._values(one) for one in ranges]})

    async def _get(self, request: web.Request) -> web.Response:
        return self._answered(request, lambda: self._values(request.match_info["range"]))

    async def _put(self, request: web.Request) -> web.Response:
        rows = request[EXCHANGE].read(Rows)
        return self._answered(request, lambda: self._write(Rows(rows.values, request.match_info["range"])))

    async def _batch_update(self, request: web.Request) -> web.Response:
        batch = request[EXCHANGE].read(Batch)

        def change() -> dict[str, object]:
            self._raw(batch.valueInputOption)
            return {"responses": [self._write(one) for one in batch.data]}

        return self._answered(request, change)

    async def _append(self, request: web.Request) -> web.Response:
        rows = request[EXCHANGE].read(Rows)

        def change() -> dict[str, object]:
            self._raw(request.query.get("valueInputOption", ""))
            tab, where = self._split(request.match_info["range"])
            table, area = tab.append(where, rows.values)
            found: dict[str, object] = {"tableRange": tab.written(table)} if table else {}
            return {**found, "spreadsheetId": SPREADSHEET, "updates": _updates(tab, area)}

        return self._answered(request, change)

    async def _properties(self, request: web.Request) -> web.Response:
        sheets = [
            {"properties": {"sheetId": tab.id, "title": tab.title, "gridProperties": _grid(tab)}} for tab in self.tabs
        ]
        return self._answered(request, lambda: {"sheets": sheets})

    async def _change(self, request: web.Request) -> web.Response:
        changes = request[EXCHANGE].read(Change)

        def change() -> dict[str, object]:
            for one in changes.requests:
                if one.addSheet is not None:
                    title = one.addSheet.properties.title
                    if any(tab.title == title for tab in self.tabs):
                        raise Refused(f'Invalid requests[0].addSheet: A sheet with the name "{title}" already exists.')
                    self.tabs.append(Tab(title, max(tab.id for tab in self.tabs) + 1 if self.tabs else 0))
                elif one.appendDimension is not None and one.appendDimension.dimension == "COLUMNS":
                    tab = next(tab for tab in self.tabs if tab.id == one.appendDimension.sheetId)
                    tab.width += one.appendDimension.length
                else:
                    raise Refused("Invalid requests[0]: no request set")
            return {"spreadsheetId": SPREADSHEET, "replies": [{} for _ in changes.requests]}

        return self._answered(request, change)

    def _answered(self, request: web.Request, make: Callable[[], Mapping[str, object]]) -> web.Response:
        if request.match_info["id"] != SPREADSHEET:
            return self.refusal(404, "Requested entity was not found.")
        if not self.shared:
            return self.refusal(403, "The caller does not have permission")
        before = [tab.copy() for tab in self.tabs]
        try:
            return web.json_response(make())
        except Refused as error:
            self.tabs = before
            return self.refusal(400, str(error))

    def _raw(self, option: str) -> None:
        if option != "RAW":
            raise Refused(f"'valueInputOption' is required but not specified, or calculates text: {option}")

    def _split(self, text: str) -> tuple[Tab, str]:
        title, sign, where = text.rpartition("!")
        plain = title[1:-1].replace("''", "'") if title.startswith("'") and title.endswith("'") else title
        tab = next((tab for tab in self.tabs if tab.title == plain), None)
        if tab is None or not sign:
            raise Refused(f"Unable to parse range: {text}")
        return tab, where

    def _values(self, text: str) -> dict[str, object]:
        tab, where = self._split(text)
        area = tab.area(where)
        return {"range": tab.written(area), "majorDimension": "ROWS", "values": tab.read(area)}

    def _write(self, rows: Rows) -> dict[str, object]:
        tab, where = self._split(rows.range)
        return _updates(tab, tab.write(where, rows.values))


def tab_value(row: Sequence[Value], at: int) -> Value:
    return row[at] if at < len(row) else ""


def _shown(value: Value) -> str:
    return str(value).upper() if isinstance(value, bool) else str(value)


def _grid(tab: Tab) -> dict[str, int]:
    return {"rowCount": tab.height, "columnCount": tab.width}


def _updates(tab: Tab, area: Area) -> dict[str, object]:
    high, wide = area.bottom - area.top + 1, area.right - area.left + 1
    return {
        "spreadsheetId": SPREADSHEET,
        "updatedRange": tab.written(area),
        "updatedRows": high,
        "updatedColumns": wide,
        "updatedCells": high * wide,
    }
