"""Google Sheets: one row a response, appended when the score is given and updated as the chat goes on.

- The row is found by the chat's id, which stands in the column mapped from `chat` (`Chat` where none is). Its number is
  noted, and looked at again before each use, since people sort and delete rows. Google takes no key: an append whose
  answer was lost, or that a killed process left behind, is looked for in that column before it is made again.
- Row 1 is the header. It is made on first use and read each time: columns are found by name, so they may be moved, and
  others may stand between them. A column that is missing is added at the right. Where the chats' own column is gone
  from above rows that are there, nothing is written until it is back: every response would get a second row.
- A response whose row was deleted gets a new one (`unknown: create`), or is left out (`skip`, `park`).
- Values are RAW: text stays text. 60 writes a minute are allowed, so what waits together goes in one request.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from bot.crm.base import Event, FieldFacts, Parcel, Receipt, SetupStep, Stored
from bot.crm.config import WriterConfig
from bot.crm.files.columns import TARGET, Columns
from bot.crm.http.client import Client
from bot.crm.http.kept import Kept, differing
from bot.crm.http.oauth import OAuth
from bot.crm.mapping.mapped import Plain
from bot.crm.sheets.api import Sheet, judge
from bot.crm.sheets.grid import LONGEST
from bot.crm.sheets.key import TOKEN_URL, ServiceAccount
from bot.crm.sheets.table import Found, Table
from bot.crm.spec import Key, Login, Spec
from bot.errors import DeliveryError, Permanent
from bot.model import Response

TOKEN = Key("token_url", "url", default=TOKEN_URL)
SPEC = Spec(
    "sheets",
    "Google Sheets",
    base_url="https://sheets.googleapis.com",
    logins=(
        Login("key file", (Key("key_file", "file", required=True, example="google-key.json"), TOKEN)),
        Login("key in the environment", (Key("key", "secret", required=True, example="${GOOGLE_KEY}"), TOKEN)),
    ),
    keys=(
        Key("spreadsheet", required=True, example="https://docs.google.com/spreadsheets/d/1BxiMVs0XRA5/edit"),
        Key("sheet", default="Responses"),
    ),
    targets=(TARGET,),
)
ROW = "row"


class SheetsWriter:
    """See `bot.crm.base.Writer`; Describing, Preparing and Reconciling too."""

    batch = 200
    parallel = 1
    """Two at once could both find that a row is not there yet."""

    def __init__(self, config: WriterConfig, sheet: Sheet) -> None:
        self.name, self.samples = config.name, config.samples
        self._mapping, self.transcript = config.mapping, config.mapping.transcript
        if self.transcript:  # Google recommends 2 MB a request at most
            self.batch = 20
        self._columns, self._sheet = Columns(config.mapping, config.link), sheet
        self._table = Table(sheet, self._columns.source("chat") or "Chat", self._columns.names)

    def wants(self, response: Response) -> Sequence[Event]:
        return self._mapping.wants(response)

    async def write(self, parcels: Sequence[Parcel]) -> Sequence[Receipt]:
        receipts: dict[str, Receipt] = {}
        noted = {p.response.chat: int(p.notes[ROW]) for p in parcels if p.notes.get(ROW, "").isdigit()}
        try:
            found = await self._table.find(noted, [p.response.chat for p in parcels if p.doubt])
            known = [p for p in parcels if p.response.chat in found.rows]
            await self._each(known, partial(self._update, found=found), receipts)
            for error in (receipt.error for receipt in receipts.values()):
                if error is not None and not isinstance(error, Permanent):
                    raise error  # the others would meet the same
            new = [p for p in parcels if p.response.chat not in found.rows]
            if self._mapping.unknown != "create":
                receipts |= {p.response.chat: self._left_out() for p in new if p.response.chat in noted}
            new = [p for p in new if p.response.chat not in receipts]
            await self._each(new, partial(self._append, found=found), receipts)
        except DeliveryError as error:
            return [receipts.get(p.response.chat) or Receipt(error=error) for p in parcels]
        return [receipts[p.response.chat] for p in parcels]

    async def check(self) -> str:
        try:
            await self._table.header()
        except DeliveryError as error:
            return str(error)
        return ""

    async def describe(self) -> Mapping[str, Mapping[str, FieldFacts]]:
        """The columns that there are; in an empty sheet those that the first response will make."""
        if await self._sheet.properties() is None:
            return {}
        names = await self._table.header() or self._table.names
        return {TARGET: dict.fromkeys(names, FieldFacts("other", LONGEST))}

    def advice(self, target: str, field: str) -> str:
        setup = f"chatsurvey crm setup {self.name}"
        if not field:
            return f'make the sheet "{self._sheet.tab}" (+ at the bottom left), or:  {setup}'
        return f'write "{field}" into the first free cell of row 1, or:  {setup}  (the first response makes it too)'

    async def setup(self, make: bool) -> Sequence[SetupStep]:
        tab = f'sheet "{self._sheet.tab}"'
        there = await self._sheet.properties() is not None
        if not there and make:
            await self._sheet.make()
        steps = [SetupStep(tab, "there" if there else "made" if make else "todo", "" if there else self._how(""))]
        known = await self._table.header() if there or make else {}
        if make:
            await self._table.find({})
        for name in self._table.names:
            state = SetupStep(f"column {name}", "made" if make else "todo", self._how(name))
            steps.append(SetupStep(state.what, "there") if name in known else state)
        return steps

    async def stored(self, parcels: Sequence[Parcel]) -> Sequence[Stored]:
        columns = await self._table.header()
        if self._table.key not in columns:
            return [Stored(0)] * len(parcels)
        rows = await self._table.everybody(columns)
        mine = [rows.get(p.response.chat, ()) for p in parcels]
        there = await self._table.rows([found[0] for found in mine if found], columns)
        return [
            Stored(len(found), differing(self._values(p), there.get(found[0], {})) if found else ())
            for p, found in zip(parcels, mine, strict=True)
        ]

    async def close(self) -> None:
        await self._sheet.close()

    def _values(self, parcel: Parcel) -> dict[str, Plain]:
        return {**self._columns.of(parcel.response), self._table.key: parcel.response.chat}

    def _how(self, name: str) -> str:
        return self.advice(TARGET, name)

    def _left_out(self) -> Receipt:
        if self._mapping.unknown == "park":
            return Receipt(error=Permanent("its row was deleted", "unknown_person"))
        return Receipt(skipped="its row was deleted")

    async def _each(
        self,
        parcels: Sequence[Parcel],
        write: Callable[[Sequence[Parcel]], Awaitable[Mapping[str, Receipt]]],
        receipts: dict[str, Receipt],
    ) -> None:
        """Write these with one request. Where it is refused, each alone, so that one of them spoils no other."""
        if not parcels:
            return
        try:
            receipts |= await write(parcels)
        except Permanent as error:
            if len(parcels) == 1:
                receipts[parcels[0].response.chat] = Receipt(error=error)
                return
            for parcel in parcels:
                await self._each([parcel], write, receipts)

    async def _update(self, parcels: Sequence[Parcel], found: Found) -> Mapping[str, Receipt]:
        keep = self._mapping.changed == "keep"
        there = await self._table.rows([found.rows[p.response.chat] for p in parcels], found.columns) if keep else {}
        changes: dict[int, Mapping[str, Plain]] = {}
        notes = {p.response.chat: dict(p.notes) for p in parcels}
        for parcel in parcels:
            chat, values = parcel.response.chat, self._values(parcel)
            row, kept = found.rows[chat], Kept(notes[chat], on=keep)
            ours = kept.untouched(values, there.get(row, {}), parcel.doubt) if keep else values
            changes[row] = {name: value for name, value in values.items() if name in ours}
            notes[chat][ROW] = str(row)
            kept.trying(changes[row])
        try:
            await self._table.put(changes, found.columns)
        except Permanent:
            raise
        except DeliveryError as error:
            return {chat: Receipt(notes=noted, error=error) for chat, noted in notes.items()}
        for chat, noted in notes.items():
            Kept(noted, on=keep).wrote(changes[found.rows[chat]])
        return {chat: self._written(found.rows[chat], noted) for chat, noted in notes.items()}

    async def _append(self, parcels: Sequence[Parcel], found: Found) -> Mapping[str, Receipt]:
        lines = [self._values(parcel) for parcel in parcels]
        first = await self._table.append(lines, found.columns)
        receipts: dict[str, Receipt] = {}
        for at, (parcel, values) in enumerate(zip(parcels, lines, strict=True)):
            notes = {ROW: str(first + at if first else 0)}
            Kept(notes, on=self._mapping.changed == "keep").wrote(values)
            receipts[parcel.response.chat] = self._written(first + at if first else 0, notes)
        return receipts

    def _written(self, row: int, notes: Mapping[str, str]) -> Receipt:
        return Receipt(f"{self._sheet.tab}!{row}" if row else "", notes)


def spreadsheet_of(text: str) -> str:
    """Its id, out of its address too."""
    found = re.search(r"/spreadsheets/(?:u/\d+/)?d/([A-Za-z0-9_-]+)", text)
    return found[1] if found else text.strip()


def make(config: WriterConfig, clock: Callable[[], int]) -> SheetsWriter:
    key = config.secret("key")
    read: Callable[[], bytes] = key.encode if key else Path(config.text("key_file")).read_bytes
    account = ServiceAccount(read)
    url = config.text("token_url") or TOKEN_URL
    token = OAuth(config.connection, url, account.grant(), name=SPEC.title, clock=clock)
    client = Client(config.connection, name=config.name, clock=clock, token=token, judge=judge)
    tab = config.text("sheet") or "Responses"
    return SheetsWriter(config, Sheet(client, spreadsheet_of(config.text("spreadsheet")), tab, account))
