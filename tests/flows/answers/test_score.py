"""A score is what the person said, and nothing else is a score. The examples are in `scores.py`."""

import re
import subprocess
import sys
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from bot.flows.answers import spelling, tokens
from bot.flows.answers.message import LANGUAGES
from bot.flows.answers.score import Near, Score, read_score
from tests.flows.answers.scores import ACROSS, BETWEEN, CONFIRM, NOTHING, SAID, WITH_REST

NUMBER_WORDS = frozenset(word for words in LANGUAGES.values() for word in words.numbers)
LOCALES = st.sampled_from([*LANGUAGES, "fr-CA", "ja", ""])

said = [(locale, text, score) for locale, scores in SAID.items() for score, texts in scores.items() for text in texts]
confirm = [
    (locale, text, score) for locale, table in CONFIRM.items() for score, texts in table.items() for text in texts
]
between = [(locale, text, near) for locale, table in BETWEEN.items() for near, texts in table.items() for text in texts]
nothing = [(locale, text) for locale, texts in NOTHING.items() for text in texts]


@pytest.mark.parametrize(("locale", "text", "score"), [*said, *ACROSS])
def test_a_score_is_taken(locale: str, text: str, score: int) -> None:
    assert read_score(text, locale) == Score(score)


@pytest.mark.parametrize(("locale", "text", "score", "rest"), WITH_REST)
def test_what_is_said_beside_a_score_is_kept(locale: str, text: str, score: int, rest: str) -> None:
    assert read_score(text, locale) == Score(score, rest)


@pytest.mark.parametrize(("locale", "text", "score"), confirm)
def test_a_doubtful_score_is_confirmed_by_a_tap(locale: str, text: str, score: int) -> None:
    assert read_score(text, locale) == Near((score,), confirm=True)


@pytest.mark.parametrize(("locale", "text", "near"), between)
def test_between_two_scores_the_person_chooses(locale: str, text: str, near: tuple[int, ...]) -> None:
    assert read_score(text, locale) == Near(near, confirm=False)


@pytest.mark.parametrize(("locale", "text"), nothing)
def test_what_is_no_score_is_asked_again(locale: str, text: str) -> None:
    assert read_score(text, locale) is None


def test_half_of_more_than_two_hundred_examples_must_be_refused() -> None:
    taken, refused = len(said) + len(WITH_REST) + len(ACROSS), len(confirm) + len(between) + len(nothing)
    assert taken + refused >= 200
    assert refused >= taken


def test_number_words_mean_the_same_in_every_language_that_has_them() -> None:
    meanings: dict[str, set[int]] = {}
    for words in LANGUAGES.values():
        for word in words.numbers.keys() - words.weak:
            meanings.setdefault(word, set()).add(words.numbers[word])
    assert [word for word, values in meanings.items() if len(values) > 1] == []


@pytest.mark.parametrize(("text", "low", "high", "expected"), [
    ("5", 1, 5, Score(5)),
    ("5/5", 1, 5, Score(5)),
    ("4 out of 5", 1, 5, Score(4)),
    ("0", 1, 5, None),
    ("9", 1, 5, None),
    ("4/10", 1, 5, None),
    ("six", 1, 5, None),
    ("5.5", 1, 5, None),
    ("4.5", 1, 5, Near((4, 5), confirm=False)),
    ("siven", 1, 5, None),
])  # fmt: skip
def test_another_scale(text: str, low: int, high: int, expected: Score | Near | None) -> None:
    assert read_score(text, "en", low, high) == expected


def test_only_the_start_of_a_long_text_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: list[int] = []

    def clauses_of(text: str) -> list[tokens.Clause]:
        lengths.append(len(text))
        return tokens.clauses_of(text)

    monkeypatch.setattr("bot.flows.answers.message.clauses_of", clauses_of)
    reason = "far too slow " * 300
    assert read_score(f"3, {reason}", "en") == Score(3, reason.strip())
    assert read_score("9" * 100_000, "en") is None
    assert max(lengths) <= 200


def test_a_word_that_the_cut_would_break_is_not_read() -> None:
    assert read_score(f"I'd say {' ' * 191}10", "en") is None


def test_plain_digits_need_no_library() -> None:
    """Words and parsers are imported by the first message that needs them."""
    code = (
        "import sys; from bot.flows.answers.score import Score, read_score; from bot.flows.answers.commands import "
        "read_command; assert read_score('9', 'en') == Score(9); assert read_command('9', 'en') is None; "
        "heavy = {'bot.flows.answers.message', 'text_to_num', 'rapidfuzz', 'phonenumbers', 'dateparser'}; "
        "assert not heavy & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(("word", "meant"), [
    ("eigth", (8, True)),
    ("sevn", (7, True)),
    ("thre", (3, False)),  # or there
    ("fve", (5, False)),  # too short to be sure
    ("seeven", (7, True)),
    ("eihgtt", (8, False)),
    ("eighth", None),
    ("even", None),
    ("seven", None),
    ("banana", None),
    ("xy", None),
])  # fmt: skip
def test_a_slip_of_the_keys(word: str, meant: tuple[int, bool] | None) -> None:
    assert spelling.meant(word, LANGUAGES["en"]) == meant


@given(st.text(max_size=300), LOCALES)
def test_any_text_is_read_without_an_error(text: str, locale: str) -> None:
    reading = read_score(text, locale)
    if isinstance(reading, Score):
        assert 0 <= reading.value <= 10
        assert reading.rest in unicodedata.normalize("NFC", text)
    if isinstance(reading, Near):
        assert reading.values
        assert set(reading.values) <= set(range(11))


@given(st.text(max_size=60), LOCALES)
def test_without_a_digit_or_a_number_word_there_is_no_score(text: str, locale: str) -> None:
    assume(not any(unicodedata.numeric(mark, None) is not None or mark == "🔟" for mark in text))
    words = re.findall(r"[^\W\d_]+", unicodedata.normalize("NFKC", text).casefold())
    assume(not any(OSA.distance(word, number) <= 1 for word in words for number in NUMBER_WORDS))
    assert not isinstance(read_score(text, locale), Score)


PIECES = st.sampled_from([
    *("1", "2", "7", "8", "9", "10", "11", "48213", "7.5", "10:30", "seven", "eight", "sept", "huit", "one", "un"),
    *("not", "no", "pas", "or", "and", "to", "out of", "because", "but", "maybe", "I'd say", "at", "the", "a", "hmm"),
    *("order", "weeks", "hours late", "great service", "pm", ",", ".", "!", "?", "-", "/", "%", "€", ":", "😀", "é"),
])  # fmt: skip


@given(st.lists(PIECES, max_size=9).map(" ".join), LOCALES)
def test_a_score_was_said_in_digits_or_as_a_word(text: str, locale: str) -> None:
    reading = read_score(text, locale)
    if isinstance(reading, Score):
        numbers = {int(digits) for digits in re.findall(r"(?<![\d.,:])\d+(?![\d.,:]\d)", text)}
        words = re.findall(r"[^\W\d_]+", text.casefold())
        known = [words_.numbers for words_ in LANGUAGES.values()]
        numbers |= {table[word] for word in words for table in known if word in table}
        assert reading.value in numbers
