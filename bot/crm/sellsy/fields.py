"""Custom fields of Sellsy: what each type takes, and what it says of itself. Pure.

A number is written as text, a choice as the id of its item, several choices as a list of ids. Fields are named by their
code (Settings, Custom fields), which people choose and which stays when the name changes.
"""

from collections.abc import Mapping
from datetime import date, datetime

from msgspec import Struct

from bot.crm.base import FieldFacts, FieldType
from bot.crm.mapping.mapped import Out, plain
from bot.errors import Permanent

TEXTS: Mapping[str, int | None] = {"simple-text": 250, "rich-text": 65_000, "email": 250, "url": None, "time": 5}
"""Characters that fit in, where the field itself says nothing."""
CHOICES = ("radio", "select")
TYPES: Mapping[str, FieldType] = {
    **dict.fromkeys(TEXTS, "text"),
    **dict.fromkeys(CHOICES, "choice"),
    "checkbox": "choices",
    "numeric": "integer",
    "date": "date",
    "boolean": "boolean",
}
"""All others (amounts, units, links to clients, products and staff) need more than a value: they are not written."""
PLACES: Mapping[str, frozenset[str]] = {
    "contact": frozenset({"contact"}),
    "individual": frozenset({"client", "prospect", "supplier"}),
}

STANDARD: Mapping[str, Mapping[str, FieldFacts]] = {
    "contact": {
        **dict.fromkeys(("first_name", "last_name"), FieldFacts("text", 200)),
        **dict.fromkeys(("email", "website", "phone_number", "mobile_number", "fax_number"), FieldFacts("text")),
        **dict.fromkeys(("position", "note"), FieldFacts("text")),
        "birth_date": FieldFacts("date"),
        "civility": FieldFacts("choice", options=("mr", "mrs", "ms")),
        "owner_id": FieldFacts("integer"),
        "smart_tags": FieldFacts("choices"),
    },
    "individual": {
        **dict.fromkeys(("first_name", "last_name"), FieldFacts("text", 200)),
        **dict.fromkeys(("email", "website", "phone_number", "mobile_number", "fax_number"), FieldFacts("text")),
        **dict.fromkeys(("note", "reference"), FieldFacts("text")),
        "civility": FieldFacts("choice", options=("mr", "mrs", "ms")),
        "owner_id": FieldFacts("integer"),
    },
}
"""`smart_tags` is no field of Sellsy: its values become tags of the contact."""


class Item(Struct, frozen=True):
    id: int = 0
    label: str = ""


class Parameters(Struct, frozen=True):
    items: tuple[Item, ...] = ()
    char_max: int | None = None


class CustomField(Struct, frozen=True, kw_only=True):
    id: int
    code: str = ""
    name: str = ""
    type: str = ""
    related_object: tuple[str, ...] = ()
    parameters: Parameters | list[object] | None = None

    def fits(self, kind: str) -> bool:
        """Whether people of this kind have it."""
        return not self.related_object or bool(PLACES[kind] & set(self.related_object))

    @property
    def items(self) -> tuple[Item, ...]:
        return self.parameters.items if isinstance(self.parameters, Parameters) else ()

    def facts(self) -> FieldFacts:
        own = self.parameters.char_max if isinstance(self.parameters, Parameters) else None
        return FieldFacts(
            TYPES.get(self.type, "other"),
            length=own or TEXTS.get(self.type),
            options=tuple(item.label for item in self.items),
            writable=self.type in TYPES,
        )

    def written(self, value: Out) -> object:
        """The value as this field takes it. Raises Permanent for one that it does not."""
        match self.type:
            case "numeric":
                return str(int(value)) if isinstance(value, float) and value.is_integer() else str(plain(value))
            case "boolean":
                return value if isinstance(value, bool) else str(value).strip().lower() in ("true", "yes", "1")
            case "date":
                return (value if isinstance(value, date) else self._date(str(plain(value)))).isoformat()[:10]
            case "time":
                return value.strftime("%H:%M") if isinstance(value, datetime) else str(plain(value))
            case "radio" | "select":
                return self._item(str(plain(value)))
            case "checkbox":
                return [self._item(one) for one in (value if isinstance(value, tuple) else (str(plain(value)),))]
            case kind if kind in TEXTS:
                return str(plain(value))
        raise Permanent(f"the custom field {self.code} is of the type {self.type}, which is not written", "field_type")

    def _item(self, label: str) -> int:
        for item in self.items:
            if item.label.strip().casefold() == label.strip().casefold():
                return item.id
        known = ", ".join(item.label for item in self.items[:10])
        raise Permanent(f"the custom field {self.code} has no choice like what was answered, only {known}", "choice")

    def _date(self, text: str) -> date:
        try:
            return datetime.fromisoformat(text).date()
        except ValueError:
            raise Permanent(f"the custom field {self.code} takes a date", "date") from None
