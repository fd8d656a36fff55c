"""How the store writes a chat: MessagePack by field name, fields that have their default value left out.

Names make a row readable by another version of the service: a field that this version does not know is passed over,
one that an older version did not write gets its default. What is left out saves half of the bytes of a young chat.
Encoding raises UnicodeEncodeError (a lone surrogate) or OverflowError (beyond 64 bits) before anything is stored.
"""

from dataclasses import MISSING, fields
from operator import attrgetter

import msgspec

from bot.model import Conversation, Entry

_NAMES = tuple(field.name for field in fields(Conversation))
_VALUES = attrgetter(*_NAMES)
_DEFAULTS = tuple(
    field.default_factory() if field.default_factory is not MISSING else field.default for field in fields(Conversation)
)
"""MISSING for a required field: equal to no value, so that it is always written."""

_encode = msgspec.msgpack.Encoder().encode
_encode_json = msgspec.json.Encoder().encode
_chat = msgspec.msgpack.Decoder(Conversation)
_entries = msgspec.msgpack.Decoder(tuple[Entry, ...])
_payload = msgspec.json.Decoder(dict[str, str])


def encode_chat(chat: Conversation) -> bytes:
    values: tuple[object, ...] = _VALUES(chat)
    return _encode(
        {name: value for name, value, usual in zip(_NAMES, values, _DEFAULTS, strict=True) if value != usual}
    )


def decode_chat(body: bytes) -> Conversation:
    return _chat.decode(body)


def encode_entries(entries: tuple[Entry, ...]) -> bytes:
    """One turn's lines: one row of the log."""
    return _encode(entries)


def decode_entries(body: bytes) -> tuple[Entry, ...]:
    return _entries.decode(body)


def encode_json(value: object) -> str:
    """A parameter for SQLite's json_each, or a job's payload."""
    return _encode_json(value).decode()


def decode_payload(text: str) -> dict[str, str]:
    return _payload.decode(text)
