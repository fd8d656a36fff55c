"""What the clauses of a typed message say together about a score: see `score`, which promises it."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from bot.flows.answers.clauses import Said, eaten, read_clause
from bot.flows.answers.clean import LIMIT, language_of
from bot.flows.answers.figures import Scale
from bot.flows.answers.score import Near, Reading, Score
from bot.flows.answers.spelling import meant
from bot.flows.answers.tokens import Clause, Item, Spelled, clauses_of, spell
from bot.flows.answers.words import Words
from bot.flows.answers.words_de import GERMAN
from bot.flows.answers.words_en import ENGLISH
from bot.flows.answers.words_es import SPANISH
from bot.flows.answers.words_fr import FRENCH
from bot.flows.answers.words_more import DUTCH, ITALIAN, PORTUGUESE

LANGUAGES = {words.language: words for words in (ENGLISH, FRENCH, SPANISH, GERMAN, ITALIAN, PORTUGUESE, DUTCH)}
_ANY_NO = frozenset(word for words in LANGUAGES.values() for word in words.nots)

_EDGES = " \t\r\n,;:.!-–—=…·•→|)]}"
_TRAIL = " \t\r\n,;:-–—=(|"


@dataclass(frozen=True, slots=True)
class _Verdict:
    reading: Reading
    firm: bool = False
    """No other language needs to be tried."""


def read(text: str, locale: str, low: int, high: int) -> Reading:
    """What `read_score` promises, for anything but plain digits."""
    scale = Scale(low, high)
    text = unicodedata.normalize("NFC", text.strip())
    spelled = spell(_whole_words(text))
    # Blanks keep every other character in its place.
    clauses = clauses_of(_scale_talk(low, high).sub(lambda talk: " " * len(talk[0]), spelled.said))
    own = LANGUAGES.get(language_of(locale), ENGLISH)
    message = _Message(text, spelled, scale)
    verdict = message.decide(_split(clauses, own), own, native=True)
    if verdict.firm or isinstance(verdict.reading, Score):
        return verdict.reading
    others = [words for words in LANGUAGES.values() if words is not own]
    foreign = [message.decide(_split(clauses, words), words, native=False).reading for words in others]
    # Number words that are understood across languages mean the same in all of them, so the first is the only one.
    if score := next((reading for reading in foreign if isinstance(reading, Score)), None):
        return Near((score.value,), confirm=True) if _is_word_of(own, clauses) else score
    between = next((reading for reading in foreign if isinstance(reading, Near) and not reading.confirm), None)
    return verdict.reading or between or message.misspelt(_split(clauses, own), own)


def _whole_words(text: str) -> str:
    """The start of the text, without a word that the cut would break (10 is not 1)."""
    start = text[: LIMIT + 1]
    if len(start) <= LIMIT or start[-1].isspace():
        return start[:LIMIT]
    kept = start.rsplit(None, 1)
    return kept[0] if len(kept) > 1 else ""


@cache
def _scale_talk(low: int, high: int) -> re.Pattern[str]:
    """`On a scale of 0 to 10`, whose numbers are no scores."""
    return re.compile(
        rf"\b(?:on (?:a|the) scale (?:of|from)|sur une échelle (?:de|allant de)|en una escala (?:de|del)|"
        rf"auf einer skala von|su una scala da|numa escala de|op een schaal van)"
        rf" (?:(?:{low}|{low + 1}) (?:to|-|à|a|bis|tot|al) )?{high}\b",
        re.IGNORECASE,
    )


def _split(clauses: Sequence[Clause], words: Words) -> list[Clause]:
    """`8 because it was slow` is two clauses without a comma."""
    found: list[Clause] = []
    for clause in clauses:
        start = 0
        for at, item in enumerate(clause.items):
            if at > start and item.kind == "word" and item.text in words.breaks:
                found.append(Clause(clause.items[start:at]))
                start = at
        found.append(Clause(clause.items[start:], clause.end))
    return found


def _is_word_of(own: Words, clauses: Sequence[Clause]) -> bool:
    """Whether the foreign number may be a word of the person's own language (`sept`, `dos`)."""
    return len(clauses) == 1 and len(clauses[0].items) == 1 and clauses[0].items[0].text in own.common


@dataclass(frozen=True, slots=True)
class _Message:
    text: str
    spelled: Spelled
    scale: Scale

    def decide(self, clauses: Sequence[Clause], words: Words, native: bool) -> _Verdict:
        """What the clauses say together, read in one language."""
        said: list[Said] = []
        for clause in clauses:
            said.append(read_clause(clause.items, words, native, self.scale))
            if said[-1].meaning == "other" and all(before.meaning == "blank" for before in said[:-1]):
                return _Verdict(None, said[-1].firm)  # nothing that follows can mend it
        return self._together(said, clauses, words)

    def misspelt(self, clauses: Sequence[Clause], words: Words) -> Reading:
        """The same, with one unknown word of the first clauses read as the number it was meant to be."""
        for at, clause in enumerate(clauses[:2]):
            place = eaten(tuple(item.text for item in clause.items), words.opening, words)
            item = clause.items[place] if place < len(clause.items) else None
            guess = meant(item.text, words) if item and item.kind == "word" else None
            if item is None or guess is None or not self.scale.only(guess[0]):
                continue
            value, sure = guess
            number = Item("number", str(value), str(value), item.at)
            mended = Clause([*clause.items[:place], number, *clause.items[place + 1 :]], clause.end)
            reading = self.decide([*clauses[:at], mended, *clauses[at + 1 :]], words, native=True).reading
            if isinstance(reading, Score):
                alone = sure and not reading.rest
                return reading if alone else Near((value,), confirm=True)
        return None

    def _together(self, said: list[Said], clauses: Sequence[Clause], words: Words) -> _Verdict:
        first = next((at for at, clause in enumerate(said) if clause.meaning != "blank"), None)
        if first is None:
            return _Verdict(None)
        lead = said[first]
        if lead.meaning == "words":
            return self._later(said, clauses, first, words)
        if lead.meaning == "not":
            return self._instead(said, clauses, first, words)
        if lead.meaning == "score":
            return self._score(said, clauses, first, words)
        if lead.meaning == "unsure":
            return _Verdict(_near(lead.values, _rivals(said[first + 1 :], lead.values)), lead.firm)
        several = len(lead.values) > 1 and lead.values != (self.scale.low, self.scale.high)
        return _Verdict(Near(lead.values, confirm=False) if several else None, firm=True)

    def _score(self, said: list[Said], clauses: Sequence[Clause], at: int, words: Words) -> _Verdict:
        """A clause that says a score, and what follows it."""
        lead = said[at]
        rest = said[at + 1 :]
        while rest and rest[0].meaning == "score" and rest[0].values == lead.values:  # 10! 10!
            rest = rest[1:]
        rivals = _rivals(rest, lead.values)
        glued = bool(rest and not rest[0].values and _only_numbers(clauses[-len(rest)]))
        glued = glued or _is_quantity(clauses[at:], words)
        if rivals or glued or clauses[at].end == "?" or any(_retracts(clause, words) for clause in rest):
            return _Verdict(_near(lead.values, rivals), firm=True)
        return _Verdict(Score(lead.values[0], self._from(rest[0].at) if rest else ""))

    def _instead(self, said: list[Said], clauses: Sequence[Clause], at: int, words: Words) -> _Verdict:
        """`Not 10, more like 6`."""
        refused = said[at].values
        for place in range(at + 1, len(said)):
            clause = said[place]
            if clause.meaning == "score" and clause.values != refused:
                return self._score(said, clauses, place, words)
            if clause.meaning not in ("blank", "words"):
                break
        return _Verdict(None, firm=True)

    def _later(self, said: list[Said], clauses: Sequence[Clause], first: int, words: Words) -> _Verdict:
        """Words first: `Great service! I'd say 9`. A bare number after them may be anything, so it is asked about."""
        numbered = [at for at in range(first, len(said)) if said[at].meaning not in ("blank", "words")]
        if len(numbered) != 1 or said[numbered[0]].meaning != "score":
            return _Verdict(None)
        at = numbered[0]
        verdict = self._score(said, clauses, at, words)
        if not isinstance(verdict.reading, Score) or said[at].framed is False:
            return _Verdict(Near(said[at].values, confirm=True))
        before = self.spelled.typed[: self.spelled.typed_from(said[at].at)].lstrip(_EDGES).rstrip(_TRAIL)
        return _Verdict(replace(verdict.reading, rest=verdict.reading.rest or before))

    def _from(self, at: int) -> str:
        """What was typed from this place on, beyond the part that was read too."""
        rest = self.text[self.spelled.typed_from(at) :].lstrip(_EDGES).rstrip(_TRAIL)
        return rest if "(" in rest else rest.rstrip(")")


def _rivals(rest: Sequence[Said], values: tuple[int, ...]) -> tuple[int, ...]:
    """Other scores that the rest may say."""
    found: set[int] = set()
    for clause in rest:
        if clause.meaning != "blank" and set(clause.values) != set(values):
            found.update(clause.values)
    return tuple(sorted(found))


def _near(values: tuple[int, ...], rivals: tuple[int, ...]) -> Near:
    together = tuple(sorted({*values, *rivals}))
    return Near(together, confirm=len(together) == 1)


def _is_quantity(clauses: Sequence[Clause], words: Words) -> bool:
    """`3. Mai`: a full stop between a number and its unit. In German it also makes an ordinal: `3. Stock`."""
    if len(clauses) < 2 or clauses[0].end != "." or clauses[1].items[0].kind != "word":
        return False
    ordinal = words.language == "de" and clauses[0].items[-1].kind == "number"
    return ordinal or clauses[1].items[0].text in words.units


def _only_numbers(clause: Clause) -> bool:
    """The second half of `6. 30` or `8, 50 €`."""
    return all(item.kind != "word" for item in clause.items)


def _retracts(clause: Said, words: Words) -> bool:
    """`Just kidding`; `if it were true`. A `no` or `never` takes a score back only where it stands alone."""
    said = clause.plain[1:] if clause.plain and clause.plain[0] in words.breaks else clause.plain
    if said in words.retracts or (said and len(said) <= 3 and said[-1] in words.nots):  # lol no
        return True
    if len(said) == 1 and said[0] in _ANY_NO:
        return True
    return any(said[:size] in words.retracts and said[0] not in words.nots for size in range(1, min(4, len(said)) + 1))
