"""What a reader of scores knows of a language, as data. One `Words` a language, in `words_*.py`.

Phrases are in plain form (see `clean.plain`): lower case, no accents, a plain apostrophe. Number words keep their
accents: an unaccented spelling is understood in the person's own language, not in a foreign one (fr `très`, es `tres`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

Phrases: TypeAlias = frozenset[tuple[str, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    language: str
    numbers: Mapping[str, int]
    """0-10, with the spellings that people use. Larger ones are read by text2num."""
    weak: frozenset[str]
    """Number words that say something else more often (one, un, sei): a score only where nothing else is said, and
    never across languages."""
    opening: Phrases
    """What may stand before a score and leave it one: `I'd say`, `a solid`."""
    closing: Phrases
    """What may stand after it: `for me`, `points`."""
    doubt: Phrases
    """Around a score these make it a guess, to be confirmed: `almost`, `at most`."""
    scale: Phrases
    """Between a score and the end of the scale: `out of`."""
    verbs: frozenset[str]
    """Words of scoring: with one of them an unknown frame is worth a question."""
    joins: frozenset[str]
    """Between two scores: or, to, and."""
    nots: frozenset[str]
    breaks: frozenset[str]
    """Words that end the score's clause: because, but."""
    halves: frozenset[str]
    points: frozenset[str]
    """The decimal mark, spoken."""
    units: frozenset[str]
    """After a number these make it a quantity, a time or a price."""
    retracts: Phrases
    """Said after a score these take it back: `just kidding`, `if`."""
    forms: frozenset[str]
    """Words that are no misspelt number, however near to one: sixth, tens."""
    common: frozenset[str]
    """Words that a misspelt number word could also be, or that look like another language's number word."""


def phrases(text: str) -> Phrases:
    """Phrases, separated by `|`."""
    return frozenset(tuple(phrase.split()) for phrase in text.split("|") if phrase.strip())


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def numbers(*spellings: str) -> Mapping[str, int]:
    """The spellings of 0, 1, 2 ... in this order, each a list of words."""
    return {word: value for value, line in enumerate(spellings) for word in line.split()}
