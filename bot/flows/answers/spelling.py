"""Which number a misspelt number word was meant to be.

A word one edit (a letter more, less or other) or one swap away from exactly one number is that number, unless it is a
common word itself or a common word is as near. A letter missing, doubled or swapped is a nearer slip than another
letter, so `sevn` is seven, although `seen` is one letter away. Further off, the number is only asked about.
"""

from bot.flows.answers.figures import unaccented
from bot.flows.answers.words import Words

_SHORTEST = 4
"""Letters. Among shorter words every third is one letter from another."""


def meant(word: str, words: Words) -> tuple[int, bool] | None:
    """The number that `word` (plain) stands for and whether that is sure enough to be taken; None for no number."""
    known = unaccented(words)
    if len(word) < 3 or len(word) > 9 or not word.isalpha() or word in known or word in words.common | words.forms:
        return None
    near = {known[number] for number in known if _slip(word, number)}
    if len(near) == 1:
        value = next(iter(near))
        slip = min(_slip(word, number) or 3 for number in known if known[number] == value)
        long = len(word) >= _SHORTEST and any(
            len(number) >= 3 for number in known if known[number] == value and _slip(word, number)
        )
        rival = any(0 < (_slip(word, common) or 3) <= slip for common in words.common)
        return value, long and not rival
    if near or len(word) < 5:
        return None
    # Two edits off: worth a question where the word at least begins like the number.
    far = {known[number] for number in known if len(number) > 3 and number[0] == word[0] and _edits(word, number) == 2}
    return (next(iter(far)), False) if len(far) == 1 else None


def _slip(word: str, number: str) -> int:
    """0 for more than one edit apart, 1 for a letter missing, added or swapped, 2 for another letter."""
    if abs(len(word) - len(number)) > 1 or word == number or _edits(word, number) != 1:
        return 0
    if len(word) != len(number):
        return 1
    return 1 if sorted(word) == sorted(number) else 2


def _edits(word: str, other: str) -> int:
    from rapidfuzz.distance import OSA  # noqa: PLC0415 - 26 ms that only a misspelt word pays

    return OSA.distance(word, other, score_cutoff=2)
