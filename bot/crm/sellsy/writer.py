"""Sellsy (API v2): contact or individual with custom fields, the transcript as a comment, a task for the callback.

- Nothing there takes a key of ours. So a person is looked for (exact search) before one is made, and whom we found is
  noted by id; writing fields twice is harmless; comments and tasks are found again by their last line.
- Fields are standard ones by their API name, `smart_tags` (contacts only), or custom ones by code; their ids and
  choices are looked up and kept for a while.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, cast

from bot.crm.base import Event, FieldFacts, Parcel, Receipt, SetupStep, Stored
from bot.crm.config import WriterConfig
from bot.crm.http.client import one_by_one
from bot.crm.http.kept import Kept, differing, mark, of_the_newest
from bot.crm.mapping.mapped import Mapped
from bot.crm.sellsy.api import FILTERS, TOKEN_URL, Kind, Ref, Sellsy
from bot.crm.sellsy.catalog import Catalog, how_to_make
from bot.crm.sellsy.notes import COMMENT, FIELDS, TASK, UNKNOWN, Leaving
from bot.crm.spec import Key, Login, Section, Spec
from bot.errors import DeliveryError, Permanent
from bot.model import Response

SPEC = Spec(
    kind="sellsy",
    title="Sellsy",
    base_url="https://api.sellsy.com/v2",
    logins=(
        Login(
            "private API client",
            (
                Key("client_id", required=True, example="${SELLSY_CLIENT_ID}"),
                Key("client_secret", "secret", required=True, example="${SELLSY_CLIENT_SECRET}"),
                Key("token_url", "url", default=TOKEN_URL),
            ),
        ),
    ),
    keys=(Key("individual_type", "choice", default="prospect", choices=("prospect", "client", "supplier")),),
    targets=("contact", "individual"),
    matches=("contact", "individual"),
    sections=(
        Section("comment", on=("completed", "abandoned")),
        Section(
            "task",
            (Key("label", example="Rappel"), Key("label_id", "integer"), Key("assigned_to", "integer")),
            on=("callback_requested",),
        ),
    ),
)
TAGS = "smart_tags"
AT_ONCE = 4
NOBODY = "nobody@chatsurvey.invalid"
PERSON = "person"
"""The name of a note."""
Match: TypeAlias = tuple[Kind, str, str]
"""What to look among, by which field, for which value."""


class SellsyWriter:
    """See `bot.crm.base`: Writer, Describing, Preparing and Reconciling."""

    batch = 8
    parallel = 2

    def __init__(self, config: WriterConfig, clock: Callable[[], int]) -> None:
        self.name, self.samples = config.name, config.samples
        self._mapping: Mapped = config.mapping
        self.transcript = config.mapping.transcript
        self._link, self._type = config.link, config.text("individual_type") or "prospect"
        self._sellsy = Sellsy.of(config, clock)
        self._catalog = Catalog(self._sellsy, clock)
        self._leaving = Leaving(self._sellsy, self._catalog, config.mapping)
        self._making = asyncio.Lock()
        """Two chats of one new person make one contact."""
        found = [kind for kind in FILTERS if config.mapping.match.get(kind)]
        self._kinds: Sequence[Kind] = found or ["contact"]

    def wants(self, response: Response) -> Sequence[Event]:
        return self._mapping.wants(response)

    async def write(self, parcels: Sequence[Parcel]) -> Sequence[Receipt]:
        return await one_by_one(parcels, self._write, AT_ONCE)

    async def check(self) -> str:
        try:
            await self._sellsy.search(self._kinds[0], "email", NOBODY)
        except DeliveryError as error:
            return str(error)
        return ""

    async def close(self) -> None:
        await self._sellsy.close()

    async def describe(self) -> Mapping[str, Mapping[str, FieldFacts]]:
        return {**{kind: await self._catalog.facts(kind) for kind in FILTERS}, **FIELDS}

    def advice(self, target: str, field: str) -> str:
        return how_to_make(target, field) if field else "write to contact or individual"

    async def setup(self, make: bool) -> Sequence[SetupStep]:
        """Only tells: the API makes no custom fields."""
        return [
            step
            for kind in FILTERS
            for step in await self._catalog.steps(kind, [one.name for one in self._mapping.fields.get(kind, ())])
        ]

    async def stored(self, parcels: Sequence[Parcel]) -> Sequence[Stored]:
        return of_the_newest(parcels, [await self._stored(parcel.response) for parcel in parcels])

    async def _write(self, parcel: Parcel) -> Receipt:
        notes = dict(parcel.notes)
        if parcel.doubt:
            for name in (COMMENT, TASK):
                notes.setdefault(name, UNKNOWN)
        try:
            try:
                return await self._through(parcel, notes)
            except Permanent as error:
                if error.code != "status_404" or PERSON not in notes:
                    raise
            # Whom we noted was deleted or merged since.
            del notes[PERSON]
            return await self._through(parcel, notes)
        except DeliveryError as error:
            return Receipt(notes=notes, error=error)

    async def _through(self, parcel: Parcel, notes: dict[str, str]) -> Receipt:
        matches = self._matches(parcel.response)
        if not matches:
            return Receipt(skipped="nothing is known by which the person could be found")
        found = await self._person(matches, parcel.response, notes)
        if found is None:
            return Receipt(skipped="nobody in Sellsy has this address")
        ref, made = found
        await self._put(ref, made, parcel, notes)
        link = self._link(parcel.response.chat)
        await self._leaving.comment(ref, parcel.response, link, notes)
        await self._leaving.task(ref, parcel.response, link, notes)
        return Receipt(f"{ref.kind} {ref.number}", notes)

    def _matches(self, response: Response) -> Sequence[Match]:
        return [(kind, *pair) for kind in self._kinds for pair in self._mapping.person(response, kind).items()]

    async def _find(self, matches: Sequence[Match]) -> Ref | None:
        for kind, by, value in matches:
            if ref := await self._sellsy.search(kind, by, value):
                return ref
        return None

    async def _person(
        self, matches: Sequence[Match], response: Response, notes: dict[str, str]
    ) -> tuple[Ref, bool] | None:
        """Who is meant, and whether they were made just now; None where they are unknown and left so."""
        key = mark([" ".join(match) for match in matches])
        noted = notes.get(PERSON, "").split()
        if len(noted) == 3 and noted[2] == key:
            return Ref(cast("Kind", noted[0]), int(noted[1])), False
        found, made = await self._find(matches), False
        if found is None:
            if self._mapping.unknown == "skip":
                return None
            if self._mapping.unknown == "park":
                raise Permanent("nobody in Sellsy has this address", "unknown_person")
            async with self._making:
                found = await self._find(matches)
                if found is None:
                    found, made = await self._make(matches, response), True
        notes[PERSON] = f"{found.kind} {found.number} {key}"
        return found, made

    async def _make(self, matches: Sequence[Match], response: Response) -> Ref:
        kind = matches[0][0]
        standard, _ = await self._values(kind, response)
        own = {by: value for k, by, value in matches if k == kind}
        surname = self._mapping.surname(response)[:200]
        values = {"last_name": surname or own.get("email", "").partition("@")[0] or "?", **own, **standard}
        return await self._sellsy.create(kind, values | ({"type": self._type} if kind == "individual" else {}))

    async def _values(
        self, kind: Kind, response: Response
    ) -> tuple[Mapping[str, object], Mapping[str, tuple[int, object]]]:
        values = self._mapping.values(response, kind, self._link(response.chat))
        return await self._catalog.written(kind, {name: value for name, value in values.items() if name != TAGS})

    async def _put(self, ref: Ref, made: bool, parcel: Parcel, notes: dict[str, str]) -> None:
        standard, custom = await self._values(ref.kind, parcel.response)
        wanted = {**standard, **{code: value for code, (_, value) in custom.items()}}
        kept = Kept(notes, on=self._mapping.changed == "keep")
        if kept.on and wanted and not made:
            wanted = kept.untouched(wanted, await self._sellsy.read(ref), parcel.doubt)
        kept.trying(wanted)
        own = {name: value for name, value in wanted.items() if name in standard}
        if own and not made:
            await self._sellsy.change(ref, own)
        if theirs := {custom[code][0]: value for code, value in wanted.items() if code in custom}:
            await self._sellsy.change_custom(ref, theirs)
        kept.wrote(wanted)
        tags = self._mapping.values(parcel.response, ref.kind).get(TAGS) if ref.kind == "contact" else None
        if tags is not None and notes.get(TAGS) != mark(tags):
            await self._sellsy.tag(ref.number, tags if isinstance(tags, tuple) else [str(tags)])
            notes[TAGS] = mark(tags)

    async def _stored(self, response: Response) -> tuple[Ref | None, Stored]:
        """Whose it is, and what is there of it."""
        matches = self._matches(response)
        ref = await self._find(matches) if matches else None
        if ref is None:
            return None, Stored(0)
        standard, custom = await self._values(ref.kind, response)
        wanted = {**standard, **{code: value for code, (_, value) in custom.items()}}
        drifted = differing(wanted, await self._sellsy.read(ref)) if wanted else ()
        return ref, Stored(await self._leaving.count(ref, response), drifted)


def make(config: WriterConfig, clock: Callable[[], int]) -> SellsyWriter:
    return SellsyWriter(config, clock)
