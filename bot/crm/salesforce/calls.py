"""What is asked of Salesforce and what comes back: the structs of its REST API, as far as they are read."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import quote

import msgspec

from bot.crm.http.mask import Asked
from bot.crm.salesforce.errors import Refusal, fault
from bot.errors import DeliveryError

Value: TypeAlias = str | int | float | bool | None
Record: TypeAlias = Mapping[str, Value]

MOST = 200
"""Records in one call of a collection."""
ADDRESS = 6_000
"""Characters of quoted values in one query: an address may have 16,384, and percent signs treble some."""


class Call(msgspec.Struct, frozen=True):
    method: str
    path: str
    """Below `/services/data/vNN.0/`."""
    params: Mapping[str, str] | None = None
    body: Mapping[str, object] | None = None
    headers: Mapping[str, str] = {}

    def asked(self, top: str, secrets: Sequence[str]) -> Asked:
        """This call as it may be told; `top` is the address up to the path."""
        url = f"{top}{self.path}"
        if self.params:
            url += "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in self.params.items())
        body = msgspec.json.encode(self.body) if self.body is not None else b""
        return Asked(self.method, url, body, secrets=secrets)


class Saved(msgspec.Struct, frozen=True):
    success: bool
    id: str | None = None
    created: bool = False
    errors: tuple[Refusal, ...] = ()

    def refused(self, asked: Asked) -> DeliveryError | None:
        if self.success:
            return None
        return asked.told(fault(self.errors[0] if self.errors else Refusal("no reason given", "UNKNOWN_EXCEPTION")))


class Written(msgspec.Struct, frozen=True):
    """What became of one record."""

    id: str = ""
    created: bool = False
    error: DeliveryError | None = None


class Found(msgspec.Struct, frozen=True):
    # Any: a row's fields are those that were asked for; they are read by name and compared, nothing else.
    records: tuple[dict[str, Any], ...]
    done: bool = True
    nextRecordsUrl: str = ""  # noqa: N815 - as it is sent


def pieces(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """Each value once, in pieces whose quoted length fits into an address."""
    piece: list[str] = []
    length = 0
    for value in dict.fromkeys(values):
        size = len(quote(value)) + 9
        if piece and (length + size > ADDRESS or len(piece) == MOST):
            yield piece
            piece, length = [], 0
        piece.append(value)
        length += size
    if piece:
        yield piece
