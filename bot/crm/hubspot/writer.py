"""Responses to HubSpot: the contact, found or made by e-mail, a note on its timeline, a ticket for who is to be won
back. A hundred responses take up to five calls.

- Everything is written by a unique property (the contact's e-mail address, `chatsurvey_id` of notes and tickets), so
  writing it again changes nothing and a lost answer is no doubt.
- Where several responses of a batch are one person's, the newest score wins, field by field.
- Notes and tickets are connected with the contact by the type that HubSpot itself says is the usual one.
- Source: the contracts of contacts, notes, tickets, properties (v3) and associations (v4).
"""

from collections.abc import Callable, Mapping, Sequence

from bot.crm.base import EVENTS, Event, FieldFacts, Parcel, Receipt, SetupStep, Stored
from bot.crm.config import WriterConfig
from bot.crm.http.client import Client, Fixed, Token
from bot.crm.hubspot.batch import MOST, Objects
from bot.crm.hubspot.draft import Draft, draft_of
from bot.crm.hubspot.errors import judge
from bot.crm.hubspot.round import Round
from bot.crm.hubspot.setup import Properties
from bot.crm.hubspot.stored import stored
from bot.crm.spec import Key, Login, Section, Spec
from bot.errors import DeliveryError
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
        self._properties = Properties(client, config.mapping)

    def wants(self, response: Response) -> Sequence[Event]:
        return self._mapping.wants(response)

    async def write(self, parcels: Sequence[Parcel]) -> Sequence[Receipt]:
        drafts = self._drafts(parcels)
        await Round(self._mapping, self._client, drafts).run()
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
        return await stored(self._mapping, Objects(self._client), self._drafts(parcels))

    async def close(self) -> None:
        await self._client.close()

    def _drafts(self, parcels: Sequence[Parcel]) -> Sequence[Draft]:
        return [draft_of(self._mapping, parcel, self._link(parcel.response.chat)) for parcel in parcels]


def _token(config: WriterConfig, clock: Callable[[], int]) -> Token:
    if config.login != "oauth":
        return Fixed({"authorization": f"Bearer {config.secret('token')}"})
    from bot.crm.http.oauth import OAuth, refresh_token  # noqa: PLC0415 - only where a writer logs in this way

    grant = refresh_token(config.secret("refresh_token"), config.text("client_id"), config.secret("client_secret"))
    url = f"{config.connection.base_url}/oauth/{config.text('oauth') or 'v3'}/token"
    return OAuth(config.connection, url, grant, name="HubSpot", clock=clock)


def make(config: WriterConfig, clock: Callable[[], int]) -> HubSpotWriter:
    return HubSpotWriter(
        config, Client(config.connection, name="HubSpot", token=_token(config, clock), judge=judge, clock=clock)
    )
