"""What can go wrong on the way to a CRM, once each: `crm.fails(status(429, {"retry-after": "2"}), lost())`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["none", "status", "echo", "reset", "reset_in_body", "lost", "malformed", "hang"]
MALFORMED = b'<html>\r\n<head><title>200 OK</title></head>\r\n<body>{"almost": [json'


@dataclass(frozen=True, slots=True)
class Trouble:
    kind: Kind
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    applied: bool = False
    """Whether the request has its effect all the same."""


def passes() -> Trouble:
    """None: for requests before the one that is meant."""
    return Trouble("none", applied=True)


def echo() -> Trouble:
    """400, and the vendor's error quotes the whole request: path, query and body."""
    return Trouble("echo", 400)


def status(code: int, headers: Mapping[str, str] | None = None, body: bytes = b"", *, applied: bool = False) -> Trouble:
    """This status, and no effect unless `applied` is set. Without a body the vendor's own form of an error is used."""
    return Trouble("status", code, dict(headers or {}), body, applied)


def reset() -> Trouble:
    """The connection breaks before anything happens."""
    return Trouble("reset")


def lost() -> Trouble:
    """It happens, and the connection breaks before the answer."""
    return Trouble("lost", applied=True)


def reset_in_body() -> Trouble:
    """It happens, and the connection breaks in the middle of the answer's body."""
    return Trouble("reset_in_body", applied=True)


def malformed() -> Trouble:
    """It happens, and the answer is 200 with something that is neither JSON nor complete."""
    return Trouble("malformed", applied=True)


def hang(*, applied: bool = False) -> Trouble:
    """No answer ever; the request has its effect only where `applied` is set."""
    return Trouble("hang", applied=applied)
