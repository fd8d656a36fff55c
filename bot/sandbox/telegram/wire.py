"""A request to the Bot API as it came, in any of the ways that the platform takes: query, form, multipart or JSON.

In all but JSON everything is text, and what is no text travels as JSON in it; `Call.params` has the values as they are
meant. An argument that no method knows is kept as it is: the platform ignores it, a check may not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from aiohttp import web

from bot.sandbox.telegram.errors import Refusal, bad

T = TypeVar("T")

INTEGERS = ("message_id", "offset", "limit", "timeout", "max_connections", "cache_time", "message_thread_id")
BOOLEANS = ("show_alert", "drop_pending_updates", "disable_notification", "protect_content")
DOCUMENTS = (
    *("reply_markup", "allowed_updates", "entities", "commands", "scope", "link_preview_options", "reply_parameters"),
    *("reaction", "suggested_post_parameters"),
)


@dataclass(slots=True)
class Call:
    """One request. `at` in ms; `answer` is the HTTP status that it got (0: none, or none yet)."""

    method: str
    at: int
    kind: str
    """The content type; empty for a bare query."""
    fields: Mapping[str, object]
    """As they came: text, except in a JSON body."""
    params: Mapping[str, object]
    """As they are meant."""
    answer: int = 0
    description: str = ""
    """The words of a refusal."""

    @property
    def text(self) -> str:
        return str(self.params.get("text", ""))

    @property
    def chat(self) -> int:
        """To whom; 0 where the method has no such argument."""
        found = self.words("chat_id")
        return int(found) if found.lstrip("-").isdigit() else 0

    def number(self, name: str, default: int = 0) -> int:
        found = self.params.get(name, default)
        return found if isinstance(found, int) else default

    def words(self, name: str) -> str:
        return str(self.params.get(name, ""))

    def get(self, name: str, kind: type[T]) -> T | None:
        """An argument that is a document. Raises the platform's refusal where it has another shape."""
        if name not in self.params:
            return None
        try:
            return msgspec.convert(self.params[name], kind)
        except msgspec.ValidationError as error:
            raise bad(f"can't parse {name.replace('_', ' ')}: {error}") from error


async def read(request: web.Request, method: str, at: int) -> Call:
    """Never fails for what a client can send: what cannot be read is refused as the platform does, by Refusal."""
    fields: dict[str, object] = dict(request.query)
    kind = request.content_type if request.can_read_body else ""
    if kind == "application/json":
        body = await request.read()
        try:
            fields |= msgspec.json.decode(body or b"{}", type=dict[str, object])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Refusal(400, "Bad Request: can't parse JSON object") from error
        return Call(method, at, kind, fields, fields)
    if kind:
        posted = await request.post()
        fields |= {name: value if isinstance(value, str) else "(a file)" for name, value in posted.items()}
    return Call(method, at, kind, fields, {name: _meant(name, value) for name, value in fields.items()})


def _meant(name: str, value: object) -> object:
    """A value that does not fit stays as it is, for the method to refuse."""
    text = str(value)
    if name in INTEGERS or name == "chat_id":
        return int(text) if text.lstrip("-").isdigit() else text
    if name in BOOLEANS:
        return {"true": True, "1": True, "false": False, "0": False}.get(text.lower(), text)
    if name in DOCUMENTS:
        try:
            found: object = msgspec.json.decode(text)
        except msgspec.DecodeError:
            return text
        return found
    return value


def encode(result: object) -> bytes:
    return msgspec.json.encode({"ok": True, "result": result})


def missing(call: Call, names: Sequence[str]) -> str:
    """The first argument that is not there, or empty."""
    return next((name for name in names if call.params.get(name) in (None, "")), "")
