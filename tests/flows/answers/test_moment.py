"""Wished times in people's own words, matched to what is offered: it is Friday, 20 November 2026, three in Paris."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.flows.answers.moment import NEAREST, read_slot

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 20, 15, 0, tzinfo=PARIS)
TIMES = ((9, 0), (9, 30), (10, 0), (10, 30), (11, 0), (14, 0), (14, 30), (16, 0))


def at(moment: str) -> datetime:
    """`24 10:30` is the 24th of November."""
    return datetime.strptime(f"2026-11-{moment}", "%Y-%m-%d %H:%M").replace(tzinfo=PARIS)


OFFERED = (
    *(at("20 17:00"), at("21 10:00"), at("21 14:00")),
    *(at(f"{day} {hour}:{minute:02}") for day in (23, 24, 25, 26, 27) for hour, minute in TIMES),
)


@pytest.mark.parametrize(("locale", "text", "moment"), [
    ("en", "Monday 10:30", "23 10:30"),
    ("en", "monday at ten", "23 10:00"),
    ("en", "Mon 10.30", "23 10:30"),
    ("en", "Let's say Monday 2pm please", "23 14:00"),
    ("en", "Monday at 2", "23 14:00"),
    ("en", "Monday 10", "23 10:00"),
    ("en", "half past ten on Monday", "23 10:30"),
    ("en", "tomorrow at 2 p.m.", "21 14:00"),
    ("en", "today", "20 17:00"),
    ("en", "today 5pm", "20 17:00"),
    ("en", "24 November at 9:30", "24 09:30"),
    ("en", "Nov 24, 9:30 am", "24 09:30"),
    ("en", "24/11 10:00", "24 10:00"),
    ("en", "the 24th at 10", "24 10:00"),
    ("en", "the second one", "21 10:00"),
    ("en", "the first", "20 17:00"),
    ("en", "last", "27 16:00"),
    ("en", "17:00", "20 17:00"),
    ("fr", "demain 14h", "21 14:00"),
    ("fr", "demain à 14 h", "21 14:00"),
    ("fr", "lundi 10h30", "23 10:30"),
    ("fr", "lundi prochain à dix heures", "23 10:00"),
    ("fr", "lundi dix heures et demie", "23 10:30"),
    ("fr", "mardi 9 heures 30", "24 09:30"),
    ("fr", "le 24 novembre à 9h", "24 09:00"),
    ("fr", "le 24 à 10h", "24 10:00"),
    ("fr", "le deuxième", "21 10:00"),
    ("fr-CA", "lundi à 16h svp", "23 16:00"),
    ("de", "morgen um 10", "21 10:00"),
    ("de", "Montag 10 Uhr", "23 10:00"),
    ("de", "Montag um halb elf", "23 10:30"),
    ("de", "Dienstag 14:30 Uhr", "24 14:30"),
    ("de", "nächsten Montag um neun", "23 09:00"),
    ("de", "am 24.11. um 10 Uhr", "24 10:00"),
    ("de", "Mo 10:30", "23 10:30"),
    ("de", "der zweite", "21 10:00"),
    ("es", "mañana a las 14", "21 14:00"),
    ("es", "el lunes a las 10:30", "23 10:30"),
    ("es", "martes a las 2 de la tarde", "24 14:00"),
    ("es", "el 24 de noviembre a las 9", "24 09:00"),
    ("it", "domani alle 10", "21 10:00"),
    ("pt", "amanhã às 10h", "21 10:00"),
    ("nl", "morgen om 10 uur", "21 10:00"),
    ("nl", "maandag half elf", "23 10:30"),
    ("ja", "Monday 10:30", "23 10:30"),
])  # fmt: skip
def test_a_wish_is_one_of_the_offered_moments(locale: str, text: str, moment: str) -> None:
    assert read_slot(text, OFFERED, locale, NOW) == at(moment)


@pytest.mark.parametrize(("locale", "text", "some"), [
    ("en", "10:30", ["23 10:30", "24 10:30"]),
    ("en", "Monday", ["23 09:00", "23 16:00"]),
    ("en", "Tuesday morning", ["24 09:00", "24 11:00"]),
    ("en", "Monday afternoon", ["23 14:00", "23 16:00"]),
    ("en", "Monday or Tuesday 10:30", ["23 10:30", "24 10:30"]),
    ("en", "Thursday 2 pm or 2:30 pm", ["26 14:00", "26 14:30"]),
    ("en", "monday 12:00", ["23 11:00", "23 14:00"]),
    ("en", "monday 10:15", ["23 10:00", "23 10:30"]),
    ("en", "Sunday 10:00", ["23 10:00"]),
    ("en", "in two days", ["21 10:00", "23 09:00"]),
    ("en", "after 4pm today", ["20 17:00"]),
    ("en", "tomorrow before 11:00", ["21 10:00"]),
    ("en", "2", ["21 10:00", "21 14:00"]),
    ("en", "not Monday", ["21 10:00", "24 09:00"]),
    ("en", "I can't do today at 5pm", ["21 10:00"]),
    ("fr", "lundi matin", ["23 09:00"]),
    ("fr", "midi", ["23 11:00"]),
    ("fr", "pas demain", ["20 17:00"]),
    ("fr", "lundi 24", ["23 09:00"]),
    ("fr", "après demain", ["21 14:00", "23 09:00"]),
    ("de", "Montag Morgen", ["23 09:00", "23 11:00"]),
    ("de", "Montag nach 14 Uhr", ["23 14:00", "23 16:00"]),
    ("es", "lunes por la mañana", ["23 09:00"]),
])  # fmt: skip
def test_else_what_fits_or_comes_near_is_offered(locale: str, text: str, some: Sequence[str]) -> None:
    near = read_slot(text, OFFERED, locale, NOW)
    assert isinstance(near, tuple)
    assert [at(moment) for moment in some] == [moment for moment in near if moment in [at(one) for one in some]]


@pytest.mark.parametrize("text", ["", "?", "whenever", "hello", "now", "asap", "99", "I have a question", "call me"])
def test_what_names_no_time_is_asked_again(text: str) -> None:
    assert read_slot(text, OFFERED, "en", NOW) is None


def test_nothing_offered_is_nothing_found() -> None:
    assert read_slot("Monday 10:30", (), "en", NOW) is None


def test_places_count_in_what_was_shown() -> None:
    shown = (at("23 09:00"), at("24 09:00"))
    assert read_slot("the second", OFFERED, "en", NOW, shown) == at("24 09:00")
    assert read_slot("the fifth", OFFERED, "en", NOW, shown) not in OFFERED  # nor the 5th


def test_a_place_that_is_also_an_hour_is_asked_about() -> None:
    offered = (at("23 09:00"), at("23 10:00"), at("23 14:00"))
    assert read_slot("2", offered, "en", NOW) == (at("23 10:00"), at("23 14:00"))
    assert read_slot("3", offered, "en", NOW) == at("23 14:00")


MOMENTS = st.sampled_from([
    *("10", "2", "31/02", "99", "at", "um", "h", ":", ".", "/", "-", "2027", "months", "ago", "in", "UTC", "AM"),
    *("24.11", "1e9", "½", "²", "monday", "week", "from", "now", "10:30", "half", "12345678", "years", "٣", "not"),
])  # fmt: skip


@given(
    st.text(max_size=300) | st.lists(MOMENTS, max_size=9).map(" ".join), st.sampled_from(["en", "fr", "de", "es", "x"])
)
def test_any_text_is_read_without_an_error(text: str, locale: str) -> None:
    found = read_slot(text, OFFERED[:NEAREST], locale, NOW)
    found = (found,) if isinstance(found, datetime) else found or ()
    assert set(found) <= set(OFFERED)
