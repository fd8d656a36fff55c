"""The kinds of step by themselves: what they show, what they take, and the times that a slot offers."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from msgspec import structs

from bot.errors import FileProblems
from bot.flows.draft import Draft
from bot.flows.load import load
from bot.flows.machine import compile_book
from bot.flows.moments import long_moment, short_moment, zone_note
from bot.flows.spec import OpenHours
from bot.flows.stage import Opening, Stage
from bot.flows.steps import KINDS
from bot.flows.steps.base import Accepted, AskAgain, View
from bot.flows.steps.slot import bookable, thinned

from .books import DAY, HOUR, MINUTE, moment

ONE_OF_EACH = """
brand: {name: Acme}
languages: [en, fr]
flows:
  all:
    start: nps
    steps:
      nps: {kind: nps, say: "?", low: "Bad", high: {en: "Good {{ brand.name }}", fr: "Bien"}, then: choice}
      choice: {kind: choice, say: "?", options: {a: "Speed", b: {en: "Price", fr: "Prix"}}, then: yesno}
      yesno: {kind: yesno, say: "?", yes: "Sure", then: text}
      text: {kind: text, say: "?", placeholder: "Your words", then: email}
      email: {kind: email, say: "?", placeholder: "you@home", note: "For this only.", then: phone}
      phone: {kind: phone, say: "?", placeholder: "+44", note: "Used once.", then: slot}
      slot: {kind: slot, say: "?", hours: office, note: "A wish.", then: handoff}
      handoff: {kind: handoff, topic: help, hours: office, closed: "Closed, {{ brand.name }}.", then: bye}
      bye: {kind: message, say: "Bye.", end: completed}
"""
SPLIT = OpenHours("Europe/Paris", (((540, 750), (840, 1080)),) * 5 + ((), ()))
"""Monday to Friday, 09:00-12:30 and 14:00-18:00."""
PARIS = ZoneInfo("Europe/Paris")


def view(step: str, hours: OpenHours = SPLIT, now: str = "2025-11-24 08:00", zone: str = "Europe/Paris") -> View:
    program = compile_book(load(ONE_OF_EACH), {"office": hours}, "UTC")["all"]
    stage = Stage(program, Opening("en", timezone=zone), moment(now, "Europe/Paris"))
    return Draft(program, stage.chat, stage.now).view(program.nodes[step])


def times(seen: View) -> list[str]:
    return [at.isoformat(timespec="minutes") for at in bookable(seen)]


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if not kind.waits])
def test_a_kind_that_does_not_wait_takes_no_answer(name: str) -> None:
    seen = view("bye")
    assert isinstance(KINDS[name].value(seen, "x"), AskAgain)
    assert isinstance(KINDS[name].text(seen, "x"), AskAgain)


def test_what_stands_under_a_question() -> None:
    shown = {name: KINDS[name].present(view(name)) for name in ("nps", "choice", "yesno", "text", "email", "phone")}
    assert (shown["nps"].low, shown["nps"].high, len(shown["nps"].options)) == ("Bad", "Good Acme", 11)
    assert [(one.value, one.label) for one in shown["choice"].options] == [("a", "Speed"), ("b", "Price")]
    assert [(one.value, one.label) for one in shown["yesno"].options] == [("yes", "Sure"), ("no", "No")]
    assert shown["text"].placeholder == "Your words"
    assert (shown["email"].placeholder, shown["email"].note) == ("you@home", "For this only.")
    assert (shown["phone"].placeholder, shown["phone"].note) == ("+44", "Used once.")


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.waits])
@pytest.mark.parametrize("value", [99, -1, "", "nothing like it", ("a", "b"), "2025-11-25", "\x00", "9" * 5000])
def test_a_value_that_cannot_be_is_asked_again(name: str, value: int | str | tuple[str, ...]) -> None:
    read = KINDS[name].value(view(name), value)
    assert isinstance(read, AskAgain) or (name == "text" and isinstance(value, str) and bool(value.strip("\x00")))


def test_blank_words_are_no_answer() -> None:
    for text in ("", "  \n", "\u200b\u200d", "\u202e", "\x07"):
        assert KINDS["text"].text(view("text"), text) == AskAgain("text_again")


def test_slots_lie_within_opening_hours_after_the_notice() -> None:
    day = [at for at in times(view("slot")) if at.startswith("2025-11-24")]
    assert (day[0], day[-1], len(day)) == ("2025-11-24T10:00+01:00", "2025-11-24T17:30+01:00", 13)
    assert "2025-11-24T12:00+01:00" in day
    assert "2025-11-24T12:30+01:00" not in day


def test_slots_end_after_the_days_ahead_and_skip_weekends_and_closed_days() -> None:
    closed = replace(SPLIT, closed=("2025-11-26",))
    days = {at[:10] for at in times(view("slot", closed))}
    assert days == {"2025-11-24", "2025-11-25", "2025-11-27", "2025-11-28"}


def test_slots_have_the_length_and_the_notice_of_the_settings() -> None:
    long = replace(SPLIT, slot=90 * MINUTE, notice=0, ahead=DAY // 2)
    assert [at[11:16] for at in times(view("slot", long))] == ["09:00", "10:30", "14:00", "15:30"]


def test_slots_are_shown_in_the_persons_zone_and_keep_the_shops_hours() -> None:
    day = times(view("slot", zone="America/New_York"))
    assert day[0] == "2025-11-24T04:00-05:00"
    control = KINDS["slot"].present(view("slot", zone="America/New_York"))
    assert control.options[0].label == "Mon 24 Nov, 4:00"
    assert control.note == "A wish. Time zone: New York (UTC\u22125)"


NIGHT = OpenHours("Europe/Paris", (((0, 300),),) * 7, slot=30 * MINUTE, notice=0, ahead=12 * HOUR)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        # 02:00 to 03:00 does not exist: those times are left out.
        ("2026-03-28 23:00", ["00:00+01", "00:30+01", "01:00+01", "01:30+01", "03:00+02", "03:30+02", "04:00+02"]),
        # 02:00 to 03:00 comes twice: each wall-clock time is offered once, the first.
        ("2026-10-24 23:00", ["00:00+02", "00:30+02", "01:00+02", "01:30+02", "02:00+02", "02:30+02", "03:00+01"]),
    ],
)
def test_slots_on_the_night_of_a_clock_change(now: str, expected: list[str]) -> None:
    assert [at[11:19] for at in times(view("slot", NIGHT, now))][:7] == expected


def test_four_days_are_shown_with_eight_times_spread_over_each() -> None:
    shown = list(thinned(bookable(view("slot"))))
    days = sorted({at.date() for at in shown})
    tuesday = [f"{at:%H:%M}" for at in shown if at.date() == days[1]]
    assert len(days) == 4
    assert len(tuesday) == min(8, len([at for at in bookable(view("slot")) if at.date() == days[1]]))


def test_a_day_shows_eight_times_at_most_and_any_other_can_be_said() -> None:
    seen = view("slot")
    shown = list(thinned(bookable(seen)))
    assert max(sum(at.date() == other.date() for other in shown) for at in shown) <= 8
    hidden = next(at for at in bookable(seen) if at not in shown)
    read = KINDS["slot"].value(seen, hidden.isoformat(timespec="minutes"))
    assert isinstance(read, Accepted)


def test_the_same_moment_in_another_offset_is_the_same_slot() -> None:
    read = KINDS["slot"].value(view("slot"), "2025-11-25T09:30Z")
    assert read == Accepted("2025-11-25T10:30+01:00", "Tuesday 25 November at 10:30", "answered")


@pytest.mark.parametrize("value", ["2025-11-25T10:31+01:00", "2025-11-23T10:30+01:00", "2025-11-24T08:30+01:00"])
def test_a_time_that_is_not_free_is_asked_again(value: str) -> None:
    assert KINDS["slot"].value(view("slot"), value) == AskAgain("slot_gone")


def test_without_a_free_time_a_slot_is_left_at_once() -> None:
    for hours in (replace(SPLIT, days=((),) * 7), replace(SPLIT, notice=8 * DAY), replace(SPLIT, slot=6 * HOUR)):
        assert KINDS["slot"].present(view("slot", hours)).outcome == "none"


def test_a_question_whose_last_slot_has_gone_goes_on() -> None:
    hours = {"office": replace(SPLIT, ahead=DAY // 2)}
    source = ONE_OF_EACH.replace("start: nps", "start: slot")
    program = compile_book(load(source), hours, "Europe/Paris")["all"]
    stage = Stage(program, Opening("en", timezone="Europe/Paris"), moment("2025-11-28 15:00", "Europe/Paris"))
    assert stage.chat.state == "slot"
    stage.wait(HOUR)
    turn = stage.taps("2025-11-28T17:00+01:00")
    assert turn.conversation.outcome == "completed"
    assert turn.conversation.answers == {}


MOMENTS = [
    ("en", "Tue 25 Nov, 9:05", "Tuesday 25 November at 9:05"),
    ("en-GB", "Tue 25 Nov, 9:05", "Tuesday 25 November at 9:05"),
    ("fr", "mar. 25 nov., 9\u00a0h\u00a005", "mardi 25 novembre à 9\u00a0h\u00a005"),
    ("es", "mar 25 nov, 9:05", "martes 25 de noviembre a las 9:05"),
    ("de", "Di. 25. Nov., 9:05", "Dienstag, 25. November um 9:05 Uhr"),
    ("it", "Tue 25 Nov, 9:05", "Tuesday 25 November at 9:05"),
]


@pytest.mark.parametrize(("locale", "short", "long"), MOMENTS)
def test_moments_read_as_people_write_them(locale: str, short: str, long: str) -> None:
    at = datetime(2025, 11, 25, 9, 5, tzinfo=PARIS)
    assert (short_moment(at, locale), long_moment(at, locale)) == (short, long)


ZONES = [
    ("UTC", "Time zone: UTC"),
    ("Europe/Paris", "Time zone: Paris (UTC+1)"),
    ("Europe/London", "Time zone: London (UTC)"),
    ("Asia/Kathmandu", "Time zone: Kathmandu (UTC+5:45)"),
    ("America/St_Johns", "Time zone: St Johns (UTC\u22123:30)"),
]


@pytest.mark.parametrize(("zone", "note"), ZONES)
def test_the_zone_is_named(zone: str, note: str) -> None:
    at = datetime(2025, 11, 25, 9, 5, tzinfo=ZoneInfo(zone))
    assert zone_note(at, at, zone, "en") == note


def test_no_offset_is_named_where_it_changes_between_the_first_and_the_last() -> None:
    first, last = datetime(2026, 3, 27, 9, tzinfo=PARIS), datetime(2026, 3, 30, 9, tzinfo=PARIS)
    assert zone_note(first, last, "Europe/Paris", "en") == "Time zone: Paris"


def test_a_slot_without_hours_is_a_mistake_in_the_file() -> None:
    with pytest.raises(FileProblems, match='"hours" is missing'):
        load(ONE_OF_EACH.replace("hours: office, ", ""))


READ: list[tuple[str, str, object]] = [
    ("choice", "price", "b"),
    ("choice", "2", "b"),
    ("choice", "neither of them", None),
    ("yesno", "yes", "yes"),
    ("yesno", "sure", "yes"),
    ("yesno", "what?", None),
    ("email", "ana@example.com", "ana@example.com"),
    ("email", "ana at home", None),
    ("phone", "+44 20 7946 0958", "+442079460958"),
    ("phone", "call me", None),
    ("slot", "tuesday at 10:30", "2025-11-25T10:30+01:00"),
    ("slot", "sunday at 4", None),
    ("slot", "whenever", None),
    ("nps", "9/10", 9),
    ("nps", "eleven", None),
]


@pytest.mark.parametrize(("name", "text", "value"), READ)
def test_typed_words_are_read_by_the_kind(name: str, text: str, value: object) -> None:
    read = KINDS[name].text(view(name), text)
    assert (read.value if isinstance(read, Accepted) else None) == value


def test_near_misses_are_offered() -> None:
    score = KINDS["nps"].text(view("nps"), "7 or 8")
    assert isinstance(score, AskAgain)
    assert (score.phrase, [one.value for one in score.suggest]) == ("score_near", [7, 8])
    day = KINDS["slot"].text(view("slot"), "tuesday")
    assert isinstance(day, AskAgain)
    assert day.phrase == "slot_near"
    assert 1 <= len(day.suggest) <= 3
    assert all(str(one.value).startswith("2025-11-25") for one in day.suggest)


def test_missing_digits_are_counted() -> None:
    french = structs.replace(view("phone"), person="fr-FR")
    for text, phrase, count in (("06 12 34 56", "phone_some_missing", 2), ("06 12 34 56 7", "phone_one_missing", 1)):
        read = KINDS["phone"].text(french, text)
        assert isinstance(read, AskAgain)
        assert (read.phrase, read.count) == (phrase, count)
