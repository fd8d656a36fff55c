"""What a store holds, as rows that any store can give and take: see `copying.py`.

Bodies stay as they are stored (`codec.py`), since all stores write them alike. What is no data is not among them:
marks, words, leases, what `writable` probes, and the marker of a move itself (`copy_marks.py`).
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Literal, Protocol, TypeAlias

import msgspec
from msgspec import Struct

from bot.model import Doc

Thing: TypeAlias = Literal["flows", "chats", "names", "jobs", "documents", "events"]
THINGS: tuple[Thing, ...] = ("flows", "chats", "names", "jobs", "documents", "events")
"""In the order in which they are copied."""

MARKER = ("move", "state")
"""Kind and id of the document that says what moves a store has seen."""
WAITING, RUNNING, DEAD = 0, 1, 2
"""States of a job, in every store."""


class ChatRow(Struct, frozen=True):
    id: str
    version: int
    seq: int
    body: bytes
    turns: tuple[tuple[int, bytes], ...]
    """(last sequence number, its lines) of each turn, in order."""


class NameRow(Struct, frozen=True):
    space: int
    """0: an alias, 1: an address, as in the alias table of SQLite."""
    name: str
    chat: str


class JobRow(Struct, frozen=True):
    id: str
    kind: str
    due: int
    payload: str
    gen: int
    attempt: int
    state: int
    error: str
    created: int
    touched: int
    cut: bool
    """It was interrupted, and says so when it is next claimed."""


class EventRow(Struct, frozen=True):
    key: str
    at: int


class FlowRow(Struct, frozen=True):
    version: str
    source: str


Row: TypeAlias = FlowRow | ChatRow | NameRow | JobRow | Doc | EventRow


class Figures(Struct, frozen=True):
    """What there is in a store, for people."""

    chats: int
    open_chats: int
    jobs: Mapping[str, Mapping[str, int]]
    """Kind -> state -> how many."""
    documents: Mapping[str, int]
    """By kind."""
    flows: int
    bytes: int
    """Of the file, or of the server's memory with whatever else is in it."""


class Copyable(Protocol):
    """A store that nobody serves, as a source of rows and as a taker. Raises StoreUnavailable and sqlite3.Error."""

    async def counts(self) -> Mapping[Thing, int]:
        """How many rows of each thing `pages` would give. It looks anew: what it saw is what `pages` gives."""

    def pages(self, thing: Thing) -> AsyncIterator[Sequence[Row]]:
        """All rows of one kind, a page at a time: chats by id, each row once. After `counts`."""

    async def take(self, rows: Sequence[Row]) -> None:
        """Keep rows, none of which is there yet."""

    async def wipe(self) -> None:
        """Take everything away but the marker of the move."""

    async def figures(self) -> Figures: ...

    async def close(self) -> None: ...


def arriving(rows: Iterable[Row]) -> list[Row]:
    """As they are kept elsewhere: whoever had a job in hand is gone, so it waits and says that it was cut off."""
    return [
        msgspec.structs.replace(row, state=WAITING, cut=True)
        if isinstance(row, JobRow) and row.state == RUNNING
        else row
        for row in rows
    ]


class Digest:
    """Of many rows in whatever order: their number, and the sum of their hashes."""

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self.rows += 1
            self._sum += int.from_bytes(blake2b(_encode(row), digest_size=16).digest(), "big")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Digest) and (self.rows, self._sum) == (other.rows, other._sum)

    __hash__ = None  # type: ignore[assignment] # it changes


_encode = msgspec.msgpack.Encoder().encode


class Head(Struct, frozen=True):
    """What of a chat's body says whether it is open, and which flow version it began with."""

    ended: int = 0
    flow_version: str = ""


head_of = msgspec.msgpack.Decoder(Head).decode
