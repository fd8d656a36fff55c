"""What a person's hand leaves in an element of Block Kit, as Slack reports it in actions and in a view's state."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from bot.sandbox.slack.types import Json, View

Value: TypeAlias = str | Sequence[str] | None

WRITTEN = ("plain_text_input", "email_text_input", "url_text_input", "number_input")
ONE_OF = ("static_select", "radio_buttons", "overflow")
SOME_OF = ("checkboxes", "multi_static_select")
PICKED = {
    "users_select": ("selected_user", "initial_user"),
    "channels_select": ("selected_channel", "initial_channel"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
}


def options(element: Json) -> Iterator[Json]:
    yield from element.get("options", ())
    for group in element.get("option_groups", ()):
        yield from group["options"]


def filled(element: Json, value: Value) -> Json:
    """Raises LookupError for an option that is not offered, ValueError for a text that does not fit."""
    kind = element["type"]
    if kind in WRITTEN:
        text = str(value) if value else None
        _fits(element, text or "")
        return {"type": kind, "value": text}
    if kind in ONE_OF:
        return {"type": kind, "selected_option": _option(element, str(value)) if value else None}
    if kind in SOME_OF:
        return {"type": kind, "selected_options": [_option(element, str(one)) for one in value or ()]}
    if kind in PICKED:
        return {"type": kind, PICKED[kind][0]: value or None}
    raise LookupError(f"nothing can be filled into a {kind}")


def initial(element: Json) -> Value:
    """What stands in it before anybody touched it."""
    kind = element["type"]
    if kind in ONE_OF:
        return str(element["initial_option"]["value"]) if element.get("initial_option") else None
    if kind in SOME_OF:
        return [one["value"] for one in element.get("initial_options", ())]
    name = PICKED[kind][1] if kind in PICKED else "initial_value"
    return str(element[name]) if element.get(name) else None


def state(view: View, values: Mapping[str, Value], *, complete: bool = False) -> Json:
    """`values` by action_id, the others as they were. Raises LookupError for what the modal does not ask, ValueError
    where it is `complete` and something that must be given is not."""
    asked = [one for one in view.elements if one["type"] not in ("button", "overflow")]
    if unknown := set(values) - {one["action_id"] for one in asked}:
        raise LookupError(f"the modal does not ask {', '.join(sorted(unknown))}")
    found: Json = {}
    inputs = {block.get("block_id") for block in view.blocks if block["type"] == "input"}
    for one in asked:
        value = values.get(one["action_id"], initial(one))
        if complete and not value and one["block_id"] in inputs and not one["optional"]:
            raise ValueError(f"{one['action_id']} must be given")
        found.setdefault(one["block_id"], {})[one["action_id"]] = filled(one, value)
    return found


def _option(element: Json, value: str) -> Json:
    for one in options(element):
        if one["value"] == value:
            return one
    raise LookupError(f"{element['action_id']} does not offer {value}")


def _fits(element: Json, text: str) -> None:
    least, most = element.get("min_length", 0), element.get("max_length", 3000)
    if text and not least <= len(text) <= most:
        raise ValueError(f"{element['action_id']} takes {least} to {most} characters")
