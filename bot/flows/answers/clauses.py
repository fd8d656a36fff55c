"""What one clause says about a score, read in one language.

A clause is a score only where every word of it is understood: one number, and around it nothing but words that leave it
a score (`I'd say a solid 9, please`). Everything else is a guess at best, to be confirmed, or no score at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from bot.flows.answers.figures import Figure, Scale, figure_of_digits, figure_of_words
from bot.flows.answers.tokens import Item
from bot.flows.answers.words import Phrases, Words

Meaning: TypeAlias = Literal["blank", "words", "score", "unsure", "near", "not", "other"]
"""blank: nothing but `well, I'd say`. words: no number. score: said. unsure: one value, to be confirmed. near: between
these. not: said not to be these. other: a number that is no score; `values` are scores that it could still be."""

_LONGEST_PHRASE = 5
Part: TypeAlias = Item | Figure


@dataclass(frozen=True, slots=True)
class Said:
    meaning: Meaning
    values: tuple[int, ...] = ()
    at: int = 0
    framed: bool = False
    """It says itself that it is a score: `I'd say`, `/10`."""
    firm: bool = False
    """No other language can make a score of it."""
    plain: tuple[str, ...] = ()
    """Its words, where it has no number."""


def read_clause(items: Sequence[Item], words: Words, native: bool, scale: Scale) -> Said:
    parts = _scaled(_parts(items, words, native, scale), words, scale)
    figures = [part for part in parts if isinstance(part, Figure)]
    at = items[0].at
    if not figures:
        said = tuple(item.text for item in items)
        blank = not _uneaten(said, words.opening, words) and not any(word in words.nots for word in said)
        return Said("blank" if blank else "words", at=at, plain=said)
    if len(figures) > 1:
        return replace(_several(parts, figures, words, scale), at=at)
    return replace(_one(parts, figures[0], words, native, scale), at=at)


def _parts(items: Sequence[Item], words: Words, native: bool, scale: Scale) -> list[Part]:
    parts: list[Part] = []
    at = 0
    while at < len(items):
        item = items[at]
        if item.kind == "number":
            parts.append(figure_of_digits(item, scale))
        elif found := figure_of_words(items, at, words, native, scale):
            parts.append(found[0])
            at = found[1]
            continue
        else:
            parts.append(item)
        at += 1
    return _articles(parts, items)


def _articles(parts: list[Part], items: Sequence[Item]) -> list[Part]:
    """In `un 9` the first word is an article, not a one."""
    strong = any(isinstance(part, Figure) and not part.weak for part in parts)
    if not strong:
        return parts
    by_place = {item.at: item for item in items}
    return [by_place[part.at] if isinstance(part, Figure) and part.weak else part for part in parts]


def _scaled(parts: list[Part], words: Words, scale: Scale) -> list[Part]:
    """With `9 out of 10` as one figure. Out of anything else it is no score on this scale."""
    for at, part in enumerate(parts):
        if not isinstance(part, Figure) or part.kind not in ("whole", "between"):
            continue
        phrase, end = _text_until_figure(parts, at + 1)
        if phrase not in words.scale:
            continue
        of = parts[end]
        if isinstance(of, Figure) and of.values == (scale.high,) and of.kind == "whole":
            kind = "ratio" if part.kind == "whole" else part.kind
            return [*parts[:at], replace(part, kind=kind, weak=False), *parts[end + 1 :]]
        return [*parts[:at], replace(part, kind="other", values=()), *parts[end + 1 :]]
    return parts


def _text_until_figure(parts: list[Part], start: int) -> tuple[tuple[str, ...], int]:
    text: list[str] = []
    for at in range(start, len(parts)):
        part = parts[at]
        if isinstance(part, Figure):
            return tuple(text), at
        text.append(part.text)
    return (), 0


def _one(parts: list[Part], figure: Figure, words: Words, native: bool, scale: Scale) -> Said:
    at = parts.index(figure)
    before = [part for part in parts[:at] if isinstance(part, Item)]
    after = [part for part in parts[at + 1 :] if isinstance(part, Item)]
    front = tuple(part.text for part in before)
    back = tuple(part.text for part in after)
    if figure.kind == "other" or _touched(before, after) or (back and back[0] in words.units):
        return Said("other", firm=True)
    if words.halves & set(back[:3]):
        return Said("near", scale.only(figure.values[0], figure.values[0] + 1), firm=True)
    if any(word in words.nots for word in front):
        rest = tuple(word for word in front if word not in words.nots)
        known = not back and not _uneaten(rest, words.opening, words)
        return Said("not" if known else "other", figure.values, firm=True)
    if figure.kind == "between":
        known = not _uneaten(front, words.opening | words.doubt, words)
        return Said("near" if known else "other", figure.values if known else (), firm=True)
    odd_front, odd_back = _uneaten(front, words.opening, words), _uneaten(back, words.closing, words)
    verb = bool(words.verbs & set(front))
    if figure.weak and not verb and (front or back):
        return Said("other")
    explicit = figure.kind == "ratio"
    if not native and front and not (verb or explicit):
        # A short foreign frame is too often something else here: German `um 10` is `at ten`, Portuguese `a ten`.
        return Said("other")
    if not odd_front and not odd_back:
        return Said("unsure" if figure.doubt else "score", figure.values, framed=verb or explicit)
    if not _uneaten(front, words.opening | words.doubt, words):
        # `almost 9`, and `9 great service`: the words after it may make it a quantity.
        return Said("unsure", figure.values, firm=not _uneaten(back, words.closing | words.doubt, words))
    scored = (explicit or verb) and not _uneaten(back, words.closing | words.doubt, words)
    return Said("unsure" if scored else "other", figure.values if scored or not back else ())


def _several(parts: list[Part], figures: list[Figure], words: Words, scale: Scale) -> Said:
    first, last = parts.index(figures[0]), len(parts) - 1 - parts[::-1].index(figures[-1])
    front = tuple(part.text for part in parts[:first] if isinstance(part, Item))
    back = tuple(part.text for part in parts[last + 1 :] if isinstance(part, Item))
    middle = {part.text for part in parts[first:last] if isinstance(part, Item)}
    values = scale.only(*(value for figure in figures for value in figure.values))
    usable = len(figures) == 2 and all(figure.kind in ("whole", "ratio") for figure in figures) and bool(values)
    if not usable or any(figure.weak for figure in figures) or _uneaten(back, words.closing | words.doubt, words):
        return Said("other", firm=usable is False and len(figures) > 2)
    if middle & words.points:
        whole = figures[0].values[0]
        return Said("near", scale.only(whole, whole + 1), firm=True)
    joined = middle <= words.joins | {"-", "/", "and/or"}
    frame = words.opening | words.doubt | frozenset((word,) for word in words.joins)
    if not joined or _uneaten(front, frame, words):
        return Said("other")
    if len(values) == 1:
        return Said("unsure", values)
    return Said("near", values, firm=True)


def _touched(before: Sequence[Item], after: Sequence[Item]) -> bool:
    """A sign (%, €, #) next to the number makes it something else."""
    return bool((before and before[-1].kind == "symbol") or (after and after[0].kind == "symbol"))


def _uneaten(text: tuple[str, ...], known: Phrases, words: Words) -> bool:
    return eaten(text, known, words) < len(text)


def eaten(text: tuple[str, ...], known: Phrases, words: Words) -> int:
    """How many words known phrases take off, longest first. A leading `but` is no word."""
    at = 1 if text and text[0] in words.breaks else 0
    while at < len(text):
        for size in range(min(_LONGEST_PHRASE, len(text) - at), 0, -1):
            if text[at : at + size] in known:
                at += size
                break
        else:
            break
    return at
