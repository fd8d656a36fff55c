"""What HubSpot has of responses, beside what would be written now (`chatsurvey doctor crm --reconcile`). Reads only.

A response is there where its contact, its note and its ticket are, as far as the mapping wants them. It cannot be there
twice, since notes and tickets have a unique property. The contact's properties are compared for the newest response of
each person, since the others were written over.
"""

from collections.abc import Mapping, Sequence

from bot.crm.base import Stored
from bot.crm.http.kept import differing
from bot.crm.hubspot.batch import Objects, Row, key_of
from bot.crm.hubspot.draft import PIPELINE, RECORD, STAGE, Draft, texts
from bot.crm.hubspot.fields import UNIQUE
from bot.crm.mapping.mapped import Mapped


async def stored(mapping: Mapped, objects: Objects, drafts: Sequence[Draft]) -> Sequence[Stored]:
    """One a draft, in order. Raises DeliveryError."""
    contacts = await _contacts(objects, drafts)
    own: dict[str, Mapping[str, Row]] = {}
    for name in ("note", "ticket"):
        if name in mapping.sections:
            wanted = [draft.chat for draft in drafts if mapping.section(name, draft.parcel.response) is not None]
            fields = sorted({one.name for section in mapping.sections[name] for one in section.fields})
            rows = await objects.read(f"{name}s", UNIQUE, wanted, fields) if wanted else {}
            own[name] = {chat: row for chat, row in rows.items() if isinstance(row, Row)}
    newest = {
        (draft.by, key_of(draft.by, draft.person)): draft
        for draft in sorted(drafts, key=lambda one: one.parcel.response.scored)
    }
    return [
        _one(mapping, draft, contacts, own, newest[(draft.by, key_of(draft.by, draft.person))] is draft)
        for draft in drafts
    ]


async def _contacts(objects: Objects, drafts: Sequence[Draft]) -> Mapping[tuple[str, str], Row]:
    found: dict[tuple[str, str], Row] = {}
    for by in dict.fromkeys(draft.by for draft in drafts if draft.by):
        mine = [draft for draft in drafts if draft.by == by]
        names = sorted({name for draft in mine for name in draft.values})
        rows = await objects.read("contacts", "" if by == RECORD else by, [draft.person for draft in mine], names)
        found |= {(by, name): row for name, row in rows.items() if isinstance(row, Row)}
    return found


def _one(
    mapping: Mapped,
    draft: Draft,
    contacts: Mapping[tuple[str, str], Row],
    own: Mapping[str, Mapping[str, Row]],
    newest: bool,
) -> Stored:
    response = draft.parcel.response
    contact = contacts.get((draft.by, key_of(draft.by, draft.person)))
    if contact is None and (mapping.unknown == "skip" or not (draft.by or mapping.unknown == "create")):
        return Stored(1)  # nobody there to write of
    drifted: list[str] = []
    if contact is not None and newest:
        values = draft.ours(draft.values, contact)
        drifted += (f"contacts.{name}" for name in differing(values, contact.properties))
    ticket = own.get("ticket", {}).get(draft.chat)
    section = mapping.section("ticket", response, draft.link)
    if ticket is not None and section is not None:
        wanted = {name: value for name, value in texts(section.fields).items() if name not in (STAGE, PIPELINE)}
        drifted += (f"ticket.{name}" for name in differing(draft.ours(wanted, ticket, "ticket."), ticket.properties))
    needed = [own["ticket"].get(draft.chat)] if section is not None else []
    if draft.by:
        needed += [contact, *([own["note"].get(draft.chat)] if mapping.section("note", response) is not None else [])]
    return Stored(0 if None in needed else 1, tuple(drifted))
