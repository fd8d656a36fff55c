"""What reaches a chat from outside or after its end: its case, word that nobody can be reached, late comments."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from bot.flows import engine
from bot.flows.stage import Stage
from bot.model import CaseFacts, Disarm, Fact, Inbound, OptOut, Report

from .books import DAY, MONDAY, lines
from .desks import desk, joined, stage, waiting

CLAIMED = CaseFacts("claimed", "low", MONDAY, MONDAY + DAY, owner="Maya")


@pytest.mark.parametrize(("begin", "rings"), [(stage, 0), (waiting, 1), (joined, 1)])
def test_whoever_cannot_be_reached_any_more_ends_the_chat(begin: Callable[[], Stage], rings: int) -> None:
    played = begin()
    gone = Inbound("g", MONDAY, "gone")
    turn = engine.step(played.program, played.chat, gone)
    assert (lines(turn), turn.conversation.outcome, turn.conversation.handoff) == ([], "unreachable", "")
    assert Disarm() in turn.effects
    assert desk(turn) == rings
    assert engine.step(played.program, turn.conversation, replace(gone, id="h")).ignored == "ended"


def test_the_desk_hears_that_whoever_has_a_case_cannot_be_reached() -> None:
    played = stage()
    chat = engine.step(played.program, played.chat, Inbound("c", MONDAY, "case", case=CLAIMED)).conversation
    assert desk(engine.step(played.program, chat, Inbound("g", MONDAY, "gone"))) == 1


def test_who_it_is_may_be_known_later_and_is_no_turn_of_theirs() -> None:
    played = waiting()
    who = Inbound("p", MONDAY + DAY, "person", value="Europe/Paris", contact={"name": Fact("Nadia Benali", True)})
    turn = engine.step(played.program, played.chat, who)
    after = turn.conversation
    assert (after.contact["name"], after.timezone) == (Fact("Nadia Benali", True), "Europe/Paris")
    assert (after.updated, after.handoff, lines(turn)) == (played.chat.updated, "waiting", [])
    assert engine.step(played.program, after, replace(who, id="q")).ignored == "repeated"


def test_a_case_is_part_of_the_response_at_any_time() -> None:
    played = stage()
    played.taps(2)
    played.does("stop")
    turn = engine.step(played.program, played.chat, Inbound("c", MONDAY, "case", case=CLAIMED))
    assert (turn.conversation.case, turn.conversation.revision) == (CLAIMED, played.chat.revision + 1)
    assert turn.effects == (Report(),)
    assert (
        engine.step(played.program, turn.conversation, Inbound("d", MONDAY, "case", case=CLAIMED)).ignored == "repeated"
    )


def test_a_case_makes_a_response_of_a_chat_without_a_score() -> None:
    played = stage()
    turn = engine.step(played.program, played.chat, Inbound("c", MONDAY, "case", case=CLAIMED))
    assert (turn.conversation.score, turn.conversation.revision) == (None, 1)
    assert Report() in turn.effects


TELL = Inbound("t", MONDAY, "agent", "tell", "It is put right.", name="Maya", ref="told")


@pytest.mark.parametrize("begin", [stage, waiting, joined])
def test_an_agent_can_tell_something_beside_the_flow_and_nobody_joins_by_it(begin: Callable[[], Stage]) -> None:
    played = begin()
    turn = engine.step(played.program, played.chat, TELL)
    assert (lines(turn), desk(turn)) == (["agent: It is put right."], 1)
    assert (turn.conversation.handoff, turn.conversation.state) == (played.chat.handoff, played.chat.state)
    assert turn.conversation.lines[-1] == ("told", turn.conversation.seq)
    assert engine.step(played.program, turn.conversation, replace(TELL, id="u")).ignored == "repeated"


def test_what_is_told_after_the_end_comes_where_it_is_meant_to() -> None:
    played = ended()
    assert engine.step(played.program, played.chat, TELL).ignored == "ended"
    turn = engine.step(played.program, played.chat, replace(TELL, late=True))
    assert (lines(turn), turn.conversation.outcome) == (["agent: It is put right."], "completed")
    say = replace(TELL, value="say", late=True)
    assert engine.step(played.program, played.chat, say).ignored == "ended"


def ended() -> Stage:
    played = stage()
    played.taps(9)
    played.taps("no")
    return played


def test_a_late_comment_is_kept_and_answered_once() -> None:
    played = ended()
    first, second = played.comments("And one more thing."), played.comments("Thanks!")
    assert lines(first) == ["visitor: And one more thing.", "bot: Thank you, we have added that."]
    assert lines(second) == ["visitor: Thanks!"]
    assert (second.conversation.commented, second.conversation.revision, desk(first)) == (2, 4, 1)
    assert Report() in second.effects
    assert played.says("hello").ignored == "ended"
    assert played.comments(" ").ignored == "ended"


def test_stop_after_the_end_is_heard() -> None:
    played = ended()
    turn = played.comments("STOP")
    assert lines(turn) == ["visitor: STOP", "bot: Understood, we won't ask again."]
    assert OptOut() in turn.effects
    assert (turn.conversation.outcome, turn.conversation.commented) == ("completed", 0)
    stopped = stage()
    stopped.does("stop")
    assert stopped.comments("stop").ignored == "ended"


@pytest.mark.parametrize("words", ["/language fr", " /help", "/"])
def test_a_command_is_no_late_comment(words: str) -> None:
    played = stage()
    played.does("stop")
    late = Inbound("l", MONDAY, "text", text=words, late=True)
    assert engine.step(played.program, played.chat, late).ignored == "ended"
