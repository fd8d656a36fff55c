"""Typed text is made comparable, whatever keyboard it came from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.flows.answers.clean import bare, cut, fold, language_of, plain


@pytest.mark.parametrize(("text", "folded"), [
    ("  Très   BIEN\n", "très bien"),
    ("STRASSE", "strasse"),
    ("Straße", "strasse"),
    ("ｆｕｌｌ", "full"),
    ("d’accord", "d'accord"),
    ("ze\u0301ro", "zéro"),
    ("a\u200bb\ufe0f", "ab"),
])  # fmt: skip
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_plain_has_no_accents_and_bare_no_punctuation() -> None:
    assert plain("Être, FÜNF, ñ, ø") == "etre, funf, n, o"
    assert bare("C'est l’été !!! (n° 9)") == "c'est l'ete n 9"


def test_cut_keeps_the_start() -> None:
    assert cut("x" * 300) == "x" * 200
    assert cut("short") == "short"


@pytest.mark.parametrize(("locale", "language"), [
    ("fr-CA", "fr"), ("pt_BR", "pt"), ("DE", "de"), ("", "en"), ("zh-Hant-TW", "zh"), ("-", "en"),
])  # fmt: skip
def test_language_of_a_locale(locale: str, language: str) -> None:
    assert language_of(locale) == language


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert bare(bare(text)) == bare(text)
