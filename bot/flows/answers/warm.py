"""Loads what the first typed answers would otherwise load in a turn: up to half a second for a wished time."""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta

from bot.flows.answers.choice import read_choice
from bot.flows.answers.contact import read_email, read_phone, region_of
from bot.flows.answers.moment import read_slot
from bot.flows.answers.score import read_score

_SOME_DAY = datetime(2026, 1, 5, 10, tzinfo=UTC)

_READERS: Mapping[str, Callable[[], object]] = {
    "nps": lambda: read_score("sevn or so", "en"),
    "choice": lambda: read_choice("cal me", {"call": "Call me back"}, "en"),
    "email": lambda: read_email("someone@example.com"),
    "phone": lambda: read_phone("0612345678", region_of("fr", "Europe/Paris")),
    "slot": lambda: read_slot("in 2 days", (_SOME_DAY, _SOME_DAY + timedelta(days=1)), "en", _SOME_DAY),
}


def warm(kinds: Collection[str]) -> None:
    """Read one typed answer of each of these kinds of step; others are left out. Takes up to a second: in a thread."""
    for kind, read in _READERS.items():
        if kind in kinds:
            read()
