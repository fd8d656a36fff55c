"""Responses to HubSpot: the contact, found or made by e-mail, a note on its timeline, a ticket for who is to be won
back. A hundred responses take up to five calls.

- Everything is written by a unique property (the contact's e-mail address, `chatsurvey_id` of notes and tickets), so
  writing it again changes nothing and a lost answer is no doubt.
- Where several responses of a batch are one person's, the newest score wins, field by field.
- Notes and tickets are connected with the contact by the type that HubSpot itself says is the usual one.
- Source: the contracts of contacts, notes, tickets, properties (v3) and associations (v4).
"""

from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from bot.crm.base import EVENTS, Event, FieldFacts, Parcel, Receipt, SetupStep, Stored
from bot.crm.client import Client, Fixed, Token
from bot.crm.config import WriterConfig
from bot.crm.hubspot_batch import MOST, Item, Objects, Row, key_of
from bot.crm.hubspot_draft import RECORD, STAGE, Draft, Ticket, draft_of, note_of, ticket_of
from bot.crm.hubspot_errors import Refused, judge
from bot.crm.hubspot_setup import UNIQUE, Properties
from bot.crm.hubspot_stored import stored
from bot.crm.kept import mark
from bot.crm.spec import Key, Login, Section, Spec
from bot.errors import DeliveryError, Permanent
from bot.model import Response

SPEC = Spec(
    kind="hubspot",
    title="HubSpot",
    base_url="https://api.hubapi.com",
    logins=(
        Login("private app", (Key("token", "secret", required=True, example="${HUBSPOT_TOKEN}"),)),
        Login(
            "oauth",
            (
                Key("client_id", required=True, example="${HUBSPOT_CLIENT_ID}"),
                Key("client_secret", "secret", required=True, example="${HUBSPOT_CLIENT_SECRET}"),
                Key("refresh_token", "secret", required=True, example="${HUBSPOT_REFRESH_TOKEN}"),
                Key("oauth", "choice", default="v3", choices=("v3", "v1")),
            ),
        ),
    ),
    targets=("contacts",),
    matches=("contacts",),
    sections=(
        Section("note", on=EVENTS),
        Section(
            "ticket",
            (Key("pipeline", default="0"), Key("stage", default="1"), Key("closed", default="4")),
            on=EVENTS,
        ),
    ),
)


class HubSpotWriter:
    """See `bot.crm.base.Writer`; also Describing, Preparing and Reconciling."""

    batch = MOST
    parallel = 2

    def __init__(self, config: WriterConfig, client: Client) -> None:
        self.name, self.samples = config.name, config.samples
        self.transcript = config.mapping.transcript
        self._mapping, self._link, self._client = config.mapping, config.link, client
        self._objects = Objects(client)
        self._properties = Properties(client, config.mapping)

    def wants(self, response: Response) -> Sequence[Event]:
        return self._mapping.wants(response)

    async def write(self, parcels: Sequence[Parcel]) -> Sequence[Receipt]:
        drafts = [draft_of(self._mapping, parcel, self._link(parcel.response.chat)) for parcel in parcels]
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
        return [draft.receipt() for draft in drafts]

    async def check(self) -> str:
        try:
            await self._properties.reachable()
        except DeliveryError as error:
            return str(error)
        return ""

    async def describe(self) -> Mapping[str, Mapping[str, FieldFacts]]:
        return await self._properties.describe()

    def advice(self, target: str, field: str) -> str:
        return self._properties.advice(target, field)

    async def setup(self, make: bool) -> Sequence[SetupStep]:
        return await self._properties.setup(make)

    async def stored(self, parcels: Sequence[Parcel]) -> Sequence[Stored]:
        drafts = [draft_of(self._mapping, parcel, self._link(parcel.response.chat)) for parcel in parcels]
        return await stored(self._mapping, self._objects, drafts)

    async def close(self) -> None:
        await self._client.close()

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
        results = await self._objects.write("notes", [Item(draft.chat, values, UNIQUE) for draft, values in due])
        for (draft, values), result in zip(due, results, strict=True):
            if isinstance(result, DeliveryError):
                draft.failed(result)
            else:
                draft.notes |= {"note": result.id, "note.sent": mark(values)}

    def _ticket(self, draft: Draft) -> Ticket | None:
        return ticket_of(self._mapping, draft)

    async def _tickets(self, drafts: Sequence[Draft]) -> None:
        rows = await self._recall(drafts)
        due: list[tuple[Draft, Ticket]] = []
        for draft in drafts:
            if draft.goes_on and (found := self._ticket(draft)) is not None:
                stage = (
                    {STAGE: found.values[STAGE]} if STAGE in found.values else {}
                )  # when it is closed is ours to say
                values = draft.sending(found.values, rows.get(draft.chat), "ticket.")
                due.append((draft, replace(found, values=values | stage)))
        items = [Item(draft.chat, ticket.values, UNIQUE) for draft, ticket in due]
        for (draft, ticket), result in zip(due, await self._objects.write("tickets", items), strict=True):
            if isinstance(result, DeliveryError):
                draft.failed(result)
                continue
            draft.sent(ticket.values, "ticket.")
            draft.notes |= {"ticket": result.id, "ticket.sent": ticket.mark, "closed": ticket.closed}

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


def _token(config: WriterConfig, clock: Callable[[], int]) -> Token:
    if config.login != "oauth":
        return Fixed({"authorization": f"Bearer {config.secret('token')}"})
    from bot.crm.oauth import OAuth, refresh_token  # noqa: PLC0415 - only where a writer logs in this way

    grant = refresh_token(config.secret("refresh_token"), config.text("client_id"), config.secret("client_secret"))
    url = f"{config.connection.base_url}/oauth/{config.text('oauth') or 'v3'}/token"
    return OAuth(config.connection, url, grant, name="HubSpot", clock=clock)


def make(config: WriterConfig, clock: Callable[[], int]) -> HubSpotWriter:
    return HubSpotWriter(
        config, Client(config.connection, name="HubSpot", token=_token(config, clock), judge=judge, clock=clock)
    )
