"""Reads which of the offered moments a person typed."""

from collections.abc import Sequence
from datetime import datetime

from bot.flows.answers.clean import cut, fold


def read_slot(
    text: str, offered: Sequence[datetime], locale: str, now: datetime
) -> datetime | tuple[datetime, ...] | None:
    """The offered moment that was meant; the nearest ones; or None. Never raises."""
    said = fold(cut(text))
    found = tuple(moment for moment in offered if moment.strftime("%H:%M") in said)
    return found[0] if len(found) == 1 else found or None
