"""Each transition of a case from each state, by table."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from bot.desk import cases
from bot.desk.base import Verdict
from bot.desk.cases import Callback, Case
from bot.desk.policy import Policy
from bot.errors import Refused

NOW = 1_800_000_000_000
HOUR = 3_600_000
MAYA, TOM = "T1:maya", "T1:tom"
POLICY = Policy(to="#alerts")

OPEN = Case("c1", "open", "unhappy", "#alerts", "@here", NOW, NOW + 24 * HOUR)
MAYAS = replace(OPEN, state="claimed", owner=MAYA, claimed=NOW)
TOMS = replace(MAYAS, owner=TOM)
ASIDE = replace(OPEN, state="snoozed", until=NOW + HOUR)
TOMS_ASIDE = replace(TOMS, state="snoozed", until=NOW + HOUR)
OVER = replace(
    TOMS, state="resolved", outcome="lost", counts="lost", cause="price", note="Too dear.", resolved=NOW + 1, tell=True
)
STATES = {"open": OPEN, "mine": MAYAS, "toms": TOMS, "aside": ASIDE, "toms aside": TOMS_ASIDE, "over": OVER}
DONE = Verdict("explained", "delivery", "Sent again.", tell=True)

Act = Callable[[Case], Case]
ACTS: dict[str, Act] = {
    "claim": lambda case: cases.claim(case, MAYA, NOW + 5),
    "release": lambda case: cases.release(case, MAYA),
    "snooze": lambda case: cases.snooze(case, MAYA, NOW + HOUR, NOW + 5),
    "hand over": lambda case: cases.hand_over(case, TOM, NOW + 5),
    "resolve": lambda case: cases.resolve(case, MAYA, POLICY, DONE, NOW + 5),
}
TABLE = {
    # what Maya does:  open, hers, Tom's, put aside, Tom's put aside, resolved: state and owner, or why not
    "claim": ("claimed maya", "claimed maya", "held", "claimed maya", "held", "resolved"),
    "release": ("open -", "open -", "held", "snoozed -", "held", "resolved"),
    "snooze": ("snoozed -", "snoozed maya", "held", "snoozed -", "held", "resolved"),
    "hand over": ("claimed tom", "claimed tom", "claimed tom", "claimed tom", "claimed tom", "resolved"),
    "resolve": ("resolved maya", "resolved maya", "held", "resolved maya", "held", "resolved"),
}


@pytest.mark.parametrize(
    ("act", "state", "expected"),
    [(act, state, row[at]) for act, row in TABLE.items() for at, state in enumerate(STATES)],
)
def test_what_an_agent_does(act: str, state: str, expected: str) -> None:
    assert _said(lambda: ACTS[act](STATES[state])) == expected


def _said(act: Callable[[], Case]) -> str:
    """State and owner, or why it was refused."""
    try:
        after = act()
    except Refused as refused:
        return refused.code
    return f"{after.state} {after.owner.partition(':')[2] or '-'}"


@pytest.mark.parametrize(("act", "state"), [("claim", "mine"), ("hand over", "toms"), ("release", "open")])
def test_what_is_done_already_changes_nothing(act: str, state: str) -> None:
    assert ACTS[act](STATES[state]) is STATES[state]


def test_a_resolved_case_says_how_it_ended() -> None:
    after = cases.resolve(MAYAS, MAYA, POLICY, DONE, NOW + 5)
    assert (after.outcome, after.counts, after.cause, after.note, after.tell, after.resolved) == (
        *("explained", "recovered", "delivery", "Sent again.", True, NOW + 5),
    )
    assert cases.facts(after, "Maya").owner == "Maya"


def test_an_outcome_or_a_cause_that_went_out_of_the_settings() -> None:
    with pytest.raises(Refused, match="no such outcome"):
        cases.resolve(MAYAS, MAYA, POLICY, Verdict("forgotten"), NOW)
    assert cases.resolve(MAYAS, MAYA, POLICY, Verdict("explained", "weather"), NOW).cause == ""


@pytest.mark.parametrize(("outcome", "result"), [("explained", "done"), ("none", "done"), ("unreached", "unreached")])
def test_a_wished_call_is_made_or_not_reached(outcome: str, result: str) -> None:
    case = replace(MAYAS, callback=Callback("+33612345678", NOW + HOUR))
    after = cases.resolve(case, MAYA, POLICY, Verdict(outcome), NOW)
    assert after.callback is not None
    assert after.callback.result == result


def test_a_case_that_is_opened_again_has_no_end_any_more() -> None:
    again = cases.reopen(OVER, NOW + 9 * HOUR, NOW + HOUR)
    assert (again.state, again.owner, again.due, again.reopened) == ("open", "", NOW + 9 * HOUR, 1)
    assert (again.outcome, again.counts, again.cause, again.note, again.tell, again.resolved) == ("",) * 4 + (False, 0)


@pytest.mark.parametrize(
    ("state", "at", "expected"),
    [
        ("aside", HOUR - 1, "snoozed"),
        ("aside", HOUR, "open"),
        ("toms aside", HOUR, "claimed"),
        ("over", HOUR, "resolved"),
    ],
)
def test_a_snooze_is_over_at_its_time(state: str, at: int, expected: str) -> None:
    assert cases.wake(STATES[state], NOW + at).state == expected


@pytest.mark.parametrize("case", STATES.values(), ids=STATES)
def test_a_case_comes_back_from_the_store_as_it_was(case: Case) -> None:
    full = replace(case, callback=Callback("+33612345678", NOW, "done"))
    assert cases.read(cases.write(full)) == full
