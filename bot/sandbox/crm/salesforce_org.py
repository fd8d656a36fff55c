"""An organisation: its objects with their fields, its records, and what it refuses. No HTTP here.

Refused as Salesforce does: a field that is not there (the whole request), a value of another type, a text that is too
long, a required field that is missing, a value that a restricted picklist lacks, an external id twice.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

from bot.sandbox.crm.salesforce_objects import Column, Refused, Row, SObject, Value, objects
from bot.sandbox.crm.salesforce_soql import Literal, Query

NUMBERS = ("double", "int", "currency", "percent")
TEXTS = ("string", "textarea", "email", "phone", "url", "picklist", "multipicklist")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Org:
    def __init__(self, *, custom: bool = True) -> None:
        self.objects = objects(custom=custom)
        self._made = 0
        self.user = self._new(self.objects["User"], {"Name": "Survey integration"})
        self.agent = self._new(self.objects["User"], {"Name": "Agnes Agent"})
        self.assigned = self.agent
        """Who gets cases by the assignment rules: a user or a queue."""

    def sobject(self, name: str) -> SObject:
        found = self.objects.get(name)
        if found is None:
            raise Refused("NOT_FOUND", "The requested resource does not exist", status=404, whole=True)
        return found

    def put(self, name: str, values: Mapping[str, Value]) -> str:
        """A record as somebody made it by hand; its id."""
        return self._new(self.sobject(name), values)

    def rows(self, name: str) -> Sequence[Row]:
        return list(self.sobject(name).rows.values())

    def of_key(self, name: str, key: str, value: object) -> Sequence[str]:
        """Ids of the records with this external id, whatever its case."""
        found = self.sobject(name)
        column = found.columns.get(key)
        if column is None or not (column.external or key == "Id"):
            words = f"Provided external ID field does not exist or is not accessible: {key}"
            raise Refused("NOT_FOUND", words, status=404, whole=True)
        if key == "Id":
            return [str(value)] if str(value) in found.rows else []
        return found.keyed(key, value)

    def checked(self, name: str, values: Mapping[str, Value], *, new: bool) -> None:
        """Raises Refused for what such a record would be refused for."""
        target = self.sobject(name)
        for one, value in values.items():
            self._fits(target.column(one), value)
        if new:
            missing = [
                column.name for column in target.columns.values() if column.required and not values.get(column.name)
            ]
            if missing:
                words = f"Required fields are missing: [{', '.join(missing)}]"
                raise Refused("REQUIRED_FIELD_MISSING", words, missing, whole=False)

    def save(self, name: str, key: str, values: Mapping[str, Value], *, assign: bool = False) -> tuple[str, bool]:
        """Upsert one record that has been checked; its id, and whether it is new."""
        target = self.sobject(name)
        there = self.of_key(name, key, values[key]) if key else []
        if len(there) > 1:
            raise Refused("DUPLICATE_EXTERNAL_ID", f"{key}: more than one record found", (key,), whole=False)
        if key == "Id" and not there:
            raise Refused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", whole=False)
        self.checked(name, {one: value for one, value in values.items() if one != "Id"}, new=not there)
        if assign and name == "Case" and "OwnerId" not in values:
            values = {**values, "OwnerId": self.assigned}
        if there:
            target.rows[there[0]] |= values
            return there[0], False
        return self._new(target, values), True

    def select(self, query: Query) -> Sequence[Row]:
        target = self.objects.get(query.sobject)
        if target is None:
            raise Refused("INVALID_TYPE", f"sObject type '{query.sobject}' is not supported.", whole=True)
        for name in (*query.fields, *(test.field for test in query.tests), *filter(None, (query.order,))):
            target.column(name)
        for test in query.tests:
            if target.column(test.field).type in ("id", "reference"):
                _ids(test.field, test.values)
        tests = [(test.field, {_same(test.field, value) for value in test.values}) for test in query.tests]
        found = [
            row for row in target.rows.values() if all(_same(name, row.get(name)) in values for name, values in tests)
        ]
        if query.order:
            found.sort(key=lambda row: str(row.get(query.order)), reverse=query.descending)
        return [{name: row.get(name) for name in query.fields} for row in found[: query.limit]]

    def _new(self, target: SObject, values: Mapping[str, Value]) -> str:
        self._made += 1
        made = f"{target.prefix}{self._made:012}AAA"
        stamp = datetime.fromtimestamp(1_760_000_000 + self._made, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        defaults: Row = {"Id": made, "CreatedDate": stamp, "OwnerId": getattr(self, "user", made)}
        if "IsConverted" in target.columns:
            defaults["IsConverted"] = False
        target.rows[made] = defaults | dict(values)
        return made

    def _fits(self, column: Column, value: Value) -> None:
        name = column.name
        if column.system:
            words = f"Unable to create/update fields: {name}. Please check the security settings of this field"
            raise Refused("INVALID_FIELD_FOR_INSERT_UPDATE", words, (name,), whole=False)
        if value is None:
            return
        fine = {
            **dict.fromkeys(TEXTS, isinstance(value, str)),
            **dict.fromkeys(NUMBERS, isinstance(value, int | float) and not isinstance(value, bool)),
            "boolean": isinstance(value, bool),
            "date": isinstance(value, str) and _is(date.fromisoformat, value),
            "datetime": isinstance(value, str) and _is(datetime.fromisoformat, value),
            "reference": isinstance(value, str),
        }[column.type]
        if not fine:
            words = f"Cannot deserialize instance of {column.type} from {value!r}"
            raise Refused("JSON_PARSER_ERROR", words, (name,), whole=True)
        if isinstance(value, str):
            self._fits_text(column, value)

    def _fits_text(self, column: Column, value: str) -> None:
        name = column.name
        if column.type in TEXTS and len(value) > column.length:
            words = f"{name}: data value too large: {value[:40]} (max length={column.length})"
            raise Refused("STRING_TOO_LONG", words, (name,), whole=False)
        if column.type == "email" and value and not _MAIL.fullmatch(value):
            raise Refused("INVALID_EMAIL_ADDRESS", f"{name}: invalid email address: {value}", (name,), whole=False)
        if column.restricted and value not in column.options:
            words = f"{name}: bad value for restricted picklist field: {value}"
            raise Refused("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", words, (name,), whole=False)
        if column.to and value and not any(value in self.objects[to].rows for to in column.to if to in self.objects):
            raise Refused("INVALID_CROSS_REFERENCE_KEY", f"invalid cross reference id: {name}", (name,), whole=False)


def _ids(name: str, values: Sequence[Literal]) -> None:
    for value in values:
        if not re.fullmatch(r"[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?", str(value)):
            raise Refused("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {value} ({name})", whole=True)


def _same(name: str, value: object) -> object:
    """What compares as SOQL does: ids by their first 15 characters, texts without regard to case."""
    if isinstance(value, str):
        return value[:15] if name == "Id" else value.casefold()
    return value


def _is(read: object, value: str) -> bool:
    try:
        return callable(read) and read(value) is not None
    except ValueError:
        return False
