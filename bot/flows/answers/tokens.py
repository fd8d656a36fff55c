"""Cuts a typed message into clauses of numbers, words and symbols, whatever its script and punctuation.

Digits of every script, keycaps and circled digits become ASCII digits; each item knows where it stands in the original,
so that what was said beside a score can be given back as it was typed. A number that is glued to something else (`-1`,
`B2`, `5pm`, `<3`, `8-bit`) is `spoiled`: it is no score, whatever stands around it.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Literal

from bot.flows.answers.clean import fold, plain

_TOKEN = re.compile(
    r"(?P<number>\d+(?:[.,:/'’⁄\\–-]\d+)*[¼-¾⅐-⅞]?|[¼-¾⅐-⅞])"
    r"|(?P<word>[^\W\d_]+(?:['’‘ʼ-][^\W\d_]+)*)"
    r"|(?P<space>\s+)"
    r"|(?P<mark>.)",
    re.DOTALL,
)
_DASHES = "-‐‑‒–—−"
_FRACTION = re.compile("[¼-¾⅐-⅞]")
_BREAKS = ',;:!?.()[]{}|"«»“”„…•·→='
_IGNORED = "¿¡*_`'’‘´^" + chr(0x20E3)
_STARS = "★☆⭐🌟✨"


@dataclass(frozen=True, slots=True)
class Item:
    kind: Literal["number", "word", "symbol"]
    text: str
    """Plain form of a word; the digits and inner marks of a number; a symbol itself."""
    folded: str
    at: int
    """Where it starts in the spelled-out text."""
    spoiled: bool = False


@dataclass(slots=True)
class Clause:
    """What stands between two marks of punctuation."""

    items: list[Item] = field(default_factory=list)
    end: str = ""
    """The mark that ends it."""


@dataclass(frozen=True, slots=True)
class Spelled:
    """`said` is `typed` with its digits spelled in ASCII; `source[i]` is where `said[i]` comes from."""

    typed: str
    said: str
    source: tuple[int, ...] | None
    """None where both are the same, character by character."""

    def typed_from(self, at: int) -> int:
        if self.source is None:
            return at
        return self.source[at] if at < len(self.source) else len(self.typed)


def spell(typed: str) -> Spelled:
    """ASCII digits for every digit of Unicode, and no invisible marks."""
    if typed.isascii():
        return Spelled(typed, typed, None)
    said: list[str] = []
    source: list[int] = []
    for at, mark in enumerate(typed):
        spelled = _digits(mark)
        said.append(spelled)
        source.extend([at] * len(spelled))
    return Spelled(typed, "".join(said), tuple(source))


def _digits(mark: str) -> str:
    if mark.isascii():
        return mark
    if mark == "🔟":
        return "10"
    if _FRACTION.match(mark):
        return mark
    category = unicodedata.category(mark)
    if category in ("Cf", "Mn", "Me"):
        return "" if category != "Mn" or 0xFE00 <= ord(mark) <= 0xFE0F else mark
    digit = unicodedata.decimal(mark, None)
    if digit is not None:
        return str(digit)
    if category == "No":
        # ⑨ and ❾ are nines; ² is no two: it is glued to what stands before it.
        raised = unicodedata.decomposition(mark).startswith(("<super>", "<sub>"))
        alone = unicodedata.digit(mark, None)
        normal = str(alone) if alone is not None else unicodedata.normalize("NFKC", mark)
        return f"\\{normal}" if raised else normal
    return unicodedata.normalize("NFKC", mark) if category in ("Zs", "Po", "Sm", "Ll", "Lu") else mark


def clauses_of(said: str) -> list[Clause]:
    """The clauses of a spelled-out text, none of them empty."""
    found = [Clause()]
    for match in _TOKEN.finditer(said):
        kind, text, at = match.lastgroup, match.group(), match.start()
        clause = found[-1]
        if kind == "number":
            clause.items.append(Item("number", text, text, at, _spoiled(said, at, match.end())))
        elif kind == "word":
            clause.items.append(Item("word", plain(text), fold(text), at))
        elif kind == "space":
            if "\n" in text:
                found.append(Clause())
        else:
            _mark(found, said, text, at)
    return [clause for clause in found if clause.items]


def _mark(found: list[Clause], said: str, mark: str, at: int) -> None:
    clause = found[-1]
    if mark in _BREAKS:
        # In `9!?` the question mark is what counts.
        for ended in reversed(found):
            if ended.items:
                ended.end = mark if ended.end != "?" else ended.end
                break
        found.append(Clause())
    elif mark in _DASHES:
        ahead = said[at + 1 :].lstrip()[:1].isdigit()
        first = len(found) == 1 and not clause.items
        if ahead and (first or (clause.items and clause.items[-1].kind == "number")):
            clause.items.append(Item("word", "-", "-", at))
        else:
            found.append(Clause())
    elif mark == "/":
        clause.items.append(Item("word", "/", "/", at))
    elif mark in _STARS:
        clause.items.append(Item("symbol", mark, mark, at))
    elif mark not in _IGNORED:
        unit = mark <= "\u2190" or "\u3200" <= mark <= "\u33ff"  # ° № ㎏; later ones are pictures
        if unicodedata.category(mark) in ("So", "Sk", "Cn", "Co", "Cs", "Cc", "Mn", "Mc", "Me") and not unit:
            found.append(Clause())
        else:
            clause.items.append(Item("symbol", mark, mark, at))


def _spoiled(said: str, start: int, end: int) -> bool:
    """Whether the number at start..end is glued to something that makes it no score."""
    before, far = said[start - 1 : start], said[start - 2 : start - 1] if start > 1 else ""
    after, next_but_one = said[end : end + 1], said[end + 1 : end + 2]
    alone_before = not far or far.isspace()
    return bool(
        before.isalnum()
        or after.isalnum()
        or (before and before in _DASHES + "<>\\^")
        or (before and before in ":;=.," and alone_before)
        or (after and after in "'’′″\"\\^" and (not before or before not in "'’‘\"“"))
        or (after and after in _DASHES and (next_but_one.isalpha() or next_but_one == ")"))
        or (after == ")" and "(" not in said[:start])
        or (unicodedata.category(after) in ("Mn", "Mc") if after else False)
    )
