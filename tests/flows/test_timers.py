"""Silence: reminders, quiet hours, timeouts, abandonment - and the one timer that carries them."""

import pytest
from msgspec.structs import replace

from bot.flows import engine
from bot.flows.timers import after_quiet, next_due, rearm
from bot.model import Arm, Disarm, Inbound, Turn

from .books import DAY, HOUR, MINUTE, MONDAY, SMALL, lines, moment, program, stage

AWAKE = SMALL.replace(', quiet: "21:00-08:30"', "")


QUIET = [
    ("UTC", "2025-11-24 20:59", "2025-11-24 20:59"),
    ("UTC", "2025-11-24 21:00", "2025-11-25 08:30"),
    ("UTC", "2025-11-24 23:59", "2025-11-25 08:30"),
    ("UTC", "2025-11-25 00:00", "2025-11-25 08:30"),
    ("UTC", "2025-11-25 08:29", "2025-11-25 08:30"),
    ("UTC", "2025-11-25 08:30", "2025-11-25 08:30"),
    ("Asia/Tokyo", "2025-11-24 22:00", "2025-11-25 08:30"),
    ("America/New_York", "2025-12-31 22:00", "2026-01-01 08:30"),
    # The clocks go forward at 02:00 and back at 03:00 in the night: the wall decides.
    ("Europe/Paris", "2026-03-28 22:00", "2026-03-29 08:30"),
    ("Europe/Paris", "2026-10-24 22:00", "2026-10-25 08:30"),
]


@pytest.mark.parametrize(("zone", "at", "then"), QUIET)
def test_quiet_hours_end_on_the_persons_wall(zone: str, at: str, then: str) -> None:
    played = stage(timezone=zone)
    assert after_quiet(played.program, played.chat, moment(at, zone)) == moment(then, zone)


def test_quiet_hours_within_a_day_and_on_a_skipped_hour() -> None:
    noon = stage(SMALL.replace("21:00-08:30", "12:00-14:00"))
    at = moment("2025-11-24 12:30")
    assert after_quiet(noon.program, noon.chat, at) == moment("2025-11-24 14:00")
    # 02:30 does not exist on this day; the quiet end when the clocks have gone forward.
    night = stage(SMALL.replace("21:00-08:30", "21:00-02:30"), timezone="Europe/Paris")
    at = moment("2026-03-29 01:00", "Europe/Paris")
    assert after_quiet(night.program, night.chat, at) == moment("2026-03-29 03:30", "Europe/Paris")


def test_an_unknown_zone_is_the_services() -> None:
    made = program(SMALL, timezone="Europe/Paris")
    chat = replace(stage().chat, timezone="Mars/Phobos")
    at = moment("2025-11-24 22:00", "Europe/Paris")
    assert after_quiet(made, chat, at) == moment("2025-11-25 08:30", "Europe/Paris")


def test_a_reminder_repeats_the_question_and_does_not_move_the_fence() -> None:
    played = stage(AWAKE)
    played.taps(3)
    turns = played.wait(20 * HOUR)
    assert [lines(turn) for turn in turns] == [["bot: Still there? We would like to hear the rest.", "bot: Why 3?"]]
    chat = played.chat
    assert (chat.step_seq, chat.reminded, chat.reminded_at, chat.updated) == (2, 1, MONDAY + 20 * HOUR, MONDAY)


def test_the_flow_has_its_own_words_for_a_reminder() -> None:
    source = AWAKE.replace(
        "remind_max: 2,", 'remind_max: 2, remind_say: {en: "{{ brand.name }} again.", fr: "Encore."},'
    )
    played = stage(source)
    assert lines(played.wait(20 * HOUR)[0]) == ["bot: Acme again.", "bot: Recommend Acme?"]


def test_reminders_are_counted_over_the_whole_chat_and_come_apart() -> None:
    played = stage(AWAKE)
    assert len(played.wait(41 * HOUR)) == 2
    played.taps(3)
    assert played.wait(47 * HOUR) == []


def test_three_days_of_silence_end_the_chat_and_a_reminder_does_not_postpone_it() -> None:
    played = stage(AWAKE)
    played.taps(3)
    played.wait(40 * HOUR)
    last = played.wait(2 * DAY)[-1]
    chat = played.chat
    assert (chat.outcome, chat.ended, chat.state, chat.revision) == ("abandoned", MONDAY + 3 * DAY, "", 2)
    assert lines(last) == []
    assert not any(isinstance(effect, Arm) for effect in last.effects)


def test_any_act_of_the_visitor_starts_the_silence_anew() -> None:
    for act in ("help", "back", "restart", "human"):
        played = stage(AWAKE)
        played.taps(3)
        played.wait(10 * HOUR)
        played.does(act)
        assert played.wait(19 * HOUR) == []
        assert len(played.wait(1 * HOUR)) == 1


def test_a_timeout_is_silence_at_its_step_and_an_outcome_of_it() -> None:
    played = stage(AWAKE.replace("timeout: 2d", "timeout: 5h"))
    played.taps(3)
    played.says("slow")
    played.wait(4 * HOUR)
    played.says("hm?")
    played.wait(4 * HOUR)
    assert played.chat.state == "call"
    turns = played.wait(HOUR)
    assert [lines(turn) for turn in turns] == [["bot: Thanks."]]
    assert (played.chat.outcome, played.chat.answers["why"].value, played.chat.revision) == ("completed", "slow", 3)


def test_a_reminder_does_not_postpone_a_timeout() -> None:
    played = stage(AWAKE.replace("remind_after: 20h", "remind_after: 1h").replace("timeout: 2d", "timeout: 90m"))
    played.taps(3)
    played.says("slow")
    played.wait(89 * MINUTE)
    assert (played.chat.reminded, played.chat.state) == (1, "call")
    played.wait(MINUTE)
    assert played.chat.outcome == "completed"


def test_the_timer_is_armed_once_and_sooner_only_where_it_must() -> None:
    played = stage(AWAKE.replace("timeout: 2d", "timeout: 5h"))
    turns = [played.opening, played.taps(3), played.says("slow"), played.says("hm?")]
    armed = [any(isinstance(effect, Arm) for effect in turn.effects) for turn in turns]
    assert armed == [True, False, True, False]
    assert played.due == MONDAY + 5 * HOUR


def test_a_timer_that_finds_the_chat_moved_changes_nothing_and_tells_when() -> None:
    played = stage(AWAKE)
    played.wait(HOUR)
    played.taps(3)
    turn = engine.step(played.program, played.chat, Inbound("timer", MONDAY + 20 * HOUR, "timer"))
    assert turn == Turn(played.chat, (), "early")
    assert next_due(played.program, played.chat) == MONDAY + 21 * HOUR


def test_after_an_early_timer_a_turn_arms_it_anew_since_nobody_knows_when_it_fires() -> None:
    played = stage(AWAKE.replace("timeout: 2d", "timeout: 30m"))
    chat = replace(played.chat, armed=MONDAY - 1)
    turn = engine.step(played.program, chat, Inbound("x", MONDAY, "value", 3, fence=1))
    assert Arm(MONDAY + 20 * HOUR) in turn.effects


def test_a_timer_that_fires_days_late_ends_the_chat_without_reminding_first() -> None:
    played = stage(AWAKE)
    turn = engine.step(played.program, played.chat, Inbound("timer", MONDAY + 9 * DAY, "timer"))
    assert (lines(turn), turn.conversation.outcome) == ([], "abandoned")


def test_a_reminder_that_is_late_into_the_night_waits_for_the_morning() -> None:
    played = stage()
    due = moment("2025-11-25 08:30")
    assert next_due(played.program, played.chat) == due
    late = moment("2025-11-25 22:00")
    turn = engine.step(played.program, played.chat, Inbound("timer", late, "timer"))
    assert turn.effects == (Arm(moment("2025-11-26 08:30")),)
    assert turn.conversation.reminded == 0
    assert rearm(played.program, turn.conversation, late) == moment("2025-11-26 08:30")


def test_a_reminder_that_would_come_after_the_end_is_not_sent() -> None:
    played = stage(SMALL.replace("abandon_after: 3d", "abandon_after: 21h"))
    turns = played.wait(2 * DAY)
    assert [turn.conversation.outcome for turn in turns] == ["abandoned"]


def test_a_flow_without_timers_arms_none() -> None:
    played = stage(
        SMALL.replace('timers: {remind_after: 20h, remind_max: 2, abandon_after: 3d, quiet: "21:00-08:30"}', "")
    )
    played.taps(10)
    effects = (*played.opening.effects, *played.says("x").effects)
    assert not any(isinstance(effect, Arm | Disarm) for effect in effects)
