"""Texts with values: what is refused, what comes out, and that nothing ever raises in a turn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.flows.phrases import LANGUAGES, keys, languages_of, phrase
from bot.flows.render import LONGEST, compile_words, faults

CONSTANTS = {"brand": {"name": "Acme"}}
VALUES = {
    "score": 3,
    "contact": {"first_name": "Ana", "items": "shoes", "long": "x" * 9000},
    "answers": {"reason": "{{ 7 * 7 }} <b>"},
    "locale": "en",
    **CONSTANTS,
}


def render(source: str) -> str:
    return compile_words(source, CONSTANTS).render(lambda: VALUES)


SAID = {
    "plain words": "plain words",
    "{{ brand.name }} asks": "Acme asks",
    "Hello {{ contact.first_name }}": "Hello Ana",
    "Hello {{ contact.nobody | default('you') }}": "Hello you",
    "{{ contact.first_name | upper }}, {{ score }}": "ANA, 3",
    "{% if score < 7 %}low{% else %}high{% endif %}": "low",
    "{{ 'a' if score in [1, 2, 3] else 'b' }}": "a",
    "{{ contact['first_name'] ~ '!' }}": "Ana!",
    "{{ contact.items }}": "shoes",
    "{{ answers.reason }}": "{{ 7 * 7 }} <b>",
    "{# a note #}kept": "kept",
}


@pytest.mark.parametrize("source", SAID)
def test_comes_out_as(source: str) -> None:
    assert faults(source) == ()
    assert render(source) == SAID[source]


def test_words_without_values_and_words_of_the_brand_are_constants() -> None:
    assert compile_words("Hello", CONSTANTS).fixed == "Hello"
    assert compile_words("Hello from {{ brand.name }}", CONSTANTS).fixed == "Hello from Acme"
    assert compile_words("Hello {{ score }}", CONSTANTS).fixed is None


REFUSED = [
    "{{ 'a' * 10**8 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{% for i in range(10**9) %}x{% endfor %}",
    "{{ range(10) }}",
    "{{ contact.first_name.upper() }}",
    "{{ ''.__class__.__mro__ }}{{ x() }}",
    "{{ '%99999999d' | format(1) }}",
    "{{ 'x' | center(100000000) }}",
    "{{ contact | attr('x') }}",
    "{{ contact[score] }}",
    "{{ contact.first_name[0:2] }}",
    "{% set x = 1 %}",
    "{% include 'x' %}",
    "{% import 'os' as os %}",
    "{% macro m() %}{% endmacro %}",
    "{{ {'a': 1} }}",
    "{{ score is divisibleby 3 }}",
    "{{ - score }}",
    "{{",
    "{% if %}",
    "{{ contact.first_name | }}",
]


@pytest.mark.parametrize("source", REFUSED)
def test_is_refused_and_still_renders_to_something_safe(source: str) -> None:
    assert faults(source)
    said = render(f"Hello {source}!")
    assert said.startswith("Hello")
    assert len(said) <= LONGEST


@pytest.mark.parametrize("source", ["Dear {{ contact.nobody }}, hello", "Dear {{ score.real.imag }}, hello"])
def test_a_value_that_is_missing_all_the_same_is_left_out(source: str) -> None:
    assert render(source) == "Dear, hello"


def test_a_filter_that_fails_on_odd_data_costs_only_the_value() -> None:
    words = compile_words("You gave {{ score | round }} points", CONSTANTS)
    assert words.render(lambda: {"score": object()}) == "You gave points"


def test_what_comes_out_is_cut() -> None:
    assert len(render("{{ contact.long }}" * 3)) == LONGEST
    assert len(render("x" * 9000)) == LONGEST


@given(st.text(max_size=60), st.sampled_from(["{{ %s }}", "{%% %s %%}", "{{ contact.%s }}", "%s"]))
def test_no_text_of_an_author_raises(inner: str, shape: str) -> None:
    source = shape % inner
    faults(source)
    assert len(render(source)) <= LONGEST


@pytest.mark.parametrize("key", keys())
def test_every_phrase_is_in_every_language_with_the_same_places(key: str) -> None:
    assert languages_of(key) == LANGUAGES
    values = {"label": "<1>", "count": "<2>", "words": "<3>", "zone": "<4>", "name": "<5>"}
    for turn in range(3):
        said = [phrase(key, language, turn, **values) for language in LANGUAGES]
        places = [{mark for mark in values.values() if mark in line} for line in said]
        assert all(found == places[0] for found in places)
        assert not any("{" in line for line in said)


def test_a_language_without_phrases_is_english_and_a_region_is_its_language() -> None:
    assert phrase("yes", "it") == "Yes"
    assert phrase("yes", "fr-CA") == "Oui"
