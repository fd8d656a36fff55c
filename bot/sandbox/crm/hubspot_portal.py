"""What a HubSpot account holds, and what it refuses: properties with their types, unique values, associations.

Every value is a text, as in HubSpot's API. Sources: the contracts of contacts, notes, tickets, properties and
associations v4; the words of the errors as HubSpot's community and its clients' issues quote them.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from bot.crm.hubspot.fields import GROUP, UNIQUE, WANTED

LONGEST = 65_536
BATCH = 100
PORTAL = 139_800_001
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
TYPES = {"number", "enumeration", "date", "datetime", "bool", "string", "phone_number"}
DEFAULT_TYPE = {("notes", "contacts"): 202, ("tickets", "contacts"): 16}
"""As a new account answers; another one may say otherwise, and a client has to take what it is told."""


@dataclass(slots=True)
class Property:
    name: str
    type: str
    field: str
    label: str = ""
    group: str = "information"
    options: tuple[tuple[str, str], ...] = ()
    """(value, label) pairs."""
    unique: bool = False
    fixed: bool = False
    """Set by HubSpot alone."""

    def json(self) -> dict[str, object]:
        options = [
            {"value": v, "label": t, "hidden": False, "displayOrder": n} for n, (v, t) in enumerate(self.options)
        ]
        return {
            "name": self.name, "label": self.label or self.name, "type": self.type, "fieldType": self.field,
            "groupName": self.group, "description": "", "options": options, "hasUniqueValue": self.unique,
            "hidden": False, "archived": False, "calculated": False, "formField": False,
            "modificationMetadata": {"archivable": True, "readOnlyDefinition": False, "readOnlyValue": self.fixed},
        }  # fmt: skip


@dataclass(slots=True)
class Record:
    id: str
    properties: dict[str, str]
    changed: datetime

    def json(self) -> dict[str, object]:
        at = self.changed.isoformat().replace("+00:00", "Z")
        found = {**self.properties, "hs_object_id": self.id, "lastmodifieddate": at}
        return {"id": self.id, "properties": found, "createdAt": at, "updatedAt": at, "archived": False}


class Refused(Exception):
    """One record cannot be taken. `details` are the `errors` of HubSpot's answer."""

    def __init__(self, category: str, message: str, details: Sequence[Mapping[str, object]] = ()) -> None:
        super().__init__(message)
        self.category, self.message, self.details = category, message, tuple(details)


def standard() -> dict[str, dict[str, Property]]:
    """Properties of an account in which nobody has made any."""
    own = [Property("hs_object_id", "number", "number", fixed=True), Property("hubspot_owner_id", "string", "text")]
    tables = {
        "contacts": [
            Property("email", "string", "text", "Email", unique=True),
            Property("hs_additional_emails", "enumeration", "checkbox"),
            *(Property(name, "string", "text", name.title()) for name in ("firstname", "lastname", "company")),
            Property("phone", "phone_number", "phonenumber", "Phone Number"),
            Property("createdate", "datetime", "date", fixed=True),
        ],
        "notes": [Property("hs_note_body", "string", "html"), Property("hs_timestamp", "datetime", "date")],
        "tickets": [
            Property("subject", "string", "text"),
            Property("content", "string", "textarea"),
            Property("hs_pipeline", "enumeration", "select", options=(("0", "Support Pipeline"),)),
            Property("hs_pipeline_stage", "enumeration", "select", options=STAGES),
            Property("hs_ticket_priority", "enumeration", "select", options=PRIORITIES),
        ],
    }
    return {kind: {p.name: p for p in (*own, *properties)} for kind, properties in tables.items()}


STAGES = (("1", "New"), ("2", "Waiting on contact"), ("3", "Waiting on us"), ("4", "Closed"))
PRIORITIES = (("LOW", "Low"), ("MEDIUM", "Medium"), ("HIGH", "High"), ("URGENT", "Urgent"))
OWN_LISTS = ("hs_pipeline", "hs_pipeline_stage")
"""Ids of what each account sets up for itself: any will do, so that the mapping of a real one can be played here."""
REQUIRED = {"notes": ("hs_timestamp",), "tickets": ("subject", "hs_pipeline_stage")}


@dataclass(slots=True)
class Portal:
    """`prepared`: with the properties that `chatsurvey crm setup` makes."""

    clock: Callable[[], datetime]
    prepared: bool = True
    properties: dict[str, dict[str, Property]] = field(default_factory=standard)
    groups: dict[str, set[str]] = field(default_factory=dict)
    records: dict[str, dict[str, Record]] = field(default_factory=lambda: {"contacts": {}, "notes": {}, "tickets": {}})
    associations: set[tuple[str, str, str, str]] = field(default_factory=set)
    """(kind, id, kind, id) of the record and the one that it is associated with."""
    _last: int = 100
    _index: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """(kind, property, value) -> id, of unique values; whether they are still those is looked at."""

    def __post_init__(self) -> None:
        self.groups = {kind: {"information"} for kind in self.properties}
        for kind, wanted in WANTED.items() if self.prepared else ():
            self.groups[kind].add(GROUP)
            for one in wanted:
                unique = one.name == UNIQUE
                made = Property(one.name, one.type, one.field, one.label, GROUP, one.options, unique)
                self.properties[kind][one.name] = made

    def find(self, kind: str, id: str, by: str = "") -> Record | None:
        """The record of this id, or with this unique value (an e-mail address in any case, also a further one)."""
        if not by:
            if not id.isdigit():
                raise Refused("VALIDATION_ERROR", f"Invalid id: {id}. It has to be a number")
            return self.records[kind].get(id)
        if not (known := self.properties[kind].get(by)) or not known.unique:
            raise Refused("VALIDATION_ERROR", f"Unable to perform update/upsert by non-unique property {by}")
        found = self.records[kind].get(self._index.get((kind, by, id.lower() if by == "email" else id), ""))
        return found if found is not None and id.lower() in map(str.lower, values_of(found, by)) else None

    def upsert(self, kind: str, id: str, by: str, properties: Mapping[str, str]) -> tuple[Record, bool]:
        """The record and whether it is new. Raises Refused."""
        if not by:
            raise Refused("VALIDATION_ERROR", "idProperty is required")
        if record := self.find(kind, id, by):
            return self.change(kind, record, properties), False
        return self.create(kind, {by: id.lower() if by == "email" else id, **properties}), True

    def create(self, kind: str, properties: Mapping[str, str]) -> Record:
        self._check(kind, properties)
        if missing := [name for name in REQUIRED.get(kind, ()) if not properties.get(name)]:
            raise Refused(
                "VALIDATION_ERROR", f"Error creating {kind.upper()}. Some required properties were not set: {missing}"
            )
        self._last += 1
        record = Record(str(self._last), {}, self.clock())
        self.records[kind][record.id] = record
        return self._set(kind, record, properties)

    def change(self, kind: str, record: Record, properties: Mapping[str, str]) -> Record:
        self._check(kind, properties, record.id)
        return self._set(kind, record, properties)

    def associate(self, kind: str, id: str, to_kind: str, to: str) -> int:
        """The type id of the association. Raises Refused."""
        if id not in self.records[kind] or to not in self.records[to_kind]:
            raise Refused("OBJECT_NOT_FOUND", f"No record of {kind} or {to_kind} has this id")
        self.associations.add((kind, id, to_kind, to))
        return DEFAULT_TYPE[(kind, to_kind)]

    def _set(self, kind: str, record: Record, properties: Mapping[str, str]) -> Record:
        kept = {name: value.lower() if name == "email" else value for name, value in properties.items()}
        record.properties |= kept
        for name, known in self.properties[kind].items():
            for value in values_of(record, name) if known.unique else ():
                self._index[(kind, name, value.lower() if name == "email" else value)] = record.id
        record.changed = self.clock()
        return record

    def _check(self, kind: str, properties: Mapping[str, str], id: str = "") -> None:
        wrong = []
        for name, value in properties.items():
            known = self.properties[kind].get(name)
            if known is None:
                wrong.append((name, f'Property "{name}" does not exist', "PROPERTY_DOESNT_EXIST"))
            elif fault := fault_of(known, value):
                wrong.append((name, *fault))
            elif known.unique and value:
                other = self.find(kind, value, name)
                if other is not None and other.id != id:
                    raise Refused("CONFLICT", f"Another record has this value of {name}. Existing ID: {other.id}")
        if wrong:
            told = [
                {"isValid": False, "message": words, "error": code, "name": name, "portalId": PORTAL}
                for name, words, code in wrong
            ]
            details = [{"message": w, "code": code, "context": {"propertyName": [name]}} for name, w, code in wrong]
            raise Refused("VALIDATION_ERROR", f"Property values were not valid: {json.dumps(told)}", details)


def values_of(record: Record, name: str) -> list[str]:
    """Its values of a unique property: a contact may have further addresses."""
    more = record.properties.get("hs_additional_emails", "").split(";") if name == "email" else []
    return [value for value in (record.properties.get(name, ""), *more) if value]


def fault_of(known: Property, value: str) -> tuple[str, str] | None:
    """What is wrong with a value: HubSpot's words, which quote it, and its code."""
    if not value:
        return None
    if known.fixed:
        return f"{known.name} is a read only property; its value cannot be set.", "READ_ONLY_VALUE"
    if len(value) > LONGEST:
        return f"{known.name} was too long", "INVALID_LENGTH"
    if known.name == "email" and not EMAIL.fullmatch(value):
        return f"Email address {value} is invalid", "INVALID_EMAIL"
    match known.type:
        case "number" if not re.fullmatch(r"-?\d+(\.\d+)?", value):
            return f"{value} was not a valid number.", "INVALID_INTEGER"
        case "enumeration" if known.name in OWN_LISTS and re.fullmatch(r"[\w-]+", value):
            return None
        case "enumeration" if known.options and not set(value.split(";")) <= {v for v, _ in known.options}:
            allowed = [v for v, _ in known.options]
            return f"{value} was not one of the allowed options: {allowed}", "INVALID_OPTION"
        case "bool" if value not in {"true", "false"}:
            return f"{value} was not a valid boolean.", "INVALID_BOOLEAN"
        case "date" if not _date(value):
            return f"{value} is at the wrong granularity or no date", "INVALID_DATE"
        case "datetime" if not _moment(value):
            return f"{value} was not a valid long.", "INVALID_LONG"
    return None


def _date(value: str) -> bool:
    """`2025-10-09`, or the milliseconds of a midnight, UTC."""
    if value.isdigit():
        return int(value) % 86_400_000 == 0
    try:
        return bool(date.fromisoformat(value)) and len(value) == 10
    except ValueError:
        return False


def _moment(value: str) -> bool:
    if value.isdigit():
        return True
    try:
        return datetime.fromisoformat(value).astimezone(UTC).year > 1970
    except ValueError:
        return False
