"""What a store says of moves (`copying.py`): where its chats came from, and where they have gone.

It is a document in the store itself, so nobody who opens the store can pass it over: one that holds half of a move is
refused, and so is one whose chats live elsewhere now, where people would be answered who are answered there too.
"""

from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from bot.errors import StoreUnavailable, UserMistake
from bot.model import Doc, DocChange
from bot.store.base import Commit, Store
from bot.store.copy_rows import MARKER

MOVING, SERVING = "moving", "processes"
"""Groups of marks: whoever moves a store just now, and whoever serves it."""


class Step(Struct, frozen=True):
    """A move, as one of its ends saw it."""

    id: str
    """The same at both ends."""
    place: str
    """The other end, for people."""
    at: int
    whole: bool = False
    """It was carried through."""


class Marker(Struct, frozen=True):
    came: Step | None = None
    gone: Step | None = None


_decode = msgspec.json.Decoder(Marker).decode


async def marker_of(store: Store) -> Marker:
    doc = await store.doc(*MARKER)
    return _decode(doc.body) if doc else Marker()


async def put_marker(store: Store, marker: Marker) -> None:
    """Nobody else writes it meanwhile: a second move of the same store is refused, and one that is not wins nothing."""
    doc = await store.doc(*MARKER)
    version = doc.version if doc else 0
    body = b"" if marker == Marker() else msgspec.json.encode(marker)
    if await store.put(DocChange(Doc(*MARKER, version + 1, body), version)) is not Commit.DONE:
        raise StoreUnavailable("the marker of the move was changed meanwhile")


async def refuse_moved(store: Store) -> None:
    """Raises UserMistake where nothing may be served or changed here."""
    marker = await marker_of(store)
    if marker.came and not marker.came.whole:
        raise UserMistake(
            f"the chats here are half of a move from {marker.came.place}, which was cut off",
            "Run the same `chatsurvey store move` again: it starts over. Until then the other end has all chats.",
        )
    if marker.gone and marker.gone.whole:
        raise UserMistake(
            f"the chats were moved from here to {marker.gone.place} on {day(marker.gone.at)}, and live there now",
            "Serve them there. To go back to what is here, as it was then: chatsurvey store reopen",
        )
    if await store.marks(MOVING):
        raise UserMistake("the chats are being moved from or to here just now", "Wait until the move is done.")


def day(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
