"""A Google Sheets writer as the settings file makes it, against the stand-in that checks Google's contract."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bot.crm.base import Receipt
from bot.crm.sheets.writer import SheetsWriter
from bot.model import Response
from bot.sandbox.crm.sheets import Sheets
from bot.sandbox.crm.standin import Exchange
from tests.crm.writer_parts import parcel, write, writing
from tests.harness.crm import contract
from tests.harness.responses import a_response

VALUES = contract("google-sheets/openapi.json")
HEADER = ["Chat", "Date", "Score", "Segment", "Reason", "E-mail", "Phone", "Outcome", "Case", "Link"]


def check(exchange: Exchange) -> Sequence[str]:
    """The contract knows what is done with values; tabs and log-ins are not in it."""
    return VALUES(exchange) if "/values" in exchange.path else ()


@asynccontextmanager
async def sheets(folder: Path, changes: Mapping[str, str] | None = None) -> AsyncIterator[tuple[Sheets, SheetsWriter]]:
    crm = Sheets(check)
    async with writing(crm, folder, changes) as writer:
        assert isinstance(writer, SheetsWriter)
        yield crm, writer


async def one(
    writer: SheetsWriter,
    response: Response | None = None,
    notes: Mapping[str, str] | None = None,
    *,
    doubt: bool = False,
) -> Receipt:
    return await write(writer, parcel(response or a_response(), notes, doubt=doubt))


def chats(crm: Sheets) -> list[object]:
    """The chats' column, from the second row on."""
    return [row["Chat"] for row in crm.records()]
