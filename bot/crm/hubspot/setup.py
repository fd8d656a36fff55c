"""The properties that a mapping needs in HubSpot: what is there, what is missing, and how to make it.

Made are the group `chatsurvey` and every property of the mapping that HubSpot lacks: those of WANTED as they stand
there, others by what the mapping will write into them; and `chatsurvey_id` of notes and tickets, by which HubSpot
refuses a second record of the same response. Source: the contract of the properties API, v3.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field

from bot.crm.base import FieldFacts, FieldType, SetupStep
from bot.crm.http.client import Client, segment
from bot.crm.hubspot.errors import GONE
from bot.crm.hubspot.fields import GROUP, KINDS, TEXT, TITLE, UNIQUE, WANTED, Wanted, fits, wanted_for
from bot.crm.mapping.mapped import Mapped
from bot.errors import Permanent

CUT = ("hs_note_body",)
"""What is cut where it does not fit, since it is ours to word."""
FACTS: Mapping[str, FieldType] = {
    "string": "text",
    "phone_number": "text",
    "number": "number",
    "bool": "boolean",
    "date": "date",
    "datetime": "datetime",
}


class Option(Struct, frozen=True):
    value: str
    label: str = ""
    hidden: bool = False


class Rights(Struct, frozen=True):
    fixed: bool = field(default=False, name="readOnlyValue")


class Property(Struct, frozen=True):
    name: str
    type: str
    field_type: str = field(default="", name="fieldType")
    options: tuple[Option, ...] = ()
    unique: bool = field(default=False, name="hasUniqueValue")
    calculated: bool = False
    rights: Rights = field(default_factory=Rights, name="modificationMetadata")

    def facts(self) -> FieldFacts:
        options = tuple(option.value for option in self.options)
        kind: FieldType = FACTS.get(self.type, "other")
        if self.type == "enumeration" and options:
            kind = "choices" if self.field_type == "checkbox" else "choice"
        length = TEXT if self.type == "string" and self.name not in CUT else None
        return FieldFacts(kind, length, options, not (self.calculated or self.rights.fixed), unique=self.unique)


class Listed(Struct, frozen=True):
    results: tuple[Property, ...]


class Group(Struct, frozen=True):
    name: str


class Groups(Struct, frozen=True):
    results: tuple[Group, ...]


class Properties:
    """Of the objects that a mapping writes."""

    def __init__(self, client: Client, mapping: Mapped) -> None:
        self._client, self._mapping = client, mapping

    async def describe(self) -> Mapping[str, Mapping[str, FieldFacts]]:
        """See `bot.crm.base.Describing`; a section stands under its own name."""
        return {
            target: {name: one.facts() for name, one in (await self._listed(kind)).items()}
            for target, kind in self._used()
        }

    async def reachable(self) -> None:
        """Raises DeliveryError where one of the objects cannot be seen, or lacks the property that makes it safe."""
        for target, kind in self._used():
            name = UNIQUE if target in self._mapping.sections else "email"
            try:
                await self._client.send("GET", f"crm/v3/properties/{kind}/{name}", safe=True)
            except Permanent as error:
                if error.code not in ("status_404", GONE):
                    raise
                told = f"no property {name} of {kind}: `chatsurvey crm setup hubspot` makes it"
                raise Permanent(told, error.code) from None

    def advice(self, target: str, field: str) -> str:
        kind = KINDS.get(target, target)
        if not field:
            return f"HubSpot has no object {target}; a mapping writes contacts, and the sections note and ticket"
        title = kind.removesuffix("s").title()
        fixed = " with unique values" if field == UNIQUE else ""
        return (
            "`chatsurvey crm setup hubspot` makes it; or in HubSpot: Settings > Properties > select "
            f"{title} properties > Create property, internal name {field}{fixed}"
        )

    async def setup(self, make: bool) -> Sequence[SetupStep]:
        """See `bot.crm.base.Preparing`."""
        steps: list[SetupStep] = []
        for target, kind in self._used():
            needed = list(self._needed(target, kind))
            there = await self._listed(kind)
            if any(one.name not in there for one in needed):
                steps.append(await self._group(kind, make))
            for one in needed:
                known = there.get(one.name)
                steps.append(
                    await (self._made(kind, one, make) if known is None else self._mended(kind, one, known, make))
                )
        return steps

    def _used(self) -> Iterator[tuple[str, str]]:
        yield "contacts", "contacts"
        yield from ((name, KINDS[name]) for name in ("note", "ticket") if name in self._mapping.sections)

    def _needed(self, target: str, kind: str) -> Iterator[Wanted]:
        known = {one.name: one for one in WANTED[kind]}
        if target in self._mapping.sections:
            yield known[UNIQUE]
        tables = [section.fields for section in self._mapping.sections.get(target, ())]
        for one in {f.name: f for table in (*tables, self._mapping.fields.get(target, ())) for f in table}.values():
            if one.name != UNIQUE:
                yield known[one.name] if fits(known.get(one.name), one.expr) else wanted_for(one.name, one.expr)

    async def _listed(self, kind: str) -> Mapping[str, Property]:
        answer = await self._client.send("GET", f"crm/v3/properties/{kind}", safe=True)
        return {one.name: one for one in answer.read(Listed).results}

    async def _group(self, kind: str, make: bool) -> SetupStep:
        what = f"group {TITLE} of {kind} properties"
        answer = await self._client.send("GET", f"crm/v3/properties/{kind}/groups", safe=True)
        if any(group.name == GROUP for group in answer.read(Groups).results):
            return SetupStep(what, "there")
        body = {"name": GROUP, "label": TITLE, "displayOrder": -1}
        return await self._make(what, f"crm/v3/properties/{kind}/groups", body, make, "Settings > Properties > Groups")

    async def _made(self, kind: str, one: Wanted, make: bool) -> SetupStep:
        what = f"property {one.name} of {kind} ({one.type}{', unique' if one.unique else ''})"
        body: dict[str, object] = {
            "name": one.name,
            "label": one.label,
            "type": one.type,
            "fieldType": one.field,
            "groupName": GROUP,
            "options": _options([Option(value, label) for value, label in one.options]),
        }
        body |= {"hasUniqueValue": True} if one.unique else {}
        return await self._make(what, f"crm/v3/properties/{kind}", body, make, self.advice(kind, one.name))

    async def _mended(self, kind: str, one: Wanted, known: Property, make: bool) -> SetupStep:
        """One that is there: it may lack options that the mapping writes."""
        what = f"property {one.name} of {kind}"
        if one.unique and not known.unique:
            how = "it is there without unique values, which cannot be changed: delete it and run this again"
            return SetupStep(what, "todo", how)
        there = {option.value for option in known.options}
        lacking = [Option(value, label) for value, label in one.options if value not in there]
        if known.type != "enumeration" or not there or not lacking:
            return SetupStep(what, "there")
        what = f"{what}: the options {', '.join(option.value for option in lacking)}"
        path = f"crm/v3/properties/{kind}/{segment(one.name)}"
        how = f"in HubSpot: Settings > Properties > {one.name} > Field type > add them"
        return await self._make(
            what, path, {"options": _options([*known.options, *lacking])}, make, how, method="PATCH"
        )

    async def _make(
        self, what: str, path: str, body: Mapping[str, object], make: bool, how: str, *, method: str = "POST"
    ) -> SetupStep:
        if not make:
            return SetupStep(what, "todo", how)
        try:
            await self._client.send(method, path, json=body, safe=True)
        except Permanent as error:
            return SetupStep(what, "todo", f"{how} (HubSpot: {error})")
        return SetupStep(what, "made")


def _options(options: Sequence[Option]) -> list[Mapping[str, object]]:
    return [
        {"value": one.value, "label": one.label or one.value, "hidden": one.hidden, "displayOrder": at}
        for at, one in enumerate(options)
    ]
