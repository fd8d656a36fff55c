"""The engine turn by turn: answers, fences, repeats, commands, languages, clicks, suggestions."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from bot.errors import Unknown
from bot.flows import engine
from bot.flows.answers.commands import Command, read_command
from bot.flows.distance import distances
from bot.flows.load import load
from bot.flows.phrases import IN_LANGUAGE, LANGUAGES, phrase
from bot.flows.stage import Stage
from bot.model import Arm, Click, Disarm, Fact, Inbound, OptOut, Progress, Report, Say, Turn

from .books import HOUR, MONDAY, SMALL, begin, lines, program, stage


def kinds(turn: Turn) -> list[type]:
    return [type(effect) for effect in turn.effects if not isinstance(effect, Say)]


def test_a_chat_opens_with_its_first_question_and_one_timer() -> None:
    turn = engine.start(program(), begin())
    chat = turn.conversation
    assert lines(turn) == ["bot: Recommend Acme?"]
    assert (chat.version, chat.step_seq, chat.seq, chat.state, chat.revision) == (1, 1, 1, "score", 0)
    assert turn.effects[-1] == Arm(MONDAY + 22 * HOUR + HOUR // 2)  # 20 h later is 06:00: quiet until 08:30


def test_a_tap_is_logged_kept_and_followed_by_the_next_question() -> None:
    played = stage()
    turn = played.taps(3)
    chat = turn.conversation
    assert lines(turn) == ["visitor: 3", "bot: Why 3?"]
    assert kinds(turn) == [Report]
    assert (chat.version, chat.score, chat.segment, chat.revision, chat.scored) == (2, 3, "detractor", 1, MONDAY)
    assert (chat.trail, chat.step_seq, chat.answers["score"].value) == (("score",), 2, 3)


def test_the_last_answer_ends_the_chat_and_its_timer() -> None:
    played = stage()
    turn = played.taps(10)
    assert lines(turn) == ["visitor: 10", "bot: Share?", "bot: Site", "bot: Thanks."]
    assert kinds(turn) == [Disarm, Report]
    assert (turn.conversation.outcome, turn.conversation.state, played.ask) == ("completed", "", None)
    assert turn.conversation.revision == 1


IGNORED: dict[str, tuple[Inbound, str]] = {
    "the same id again": (Inbound("in1", MONDAY, "value", 9, fence=2), "repeated"),
    "a tap on an older question": (Inbound("new", MONDAY, "value", 9, fence=1), "stale"),
    "a tap without a fence": (Inbound("new", MONDAY, "value", 9), "stale"),
    "a text for an older question": (Inbound("new", MONDAY, "text", text="hm", fence=1), "stale"),
    "a fence from the future": (Inbound("new", MONDAY, "value", 9, fence=7), "stale"),
    "the language that is spoken": (Inbound("new", MONDAY, "language", "en-GB"), "repeated"),
    "a language the flow lacks": (Inbound("new", MONDAY, "language", "it"), "repeated"),
    "a link that is not there": (Inbound("new", MONDAY, "click", "review/nowhere"), "stale"),
    "a timer before its time": (Inbound("new", MONDAY, "timer"), "early"),
}


@pytest.mark.parametrize("what", IGNORED)
def test_nothing_changes_for(what: str) -> None:
    played = stage()
    played.taps(3)
    inbound, why = IGNORED[what]
    turn = engine.step(played.program, played.chat, inbound)
    assert turn == Turn(played.chat, (), why)  # type: ignore[arg-type]  # the table holds plain strings


@pytest.mark.parametrize("kind", ["value", "text", "action", "language", "timer"])
def test_an_ended_chat_takes_nothing_but_clicks(kind: str) -> None:
    played = stage()
    played.taps(10)
    inbound = Inbound("new", MONDAY + 10**10, kind, "fr", "hello", 1)  # type: ignore[arg-type]  # parametrised
    assert engine.step(played.program, played.chat, inbound) == Turn(played.chat, (), "ended")


def test_typed_text_and_actions_need_no_fence() -> None:
    played = stage()
    turn = engine.step(played.program, played.chat, Inbound("a", MONDAY, "text", text="9"))
    assert turn.conversation.score == 9
    turn = engine.step(played.program, played.chat, Inbound("b", MONDAY, "action", "help"))
    assert not turn.ignored


def test_a_button_of_an_older_question_does_nothing() -> None:
    played = stage()
    for action in ("back", "skip"):
        turn = engine.step(played.program, played.chat, Inbound("b", MONDAY, "action", action, fence=99))
        assert turn == Turn(played.chat, (), "stale")


ACTIONS: dict[str, tuple[Callable[[Stage], Turn], list[str], str]] = {
    "back": (lambda s: s.does("back"), ["visitor: Change", "bot: Recommend Acme?"], "score"),
    "back, typed": (lambda s: s.says("back"), ["visitor: back", "bot: Recommend Acme?"], "score"),
    "skip": (lambda s: s.does("skip"), ["visitor: Skip", "bot: Call?"], "call"),
    "skip, typed": (lambda s: s.says("Skip"), ["visitor: Skip", "bot: Call?"], "call"),
    "restart": (lambda s: s.does("restart"), ["visitor: Start again", "bot: Recommend Acme?"], "score"),
    "stop": (lambda s: s.does("stop"), ["visitor: Stop", "bot: Understood, we won't ask again."], ""),
    "stop, typed": (lambda s: s.says("STOP"), ["visitor: STOP", "bot: Understood, we won't ask again."], ""),
    "human": (
        lambda s: s.does("human"),
        [
            "visitor: Talk to a person",
            "bot: Nobody can join this chat. Your answers are saved.",
            "bot: Why 3?",
        ],
        "why",
    ),
    "help": (
        lambda s: s.does("help"),
        [
            "visitor: Help",
            "bot: Tap an answer or write it in your own words. You can also write: back, skip, restart, stop.",
            "bot: Why 3?",
        ],
        "why",
    ),
    "an action nobody knows": (
        lambda s: s.does("dance"),
        [
            "visitor: Help",
            "bot: Tap an answer or write it in your own words. You can also write: back, skip, restart, stop.",
            "bot: Why 3?",
        ],
        "why",
    ),
    "language": (lambda s: s.speaks("fr"), ["bot: Pourquoi 3 ?"], "why"),
    "a browser's languages": (lambda s: s.speaks("it, fr;q=0.8"), ["bot: Pourquoi 3 ?"], "why"),
    "language, typed": (lambda s: s.says("en français"), ["visitor: en français", "bot: Pourquoi 3 ?"], "why"),
}


@pytest.mark.parametrize("what", ACTIONS)
def test_at_any_question_a_person_can_say(what: str) -> None:
    played = stage()
    played.taps(3)
    perform, logged, state = ACTIONS[what]
    turn = perform(played)
    assert lines(turn) == logged
    assert turn.conversation.state == state


def test_what_cannot_be_done_is_said_kindly_and_the_question_comes_again() -> None:
    played = stage()
    assert lines(played.does("back"))[1:] == ["bot: This is the first question.", "bot: Recommend Acme?"]
    assert lines(played.does("skip"))[1:] == ["bot: We do need an answer here to go on.", "bot: Recommend Acme?"]
    assert lines(played.says("auf Deutsch"))[1:] == [
        "bot: We do not speak that language here yet.",
        "bot: Recommend Acme?",
    ]
    assert played.chat.step_seq == 1


def test_who_asks_for_another_language_is_told_what_to_write() -> None:
    played = stage()
    assert lines(played.says("change language"))[1:] == [
        "bot: Just write: in English, en français.",
        "bot: Recommend Acme?",
    ]
    assert lines(played.says("en français"))[1:] == ["bot: Recommander Acme ?"]


def test_every_word_that_help_names_is_understood_in_its_language() -> None:
    for language in LANGUAGES:
        for action in ("back", "skip", "restart", "stop"):
            assert read_command(phrase(f"word_{action}", language), language) == Command(action)
    for language, words in IN_LANGUAGE.items():
        assert read_command(words, "en") == Command("language", language)


def test_stop_ends_the_chat_and_opts_out() -> None:
    played = stage()
    played.taps(2)
    turn = played.does("stop")
    assert kinds(turn) == [OptOut, Disarm, Report]
    assert (turn.conversation.outcome, turn.conversation.ended, turn.conversation.revision) == ("stopped", MONDAY, 2)


def test_stop_before_any_answer_leaves_no_response() -> None:
    turn = stage().does("stop")
    assert kinds(turn) == [OptOut, Disarm]
    assert turn.conversation.revision == 0


def test_back_and_another_score_is_the_same_response_with_a_higher_revision() -> None:
    played = stage()
    played.taps(3)
    played.says("slow")
    played.does("back")
    played.does("back")
    chat = played.chat
    assert (chat.state, chat.trail, chat.score, sorted(chat.answers)) == ("score", (), 3, ["score", "why"])
    assert chat.revision == 2  # going back changes nothing that is reported
    played.taps(10)
    chat = played.chat
    assert (chat.score, chat.segment, sorted(chat.answers), chat.revision) == (10, "promoter", ["score"], 3)


def test_a_question_come_back_to_shows_what_was_answered() -> None:
    played = stage()
    played.taps(3)
    played.says("slow")
    played.does("back")
    ask = played.ask
    assert ask is not None
    assert (ask.step, ask.prefill, ask.back) == ("why", "slow", True)


def test_skipping_a_question_drops_its_earlier_answer() -> None:
    played = stage()
    played.taps(3)
    played.says("slow")
    played.does("back")
    played.does("skip")
    assert (sorted(played.chat.answers), played.chat.skipped, played.chat.revision) == (["score"], ("why",), 3)
    played.does("back")
    played.says("late")
    assert (played.chat.answers["why"].value, played.chat.skipped) == ("late", ())


def test_restart_keeps_the_answers_until_a_new_one_is_given() -> None:
    played = stage()
    played.taps(3)
    played.says("slow")
    played.does("restart")
    assert (played.chat.state, played.chat.score, len(played.chat.answers)) == ("score", 3, 2)
    played.taps(8)
    assert (played.chat.score, sorted(played.chat.answers), played.chat.id) == (8, ["score"], "played")


def test_a_fence_rises_with_each_question_and_stays_where_it_is_asked_again() -> None:
    played = stage()
    turns = [
        played.opening,
        played.says("hm"),
        played.does("help"),
        played.speaks("fr"),
        played.taps(3),
        played.does("back"),
    ]
    fences = [turn.conversation.step_seq for turn in turns]
    assert fences == [1, 1, 1, 1, 2, 3]


def test_the_rest_of_what_was_said_with_a_score_is_offered_as_the_next_answer() -> None:
    played = stage(locale="fr")
    played.says("3, livraison trop lente")
    ask = played.ask
    assert ask is not None
    assert (played.chat.score, ask.step, [one.label for one in ask.suggest]) == (3, "why", ["livraison trop lente"])
    played.taps("livraison trop lente")
    assert played.chat.answers["why"].value == "livraison trop lente"
    assert played.chat.suggest == ()


def test_near_misses_are_offered_and_a_yes_takes_the_only_one() -> None:
    played = stage()
    played.says("7 or 8")
    ask = played.ask
    assert ask is not None
    assert ([one.value for one in ask.suggest], len(ask.options)) == ([7, 8], 11)
    played = stage()
    near = replace(played.chat, suggest=(7,), retries=1)
    turn = engine.step(played.program, near, Inbound("x", MONDAY, "text", text="yes"))
    assert turn.conversation.score == 7


def test_the_third_misunderstanding_names_the_way_out() -> None:
    played = stage()
    said = [lines(played.says("blue"))[1] for _ in range(4)]
    assert said[0] == said[2].partition(" If")[0] != said[1]
    assert ["“stop”" in line for line in said] == [False, False, True, True]
    played.taps(3)
    played.does("skip")
    assert "“back”" in [lines(played.says("blue"))[1] for _ in range(3)][-1]


def test_a_value_that_was_never_offered_is_asked_again() -> None:
    played = stage()
    for value in (11, -1, "seven", ("a", "b"), "9"):
        turn = engine.step(played.program, played.chat, Inbound(f"v{value}", MONDAY, "value", value, fence=1))
        assert (turn.conversation.score, turn.conversation.retries) == (None, 1)


def test_an_option_whose_words_are_a_command_is_its_answer() -> None:
    source = SMALL.replace('no: {en: "No, thanks", fr: "Non, merci"}', "no: Stop")
    played = stage(source)
    played.taps(3)
    played.does("skip")
    played.says("stop")
    assert (played.chat.answers["call"].value, played.chat.outcome) == ("no", "completed")


def test_a_click_is_recorded_once_also_after_the_end() -> None:
    played = stage()
    played.taps(10)
    turn = played.clicks("review/site")
    assert turn.conversation.clicks == (Click("review", "site", MONDAY),)
    assert (kinds(turn), turn.conversation.revision) == ([Report], 2)
    assert played.clicks("review/site").ignored == "repeated"


def test_a_link_leads_where_the_flow_says_in_the_language_of_the_chat() -> None:
    played = stage(locale="fr")
    assert engine.target(played.program, played.chat, "review/site") == "HTTPS://example.com/fr"
    for ref in ("review/other", "score/site", "nowhere/site", "", "review"):
        with pytest.raises(Unknown):
            engine.target(played.program, played.chat, ref)


@pytest.mark.parametrize(
    ("wanted", "locale"),
    [
        ("", "en"),
        ("fr-CA", "fr-CA"),
        ("it-IT, fr;q=0.8, en;q=0.5", "fr"),
        ("en;q=0.3, fr;q=0.9", "fr"),
        ("it", "it"),
        ("*", "en"),
        ("fr;q=0, en", "en"),
        ("\x00\ud800;;;q=,", "en"),
    ],
)
def test_the_language_is_the_first_that_the_flow_speaks(wanted: str, locale: str) -> None:
    assert engine.start(program(), begin(wanted)).conversation.locale == locale


def test_a_prefilled_score_is_filled_in_and_not_saved() -> None:
    made = program()
    turn = engine.start(made, replace(begin(), prefill=9))
    ask = engine.ask(made, turn.conversation, MONDAY)
    assert ask is not None
    assert (ask.prefill, turn.conversation.score, turn.conversation.revision) == (9, None, 0)
    wrong = engine.start(made, replace(begin(), prefill=11))
    assert wrong.conversation.prefill is None
    tapped = engine.step(made, turn.conversation, Inbound("a", MONDAY, "value", 4, fence=1)).conversation
    assert (tapped.score, tapped.prefill) == (4, None)


def test_progress_counts_the_shortest_way_left() -> None:
    played = stage()
    turns = [played.opening, played.taps(3), played.does("skip"), played.taps("call")]
    asks = [engine.ask(played.program, turn.conversation, MONDAY) for turn in turns]
    assert [ask.progress for ask in asks if ask] == [Progress(1, 1), Progress(2, 3), Progress(3, 3), Progress(4, 4)]


def test_progress_leaves_out_the_ways_that_a_segment_cannot_take() -> None:
    rules = "[{when: {segment: promoter}, to: more}, {to: bye}]"
    source = f"""
version: 1
brand: {{name: Acme}}
languages: [en]
flows:
  nps:
    start: score
    steps:
      score: {{kind: nps, say: "How likely?", then: {{detractor: why, passive: bye, promoter: link}}}}
      why: {{kind: text, say: "Why?", then: link}}
      link: {{kind: message, say: "Here.", then: {rules}}}
      more: {{kind: text, say: "More?", then: bye}}
      bye: {{kind: message, say: "Thanks.", end: completed}}
"""
    left = distances(load(source).flows["nps"])
    assert left["score"] == {"detractor": 2, "passive": 1, "promoter": 2, None: 1}
    assert left["link"] == {"detractor": 0, "passive": 0, "promoter": 1, None: 0}


def test_what_a_person_types_goes_before_what_is_proven_and_what_a_page_claims() -> None:
    source = SMALL.replace(
        'bye: {kind: message, say: {en: "Thanks."', 'bye: {kind: message, say: {en: "Thanks {{ contact.phone }}."'
    )
    made = program(source)
    turn = engine.start(made, replace(begin(), contact={"phone": Fact("none", proven=True)}))
    values: tuple[int | str, ...] = (3, "x", "call", "+33612345678")
    for number, value in enumerate(values):
        chat = turn.conversation
        turn = engine.step(made, chat, Inbound(str(number), MONDAY, "value", value, fence=chat.step_seq))
    assert lines(turn)[-1] == "bot: Thanks +33 6 12 34 56 78."
    early = engine.step(
        made,
        engine.start(made, replace(begin(), contact={"phone": Fact("x")})).conversation,
        Inbound("0", MONDAY, "value", 10, fence=1),
    )
    assert lines(early)[-1] == "bot: Thanks x."


def test_a_long_answer_is_kept_to_4000_characters_and_half_characters_are_dropped() -> None:
    played = stage()
    played.taps(3)
    turn = played.says("a\x00\ud800" + "é" * 5000)
    value = turn.conversation.answers["why"].value
    assert isinstance(value, str)
    assert value.startswith("aé")
    assert 3900 < len(value) <= 4000
