"""Whatever a person, an agent and the desk do, in whatever order: the engine's promises hold after every turn."""

from typing import TypeAlias

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.flows import engine
from bot.flows.load import load
from bot.flows.machine import Program, compile_book
from bot.flows.stage import Opening, Stage
from bot.flows.timers import next_due
from bot.model import Address, CaseFacts, Conversation, Inbound, Say, Start, Turn
from tests.harness.soak import examples

from .books import DAY, MINUTE, MONDAY, OFFICE, SHIPPED, SMALL

BOOK = load(SHIPPED.read_text("utf-8"))
OTHERS = load((SHIPPED.parent / "tests/flows/kinds.yaml").read_text("utf-8"))
PROGRAMS = (
    compile_book(BOOK, OFFICE, "UTC")["nps"],
    compile_book(BOOK, {}, "Pacific/Auckland")["nps"],
    compile_book(load(SMALL), OFFICE, "Europe/Paris")["small"],
    *compile_book(OTHERS, {}, "UTC").values(),
    compile_book(OTHERS, OFFICE, "UTC", desk=True)["person"],
    compile_book(BOOK, OFFICE, "UTC", desk=True)["nps"],
)
STAFFED = PROGRAMS[-2:]

Act: TypeAlias = tuple[str, object]

WORDS = st.sampled_from(
    [
        *(
            "9",
            "3, too slow",
            "no",
            "yes",
            "back",
            "stop",
            "help",
            "en français",
            "change language",
            "call me",
            "human",
            "chat",
            "skip",
            "7 or 8",
        ),
        *("+33612345678", "a@b.fr", "tuesday at 10:30", "sevn", "", " ", "{{ 7 * 7 }}", "{% for %}", "١٠", "９"),
        *("\ud800", "\x00"),
    ]
)
VALUES = st.one_of(st.integers(-5, 20), st.text(max_size=12), st.sampled_from(["call", "yes", "no", "a"]), st.none())
ACTS = st.one_of(
    st.tuples(st.just("text"), st.one_of(WORDS, st.text(max_size=40))),
    st.tuples(st.just("offer"), st.integers(0, 60)),
    st.tuples(st.just("value"), VALUES),
    st.tuples(st.just("action"), st.sampled_from(["back", "skip", "restart", "human", "help", "stop", "?"])),
    st.tuples(st.just("language"), st.sampled_from(["en", "fr-CA", "de", "it", "", "??"])),
    st.tuples(st.just("click"), st.sampled_from(["review/google", "review/site", "links/site", "x/y", ""])),
    st.tuples(st.just("timer"), st.just(0)),
    st.tuples(st.just("again"), st.just(0)),
)
CASES = tuple(CaseFacts(state, "handoff", MONDAY, MONDAY + DAY) for state in ("open", "claimed", "resolved"))
AGENTS = st.tuples(
    st.sampled_from(["join", *("say", "edit") * 3, "delete", "leave", "dance"]),
    st.sampled_from(["", *("Maya", "Ben {x}") * 2]),
    st.sampled_from(["", "l1", "l2"]),
    st.one_of(WORDS, st.text(max_size=20)),
)
BEGINNINGS: tuple[tuple[Act, int], ...] = ((("action", "human"), 0), (("agent", ("join", "Maya", "", "")), 0))
DESK_ACTS: st.SearchStrategy[Act] = st.one_of(
    ACTS,
    st.tuples(st.just("agent"), AGENTS),
    st.tuples(st.just("action"), st.sampled_from(["human", "repeat", "skip", "unread"])),
    st.tuples(st.just("case"), st.sampled_from(CASES)),
    st.tuples(st.just("late"), WORDS),
    st.tuples(st.just("timer"), st.just(0)),
)


def inbound_of(program: Program, chat: Conversation, number: int, now: int, act: Act) -> Inbound:
    kind, what = act
    if kind == "offer":
        ask = engine.ask(program, chat, now)
        shown = (*ask.suggest, *ask.options) if ask else ()
        value = shown[int(str(what)) % len(shown)].value if shown else "some words"
        return Inbound(f"i{number}", now, "value", value, fence=chat.step_seq)
    if kind == "again":
        return Inbound(chat.seen[-1] if chat.seen else "none", now, "action", "help")
    if kind in ("text", "late"):
        return Inbound(f"i{number}", now, "text", text=str(what), late=kind == "late")
    if isinstance(what, CaseFacts):
        return Inbound(f"i{number}", now, "case", case=what)
    if kind == "agent" and isinstance(what, tuple):
        does, name, ref, words = what
        return Inbound(f"i{number}", now, "agent", does, words, name=name, ref=ref)
    fence = chat.step_seq if kind == "value" else None
    return Inbound(f"i{number}", now, kind, what, fence=fence)  # type: ignore[arg-type]  # drawn from the tables above


def check(program: Program, before: Conversation | None, turn: Turn) -> None:
    """What holds after every turn."""
    chat = turn.conversation
    if turn.ignored:
        assert chat is before
        assert turn.effects == ()
        return
    start = before.seq if before else 0
    numbers = [effect.entry.seq for effect in turn.effects if isinstance(effect, Say)]
    assert numbers == list(range(start + 1, chat.seq + 1))
    assert chat.version == (before.version if before else 0) + 1
    assert bool(chat.ended) == (chat.state == "") == bool(chat.outcome)
    check_the_desk(program, before, turn)
    ask = engine.ask(program, chat, chat.updated)
    assert (ask is None) == (chat.status != "open")
    if ask is not None:
        assert program.nodes[chat.state].kind.waits
        assert (ask.fence, ask.step) == (chat.step_seq, chat.state)
        assert ask.progress is not None
        assert 1 <= ask.progress.at <= ask.progress.of
    if before is not None:
        assert before.step_seq <= chat.step_seq
        assert before.revision <= chat.revision <= before.revision + 1
        assert (chat.id, chat.flow_version, chat.started) == (before.id, before.flow_version, before.started)
    assert chat.score is None or 0 <= chat.score <= 10
    assert len(chat.seen) <= 32
    assert all(len(answer.label) <= 4000 for answer in chat.answers.values())
    assert chat.ended or not next_due(program, chat) or chat.armed
    assert msgspec.json.decode(msgspec.json.encode(chat), type=Conversation) == chat


def check_the_desk(program: Program, before: Conversation | None, turn: Turn) -> None:
    """A question, a person or an end; and while a person is there, or was asked for, the bot is silent."""
    chat = turn.conversation
    said = [effect.entry for effect in turn.effects if isinstance(effect, Say)]
    assert chat.ended or program.nodes[chat.state].kind.staffed == bool(chat.handoff)
    assert chat.handoff or (chat.agent, chat.resume) == ("", "")
    assert not chat.handoff or chat.handoff_at
    assert len(chat.lines) <= 50
    if before is not None and before.handoff and before.handoff == chat.handoff:
        assert all(entry.author != "bot" for entry in said)
    for entry in said:
        assert entry.author != "agent" or entry.text or entry.replaces
        assert entry.replaces < entry.seq
        assert entry.author != "agent" or entry.replaces or (before is not None and before.handoff)
    assert before is None or not before.ended or (chat.state, chat.outcome) == (before.state, before.outcome)


@settings(max_examples=examples(120), deadline=None)
@given(
    st.sampled_from(PROGRAMS),
    st.sampled_from(["", "en", "fr-CA", "de,en;q=.5", "it", "\x00"]),
    st.sampled_from(["", "Europe/Paris", "America", "../x", "Asia/Kathmandu"]),
    st.lists(st.tuples(ACTS, st.integers(0, 2 * DAY)), max_size=25),
)
def test_every_walk_waits_at_a_question_or_has_ended(
    program: Program, locale: str, zone: str, acts: list[tuple[Act, int]]
) -> None:
    now = MONDAY
    turn = engine.start(program, Start("c", Address("web", "c"), now, locale, zone))
    check(program, None, turn)
    for number, (act, later) in enumerate(acts):
        chat = turn.conversation
        now += later if act[0] == "timer" else later // 1000
        turn = engine.step(program, chat, inbound_of(program, chat, number, now, act))
        check(program, chat, turn)
    chat = turn.conversation
    assert chat.ended or chat.handoff or engine.ask(program, chat, now) is not None


@settings(max_examples=examples(250), deadline=None)
@given(
    st.sampled_from(STAFFED),
    st.sampled_from(["en", "fr-CA", "it"]),
    st.lists(st.tuples(DESK_ACTS, st.sampled_from([0, 9 * MINUTE, DAY, 4 * DAY])), max_size=30),
    st.sampled_from([(), BEGINNINGS[:1], BEGINNINGS]),
    st.sampled_from([None, "gone", "stop"]),
)
def test_every_walk_with_a_desk_waits_at_a_question_or_for_a_person_or_has_ended(
    program: Program,
    locale: str,
    acts: list[tuple[Act, int]],
    first: tuple[tuple[Act, int], ...],
    last: str | None,
) -> None:
    now = MONDAY
    turn = engine.start(program, Start("c", Address("telegram", "4711"), now, locale))
    endings: dict[str | None, list[tuple[Act, int]]] = {
        None: [],
        "gone": [(("gone", None), 0)],
        "stop": [(("action", "stop"), 0)],
    }
    for number, (act, later) in enumerate(
        [*first, *acts, *endings[last], (("late", "thanks"), 0), (("case", CASES[0]), 0)]
    ):
        chat = turn.conversation
        now += later if act[0] == "timer" else later // 1000
        turn = engine.step(program, chat, inbound_of(program, chat, number, now, act))
        check(program, chat, turn)
    assert last is None or turn.conversation.ended


@settings(max_examples=examples(400), deadline=None)
@given(st.text(max_size=300), st.sampled_from(["en", "fr", "es", "de", "it", "xx", ""]))
def test_no_text_raises_and_no_digitless_text_of_symbols_becomes_a_score(text: str, locale: str) -> None:
    stage = Stage(PROGRAMS[2], Opening(locale), MONDAY)
    turn = stage.says(text)
    if not any(char.isalnum() or char == "🔟" for char in text):
        assert turn.conversation.score is None


@settings(max_examples=examples(150), deadline=None)
@given(
    st.integers(11, 10**9),
    st.sampled_from(["", "order ", "Bestellung ", "facture n° ", "it took ", "-", "+", "€"]),
    st.sampled_from(["", " days", " euros", " %", "€"]),
)
def test_a_number_beyond_the_scale_is_no_score(number: int, before: str, after: str) -> None:
    stage = Stage(PROGRAMS[2], Opening("en"), MONDAY)
    assert stage.says(f"{before}{number}{after}").conversation.score is None


def test_the_whole_shipped_flow_can_be_walked_by_taps_alone() -> None:
    """Every option of every question, tapped in turn, leads to an end within twenty turns."""
    program = PROGRAMS[0]
    for score in range(11):
        for pick in (0, -1):
            turn = engine.start(program, Start("c", Address("web", "c"), MONDAY))
            for number in range(20):
                chat = turn.conversation
                ask = engine.ask(program, chat, MONDAY)
                if ask is None:
                    break
                inbound = (
                    Inbound(str(number), MONDAY, "value", score, fence=ask.fence)
                    if ask.kind == "nps"
                    else Inbound(str(number), MONDAY, "value", ask.options[pick].value, fence=ask.fence)
                    if ask.options
                    else Inbound(str(number), MONDAY, "action", "skip")
                )
                turn = engine.step(program, chat, inbound)
            assert turn.conversation.outcome == "completed"
