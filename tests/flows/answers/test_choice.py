"""Which option a typed answer names; yes and no."""

from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.flows.answers.choice import read_choice, read_yesno

Labels: TypeAlias = dict[str, str]

EN = {"call": "Call me back", "chat": "Chat now", "no": "No, thanks"}
FR = {"call": "Être rappelé", "chat": "Discuter maintenant", "no": "Non merci"}
DE = {"call": "Rückruf", "mail": "Gutschein per E-Mail", "none": "Nein, danke"}
ES = {"yes": "Sí, me gustaría", "later": "Más tarde", "no": "No, gracias"}
SPEED = {"fast": "1-2 days", "slow": "A week", "never": "Not delivered"}
TWINS = {"pay_card": "Pay by card", "pay_cash": "Pay in cash"}


@pytest.mark.parametrize(("text", "labels", "locale", "key"), [
    ("Call me back", EN, "en", "call"),
    ("call me back!!", EN, "en", "call"),
    ("CHAT", EN, "en", "chat"),
    ("call me back please", EN, "en", "call"),
    ("I want a call", EN, "en", "call"),
    ("cal me bakc", EN, "en", "call"),
    ("no", EN, "en", "no"),
    ("nope", EN, "en", "no"),
    ("no thank you", EN, "en", "no"),
    ("nein danke", EN, "en", "no"),
    ("2", EN, "en", "chat"),
    ("the second one", EN, "en", "chat"),
    ("option 1", EN, "en", "call"),
    ("last", EN, "en", "no"),
    ("etre rappele", FR, "fr", "call"),
    ("je veux être rappelé", FR, "fr", "call"),
    ("discuter", FR, "fr-CA", "chat"),
    ("le premier", FR, "fr", "call"),
    ("non", FR, "fr", "no"),
    ("rueckruf", {"call": "Rueckruf"}, "de", "call"),
    ("Ruckruf", DE, "de", "call"),
    ("Gutschein", DE, "de", "mail"),
    ("der zweite", DE, "de", "mail"),
    ("nee", DE, "de", "none"),
    ("si", ES, "es", "yes"),
    ("claro", ES, "es", "yes"),
    ("mas tarde", ES, "es", "later"),
    ("la última", ES, "es", "no"),
    ("not delivered", SPEED, "en", "never"),
    ("week", SPEED, "en", "slow"),
    ("card", TWINS, "en", "pay_card"),
])  # fmt: skip
def test_an_option_is_named(text: str, labels: Labels, locale: str, key: str) -> None:
    assert read_choice(text, labels, locale) == key


@pytest.mark.parametrize(("text", "labels", "near"), [
    ("don't call me back", EN, {"call"}),
    ("no call", EN, {"call"}),
    ("call or chat", EN, {"chat"}),
    ("pay", TWINS, {"pay_card", "pay_cash"}),
    ("delivered", SPEED, {"never"}),
    ("yes", {"a": "Yes", "b": "Sure"}, {"a"}),
    ("of course", {"a": "Yes, please", "b": "Sure"}, {"a", "b"}),
    ("same", {"a": "Same", "b": "Same"}, {"a", "b"}),
])  # fmt: skip
def test_what_resembles_options_is_offered_again(text: str, labels: Labels, near: set[str]) -> None:
    found = read_choice(text, labels, "en")
    assert near <= ({found} if isinstance(found, str) else set(found or ()))


@pytest.mark.parametrize(("text", "labels"), [
    ("don't call me back", EN),
    ("call or chat", EN),
    ("pay", TWINS),
    ("delivered", SPEED),
    ("2", SPEED),  # days, or the second?
    ("4", EN),
    ("0", EN),
    ("the fourth", EN),
    ("yes", EN),
    ("please", EN),
    ("maybe", EN),
    ("phone", EN),
    ("", EN),
    ("?!", EN),
    ("👍", EN),
    ("2", {}),
    ("last", {}),
])  # fmt: skip
def test_no_option_is_guessed(text: str, labels: Labels) -> None:
    assert not isinstance(read_choice(text, labels, "en"), str)


YES = [
    "yes",
    "Yes!",
    "yeeeesss",
    "yep",
    "sure",
    "OK",
    "of course",
    "yes please",
    "oui",
    "Bien sûr",
    "avec plaisir",
    "sí",
]
YES += ["claro que sí", "vale", "ja", "ja gerne", "na klar", "sim", "va bene", "graag", "👍", "✅", "y", "Why not?"]
NO = ["no", "No.", "nooo", "nope", "no thanks", "not really", "non merci", "pas du tout", "no gracias", "nein", "nee"]
NO += ["nein danke", "auf keinen Fall", "lieber nicht", "não", "nunca", "👎", "n", "non, merci !", "sans façon"]
NEITHER = ["", "maybe", "yes no", "yes and no", "not now", "no idea", "I don't know", "8", "👍👎", "no one answered"]
NEITHER += ["yesterday", "non-stop", "oui mais non", "peut-être", "quizás", "vielleicht", "🤷", "never mind", "novel"]


@pytest.mark.parametrize("text", YES)
def test_yes(text: str) -> None:
    assert read_yesno(text, "en") is True


@pytest.mark.parametrize("text", NO)
def test_no(text: str) -> None:
    assert read_yesno(text, "en") is False


@pytest.mark.parametrize("text", NEITHER)
def test_neither(text: str) -> None:
    assert read_yesno(text, "en") is None


@given(
    st.text(max_size=300), st.dictionaries(st.text(max_size=9), st.text(max_size=40), max_size=5), st.text(max_size=6)
)
def test_any_text_is_read_without_an_error(text: str, labels: Labels, locale: str) -> None:
    found = read_choice(text, labels, locale)
    keys = {found} if isinstance(found, str) else set(found or ())
    assert keys <= set(labels)
    assert read_yesno(text, locale) in (True, False, None)
