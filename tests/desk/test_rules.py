"""Which rule a response meets, and what that does to its case."""

import pytest
from msgspec.structs import replace as but

from bot.desk import rules
from bot.desk.cases import Callback, Case
from bot.desk.policy import HOUR, Policy, Rule
from bot.desk.rules import Seen
from bot.errors import Mark, Problem
from bot.flows.conditions import parse_when
from bot.flows.nodes import read_yaml
from bot.flows.spec import Condition
from bot.model import Answer, CaseState, Fact
from bot.settings_desk import DETRACTORS
from tests.harness.responses import NOON, a_response

MAYA = "T1:maya"


def when(text: str) -> Condition:
    problems: list[Problem] = []
    table = read_yaml(f"when: {text}", "test", problems)
    inner = None if table is None else table.table("when")
    assert inner is not None
    found = parse_when(inner)
    assert problems == []
    return found


def seen(score: int | None = 3, *said: str, **facts: object) -> Seen:
    """Somebody with the plan gold, claimed, who left no phone."""
    given = [] if score is None else [Answer("score", score, str(score), "nps", NOON)]
    given += [Answer(f"t{at}", text, text, "text", NOON) for at, text in enumerate(said)]
    response = a_response(score=score, answers=tuple(given), contact={"plan": Fact("gold"), "id": Fact("7", True)})
    return Seen(response, **facts)  # type: ignore[arg-type]  # keywords of a test


RULE = Rule("r", "#a")
MEETS = [
    ({"when": "{score: 0..5}"}, seen(5), True),
    ({"when": "{score: 0..5}"}, seen(6), False),
    ({"when": "{score: 0..5}"}, seen(None), False),
    ({"when": "{segment: detractor, channel: web}"}, seen(6), True),
    ({"when": "{segment: detractor, channel: telegram}"}, seen(6), False),
    ({"when": "{score: 9..10}"}, seen(10), True),
    ({"when": "{contact.plan: gold}"}, seen(9), True),
    ({"when": "{contact.plan: [iron, tin]}"}, seen(9), False),
    ({"when": "{contact.id: 1..9}"}, seen(9), True),
    ({"when": "{contact.vip: absent}"}, seen(9), True),
    ({"when": "{context.page_url: present}"}, seen(9), True),
    ({"when": "{answers.t0: late}"}, seen(9, "late"), True),
    ({"when": "{answer: late}"}, seen(9, "late"), True),
    ({"when": "{locale: en, outcome: absent}"}, seen(9), True),
    ({"words": ("lawyer",)}, seen(9, "I shall ask my Lawyer!"), True),
    ({"words": ("lawyer", "cancel")}, seen(9, "CANCEL it"), True),
    ({"words": ("cancel",)}, seen(9, "no cancellation"), False),
    ({"words": ("give up",)}, seen(9, "I give up."), True),
    ({"words": ("résilier",)}, seen(9, "je veux RÉSILIER"), True),
    ({"words": ("lawyer",)}, seen(9, comments=("my lawyer calls",)), True),
    ({"when": "{score: 0..5}", "words": ("lawyer",)}, seen(9, "lawyer"), False),
    ({"when": "{score: 0..5}", "words": ("lawyer",)}, seen(2, "lawyer"), True),
    ({}, seen(2), False),
]


@pytest.mark.parametrize(("made", "who", "expected"), MEETS)
def test_a_rule_fits_or_not(made: dict[str, object], who: Seen, expected: bool) -> None:
    condition = made.get("when")
    words = made.get("words", ())
    assert isinstance(words, tuple)
    rule = Rule("r", "#a", when=when(str(condition)) if condition else None, words=words)
    assert rules.meets(rule, who) is expected


ALERTS = Policy(
    to="#alerts",
    handoff_mention="@here",
    rules=(
        Rule("threat", "#law", "S0LAW", words=("lawyer",), deadline=HOUR),
        Rule("unhappy", "", when=DETRACTORS),
        Rule("praise", "#wins", when=when("{score: 9..10}"), deadline=0),
    ),
)


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (seen(2), ("unhappy", "#alerts", "", NOON + 24 * HOUR)),
        (seen(2, "my lawyer"), ("threat", "#law", "S0LAW", NOON + HOUR)),
        (seen(10), ("praise", "#wins", "", 0)),
        (seen(8, handoff="waiting", asked=NOON), ("handoff", "#alerts", "@here", NOON + 24 * HOUR)),
        (Seen(but(a_response(score=8))), ("callback", "#alerts", "", NOON + 24 * HOUR)),
    ],
)
def test_the_first_rule_opens_the_case(who: Seen, expected: tuple[str, str, str, int]) -> None:
    case = rules.follow(None, who, ALERTS, NOON)
    assert case is not None
    assert (case.rule, case.to, case.mention, case.due) == expected
    assert case.state == "open"


def test_nobody_is_called_where_nothing_fits() -> None:
    assert rules.follow(None, seen(8), ALERTS, NOON) is None


def opened(state: CaseState = "open", **fields: object) -> Case:
    case = rules.follow(None, seen(2), ALERTS, NOON)
    assert case is not None
    return but(case, state=state, **fields)


LATER = NOON + HOUR
FOLLOWS = [
    ("still unhappy", opened(), seen(4), "open unhappy -"),
    ("a mis-tap", opened(), seen(8), "resolved unhappy corrected"),
    ("a mis-tap that somebody has taken", opened("claimed", owner=MAYA), seen(8), "claimed unhappy -"),
    ("a mis-tap, put aside by nobody", opened("snoozed", until=LATER), seen(8), "resolved unhappy corrected"),
    ("no mis-tap after all", opened("resolved", outcome="corrected"), seen(1), "open unhappy -"),
    ("resolved stays resolved", opened("resolved", outcome="lost", owner=MAYA), seen(1), "resolved unhappy lost"),
    ("another rule", opened(), seen(2, "lawyer"), "open threat -"),
    ("waits for a person", opened(), seen(8, handoff="waiting", asked=LATER), "open unhappy -"),
    ("asked for a person before", opened(asked=LATER), seen(8), "open unhappy -"),
    ("asks again", opened("resolved", outcome="lost", asked=5), seen(2, handoff="waiting", asked=9), "open unhappy -"),
    (
        "asks as before",
        opened("resolved", outcome="lost", asked=9),
        seen(2, handoff="joined", asked=9),
        "resolved unhappy lost",
    ),
]


@pytest.mark.parametrize(("case", "who", "expected"), [row[1:] for row in FOLLOWS], ids=[row[0] for row in FOLLOWS])
def test_the_case_follows_its_chat(case: Case, who: Seen, expected: str) -> None:
    after = rules.follow(case, who, ALERTS, LATER)
    assert after is not None
    assert f"{after.state} {after.rule} {after.outcome or '-'}" == expected


def test_who_corrects_to_praise_has_the_deadline_of_praise() -> None:
    praise = Rule("praise", "", when=when("{score: 9..10}"), deadline=0)
    policy = Policy(to="#a", rules=(Rule("unhappy", "", when=DETRACTORS), praise))
    case = rules.follow(None, Seen(a_response(score=2)), policy, NOON)
    after = rules.follow(case, Seen(a_response(score=9)), policy, LATER)
    assert case is not None
    assert after is not None
    assert (case.due > 0, after.rule, after.due) == (True, "praise", 0)


def test_the_nearer_deadline_holds() -> None:
    after = rules.follow(opened(), seen(2, "lawyer"), ALERTS, LATER)
    assert after is not None
    assert after.due == NOON + HOUR


SLOT = Answer("slot", "2026-11-24T10:30+01:00", "Mon", "slot", NOON)
PHONE = Answer("contact.phone", "+33612345678", "06 12 34 56 78", "phone", NOON)
AT = 1_795_512_600_000


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ((), None),
        ((SLOT,), None),
        ((PHONE,), Callback("+33612345678", 0)),
        ((PHONE, SLOT), Callback("+33612345678", AT)),
        ((PHONE, but(SLOT, value="2026-11-24T10:30")), Callback("+33612345678", AT)),
        ((PHONE, but(SLOT, value="soon")), Callback("+33612345678", 0)),
    ],
)
def test_a_wished_call(answers: tuple[Answer, ...], expected: Callback | None) -> None:
    response = a_response(answers=answers, timezone="Europe/Paris")
    assert rules.callback_of(response, ALERTS) == expected


@pytest.mark.parametrize(
    ("before", "state"),
    [
        (None, "open"),
        (Callback("+33612345678", 0, "done"), "open"),
        (Callback("+33612345678", AT, "done"), "resolved"),
        (Callback("+33612345678", AT, "unreached"), "resolved"),
    ],
)
def test_a_call_that_is_wished_when_all_seemed_settled_opens_the_case_again(
    before: Callback | None, state: str
) -> None:
    case = opened(state="resolved", owner="T1:maya", outcome="replaced", counts="recovered", callback=before)
    after = rules.follow(case, Seen(a_response(score=2, answers=(PHONE, SLOT))), ALERTS, LATER)
    assert after is not None
    assert after.state == state
    assert after.callback == (before if state == "resolved" else Callback("+33612345678", AT))


def test_a_call_that_is_wished_at_another_time_is_the_one_that_counts() -> None:
    case = opened(callback=Callback("+33612345678", 5))
    after = rules.follow(case, Seen(a_response(answers=(PHONE, SLOT))), ALERTS, LATER)
    assert after is not None
    assert after.callback == Callback("+33612345678", AT)
    assert DETRACTORS.mark == Mark("", 1, 1)
