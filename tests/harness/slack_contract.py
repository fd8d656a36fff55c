"""What the vendor's contracts have against a request to Slack's Web API: given to the stand-in as its `check`.

Three files say it: web-api.openapi.json (arguments; archived in 2021, so it forbids no argument that it does not know),
block-kit.schema.json (blocks and modals) and block-kit-limits.json (lengths and counts, also of what the schema does
not know: rich text, pickers). Where a file is absent, what it says is not checked, and the run's summary tells so.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from tests.harness.contracts import load

CLASSES = {
    "overflow": "OverflowMenuElement",
    "users_select": "UserSelectElement",
    "multi_static_select": "StaticMultiSelectElement",
    "datepicker": "DatePickerElement",
    "timepicker": "TimePickerElement",
    "datetimepicker": "DateTimePickerElement",
    "modal": "View",
    "home": "View",
}
"""Names in the limits file that are not the type's own in camel case."""
STAND_IN = {"type": "overflow", "options": [{"text": {"type": "plain_text", "text": "x"}, "value": "x"}]}
"""Takes the place of an element that the schema is too old to know; the limits still hold for the real one."""


def faults_of(method: str, args: dict[str, Any]) -> list[str]:
    """Where, and what; nothing for a request that the contracts accept."""
    found = [*_arguments(method, args)]
    if "blocks" in args:
        found += _blocks(args["blocks"], "blocks", 50)
        found += _limits(args["blocks"], "blocks")
    if isinstance(args.get("view"), dict):
        found += [*_view(args["view"]), *_limits(args["view"], "view")]
    if method == "chat.postMessage":
        found += _against("message", args | {"blocks": []} if args.get("blocks") else args, "message")
    return found


def _arguments(method: str, args: dict[str, Any]) -> Iterator[str]:
    schema = _operations().get(method)
    for error in Draft202012Validator(schema).iter_errors(args) if schema else ():
        yield f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"


@cache
def _operations() -> dict[str, Any]:
    """The JSON body of each method. Time stamps are numbers in the vendor's file and strings in every client."""
    document = load("slack/web-api.openapi.json")
    found = {}
    for path, item in document["paths"].items() if document else ():
        schema = item["post"]["requestBody"]["content"]["application/json"]["schema"]
        fields = schema["properties"]
        found[path.strip("/")] = schema | {
            "properties": fields | {name: {"type": ["number", "string"]} for name in fields if name == "ts"}
        }
    return found


def _view(view: dict[str, Any]) -> Iterator[str]:
    if view.get("type") == "modal":
        yield from _against("modal", view | {"blocks": [{"type": "divider"}] if view.get("blocks") else []}, "view")
        if any(block.get("type") == "input" for block in view.get("blocks", ())) and "submit" not in view:
            yield "view: a modal with an input block must have submit"
    yield from _blocks(view.get("blocks", []), "view/blocks", 100)


def _blocks(blocks: list[dict[str, Any]], where: str, most: int) -> Iterator[str]:
    if len(blocks) > most:
        yield f"{where}: {len(blocks)} blocks of at most {most}"
    for number, block in enumerate(blocks):
        if f"block_{block.get('type')}" in _kit():
            yield from _against(f"block_{block['type']}", _known(block), f"{where}/{number}")
        elif _classes() and _class(str(block.get("type"))) not in _classes():
            yield f"{where}/{number}: unknown type {block.get('type')!r}"


def _known(block: dict[str, Any]) -> dict[str, Any]:
    """The block without what the schema is too old to know."""
    known = {one["properties"]["type"]["const"] for one in _kit()["element"]["oneOf"]}

    def taken(one: dict[str, Any]) -> dict[str, Any]:
        old = one.get("type") in known or _class(str(one.get("type"))) not in _classes()
        return one if old else STAND_IN

    found = dict(block)
    for name in ("element", "accessory"):
        if name in found:
            found[name] = taken(found[name])
    if block["type"] == "actions":
        found["elements"] = [taken(one) for one in block.get("elements", ())]
    return found


def _against(name: str, thing: dict[str, Any], where: str) -> Iterator[str]:
    if name not in _kit():
        return
    errors = Draft202012Validator({"$defs": _kit(), "$ref": f"#/$defs/{name}"}).iter_errors(thing)
    if (error := best_match(errors)) is not None:
        yield f"{where}/{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"


@cache
def _kit() -> dict[str, Any]:
    document = load("slack/block-kit.schema.json")
    return dict(document["$defs"]) if document else {}


@cache
def _classes() -> dict[str, dict[str, int]]:
    document = load("slack/block-kit-limits.json")
    return dict(document["limits"]) if document else {}


def _class(kind: str) -> str:
    """The name in the limits file; of a type that it does not know, one that is not there."""
    camel = re.sub(r"(?:^|_)(\w)", lambda found: found[1].upper(), kind)
    names = (CLASSES.get(kind, ""), f"{camel}Block", f"{camel}Element")
    return next((name for name in names if name in _classes()), f"{camel}?")


# Any: a piece of Block Kit.
def _limits(node: Any, where: str) -> Iterator[str]:
    if isinstance(node, list):
        for number, one in enumerate(node):
            yield from _limits(one, f"{where}/{number}")
    if not isinstance(node, dict):
        return
    limits = _classes().get(_class(str(node.get("type"))), {})
    if "type" not in node and {"text", "value"} <= set(node):
        limits = _classes().get("Option", {})
    for name, most in limits.items():
        field = "text" if name == "label_max_length" and "type" not in node else name.removesuffix("_max_length")
        if (long := _length(node.get(field))) > most and name.endswith("_max_length"):
            yield f"{where}/{field}: {long} of at most {most}"
    for name, value in node.items():
        yield from _limits(value, f"{where}/{name}")


def _length(value: Any) -> int:
    return (
        len(value.get("text", "") if isinstance(value, dict) else value) if isinstance(value, str | list | dict) else 0
    )
