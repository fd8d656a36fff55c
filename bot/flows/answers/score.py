"""Reads a score that a person typed: strict and kind.

Guaranteed: a score is an integer of the scale that the person said, in a message of which every word around it is
understood; in doubt the answer is `Near` (worth a tap) or None (ask again). A message is read in the person's own
language first, then in the others, so that `huit` is understood in an English chat. Only the first 200 characters are
looked at; `rest` is the whole of what was said beside the score, in the person's own spelling. Never raises.

The way: `tokens` (clauses) -> `clauses` (what each says, in one language) -> `message` (what they say together).
"""

import re
from dataclasses import dataclass
from typing import TypeAlias

from bot.flows.answers.clean import LIMIT

_PLAIN_NUMBER = re.compile(r"\s*(\d{1,2})\s*[.!]*\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Score:
    """The person said this score. `rest` is what they said beside it, in their own spelling."""

    value: int
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Near:
    """Not a score, but near to these. `confirm`: one tap settles it ("Did you mean 7?"); else a choice of several."""

    values: tuple[int, ...]
    confirm: bool


Reading: TypeAlias = Score | Near | None


def read_score(text: str, locale: str, low: int = 0, high: int = 10) -> Reading:
    """The score said in `text`; what it is near to; or None. Never raises."""
    if len(text) <= LIMIT and (match := _PLAIN_NUMBER.fullmatch(text)):
        value = int(match[1])
        if low <= value <= high and match[1] == str(value):
            return Score(value)
    from bot.flows.answers import message  # noqa: PLC0415 - the words of seven languages: 30 ms that no start-up needs

    return message.read(text, locale, low, high)
