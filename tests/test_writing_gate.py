"""Whether a writer is written to now, step by step: what happened, how long ago, and what the gate says to that."""

import pytest

from bot.writing_gate import FAILURES, LONGEST_HOLD, Gate
from tests.harness.responses import NOON
from tests.harness.working import HOUR, MINUTE, SECOND, Clock

BROKEN = ["failed"] * FAILURES
OPEN = ("open", 0, False)


def shut(state: str, seconds: float) -> tuple[str, float, bool]:
    return state, seconds, True


# What happens, "+n" being n seconds that pass ("-n": the clock is set back) -> state, seconds until it opens, whether
# one job alone goes first.
STORIES: list[tuple[str, list[str], tuple[str, float, bool]]] = [
    ("new", [], OPEN),
    ("four failures", BROKEN[1:], OPEN),
    ("five failures", BROKEN, shut("broken", 15)),
    ("failures with an answer between", [*BROKEN[1:], "answered", *BROKEN[1:]], OPEN),
    ("stragglers of an outage", [*BROKEN, "failed", "failed"], shut("broken", 15)),
    ("the pause is over", [*BROKEN, "+15"], shut("broken", 0)),
    ("the second trial fails", [*BROKEN, "+15", "failed"], shut("broken", 30)),
    ("trials become rare", [*BROKEN, *["+300", "failed"] * 9], shut("broken", 300)),
    ("a trial works", [*BROKEN, "+15", "answered"], OPEN),
    ("one under way worked", [*BROKEN, "answered"], OPEN),
    ("after it worked it counts anew", [*BROKEN, "+15", "answered", *BROKEN], shut("broken", 15)),
    ("asked to wait", ["throttled 7"], shut("held", 7)),
    ("asked to wait, longer then", ["throttled 7", "throttled 60"], shut("held", 60)),
    ("asked to wait, shorter then", ["throttled 60", "throttled 7"], shut("held", 60)),
    ("asked to wait for ever", ["throttled 1e12"], shut("held", LONGEST_HOLD / SECOND)),
    ("too fast, no time named", ["throttled 0"], shut("held", 5)),
    ("too fast, told by several at once", ["throttled 0", "throttled 0"], shut("held", 5)),
    ("too fast again and again", [*["throttled 0", "+60"] * 9, "throttled 0"], shut("held", 60)),
    ("a hold is obeyed, whatever was under way", ["throttled 60", "answered"], shut("held", 60)),
    ("a failure under way is no news", ["throttled 60", *BROKEN], shut("held", 60)),
    ("the clock is set back", ["throttled 60", "-7200"], shut("held", 0)),
    ("the clock is set back, and they ask again", ["throttled 60", "-7200", "throttled 7"], shut("held", 7)),
    ("the clock is corrected a little", ["throttled 60", "-5"], shut("held", 65)),
    ("the hold is over, and it works", ["throttled 60", "+60", "answered"], OPEN),
    ("the hold is over, and it is gone", ["throttled 60", "+60", "failed"], shut("broken", 15)),
    ("not let in", ["refused"], shut("parked", 60)),
    ("not let in, told by several at once", ["refused", "refused"], shut("parked", 60)),
    ("not let in again and again", [*["refused", "+300"] * 9, "refused"], shut("parked", 300)),
    ("not let in during a hold", ["throttled 7", "refused"], shut("parked", 60)),
    ("parked, and throttled when it is tried", ["refused", "+60", "throttled 90"], shut("parked", 90)),
    ("parked, and away when it is tried", ["refused", "+60", "failed"], shut("parked", 15)),
    ("let in again", ["refused", "+60", "answered"], OPEN),
    ("parked: an answer under way", ["refused", "answered"], shut("parked", 60)),
]


@pytest.mark.parametrize(("events", "expected"), [story[1:] for story in STORIES], ids=[story[0] for story in STORIES])
def test_what_the_gate_says(events: list[str], expected: tuple[str, float, bool]) -> None:
    clock = Clock()
    gate = Gate(clock)
    for event in events:
        word, _, seconds = event.partition(" ")
        match word:
            case "answered":
                gate.answered()
            case "failed":
                gate.failed()
            case "refused":
                gate.refused()
            case "throttled":
                gate.throttled(float(seconds))
            case _:
                clock.now += int(word) * SECOND
    assert (gate.state, max(0, gate.opens - clock.now) / SECOND, gate.cautious) == expected


def test_an_outage_is_a_trial_every_five_minutes() -> None:
    clock = Clock()
    gate = Gate(clock)
    trials = 0
    while clock.now < NOON + 24 * HOUR:
        if clock.now >= gate.opens:
            trials += 1
            gate.failed()
        clock.now = max(clock.now + SECOND, gate.opens)
    assert trials < FAILURES + 5 + 24 * 12
    assert gate.away > 24 * HOUR - MINUTE
    gate.answered()
    assert gate.away == 0
