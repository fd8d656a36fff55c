"""What a Sellsy account holds, and what it refuses: people, custom fields with their types, comments, tasks, tags."""

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import count

from bot.crm.mapping.mapped import Field

LABELS = {"Appel": 401, "Rappel": 402, "Rendez-vous": 403}
"""Of tasks."""
SEGMENTS = ((71, "Détracteur"), (72, "Neutre"), (73, "Promoteur"))
STANDARD = {
    *("id", "civility", "first_name", "last_name", "email", "website", "phone_number", "mobile_number", "fax_number"),
    *("position", "birth_date", "note", "reference", "type", "owner_id", "is_archived"),
}
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


@dataclass(frozen=True, slots=True)
class CustomField:
    id: int
    code: str
    type: str
    name: str
    items: Sequence[tuple[int, str]] = ()
    char_max: int | None = None
    places: tuple[str, ...] = ("contact", "client", "prospect")

    def json(self) -> dict[str, object]:
        parameters: dict[str, object] = {}
        if self.items:
            parameters["items"] = [
                {"id": key, "label": label, "checked": False, "rank": rank}
                for rank, (key, label) in enumerate(self.items, 1)
            ]
        elif self.char_max:
            parameters |= {"default_value": None, "char_min": None, "char_max": self.char_max}
        group = {"id": 1, "name": "Satisfaction", "code": "satisfaction", "open_by_default": True}
        return {
            "id": self.id, "name": self.name, "code": self.code, "description": "", "mandatory": False, "rank": self.id,
            "related_object": list(self.places), "customfield_group": group, "show_on_pdf": False, "type": self.type,
            "parameters": parameters or [],  # as PHP writes an empty object
        }  # fmt: skip

    def fault(self, value: object) -> str:
        """What is wrong with a value; empty where it fits."""
        match self.type, value:
            case _, None:
                return ""
            case "numeric", str() if re.fullmatch(r"-?\d+", value):
                return ""
            case (("select" | "radio"), int()) if value in dict(self.items):
                return ""
            case "checkbox", list() if set(value) <= set(dict(self.items)):
                return ""
            case "date", str() if _is_date(value):
                return ""
            case "boolean", bool():
                return ""
            case (("simple-text" | "rich-text" | "url"), str()) if len(value) <= (self.char_max or 250):
                return ""
        return f"The value of this field is not valid for the type {self.type}."

    def shown(self, value: object) -> str:
        return dict(self.items).get(value, str(value)) if isinstance(value, int) else str(value)


FIELDS = (
    CustomField(21, "nps-score", "numeric", "NPS"),
    CustomField(22, "nps-segment", "select", "NPS, segment", SEGMENTS),
    CustomField(23, "nps-date", "date", "NPS, date"),
    CustomField(24, "nps-reason", "simple-text", "NPS, raison", char_max=250),
    CustomField(25, "nps-callback", "boolean", "NPS, à rappeler"),
    CustomField(26, "nps-themes", "checkbox", "NPS, thèmes", ((81, "Prix"), (82, "Délai"), (83, "Accueil"))),
    CustomField(27, "siren", "simple-text", "SIREN", places=("client",)),
)


def made_for(one: Field, places: tuple[str, ...]) -> CustomField:
    """A custom field as a person would make it for this field of a mapping."""
    number = 500 + sum(ord(char) * place for place, char in enumerate(one.name, 1)) * 10
    options = [option for option in one.expr.options if isinstance(option, str)]
    items = tuple((number + place, option) for place, option in enumerate(options, 1)) if len(options) > 1 else ()
    kinds = {"integer": "numeric", "number": "numeric", "boolean": "boolean", "date": "date"}
    kind = "select" if items else kinds.get(one.expr.type, "rich-text")
    return CustomField(number, one.name, kind, one.name, items, None if items else 65_000, places)


class Refused(Exception):
    """An error as Sellsy tells it: status, message, context, and what each field has against it."""

    def __init__(self, code: int, message: str, context: str = "", **details: str) -> None:
        super().__init__(message)
        self.code, self.message, self.context, self.details = code, message, context, details


@dataclass(slots=True)
class Person:
    id: int
    kind: str
    standard: dict[str, object]
    custom: dict[int, object] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)

    def json(self) -> dict[str, object]:
        at = {"created": "2025-10-09T10:00:00+02:00", "is_archived": False}
        return {**dict.fromkeys(("email", "first_name", "phone_number", "mobile_number")), **at, **self.standard} | {
            "id": self.id
        }


@dataclass(slots=True)
class Left:
    """A comment or a task."""

    id: int
    related: tuple[str, int]
    values: dict[str, object]

    def json(self) -> dict[str, object]:
        related = [{"id": self.related[1], "type": self.related[0]}]
        return {**self.values, "id": self.id, "related": related}


@dataclass(slots=True)
class Account:
    fields: tuple[CustomField, ...] = FIELDS
    labels: dict[str, int] = field(default_factory=lambda: dict(LABELS))
    people: dict[int, Person] = field(default_factory=dict)
    comments: dict[int, Left] = field(default_factory=dict)
    tasks: dict[int, Left] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=lambda: count(1001))
    _with: dict[tuple[str, str], set[int]] = field(default_factory=dict)
    """Who has, or had, this value in this field."""
    _about: dict[tuple[str, int], list[int]] = field(default_factory=dict)
    """Comments and tasks by whom they were left with."""

    def learn(self, fields: Mapping[str, CustomField]) -> None:
        """Have these too, by code; those that are there stay."""
        known = {*STANDARD, *(one.code for one in self.fields), "smart_tags"}
        self.fields += tuple(one for code, one in fields.items() if code not in known)

    def person(self, kind: str, number: int) -> Person:
        found = self.people.get(number)
        if found is None or found.kind != kind:
            raise Refused(404, "Not Found", f"{kind}_not_found")
        return found

    def search(self, kind: str, filters: Mapping[str, object]) -> Sequence[Person]:
        able: Set[int] = self.people.keys()
        for name, wanted in filters.items():
            able = able & {number for one in _folded(wanted) for number in self._with.get((name, one), ())}
        people = [self.people[number] for number in sorted(able)]
        return [
            one
            for one in people
            if one.kind == kind and all(_meets(one.standard.get(name), wanted) for name, wanted in filters.items())
        ]

    def add(self, kind: str, values: Mapping[str, object]) -> Person:
        if not values.get("last_name"):
            raise Refused(400, "Validation failed", last_name="This field is missing.")
        _check(values)
        number = next(self._numbers)
        self.people[number] = Person(number, kind, dict(values))
        self._note(number, values)
        return self.people[number]

    def change(self, kind: str, number: int, values: Mapping[str, object]) -> Person:
        found = self.person(kind, number)
        _check(values)
        found.standard |= values
        self._note(number, values)
        return found

    def set_custom(self, kind: str, number: int, values: Mapping[int, object]) -> None:
        found, known = self.person(kind, number), {one.id: one for one in self.fields}
        for key, value in values.items():
            if key not in known:
                raise Refused(404, "Custom field not found", "custom_field_not_found")
            if fault := known[key].fault(value):
                raise Refused(400, "Validation failed", **{known[key].code: fault})
        found.custom |= values

    def leave(self, what: str, values: dict[str, object], related: tuple[str, int]) -> Left:
        self.person(*related)
        if what == "tasks" and values.get("label_id") not in self.labels.values():
            raise Refused(400, "Validation failed", label_id="This label does not exist.")
        made = Left(next(self._numbers), related, values)
        (self.tasks if what == "tasks" else self.comments)[made.id] = made
        self._about.setdefault(related, []).append(made.id)
        return made

    def left(self, what: str, related: Sequence[tuple[str, int]]) -> Sequence[Left]:
        """The newest first."""
        kept = self.tasks if what == "tasks" else self.comments
        able = {number for one in related for number in self._about.get(one, ())}
        return [kept[number] for number in sorted(able & kept.keys(), reverse=True)]

    def _note(self, number: int, values: Mapping[str, object]) -> None:
        for name, value in values.items():
            self._with.setdefault((name, str(value).casefold()), set()).add(number)


def _check(values: Mapping[str, object]) -> None:
    for name, value in values.items():
        if name not in STANDARD:
            raise Refused(400, "Validation failed", **{name: "This field was not expected."})
        if name == "email" and value is not None and not EMAIL.fullmatch(str(value)):
            raise Refused(400, "Validation failed", email=f'The email "{value}" is not a valid email.')
        if name in {"first_name", "last_name"} and len(str(value)) > 200:
            raise Refused(400, "Validation failed", **{name: "This value is too long."})


def _meets(value: object, wanted: object) -> bool:
    """Searches are exact, in any case of letters."""
    return value is not None and str(value).casefold() in _folded(wanted)


def _folded(wanted: object) -> Sequence[str]:
    return [str(one).casefold() for one in (wanted if isinstance(wanted, list) else [wanted])]


def _is_date(text: str) -> bool:
    try:
        return len(text) == 10 and bool(date.fromisoformat(text))
    except ValueError:
        return False


def is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
