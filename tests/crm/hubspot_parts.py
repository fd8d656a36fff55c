"""A HubSpot writer as the settings file makes it, against the stand-in that checks the vendor's contracts."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from bot.app_writers import configs
from bot.crm.base import Parcel, Receipt
from bot.crm.hubspot import HubSpotWriter, make
from bot.model import CaseFacts, Fact, Response
from bot.sandbox.crm.hubspot import HubSpot
from bot.settings import load
from tests.harness.crm import contract
from tests.harness.responses import NOON, a_response

CONTRACTS = ("contacts", "notes", "tickets", "properties", "associations-v4", "oauth-v1", "oauth-v3")
CHECK = contract(*(f"hubspot/{name}.openapi.json" for name in CONTRACTS))
CONTACTS, NOTES, TICKETS = (f"/crm/v3/objects/{kind}/batch/upsert" for kind in ("contacts", "notes", "tickets"))
TO_CONTACT = "/contacts/batch/associate/default"
CASE = CaseFacts("open", "detractor", opened=NOON, due=NOON + 3_600_000)
RESOLVED = CaseFacts("resolved", "detractor", NOON, NOON, "Ana", "won_back", "recovered", "late", "", NOON + 9_000)


def writer_of(crm: HubSpot, folder: Path, changes: Mapping[str, str]) -> HubSpotWriter:
    """By the stand-in's own settings, with these lines changed."""
    text = crm.settings()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    (folder / "settings.yaml").write_text(text, "utf-8")
    config = next(one for one in configs(load(crm.environment(), folder)) if one.kind == "hubspot")
    return make(config, lambda: NOON)


@asynccontextmanager
async def hubspot(
    folder: Path, changes: Mapping[str, str] | None = None, *, prepared: bool = True
) -> AsyncIterator[tuple[HubSpot, HubSpotWriter]]:
    """Fails where the contract has something against a request."""
    async with HubSpot(CHECK, prepared=prepared) as crm:
        writer = writer_of(crm, folder, changes or {})
        try:
            yield crm, writer
        finally:
            await writer.close()
        assert crm.faults == []


def parcel(response: Response | None = None, notes: Mapping[str, str] | None = None, *, doubt: bool = False) -> Parcel:
    response = response or a_response()
    return Parcel(response, f"resp_{response.chat}_{response.revision}", ("scored",), notes or {}, doubt)


def of(person: str, chat: str = "", score: int = 3, scored: int = NOON) -> Parcel:
    """The response of somebody with this address, which is proven."""
    contact = {"email": Fact(person, proven=True)}
    return parcel(a_response(chat or f"c-{person}", score=score, contact=contact, scored=scored))


async def one(writer: HubSpotWriter, given: Parcel) -> Receipt:
    (receipt,) = await writer.write([given])
    return receipt


def shown(crm: HubSpot, kind: str) -> list[dict[str, str]]:
    """The properties of all records, in the order in which they were made."""
    return [record.properties for record in crm.portal.records[kind].values()]
