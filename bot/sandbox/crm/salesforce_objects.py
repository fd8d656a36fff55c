"""The objects of an organisation with their fields, standard ones and those that a survey needs. No HTTP here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TypeAlias

Value: TypeAlias = str | int | float | bool | None
Row: TypeAlias = dict[str, Value]


class Refused(Exception):
    """One error: of a record (`whole` unset), or of the request."""

    def __init__(self, code: str, message: str, fields: Sequence[str] = (), status: int = 400, *, whole: bool) -> None:
        super().__init__(message)
        self.code, self.message, self.fields, self.status, self.whole = code, message, tuple(fields), status, whole


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: str = "string"
    length: int = 255
    options: tuple[str, ...] = ()
    restricted: bool = False
    required: bool = False
    external: bool = False
    system: bool = False
    """Read only."""
    to: tuple[str, ...] = ()
    """Of a reference: the objects it may point to."""


@dataclass(slots=True)
class SObject:
    name: str
    prefix: str
    columns: dict[str, Column]
    rows: dict[str, Row] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    """Fields that nobody has the permission to see yet."""

    _keyed: dict[str, tuple[int, dict[str, list[str]]]] = field(default_factory=dict)

    def keyed(self, key: str, value: object) -> Sequence[str]:
        """Ids of the records with this external id, whatever its case. A row is looked at once: such an id stays."""
        seen, ids = self._keyed.get(key, (0, {}))
        for one, row in islice(self.rows.items(), seen, None):
            if text := str(row.get(key) or "").lower():
                ids.setdefault(text, []).append(one)
        self._keyed[key] = (len(self.rows), ids)
        return ids.get(str(value).lower(), ())

    def column(self, name: str) -> Column:
        found = self.columns.get(name)
        if found is None or name in self.hidden:
            words = f"No such column '{name}' on sobject of type {self.name}"
            raise Refused("INVALID_FIELD", words, whole=True)
        return found


SYSTEM = (
    Column("Id", "id", 18, system=True),
    Column("CreatedDate", "datetime", system=True),
    Column("OwnerId", "reference", 18, to=("User", "Group")),
)
TYPES = {
    "Text": "string", "LongTextArea": "textarea", "Number": "double", "Checkbox": "boolean", "Date": "date",
    "DateTime": "datetime", "Picklist": "picklist", "Lookup": "reference", "Url": "url",
}  # fmt: skip
"""What the Tooling API calls them, and the descriptions."""
CHAT = Column("Chat_Id__c", "string", 80, external=True)
SEGMENT = ("Detractor", "Passive", "Promoter")


def sobject(name: str, prefix: str, *columns: Column) -> SObject:
    return SObject(name, prefix, {column.name: column for column in (*SYSTEM, *columns)})


def objects(*, custom: bool = True) -> dict[str, SObject]:
    """Those of an organisation; not `custom`: before anybody set it up for surveys."""
    person = (
        Column("FirstName", length=40),
        Column("LastName", length=80, required=True),
        Column("Email", "email", 80),
        Column("Phone", "phone", 40),
    )
    mine = (
        Column("NPS_Score__c", "double"),
        Column("NPS_Segment__c", "picklist", options=SEGMENT, restricted=True),
        Column("NPS_Date__c", "date"),
        CHAT,
    )
    texts = (Column("Subject"), Column("Description", "textarea", 32_000))
    status = Column("Status", "picklist", options=("New", "Working", "Escalated", "Closed"))
    priority = Column("Priority", "picklist", options=("High", "Medium", "Normal", "Low"))
    found = [
        sobject("User", "005", Column("Name")),
        sobject("Contact", "003", *person, *(mine if custom else ())),
        sobject(
            "Lead", "00Q", *person, Column("Company", required=True), Column("IsConverted", "boolean", system=True),
            *(mine if custom else ()),
        ),
        sobject(
            "Case", "500", *texts, status, priority, Column("Origin"), Column("Reason"),
            Column("Comments", "textarea", 4_000),
            Column("ContactId", "reference", 18, to=("Contact",)), Column("SuppliedEmail", "email", 80),
            *((CHAT,) if custom else ()),
        ),
        sobject(
            "Task", "00T", *texts, replace(status, options=("Not Started", "Completed")), priority,
            Column("ActivityDate", "date"), Column("WhatId", "reference", 18, to=("Case", "NPS_Response__c")),
            Column("WhoId", "reference", 18, to=("Contact", "Lead")), *((CHAT,) if custom else ()),
        ),
        sobject("PermissionSet", "0PS", Column("Name"), Column("Label")),
        sobject("PermissionSetAssignment", "0Pa", Column("AssigneeId"), Column("PermissionSetId")),
        sobject(
            "FieldPermissions", "01k", Column("ParentId"), Column("SobjectType"), Column("Field"),
            Column("PermissionsRead", "boolean"), Column("PermissionsEdit", "boolean"),
        ),
        sobject(
            "ObjectPermissions", "110", Column("ParentId"), Column("SobjectType"),
            *(Column(f"Permissions{what}", "boolean") for what in ("Create", "Read", "Edit", "Delete")),
        ),
    ]  # fmt: skip
    if custom:
        found.append(
            sobject(
                "NPS_Response__c", "a00", CHAT, Column("Name", system=True), Column("Score__c", "double"),
                Column("Segment__c", "picklist", options=SEGMENT, restricted=True), Column("Reason__c"),
                Column("Quote__c", "textarea", 32_768), Column("Date__c", "datetime"), Column("Source__c"),
                Column("Link__c", "url"), Column("Contact__c", "reference", 18, to=("Contact",)),
                Column("Lead__c", "reference", 18, to=("Lead",)),
            )
        )  # fmt: skip
    return {one.name: one for one in found}


def made_of(name: str, metadata: Mapping[str, object]) -> Column:
    """A field as the Tooling API is told to make it."""
    length = metadata.get("length", 255)
    return Column(
        name,
        TYPES[str(metadata["type"])],
        length if isinstance(length, int) else 255,
        external=metadata.get("externalId") is True,
        to=(str(metadata["referenceTo"]),) if "referenceTo" in metadata else (),
    )


def described(column: Column) -> object:
    """As `sobjects/X/describe` tells of it."""
    return {
        "name": column.name,
        "type": column.type,
        "length": column.length,
        "createable": not column.system,
        "updateable": not column.system,
        "nillable": not column.required,
        "defaultedOnCreate": False,
        "externalId": column.external,
        "unique": column.external,
        "restrictedPicklist": column.restricted,
        "picklistValues": [{"value": one, "label": one, "active": True} for one in column.options],
        "referenceTo": column.to,
    }
