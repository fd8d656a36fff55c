"""Adobe Campaign Standard: score and segment on the profile, and a transactional event while the person is still there.

- The profile is found by e-mail (`byText` is a search, so what it finds is compared here; of several the oldest is
  meant), or by a custom key in the address. It is changed by PATCH, which is harmless to repeat. Automatic keys
  (PKey) are looked up each time and never kept, as the vendor asks.
- A new profile is made with the resource's own attributes; custom ones (`cus...`) follow by PATCH. Where the answer to
  that got lost, the next attempt finds the profile.
- **Events take no key and cannot be asked for.** The first of `events` whose `when` holds is sent, once a chat and
  event. One that may have been sent already (a lost answer, a killed process) is not sent again: it is in doubt.
- The order is profile, then event: the campaign that the event sets off reads what was just written.

Sources: github.com/AdobeDocs/campaign-standard.en, help/api/using: retrieving-profiles, creating-profiles-api,
updating-profiles, custom-resources, must-read, managing-transactional-messages, troubleshooting, setting-up-api-access.
"""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from bot.crm.adobe.api import SCOPE, TOKEN_URL, Campaign, Profile
from bot.crm.base import Event, FieldFacts, Parcel, Receipt, SetupStep, Stored
from bot.crm.config import WriterConfig
from bot.crm.http.client import one_by_one
from bot.crm.http.kept import Kept, differing, of_the_newest
from bot.crm.mapping.mapped import Mapped, plain
from bot.crm.spec import Fault, Key, Login, Section, Spec
from bot.errors import DeliveryError, Permanent, Retryable
from bot.model import Response

SPEC = Spec(
    kind="adobe",
    title="Adobe Campaign Standard",
    base_url="https://mc.adobe.io",
    logins=(
        Login(
            "OAuth server-to-server",
            (
                Key("client_id", required=True, example="${ADOBE_CLIENT_ID}"),
                Key("client_secret", "secret", required=True, example="${ADOBE_CLIENT_SECRET}"),
                Key("scope", default=SCOPE),
                Key("token_url", "url", default=TOKEN_URL),
            ),
        ),
    ),
    keys=(
        Key("organization", required=True, example="geometrixx"),
        Key("events_api", example="mcgeometrixx"),
    ),
    targets=("profile",),
    matches=("profile",),
    sections=(
        Section(
            "events",
            (
                Key("event", required=True, example="EVTnpsDetractor"),
                Key("expires_after", "integer", default=0, high=8_760),
            ),
            several=True,
            on=("scored",),
        ),
    ),
)

EMAIL = "email"
CUSTOM = "cus"
_ORGANIZATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,79}")


class AdobeWriter:
    """See `bot.crm.base.Writer`; also Describing, Preparing and Reconciling."""

    batch = 1
    """A killed process leaves as few events in doubt as can be."""
    parallel = 4

    def __init__(self, config: WriterConfig, campaign: Campaign) -> None:
        self.name, self.samples = config.name, config.samples
        self._mapping: Mapped = config.mapping
        self.transcript = config.mapping.transcript
        self._campaign, self._link = campaign, config.link
        self._making = asyncio.Lock()
        """Two chats of one new person make one profile."""

    def wants(self, response: Response) -> Sequence[Event]:
        return self._mapping.wants(response)

    async def write(self, parcels: Sequence[Parcel]) -> Sequence[Receipt]:
        return await one_by_one(parcels, self._write, self.parallel)

    async def check(self) -> str:
        try:
            await self._campaign.reach()
        except DeliveryError as error:
            return str(error)
        return ""

    async def close(self) -> None:
        await self._campaign.close()

    async def describe(self) -> Mapping[str, Mapping[str, FieldFacts]]:
        """Of the profile. What an event takes is known to its definition alone."""
        events = self._mapping.sections.get("events", ())
        open_ended = dict.fromkeys((one.name for section in events for one in section.fields), FieldFacts("other"))
        return {"profile": await self._campaign.attributes(), "events": open_ended}

    def advice(self, target: str, field: str) -> str:
        where = "Administration > Development > Custom resources > Profile > Data structure"
        name = field.removeprefix(CUSTOM)
        return f"{where}: add {name} (the API calls it {field}), then Publishing: prepare and publish, API included"

    async def setup(self, make: bool) -> Sequence[SetupStep]:
        """Only tells: there is no API that extends a resource."""
        there = await self._campaign.attributes()
        names = [one.name for one in self._mapping.fields.get("profile", ())]
        return [
            SetupStep(f"attribute {name} of the profile", "there")
            if name in there
            else SetupStep(f"attribute {name} of the profile", "todo", self.advice("profile", name))
            for name in names
        ]

    async def stored(self, parcels: Sequence[Parcel]) -> Sequence[Stored]:
        return of_the_newest(parcels, [await self._stored(parcel.response) for parcel in parcels])

    async def _write(self, parcel: Parcel) -> Receipt:
        response, mapping = parcel.response, self._mapping
        person = mapping.person(response)
        if not person:
            return Receipt(skipped="nothing is known by which the profile could be found")
        notes = dict(parcel.notes)
        try:
            profile = await self._campaign.find(person)
            if profile is None:
                if mapping.unknown == "skip":
                    return Receipt(skipped="no profile has this e-mail address or key")
                if mapping.unknown == "park":
                    raise Permanent("no profile has this e-mail address or key", "unknown_person")
            profile = await self._put(profile, person, parcel, notes)
            doubts = await self._event(parcel, profile.email or person.get(EMAIL, ""), notes)
        except DeliveryError as error:
            return Receipt(notes=notes, error=error)
        return Receipt(notes=notes, doubts=doubts)

    async def _put(
        self, profile: Profile | None, person: Mapping[str, str], parcel: Parcel, notes: dict[str, str]
    ) -> Profile:
        """The profile, made or changed; what was written is noted, also where it is not known whether it was."""
        kept = Kept(notes, on=self._mapping.changed == "keep")
        wanted = values = self._values(parcel.response)
        if profile is None:
            async with self._making:
                profile = await self._campaign.find(person)
                if profile is None:
                    own = {name: value for name, value in values.items() if not name.startswith(CUSTOM)}
                    profile = await self._campaign.create({**own, **person})
                    wanted = {name: value for name, value in values.items() if name not in own}
        elif kept.on and values:
            wanted = values = kept.untouched(values, await self._campaign.read(profile), parcel.doubt)
        if wanted:
            kept.trying(wanted)
            await self._campaign.change(profile, wanted)
        kept.wrote(values)
        return profile

    async def _event(self, parcel: Parcel, email: str, notes: dict[str, str]) -> tuple[str, ...]:
        """Send the event that this response calls for, once; what is in doubt, in words."""
        response = parcel.response
        section = self._mapping.section("events", response, self._link(response.chat))
        if section is None:
            return ()
        event = str(section.options["event"])
        if event in notes:
            return ()
        if not email:
            notes[event] = "no address"
            return ()
        doubt = (f"event {event}",)
        if parcel.doubt:
            notes[event] = "in doubt"
            return doubt
        body: dict[str, object] = {EMAIL: email, "ctx": {name: plain(value) for name, value in section.fields.items()}}
        if hours := int(section.options.get("expires_after", 0)):
            at = datetime.fromtimestamp(max(response.updated, response.scored) / 1000, UTC) + timedelta(hours=hours)
            body["expiration"] = at.isoformat(" ", "milliseconds").replace("+00:00", "Z")
        try:
            await self._campaign.send(event, body)
        except Retryable as error:
            if not error.doubt:
                raise
            notes[event] = "in doubt"
            return doubt
        notes[event] = "sent"
        return ()

    async def _stored(self, response: Response) -> tuple[str, Stored]:
        """Whose it is, and what is there of it."""
        person = self._mapping.person(response)
        profile = await self._campaign.find(person) if person else None
        if profile is None:
            return "", Stored(0)
        return profile.key, Stored(1, differing(self._values(response), await self._campaign.read(profile)))

    def _values(self, response: Response) -> dict[str, object]:
        found = self._mapping.values(response, link=self._link(response.chat))
        return {name: plain(value) for name, value in found.items()}


def faults(options: Mapping[str, str | int | bool], _secrets: Mapping[str, tuple[str, ...]]) -> Sequence[Fault]:
    """See `bot.settings_writers`."""
    name = str(options.get("organization", ""))
    if name and not _ORGANIZATION.fullmatch(name):
        hint = "the short name in your Campaign address: organization: geometrixx  (stage: geometrixx-mkt-stage)"
        return [Fault("organization", "it is no name of an organisation", hint)]
    return []


def make(config: WriterConfig, clock: Callable[[], int]) -> AdobeWriter:
    return AdobeWriter(config, Campaign.of(config, clock))
