"""How Salesforce describes its fields, and what to make where one is missing. Pure."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from bot.crm.base import FieldFacts, FieldType
from bot.crm.config import WriterConfig
from bot.crm.mapping.expr import Expr
from bot.crm.mapping.mapped import Field
from bot.crm.salesforce.records import KEY, objects, section_key

SECTIONS = {"case": "Case", "resolved": "Case", "task": "Task"}
"""Sections of the mapping, and the objects whose fields they hold."""
TYPES: Mapping[str, FieldType] = {
    **dict.fromkeys(("string", "textarea", "email", "phone", "url", "id", "combobox", "encryptedstring"), "text"),
    **dict.fromkeys(("double", "currency", "percent"), "number"),
    "reference": "text",
    "int": "integer",
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
    "picklist": "choice",
    "multipicklist": "choices",
}
LONG = 32_768
SHORT = 255


class Picked(msgspec.Struct, frozen=True):
    value: str
    active: bool = True


class Column(msgspec.Struct, frozen=True):
    """A field in the answer of `sobjects/X/describe`, as far as it is read."""

    name: str
    type: str
    length: int = 0
    createable: bool = False
    updateable: bool = False
    nillable: bool = True
    defaultedOnCreate: bool = False  # noqa: N815 - as it is sent
    externalId: bool = False  # noqa: N815 - as it is sent
    unique: bool = False
    restrictedPicklist: bool = False  # noqa: N815 - as it is sent
    picklistValues: tuple[Picked, ...] = ()  # noqa: N815 - as it is sent

    def facts(self) -> FieldFacts:
        options = tuple(one.value for one in self.picklistValues if one.active) if self.restrictedPicklist else ()
        return FieldFacts(
            TYPES.get(self.type, "other"),
            self.length or None,
            options,
            writable=self.createable or self.updateable,
            required=self.createable and not self.nillable and not self.defaultedOnCreate,
            unique=self.unique,
        )


class Described(msgspec.Struct, frozen=True):
    name: str
    fields: tuple[Column, ...]


class Need(msgspec.Struct, frozen=True):
    """A field (or with an empty name an object) that is needed, and how it is made."""

    sobject: str
    name: str
    words: str
    """What a person chooses for its type."""
    metadata: Mapping[str, object]
    """As the Tooling API takes it."""
    external: bool = False

    @property
    def home(self) -> str:
        """Where its custom fields are kept: those of tasks are those of activities."""
        return "Activity" if self.sobject == "Task" else self.sobject

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    def steps(self) -> str:
        if not self.name:
            label = label_of(self.sobject)
            return (
                f"Setup > Object Manager > Create > Custom Object: Label {label}, Object Name "
                f"{self.sobject.removesuffix('__c')}, Data Type of the record name: Auto Number; Save"
            )
        if not self.custom:
            return f"Setup > Object Manager > {self.home} has no field {self.name}: look for its name there"
        return (
            f"Setup > Object Manager > {self.home} > Fields & Relationships > New: {self.words}, Field Name "
            f"{self.name.removesuffix('__c')}; visible for the integration user; Save"
        )


def needs(config: WriterConfig) -> Sequence[Need]:
    """Objects first, each thing once."""
    mapping = config.mapping
    found = [Need(name, "", "an object", _object(name)) for name in objects(config)]
    for name in objects(config):
        found.append(_external(name, config.text("record_key") or KEY))
        for person in mapping.match:
            link = config.text(f"{person.lower()}_field") or f"{person}__c"
            found.append(_lookup(name, link, person))
    if mapping.unknown == "create" and mapping.match:
        create = config.text("create").replace("first", "") or next(iter(mapping.match))
        found.append(_external(create, config.text("person_key") or KEY))
    found += [
        _external(SECTIONS[name], section_key(config, name)) for name in ("case", "task") if name in mapping.sections
    ]
    found += [_field(sobject, field.name, field.expr) for sobject, field in mapped(config)]
    return list({(one.sobject, one.name): one for one in reversed(found)}.values())[::-1]


def mapped(config: WriterConfig) -> Iterator[tuple[str, Field]]:
    """Object and field of all that is written."""
    for sobject, fields in config.mapping.fields.items():
        yield from ((sobject, field) for field in fields)
    for name, sections in config.mapping.sections.items():
        yield from ((SECTIONS[name], field) for section in sections for field in section.fields)


def label_of(name: str) -> str:
    return name.removesuffix("__c").replace("_", " ")


def _object(name: str) -> Mapping[str, object]:
    label = label_of(name)
    return {
        "label": label,
        "pluralLabel": f"{label}s",
        "nameField": {"type": "AutoNumber", "label": "Number", "displayFormat": "S-{00000000}"},
        "deploymentStatus": "Deployed",
        "sharingModel": "ReadWrite",
    }


def _external(sobject: str, name: str) -> Need:
    metadata = {"type": "Text", "label": label_of(name), "length": 80, "unique": True, "externalId": True}
    words = "Text, length 80, tick Unique and External ID"
    return Need(sobject, name, words, metadata | {"caseSensitive": True}, external=True)


def _lookup(sobject: str, name: str, to: str) -> Need:
    relation = f"{label_of(sobject)}s".replace(" ", "_")
    metadata = {"type": "Lookup", "label": label_of(name), "referenceTo": to, "relationshipName": relation}
    return Need(sobject, name, f"Lookup Relationship to {to}", metadata | {"deleteConstraint": "SetNull"})


def _field(sobject: str, name: str, expr: Expr) -> Need:
    label: Mapping[str, object] = {"label": label_of(name)}
    match expr.type:
        case "integer" | "number":
            scale = 0 if expr.type == "integer" else 2
            return Need(
                sobject, name, f"Number, length {18 - scale}, decimal places {scale}",
                {**label, "type": "Number", "precision": 18, "scale": scale},
            )  # fmt: skip
        case "boolean":
            return Need(sobject, name, "Checkbox", {**label, "type": "Checkbox", "defaultValue": "false"})
        case "date":
            return Need(sobject, name, "Date", {**label, "type": "Date"})
        case "datetime":
            return Need(sobject, name, "Date/Time", {**label, "type": "DateTime"})
    if expr.options and expr.exact != "locale":
        values = [str(one) for one in expr.options]
        listed = [{"fullName": one, "label": one, "default": False} for one in values]
        metadata = {"restricted": True, "valueSetDefinition": {"sorted": False, "value": listed}}
        words = f"Picklist with the values {', '.join(values)}"
        return Need(sobject, name, words, {**label, "type": "Picklist", "valueSet": metadata})
    if expr.longest is not None and expr.longest <= SHORT:
        return Need(sobject, name, f"Text, length {SHORT}", {**label, "type": "Text", "length": SHORT})
    words = f"Text Area (Long), length {LONG}"
    return Need(sobject, name, words, {**label, "type": "LongTextArea", "length": LONG, "visibleLines": 5})
