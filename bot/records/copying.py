"""Records from one database into another, in either direction. Imports SQLAlchemy at the first use.

Every response lands by its revision and every delivery by when it was tried, so a copy may be cut off, made again, and
made while either side is written: what is newer there stays. Memory does not grow with what is copied.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, cast

from bot.errors import UserMistake
from bot.model import Response
from bot.records.address import checked
from bot.records.base import Filters

if TYPE_CHECKING:
    from bot.records.database import Database

AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Counts:
    """What the source had. What the target had already, in this state or a newer one, is counted too."""

    responses: int
    deliveries: int


def copy(source_url: str, target_url: str) -> Counts:
    """Copy everything. Blocks.

    Raises UserMistake where there is no source or both are one, Retryable where either side cannot be used (make it
    again then), Permanent for a response that the target does not take.
    """
    from bot.records.database import Database  # noqa: PLC0415 - SQLAlchemy, only where it is used

    _exists(source_url)
    if checked(source_url) == checked(target_url):
        raise UserMistake("source and target of the records are the same", "set DATABASE_URL to the other one")
    source = Database(source_url)
    try:
        target = Database(target_url)
        try:
            responses = sum(_responses(source.responses(Filters()), target))
            return Counts(responses, sum(_deliveries(source.notes(), target)))
        finally:
            target.close()
    finally:
        source.close()


def _exists(url: str) -> None:
    """Opening a file makes it; a copy of nothing would look like a success."""
    if checked(url).startswith("sqlite:") and not Path(url.partition(":///")[2]).is_file():
        raise UserMistake("there are no records to copy", "was DATA_DIR the right folder?")


def _responses(found: Iterator[Response], target: "Database") -> Iterator[int]:
    while some := list(islice(found, AT_ONCE)):
        target.upsert(some)
        yield len(some)


def _deliveries(pages: Iterator[Sequence[Mapping[str, object]]], target: "Database") -> Iterator[int]:
    for page in pages:
        keys = [(cast("str", row["writer"]), cast("str", row["chat"])) for row in page]
        there = target.tried(keys)
        newer = [
            dict(row) for key, row in zip(keys, page, strict=True) if there.get(key, -1) < cast("int", row["tried_at"])
        ]
        target.keep_rows(newer)
        yield len(page)
