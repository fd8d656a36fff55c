"""What is said of a case as time goes by, and when it is looked at again."""

import pytest
from msgspec.structs import replace

from bot.desk import remarks
from bot.desk.cases import Callback, Case
from bot.desk.policy import HOUR, MINUTE, Policy
from bot.desk.rules import Seen
from tests.harness.responses import NOON, a_response

POLICY = Policy(to="#a")
CASE = Case("c1", "open", "r", "#a", "@here", NOON, NOON + 24 * HOUR)
CALL = replace(CASE, due=0, callback=Callback("+33612345678", NOON + 5 * HOUR))


@pytest.mark.parametrize(
    ("case", "at", "expected"),
    [
        (CASE, 22 * HOUR - 1, []),
        (CASE, 22 * HOUR, ["remind"]),
        (CASE, 24 * HOUR, ["escalate"]),
        (replace(CASE, due=0), 99 * HOUR, []),
        (replace(CASE, due=NOON + HOUR), 0, []),
        (replace(CASE, state="snoozed", until=NOON + 30 * HOUR), 24 * HOUR, []),
        (replace(CASE, state="resolved"), 24 * HOUR, []),
        (replace(CASE, reopened=1), 0, ["reopened"]),
        (replace(CASE, raised=NOON), 0, ["raised"]),
        (replace(CASE, raised=NOON, mention=""), 0, []),
        (replace(CASE, reopened=1, state="claimed"), 0, []),
        (replace(CASE, woken=NOON), 0, ["woken"]),
        (CALL, 5 * HOUR - 16 * MINUTE, []),
        (CALL, 5 * HOUR - 15 * MINUTE, ["callback"]),
        (CALL, 5 * HOUR + 15 * MINUTE, []),
        (replace(CALL, state="snoozed", until=NOON + 9 * HOUR), 5 * HOUR, ["callback"]),
        (replace(CALL, callback=Callback("+33612345678", NOON, "done")), 0, []),
    ],
)
def test_what_is_due(case: Case, at: int, expected: list[str]) -> None:
    found = remarks.due_now(case, POLICY, NOON + at, ())
    assert [one.kind for one in found] == expected
    assert remarks.due_now(case, POLICY, NOON + at, [one.key for one in found]) == ()


@pytest.mark.parametrize(
    ("case", "at", "expected"),
    [
        (CASE, 0, 22 * HOUR),
        (CASE, 22 * HOUR, 24 * HOUR),
        (CASE, 24 * HOUR, -NOON),
        (replace(CASE, state="snoozed", until=NOON + HOUR), 0, HOUR),
        (replace(CASE, state="resolved"), 0, -NOON),
        (CALL, 0, 5 * HOUR - 15 * MINUTE),
        (replace(CALL, state="snoozed", until=NOON + 9 * HOUR), 0, 5 * HOUR - 15 * MINUTE),
        (replace(CALL, state="snoozed", until=NOON + 9 * HOUR), 5 * HOUR, 9 * HOUR),
    ],
)
def test_when_it_is_looked_at_again(case: Case, at: int, expected: int) -> None:
    assert remarks.next_moment(case, POLICY, NOON + at) == NOON + expected


def test_a_wished_call_is_announced_to_whoever_has_the_case() -> None:
    mine = replace(CALL, state="claimed", owner="T1:maya")
    (one,) = remarks.due_now(mine, POLICY, NOON + 5 * HOUR, ())
    notice = remarks.words_for(one, Seen(a_response()), mine, POLICY, NOON)
    assert (notice.mention, notice.due) == ("T1:maya", NOON + 5 * HOUR)
    assert notice.text == "eva@example.com expects a call on +33612345678 at"
