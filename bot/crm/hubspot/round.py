"""One batch on its way: contacts, then notes and tickets, then how they are connected.

Each step is one call for all of the batch. What is wrong with one record stops that record, what is wrong with the
service stops the rest; what came through is noted, so that the next attempt goes on from there.
"""

import asyncio
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from bot.crm.http.client import Client
from bot.crm.http.kept import mark
from bot.crm.hubspot.batch import Item, Objects, Row, key_of
from bot.crm.hubspot.draft import RECORD, STAGE, Draft, Ticket, note_of, ticket_of
from bot.crm.hubspot.errors import GONE, Refused
from bot.crm.hubspot.fields import UNIQUE
from bot.crm.mapping.mapped import Mapped
from bot.errors import DeliveryError, Permanent

BUDGET, END = 14.0, 21.0
"""Seconds after which no other call is begun, and after which one is cut off: whoever calls a writer gives it 23, and
what it has done by then should be known."""


class Round:
    """One call of the writer; what becomes of each parcel stands in its draft."""

    def __init__(self, mapping: Mapped, client: Client, drafts: Sequence[Draft]) -> None:
        now = asyncio.get_running_loop().time()
        self._objects = Objects(client, (now + BUDGET, now + END))
        self._mapping, self._drafts = mapping, drafts

    async def run(self) -> None:
        drafts = self._drafts
        for by in dict.fromkeys(draft.by for draft in drafts if draft.by):
            await self._people(by, [draft for draft in drafts if draft.by == by])
        for draft in drafts:
            if not draft.by and (self._mapping.unknown != "create" or self._ticket(draft) is None):
                draft.skipped = "the person left nothing to find them by"
        ready = [draft for draft in drafts if draft.goes_on and draft.error is None]
        await self._notes(ready)
        await self._tickets([draft for draft in ready if draft.goes_on])
        for kind in ("note", "ticket"):
            await self._connect(kind, [draft for draft in ready if draft.goes_on])

    async def _people(self, by: str, drafts: Sequence[Draft]) -> None:
        """Contacts of these, all found by the same property."""
        rows: Mapping[str, Row | Refused] = {}
        keep, asked = self._mapping.changed == "keep", self._mapping.unknown != "create" or by == RECORD
        if keep or asked:
            names = sorted({name for draft in drafts for name in draft.values})
            try:
                rows = await self._objects.read(
                    "contacts", "" if by == RECORD else by, [draft.person for draft in drafts], names
                )
            except DeliveryError as error:
                for draft in drafts:
                    draft.failed(error)
                return
        groups: dict[str, list[Draft]] = {}
        for draft in sorted(drafts, key=lambda draft: draft.parcel.response.scored):
            row = rows.get(key_of(by, draft.person))
            if isinstance(row, Refused):
                draft.failed(row)
                continue
            if row is None and asked:
                self._unknown(draft)
                continue
            draft.values = draft.sending(draft.values, row)
            groups.setdefault(key_of(by, draft.person), []).append(draft)
        await self._contacts(by, list(groups.values()))

    def _unknown(self, draft: Draft) -> None:
        if self._mapping.unknown == "park":
            draft.failed(Permanent(f"no contact in HubSpot has this {draft.by}", "unknown_person"))
        else:
            draft.skipped = f"no contact in HubSpot has this {draft.by}"

    async def _contacts(self, by: str, groups: Sequence[Sequence[Draft]]) -> None:
        """One contact a group. Where what is written of one person is refused, each of their responses is tried."""

        def item(group: Sequence[Draft]) -> Item:
            values = {name: value for draft in group for name, value in draft.values.items()}
            return Item(group[-1].person, values, "" if by == RECORD else by)

        apart: list[Sequence[Draft]] = []
        results = await self._objects.write("contacts", [item(group) for group in groups]) if groups else ()
        for group, result in zip(groups, results, strict=True):
            if isinstance(result, Permanent) and len(group) > 1:
                apart += [[draft] for draft in group]
                continue
            for draft in group:
                if isinstance(result, DeliveryError):
                    draft.failed(result)
                    continue
                draft.contact = draft.notes["contact"] = result.id
                draft.sent(draft.values)
        for one in apart:  # one after the other, since they are the same person's
            await self._contacts(by, [one])

    async def _notes(self, drafts: Sequence[Draft]) -> None:
        found = [(draft, note_of(self._mapping, draft)) for draft in drafts]
        due = [(draft, values) for draft, values in found if values is not None]
        for (draft, values), done in zip(due, await self._put("note", due), strict=True):
            if done:
                draft.notes["note.sent"] = mark(values)

    async def _put(self, kind: str, due: Sequence[tuple[Draft, Mapping[str, str]]]) -> list[bool]:
        """Which of these notes or tickets are written: a known one by HubSpot's id, so that what a person deleted there
        stays deleted, a new one by the unique property. What went wrong stands in its draft."""
        done = [False] * len(due)
        there = [kind in draft.notes for draft, _ in due]
        for known in (False, True):
            mine = [at for at in range(len(due)) if there[at] is known]
            items = [
                Item(due[at][0].notes[kind], due[at][1]) if known else Item(due[at][0].chat, due[at][1], UNIQUE)
                for at in mine
            ]
            for at, result in zip(mine, await self._objects.write(f"{kind}s", items), strict=True):
                draft = due[at][0]
                if isinstance(result, Row):
                    draft.notes[kind] = result.id
                elif not (known and isinstance(result, Refused) and result.code == GONE):
                    draft.failed(result)
                    continue
                done[at] = True
        return done

    def _ticket(self, draft: Draft) -> Ticket | None:
        return ticket_of(self._mapping, draft)

    async def _tickets(self, drafts: Sequence[Draft]) -> None:
        rows = await self._recall(drafts)
        due: list[tuple[Draft, Ticket]] = []
        for draft in drafts:
            if draft.goes_on and (found := self._ticket(draft)) is not None:
                values = draft.sending(found.values, rows.get(draft.chat), "ticket.")
                if STAGE in found.values:  # when it is closed is ours to say
                    values[STAGE] = found.values[STAGE]
                due.append((draft, replace(found, values=values)))
        puts = [(draft, ticket.values) for draft, ticket in due]
        for (draft, ticket), done in zip(due, await self._put("ticket", puts), strict=True):
            if done:
                draft.sent(ticket.values, "ticket.")
                draft.notes |= {"ticket.sent": ticket.mark, "closed": ticket.closed}

    async def _recall(self, drafts: Sequence[Draft]) -> Mapping[str, Row]:
        """Tickets as people may have left them: those of attempts whose answer was lost, and those to keep."""
        keep = self._mapping.changed == "keep"
        asked = [d for d in drafts if (keep if "ticket" in d.notes else d.parcel.doubt) and self._ticket(d) is not None]
        if not asked:
            return {}
        tickets = [ticket for draft in asked if (ticket := self._ticket(draft)) is not None]
        names = sorted({name for ticket in tickets for name in ticket.values})
        try:
            found = await self._objects.read("tickets", UNIQUE, [draft.chat for draft in asked], names)
        except DeliveryError as error:
            for draft in asked:
                draft.failed(error)
            return {}
        rows = {chat: row for chat, row in found.items() if isinstance(row, Row)}
        for draft in asked:
            if draft.chat in rows:
                draft.notes["ticket"] = rows[draft.chat].id
        return rows

    async def _connect(self, kind: str, drafts: Sequence[Draft]) -> None:
        to = f"{kind}.to"
        due = [d for d in drafts if kind in d.notes and d.contact and d.notes.get(to) != d.contact]
        pairs = [(draft.notes[kind], draft.contact) for draft in due]
        for draft, error in zip(due, await self._objects.associate(f"{kind}s", "contacts", pairs), strict=True):
            if error is None:
                draft.notes[to] = draft.contact
            else:
                draft.failed(error)
