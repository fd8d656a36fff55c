"""What goes over HubSpot's wire, as its stand-in reads and writes it."""

from collections.abc import Mapping, Sequence

import msgspec
from aiohttp import web

from bot.sandbox.crm.hubspot_portal import BATCH, Refused

AT = "2026-01-01T00:00:00.000Z"


class Input(msgspec.Struct):
    id: str
    properties: dict[str, str] = {}
    idProperty: str = ""  # noqa: N815 - HubSpot's spelling
    objectWriteTraceId: str = ""  # noqa: N815 - as above


class Batch(msgspec.Struct):
    inputs: list[Input]
    idProperty: str = ""  # noqa: N815 - as above
    properties: list[str] = []


class End(msgspec.Struct):
    id: str


class Pair(msgspec.Struct, rename={"source": "from"}):
    source: End
    to: End


class Pairs(msgspec.Struct):
    inputs: list[Pair]


class Made(msgspec.Struct):
    name: str = ""
    label: str = ""
    type: str = ""
    fieldType: str = ""  # noqa: N815 - as above
    groupName: str = ""  # noqa: N815 - as above
    hasUniqueValue: bool = False  # noqa: N815 - as above
    options: list[dict[str, str | int | bool]] = []


def twice(batch: Batch) -> str:
    ids = [each.id.lower() for each in batch.inputs]
    if len(ids) > BATCH:
        return f"The maximum number of inputs supported in a batch request is {BATCH}"
    double = sorted({one for one in ids if ids.count(one) > 1})
    return f"Duplicate IDs found in batch input: {double}. IDs must be unique" if double else ""


def error_json(error: Refused, ids: Sequence[str], trace: str = "") -> Mapping[str, object]:
    context = {"ids": list(ids)} | ({"objectWriteTraceId": [trace]} if trace else {})
    return {
        "status": "error", "category": error.category, "message": error.message, "context": context,
        "errors": list(error.details), "links": {},
    }  # fmt: skip


def answer(
    results: Sequence[Mapping[str, object]], errors: Sequence[Mapping[str, object]], mixed: int = 207
) -> web.Response:
    body: dict[str, object] = {"status": "COMPLETE", "results": list(results), "startedAt": AT, "completedAt": AT}
    if not errors:
        return web.json_response(body)
    return web.json_response(body | {"numErrors": len(errors), "errors": list(errors)}, status=mixed)


def group_json(name: str, label: str) -> Mapping[str, object]:
    return {"name": name, "label": label, "archived": False, "displayOrder": -1}
