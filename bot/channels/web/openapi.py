"""The OpenAPI file of the web chat, made from the wire types that the handlers decode and encode."""

from typing import TypeAlias

import msgspec

from bot.channels.web import types as wire

Json: TypeAlias = dict[str, object]

_TYPES = (
    *(wire.NewChat, wire.Message, wire.Chat, wire.State, wire.Problem, wire.Conflict),
    *(wire.Invitation, wire.Invited),
)
_ID: Json = {"name": "chat", "in": "path", "required": True, "schema": {"type": "string"}}
_RETRY: Json = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}}
_EVENT: Json = {
    "type": "object",
    "description": "One event.",
    "required": ["id", "data"],
    "properties": {
        "id": {"type": "string", "pattern": "^[0-9]+$"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/State"},
        },
    },
}
"""Before OpenAPI 3.2 had `itemSchema`, the schema of a stream was taken to be that of its events."""
_WHY = {
    "400": "Malformed.",
    "401": "A token that is missing, wrong or too old.",
    "403": "A page of an Origin that is not listed.",
    "404": "There is no such chat, flow or link.",
    "408": "The body did not arrive in time.",
    "413": "The body is too large.",
    "429": "Too fast; the same may be sent again after Retry-After.",
    "503": "Nothing was saved, for the store cannot be written; send the same again after Retry-After.",
}


def document(version: str) -> Json:
    """OpenAPI 3.1; `version` is that of the program."""
    _, schemas = msgspec.json.schema_components(_TYPES, ref_template="#/components/schemas/{name}")
    schemas["Message"]["oneOf"] = [_said("value", "fence"), _said("text"), _said("action")]
    for name in ("NewChat", "Message", "Page", "Prefill", "Invitation"):
        _without_nul(schemas[name])
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "chatsurvey web chat",
            "version": version,
            "description": "Conversational surveys over HTTP. Errors are application/problem+json (RFC 9457).",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": {
            "/api/v1/chats": {"post": _open()},
            "/api/v1/chats/{chat}/messages": {"post": _say()},
            "/api/v1/chats/{chat}/events": {"get": _events()},
            "/api/v1/invitations": {"post": _invite()},
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "chat": {"type": "http", "scheme": "bearer", "description": "The `token` of the chat."},
                "key": {"type": "http", "scheme": "bearer", "description": "An API key (`chatsurvey keys`)."},
            },
        },
    }


_SAID: Json = {"value": ["integer", "string", "array"], "fence": "integer", "text": "string", "action": "string"}


def _said(*fields: str) -> Json:
    """A message that says this and nothing else."""
    others = {"value", "text", "action"} - set(fields)
    there: Json = {field: {"type": _SAID[field]} for field in fields}
    return {"required": list(fields), "properties": {**there, **{field: {"type": "null"} for field in sorted(others)}}}


_NO_NUL = "^[^\\u0000]*$"


def _without_nul(schema: object) -> None:
    """Say of each text in a request, and of each name in a map, that U+0000 is refused as malformed."""
    if isinstance(schema, list):
        for item in schema:
            _without_nul(item)
    elif isinstance(schema, dict):
        if schema.get("type") == "string":
            schema.setdefault("pattern", _NO_NUL)
        if schema.get("type") == "object" and "properties" not in schema:  # of the others, unknown names are not read
            schema.setdefault("propertyNames", {"pattern": _NO_NUL})
        for item in list(schema.values()):
            _without_nul(item)


def _open() -> Json:
    return {
        "operationId": "openChat",
        "summary": "Open a chat, or resume one",
        "security": [],
        "requestBody": _body("NewChat"),
        "responses": {
            "200": _answer("Resumed: every entry, or those after `cursor`.", "Chat"),
            "201": _answer("Opened.", "Chat"),
            **_problems("400", "401", "403", "404", "408", "413", "429", "503"),
        },
    }


def _say() -> Json:
    conflict = "The question moved on, or the chat has ended. The chat as it stands is in the body."
    return {
        "operationId": "sendMessage",
        "summary": "Answer, say something, or act",
        "description": "The same `id` again changes nothing and answers with the chat as it stands.",
        "security": [{"chat": []}],
        "parameters": [_ID],
        "requestBody": _body("Message"),
        "responses": {
            "200": _answer("Taken. An answer that was not understood is asked again in `entries`.", "State"),
            "409": _answer(conflict, "Conflict", "application/problem+json"),
            **_problems("400", "401", "403", "404", "408", "413", "429", "503"),
        },
    }


def _events() -> Json:
    stream = "Each event's `data` is a State after the one before, its `id` the cursor; a comment comes every 15 s."
    cursor: Json = {"name": "cursor", "in": "query", "schema": {"type": "integer", "minimum": 0, "maximum": wire.SAFE}}
    last: Json = {
        "name": "Last-Event-ID",
        "in": "header",
        "description": "Goes before `cursor`, unless it is empty.",
        "schema": {"type": "string", "pattern": "^[0-9]{0,15}$"},
    }
    return {
        "operationId": "followChat",
        "summary": "Follow a chat (server-sent events, to be read by fetch)",
        "security": [{"chat": []}],
        "parameters": [_ID, cursor, last],
        "responses": {
            "200": {
                "description": stream,
                "headers": {"X-Accel-Buffering": {"schema": {"type": "string", "const": "no"}}},
                "content": {"text/event-stream": {"schema": _EVENT}},
            },
            **_problems("400", "401", "403", "404", "429", "503"),
        },
    }


def _invite() -> Json:
    conflict = "This person has opted out on this channel (`opted_out`) or is in another chat (`busy`)."
    return {
        "operationId": "invite",
        "summary": "Invite a person on a messaging channel to a chat",
        "description": "For servers. The same `key` begins a chat with this person once.",
        "security": [{"key": []}],
        "requestBody": _body("Invitation"),
        "responses": {
            "200": _answer("The key was used before: the chat that it began.", "Invited"),
            "201": _answer("Begun.", "Invited"),
            "409": _answer(conflict, "Problem", "application/problem+json"),
            **_problems("400", "401", "404", "408", "413", "429", "503"),
        },
    }


def _body(schema: str) -> Json:
    return {"required": True, "content": {"application/json": {"schema": _ref(schema)}}}


def _answer(description: str, schema: str, media: str = "application/json") -> Json:
    return {"description": description, "content": {media: {"schema": _ref(schema)}}}


def _problems(*statuses: str) -> Json:
    found: Json = {}
    for status in statuses:
        answer = _answer(_WHY[status], "Problem", "application/problem+json")
        found[status] = {**answer, "headers": _RETRY} if status in ("429", "503") else answer
    return found


def _ref(schema: str) -> Json:
    return {"$ref": f"#/components/schemas/{schema}"}
