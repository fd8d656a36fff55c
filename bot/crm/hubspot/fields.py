"""The properties that chatsurvey makes in HubSpot, and what a property for a value of a mapping has to be. Pure."""

from collections.abc import Mapping

from msgspec import Struct

from bot.crm.mapping.mapped import Expr

GROUP, TITLE = "chatsurvey", "ChatSurvey"
UNIQUE = "chatsurvey_id"
"""The property of notes and tickets that holds the chat; HubSpot refuses a second record with the same."""
TEXT = 65_536
SEGMENTS = (("detractor", "Detractor"), ("passive", "Passive"), ("promoter", "Promoter"))
KINDS = {"contacts": "contacts", "note": "notes", "ticket": "tickets"}
"""Targets and sections of the mapping, and HubSpot's name of their objects."""


class Wanted(Struct, frozen=True):
    """A property to make: type and field type are HubSpot's words."""

    name: str
    type: str
    field: str
    label: str
    options: tuple[tuple[str, str], ...] = ()
    unique: bool = False


_ID = Wanted(UNIQUE, "string", "text", "Survey response", unique=True)
WANTED: Mapping[str, tuple[Wanted, ...]] = {
    "contacts": (
        Wanted("nps_score", "number", "number", "NPS score"),
        Wanted("nps_segment", "enumeration", "select", "NPS segment", SEGMENTS),
        Wanted("nps_date", "date", "date", "NPS date"),
        Wanted("nps_reason", "string", "textarea", "NPS reason"),
        Wanted("nps_outcome", "string", "text", "NPS case outcome"),
        Wanted("nps_link", "string", "text", "NPS response"),
    ),
    "notes": (_ID,),
    "tickets": (_ID,),
}
OF_VALUE = {
    "integer": ("number", "number"),
    "number": ("number", "number"),
    "boolean": ("bool", "booleancheckbox"),
    "date": ("date", "date"),
    "datetime": ("datetime", "date"),
}
"""The kind of a value -> type and field type of a property for it; a text takes any other."""


def fits(wanted: Wanted | None, expr: Expr) -> bool:
    """Whether a property of the table can hold what this mapping writes: other labels, or a time, it cannot."""
    if wanted is None:
        return False
    if wanted.options:
        return set(map(str, expr.options)) <= {value for value, _ in wanted.options}
    return expr.type == "any" or wanted.type == OF_VALUE.get(expr.type, ("string", ""))[0]


def wanted_for(name: str, expr: Expr) -> Wanted:
    label = name.replace("_", " ").capitalize().replace("Nps", "NPS")
    values = tuple(str(value) for value in expr.options) if expr.type in ("text", "texts") else ()
    if len(values) > 1:
        field = "checkbox" if expr.type == "texts" else "select"
        return Wanted(name, "enumeration", field, label, tuple((value, value) for value in values))
    return Wanted(name, *OF_VALUE.get(expr.type, ("string", "textarea")), label)
