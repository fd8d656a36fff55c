"""A chat in the hands of a person: what agents do, what reaches them, and what follows when nobody comes."""

from collections.abc import Callable

import pytest

from bot.flows import engine
from bot.flows.load import load
from bot.flows.machine import compile_book
from bot.flows.spec import OpenHours
from bot.flows.stage import Opening, Stage
from bot.flows.steps.handoff import is_open
from bot.flows.timers import next_due
from bot.model import Arm, Entry, Inbound, OptOut, Say, Turn

from .books import DAY, HOUR, MINUTE, MONDAY, lines, moment
from .desks import SOURCE, desk, joined, stage, waiting


def agents(turn: Turn) -> list[Entry]:
    return [e.entry for e in turn.effects if isinstance(e, Say) and e.entry.author == "agent"]


def test_a_person_is_asked_for_and_the_bot_is_silent_from_then_on() -> None:
    played = stage()
    played.taps(2)
    before = played.chat
    turn = played.taps("chat")
    chat = turn.conversation
    assert lines(turn) == ["visitor: Chat now", "bot: One moment."]
    assert (chat.status, chat.handoff, chat.handoff_at, chat.state, desk(turn)) == (
        "handoff",
        "waiting",
        MONDAY,
        "agent",
        1,
    )
    assert played.ask is None
    assert chat.step_seq == before.step_seq + 1
    assert Arm(MONDAY + 10 * MINUTE) in turn.effects or played.due <= MONDAY + 10 * MINUTE


SAID: dict[str, tuple[Callable[[Stage], Turn], list[str]]] = {
    "words": (lambda s: s.says("My flowers died."), ["visitor: My flowers died."]),
    "a command": (lambda s: s.says("back"), ["visitor: back"]),
    "a tapped command": (lambda s: s.does("restart"), ["visitor: Start again"]),
    "a wish for a person": (lambda s: s.does("human"), ["visitor: Talk to a person"]),
    "a picture": (lambda s: s.does("unread"), ["visitor: (a picture or recording)"]),
    "something picked": (lambda s: s.taps("no"), ["visitor: no"]),
}


@pytest.mark.parametrize("what", SAID)
@pytest.mark.parametrize("begin", [waiting, joined])
def test_what_the_visitor_says_is_for_whoever_is_there(begin: Callable[[], Stage], what: str) -> None:
    played = begin()
    act, said = SAID[what]
    turn = act(played)
    assert lines(turn) == said
    assert desk(turn) == 1
    assert turn.conversation.status == "handoff"


def test_what_was_tapped_reads_as_on_the_button_of_the_question_that_waits() -> None:
    played = stage()
    played.taps(2)
    played.does("human")
    assert lines(played.taps("no")) == ["visitor: No"]


IGNORED: dict[str, tuple[Inbound, str]] = {
    "a button of an older question": (Inbound("x", MONDAY, "value", "chat", fence=2), "stale"),
    "an action of an older question": (Inbound("x", MONDAY, "action", "skip", fence=2), "stale"),
    "blank words": (Inbound("x", MONDAY, "text", text=" \n"), "stale"),
    "the question once more": (Inbound("x", MONDAY, "action", "repeat"), "repeated"),
    "a timer": (Inbound("x", MONDAY + 9 * DAY, "timer"), "early"),
    "who is there joins": (Inbound("x", MONDAY, "agent", "join", name="Maya"), "repeated"),
    "an agent without words": (Inbound("x", MONDAY, "agent", "say", "", name="Maya", ref="r"), "stale"),
    "a line that is there": (Inbound("x", MONDAY, "agent", "say", "Hello", name="Maya", ref="line1"), "repeated"),
    "a change of an unknown line": (Inbound("x", MONDAY, "agent", "edit", "Hello", ref="r"), "stale"),
    "an unknown line taken back": (Inbound("x", MONDAY, "agent", "delete", ref="r"), "stale"),
    "what no agent does": (Inbound("x", MONDAY, "agent", "dance"), "stale"),
    "what came before": (Inbound("in1", MONDAY, "agent", "leave"), "repeated"),
}


@pytest.mark.parametrize("what", IGNORED)
def test_with_a_person_there_nothing_changes_for(what: str) -> None:
    played = joined()
    played.agent("say", "Hello")
    inbound, why = IGNORED[what]
    assert engine.step(played.program, played.chat, inbound) == Turn(played.chat, (), why)  # type: ignore[arg-type]  # the table holds plain strings


def test_an_agents_lines_carry_a_name_and_can_be_changed_and_taken_back() -> None:
    played = waiting()
    first = played.agent("say", "I am sory.", name="Maya", ref="a")
    assert lines(first) == ["bot: Maya from support joined.", "agent: I am sory."]
    number = first.conversation.seq
    assert agents(first)[0].name == "Maya"
    changed, again = played.agent("edit", "I am sorry.", ref="a"), played.agent("edit", "Sorry.", ref="a")
    assert [(e.text, e.replaces) for e in (*agents(changed), *agents(again))] == [
        ("I am sorry.", number),
        ("Sorry.", number),
    ]
    back = played.agent("delete", ref="a")
    assert [(e.text, e.replaces) for e in agents(back)] == [("", number)]
    assert played.agent("edit", "Hm", ref="a").ignored == "stale"


def test_the_last_fifty_lines_can_be_changed() -> None:
    played = joined()
    for _ in range(52):
        played.agent("say", "One more.")
    assert (len(played.chat.lines), played.chat.lines[0][0]) == (50, "line3")
    assert played.agent("edit", "x", ref="line2").ignored == "stale"
    assert not played.agent("edit", "x", ref="line3").ignored


def test_a_line_can_be_changed_when_the_person_has_left_and_no_new_one_is_taken() -> None:
    played = joined()
    played.agent("say", "Goodby")
    played.agent("leave")
    assert lines(played.agent("edit", "Goodbye", ref="line1", name="Maya")) == ["agent: Goodbye"]
    for act in ("join", "say", "leave"):
        assert played.agent(act, "Hello", name="Maya").ignored == "stale"


def test_another_agent_takes_over_without_a_word_of_the_bot() -> None:
    played = joined()
    turn = played.agent("join", name="Ben")
    assert (lines(turn), turn.conversation.agent) == ([], "Ben")
    assert [(e.name, e.text) for e in agents(played.agent("say", "Ben here."))] == [("Ben", "Ben here.")]


def test_a_name_is_one_short_line_and_may_be_missing() -> None:
    played = waiting()
    turn = engine.step(played.program, played.chat, Inbound("x", MONDAY, "agent", "join", name=" "))
    assert lines(turn) == ["bot: Somebody from support joined."]
    long = engine.step(played.program, played.chat, Inbound("x", MONDAY, "agent", "join", name="A\n{b}" * 99))
    assert len(long.conversation.agent) <= 80
    assert "\n" not in lines(long)[0]


def test_when_the_person_leaves_the_flow_goes_on() -> None:
    played = joined()
    turn = played.agent("leave")
    assert lines(turn) == ["bot: Maya from support left.", "bot: All well?"]
    assert (turn.conversation.status, turn.conversation.agent, desk(turn)) == ("open", "", 1)
    resolved = waiting()
    assert lines(resolved.agent("leave")) == ["bot: All well?"]


def test_nobody_in_time_is_said_and_the_flow_goes_another_way() -> None:
    played = waiting()
    turns = played.wait(10 * MINUTE)
    assert [lines(turn) for turn in turns] == [
        ["bot: Nobody is free right now. What you write here is saved.", "bot: Where to?"]
    ]
    assert (played.chat.status, desk(turns[0])) == ("open", 1)


def test_a_handoff_is_armed_for_though_a_later_timer_runs_and_not_once_somebody_is_there() -> None:
    played = stage(SOURCE.replace(" timeout: 5m,", "").replace(", timeout: bye", ""))
    assert played.due == MONDAY + HOUR
    played.taps(2)
    turn = played.taps("chat")
    assert Arm(MONDAY + 10 * MINUTE) in turn.effects
    played.agent("join")
    assert next_due(played.program, played.chat) == 0
    assert played.wait(5 * DAY) == []
    turn = played.agent("leave")
    assert Arm(played.now + HOUR) in turn.effects
    assert [lines(turn) for turn in played.wait(HOUR)] == [
        ["bot: Still there? We would like to hear the rest.", "bot: All well?"]
    ]


def test_the_time_with_a_person_is_no_silence_of_the_visitor() -> None:
    played = joined()
    played.wait(3 * DAY)
    played.agent("leave")
    played.wait(23 * HOUR)
    assert played.chat.status == "open"
    played.wait(HOUR)
    assert played.chat.outcome == "abandoned"


def test_a_flow_without_timers_arms_one_for_the_wait_alone() -> None:
    source = SOURCE.replace("timers: {remind_after: 1h, remind_max: 3, abandon_after: 1d}", "")
    played = stage(source.replace(" timeout: 5m,", "").replace(", timeout: bye", ""))
    played.taps(2)
    assert played.due == 0
    played.taps("chat")
    assert played.due == MONDAY + 10 * MINUTE


@pytest.mark.parametrize("ask", [lambda s: s.does("human"), lambda s: s.says("talk to a human")])
def test_a_person_can_be_asked_for_at_any_question_which_then_comes_again(ask: Callable[[Stage], Turn]) -> None:
    played = stage()
    assert lines(ask(played))[1:] == ["bot: One moment."]
    assert (played.chat.state, played.chat.resume) == ("agent", "score")
    played.agent("join", name="Maya")
    turn = played.agent("leave")
    assert lines(turn) == ["bot: Maya from support left.", "bot: Recommend?"]
    assert (turn.conversation.resume, turn.conversation.trail) == ("", ())
    assert played.taps(9).conversation.score == 9


def test_nobody_in_time_out_of_turn_leads_back_to_the_question() -> None:
    played = stage()
    played.does("human")
    assert [lines(turn)[1:] for turn in played.wait(10 * MINUTE)] == [["bot: Recommend?"]]
    assert played.chat.state == "score"


def test_without_a_desk_or_a_handoff_a_wish_for_a_person_is_answered_kindly() -> None:
    without = SOURCE.replace("chat: agent", "chat: mail").replace(
        "kind: handoff, topic: detractor, sla: 10m,", "kind: message,"
    )
    without = without.replace("{resolved: after, unavailable: mail}", "after")
    for played in (stage(desk=False), stage(without)):
        assert lines(played.does("human"))[1:] == [
            "bot: Nobody can join this chat. Your answers are saved.",
            "bot: Recommend?",
        ]


def test_help_names_the_person_where_there_is_one() -> None:
    assert "write: human, restart, stop." in lines(stage().does("help"))[1]
    assert "human" not in lines(stage(desk=False).does("help"))[1]


def test_an_option_that_leads_to_a_person_is_offered_where_there_is_one() -> None:
    offered = {}
    for there in (True, False):
        played = stage(desk=there)
        played.taps(2)
        ask = played.ask
        assert ask is not None
        offered[there] = [one.value for one in ask.options]
    assert offered == {True: ["chat", "no"], False: ["no"]}
    turn = played.taps("chat")
    assert lines(turn)[1:] == ["bot: Nobody is free right now. What you write here is saved.", "bot: Where to?"]


@pytest.mark.parametrize(("said", "value"), [("chat now", "chat"), ("1", "no"), ("no", "no"), ("parler", None)])
def test_what_is_not_offered_is_still_understood_and_numbers_count_what_is(said: str, value: str | None) -> None:
    played = stage(desk=False)
    played.taps(2)
    chat = played.says(said).conversation
    assert (chat.answers["how"].value if "how" in chat.answers else None) == value


def test_where_every_option_leads_to_a_person_all_are_offered() -> None:
    source = SOURCE.replace("no: bye, timeout", "no: agent, timeout")
    played = stage(source, desk=False)
    played.taps(2)
    assert played.ask is not None
    assert len(played.ask.options) == 2


SPLIT = OpenHours("Europe/Paris", (((540, 750), (840, 1080)),) * 5 + ((), ()), closed=("2025-12-25",))


@pytest.mark.parametrize(
    ("at", "opened"),
    [
        ("2025-11-24 09:00", True),
        ("2025-11-24 08:59", False),
        ("2025-11-24 12:30", False),
        ("2025-11-24 17:59", True),
        ("2025-11-24 18:00", False),
        ("2025-11-22 10:00", False),
        ("2025-12-25 10:00", False),
    ],
)
def test_opening_hours_are_those_of_the_shop(at: str, opened: bool) -> None:
    assert is_open(SPLIT, moment(at, "Europe/Paris")) is opened


def test_hours_that_the_settings_lack_are_never_open() -> None:
    made = compile_book(load(SOURCE.replace("sla: 10m,", "sla: 10m, hours: office,")), {}, "UTC", True)["help"]
    played = Stage(made, Opening("en"), MONDAY)
    assert lines(played.does("human"))[1:] == [
        "bot: Nobody is free right now. What you write here is saved.",
        "bot: Recommend?",
    ]
    assert played.chat.step_seq == 1


@pytest.mark.parametrize("act", [lambda s: s.does("stop"), lambda s: s.says("stop")])
def test_stop_works_while_a_person_is_there(act: Callable[[Stage], Turn]) -> None:
    played = joined()
    turn = act(played)
    chat = turn.conversation
    assert lines(turn)[1:] == ["bot: Understood, we won't ask again."]
    assert (chat.outcome, chat.handoff, chat.agent, desk(turn)) == ("stopped", "", "", 1)
    assert OptOut() in turn.effects
    assert played.agent("say", "Wait!").ignored == "ended"


def test_another_language_is_taken_without_a_word() -> None:
    played = joined()
    turn = played.speaks("fr")
    assert (lines(turn), turn.conversation.locale) == ([], "fr")
    assert lines(played.agent("leave")) == [
        "bot: Maya, du service client, a quitté la conversation.",
        "bot: Tout va bien ?",
    ]


def test_the_question_can_be_had_once_more_without_a_line_of_the_visitor() -> None:
    played = stage()
    played.taps(2)
    turn = played.does("repeat")
    assert lines(turn) == ["bot: How?"]
    assert turn.conversation.step_seq == 2
