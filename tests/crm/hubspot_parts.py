"""A HubSpot writer as the settings file makes it, against the stand-in that checks the vendor's contracts."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from bot.crm.base import Parcel
from bot.crm.hubspot.fields import UNIQUE
from bot.crm.hubspot.writer import HubSpotWriter
from bot.model import CaseFacts, Fact
from bot.sandbox.crm.hubspot import HubSpot
from tests.crm.writer_parts import parcel, writing
from tests.harness.crm import contract
from tests.harness.crm_trial import Case
from tests.harness.responses import NOON, a_response

CONTRACTS = ("contacts", "notes", "tickets", "properties", "associations-v4", "oauth-v1", "oauth-v3")
CHECK = contract(*(f"hubspot/{name}.openapi.json" for name in CONTRACTS))
CONTACTS, NOTES, TICKETS = (f"/crm/v3/objects/{kind}/batch/upsert" for kind in ("contacts", "notes", "tickets"))
TO_CONTACT = "/contacts/batch/associate/default"
CASE = CaseFacts("open", "detractor", opened=NOON, due=NOON + 3_600_000)
RESOLVED = CaseFacts("resolved", "detractor", NOON, NOON, "Ana", "won_back", "recovered", "late", "", NOON + 9_000)


@asynccontextmanager
async def hubspot(
    folder: Path, changes: Mapping[str, str] | None = None, *, prepared: bool = True
) -> AsyncIterator[tuple[HubSpot, HubSpotWriter]]:
    """By the stand-in's own settings with these lines changed; see `writing`."""
    crm = HubSpot(CHECK, prepared=prepared)
    async with writing(crm, folder, changes) as writer:
        assert isinstance(writer, HubSpotWriter)
        yield crm, writer


def of(person: str, chat: str = "", score: int = 3, scored: int = NOON) -> Parcel:
    """The response of somebody with this address, which is proven."""
    contact = {"email": Fact(person, proven=True)}
    return parcel(a_response(chat or f"c-{person}", score=score, contact=contact, scored=scored))


def shown(crm: HubSpot, kind: str) -> list[dict[str, str]]:
    """The properties of all records, in the order in which they were made."""
    return [record.properties for record in crm.portal.records[kind].values()]


def notes(crm: HubSpot) -> Callable[[str], int]:
    """How many of a chat there are."""
    found = Counter(note.get(UNIQUE) for note in shown(crm, "notes"))
    return lambda chat: found[chat]


TRIAL = Case(lambda: HubSpot(CHECK), notes)
