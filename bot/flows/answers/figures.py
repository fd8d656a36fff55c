"""Numbers in a clause: digits, number words of a language, and what the marks inside them mean."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

from bot.flows.answers.clean import plain
from bot.flows.answers.tokens import Item
from bot.flows.answers.words import Words

Kind: TypeAlias = Literal["whole", "ratio", "between", "other"]

_DECIMAL = re.compile(r"(\d{1,3})[.,](\d{1,2})")
_RATIO = re.compile(r"(\d{1,3})[/⁄](\d{1,3})")
_RATIO_OF_DECIMAL = re.compile(r"(\d{1,3})[.,](\d{1,2})[/⁄](\d{1,3})")
_RANGE = re.compile(r"(\d{1,3})[–-](\d{1,3})")
_HALF = re.compile(r"(\d{1,3})[¼-¾⅐-⅞]")
_LONGEST_SPOKEN = 4
"""Words of the longest number that is read as one: quatre vingt dix neuf."""


@dataclass(frozen=True, slots=True)
class Scale:
    low: int
    high: int

    def only(self, *values: int) -> tuple[int, ...]:
        return tuple(sorted({value for value in values if self.low <= value <= self.high}))


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that was said. `whole` and `ratio` (8/10) have one value on the scale; `between` (7.5, 7-8) has the
    whole scores next to it; `other` is no score."""

    kind: Kind
    values: tuple[int, ...]
    at: int
    weak: bool = False
    doubt: bool = False


def figure_of_digits(item: Item, scale: Scale) -> Figure:
    digits = item.text
    if item.spoiled:
        return Figure("other", (), item.at)
    if digits.isdecimal():
        return _whole(digits, item.at, scale)
    if match := _RATIO.fullmatch(digits):
        first, second = int(match[1]), int(match[2])
        if second == scale.high:
            whole = _whole(match[1], item.at, scale)
            return Figure("ratio", whole.values, item.at, doubt=whole.doubt) if whole.values else whole
        near = scale.only(first, second) if second == first + 1 else ()
    elif match := _RATIO_OF_DECIMAL.fullmatch(digits):
        near = _around(match[1], match[2], scale) if int(match[3]) == scale.high else ()
    elif match := _DECIMAL.fullmatch(digits):
        if match[2] == "0":
            return _whole(match[1], item.at, scale, doubt=True)
        near = _around(match[1], match[2], scale)
    elif match := _RANGE.fullmatch(digits):
        first, second = int(match[1]), int(match[2])
        near = scale.only(*range(first, second + 1)) if first < second <= min(first + 2, scale.high) else ()
    elif match := _HALF.fullmatch(digits):
        near = _around(match[1], "5", scale)
    else:
        near = ()
    return Figure("between" if near else "other", near, item.at)


def _whole(digits: str, at: int, scale: Scale, doubt: bool = False) -> Figure:
    if len(digits) > 2:
        return Figure("other", (), at)
    values = scale.only(int(digits))
    # 08 may be a day, an hour or the start of a phone number.
    return Figure("whole" if values else "other", values, at, doubt=doubt or digits != str(int(digits)))


def _around(whole: str, part: str, scale: Scale) -> tuple[int, ...]:
    lower = int(whole)
    # A price or a time has two digits after the mark; so has 7.25, and both are asked again.
    return scale.only(lower, lower + 1) if lower < scale.high and part else ()


def figure_of_words(
    items: Sequence[Item], start: int, words: Words, native: bool, scale: Scale
) -> tuple[Figure, int] | None:
    """The number said from `start` on, and where it ends; None where no number is said there."""
    item = items[start]
    if not native and item.folded not in words.numbers:
        # A foreign message is read for a score, not for larger numbers.
        return None
    end, value = _spoken(items, start, words.language)
    if end:
        values = scale.only(value)
        return Figure("whole" if values else "other", values, item.at), end
    said = number_of(item, words, native)
    if said is None:
        near = _joined(item.text, words, scale)
        return (Figure("between", near, item.at), start + 1) if near else None
    values = scale.only(said)
    return Figure("whole" if values else "other", values, item.at, weak=item.folded in words.weak), start + 1


def number_of(item: Item, words: Words, native: bool) -> int | None:
    """0-10. In the person's own language accents may be missing; a foreign word must be whole and mean nothing else."""
    if native:
        return unaccented(words).get(item.text)
    return None if item.folded in words.weak else words.numbers.get(item.folded)


@cache
def unaccented(words: Words) -> Mapping[str, int]:
    """The number words without accents."""
    return {plain(word): value for word, value in words.numbers.items()}


def _spoken(items: Sequence[Item], start: int, language: str) -> tuple[int, int]:
    """Where a number of several words, or one above ten, ends, and its value; (0, 0) where there is none."""
    from text_to_num import text2num  # noqa: PLC0415 - 13 ms that a chat with tapped answers never pays

    for end in range(min(start + _LONGEST_SPOKEN, len(items)), start, -1):
        run = items[start:end]
        if any(item.kind != "word" for item in run):
            continue
        try:
            value = int(text2num(" ".join(item.folded for item in run), language))
        except ValueError:
            continue
        if value > 10 or end > start + 1:
            return end, value
    return 0, 0


def _joined(word: str, words: Words, scale: Scale) -> tuple[int, ...]:
    """The whole scores next to `sept-huit` or `siebeneinhalb`."""
    known = unaccented(words)
    first, _, second = word.partition("-")
    if first in known and second in known:
        return scale.only(known[first], known[second])
    for half in words.halves:
        if word.endswith(half) and word.removesuffix(half) in known:
            lower = known[word.removesuffix(half)]
            return scale.only(lower, lower + 1)
    return ()
