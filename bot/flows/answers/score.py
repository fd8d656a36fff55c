"""Reads a score that a person typed."""

from dataclasses import dataclass
from typing import TypeAlias

from bot.flows.answers.clean import cut, fold


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
    said = fold(cut(text)).strip("!. ")
    if said.isdecimal() and len(said) <= 2 and low <= int(said) <= high:
        return Score(int(said))
    return None
