"""One request that a stand-in was sent, and what it answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

T = TypeVar("T")


@dataclass(slots=True)
class Exchange:
    method: str
    path: str
    """Decoded."""
    query: Mapping[str, str]
    """The last value where a name comes several times."""
    headers: Mapping[str, str]
    """By name in any case."""
    body: bytes
    raw_path: str = ""
    """As it was sent, without the query."""
    pairs: tuple[tuple[str, str], ...] = ()
    """The whole query."""
    status: int = 0
    """Of the answer; 0 where there was none."""
    answer: bytes = b""
    trouble: str = field(default="")
    """The kind of trouble that it met."""

    # Any: what a test looks at by path; a handler reads a struct.
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    def read(self, type: type[T]) -> T:
        """The body as this type. Raises msgspec.ValidationError."""
        return msgspec.json.decode(self.body, type=type, strict=False)

    def form(self) -> Mapping[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))
