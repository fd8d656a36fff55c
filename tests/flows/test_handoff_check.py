"""What is read and proved of a handoff before it goes live."""

import pytest

from bot.flows.distance import distances
from bot.flows.load import load
from bot.flows.steps.handoff import SLA, HandoffConfig
from tests.flows.flowfile import checked, flow, scored, told

BOTH = "{resolved: bye, unavailable: bye}"
TELL = "tell: {kind: message, say: 'Nobody is there.', then: %s}"


def handoff(keys: str = "", then: str = BOTH) -> str:
    return f"agent: {{kind: handoff, {keys}{', ' if keys else ''}then: {then}}}"


GOOD = [
    ("as short as it can be", flow(handoff())),
    ("one way for both outcomes", flow(handoff(then="bye"))),
    ("an end at once", flow("agent: {kind: handoff, end: completed}").rpartition("      bye")[0]),
    ("all its keys", flow(handoff("topic: help, sla: 1h, hours: office, say: 'Wait.', closed: 'Closed.'"))),
    ("reached by whoever asks for a human alone", scored("bye", handoff())),
    ("a rule by its outcome", flow(handoff(then="[{when: {outcome: resolved}, to: bye}, {to: bye}]"))),
    ("round and round with a person", flow(handoff(then="{resolved: agent, unavailable: bye}"))),
]


@pytest.mark.parametrize("source", [source for _, source in GOOD], ids=[name for name, _ in GOOD])
def test_what_is_right_passes(source: str) -> None:
    assert told(source) == []


WRONG = [
    (
        "an outcome without a way",
        flow(handoff(then="{resolved: bye}")),
        'outcome "unavailable" leads nowhere',
        "then: {resolved: bye, unavailable: bye}",
    ),
    (
        "an outcome that it does not have",
        flow(handoff(then="{resolved: bye, unavailable: bye, claimed: bye}")),
        'a handoff step has no outcome "claimed"',
        "its outcomes: resolved, unavailable",
    ),
    (
        "a loop that asks nothing where nobody is there",
        flow(handoff(then="{resolved: bye, unavailable: tell}"), TELL % "agent"),
        "agent -> tell -> agent goes round without asking anything",
        "put a question on the way",
    ),
    (
        "hours that nobody set",
        flow(handoff("hours: ofice")),
        'there are no opening hours "ofice"',
        'did you mean "office"?',
    ),
    ("no time to join", flow(handoff("sla: 5s")), "nobody can join so soon", "sla: 15m   (30s to 1d)"),
    ("a wait of days", flow(handoff("sla: 3d")), "nobody waits so long", "sla: 15m   (30s to 1d)"),
    ("a length that is none", flow(handoff("sla: soon")), '"soon" is not a length of time', "sla: 15m"),
    ("a key", flow(handoff("save_as: x")), "a handoff step asks nothing, so it has no `save_as`", "remove  save_as"),
    ("silence", flow(handoff("timeout: 5m")), "a handoff step asks nothing, so it has no `timeout`", "remove  timeout"),
    ("a misspelt key", flow(handoff("topik: help")), '"topik" is not known here', 'did you mean "topic"?'),
    (
        "its answer in words",
        flow(handoff(then="tell"), "tell: {kind: message, say: '{{ answers.agent }}', then: bye}"),
        'no step of this flow saves "agent"',
        "",
    ),
    (
        "a value that is missing where a human was asked for out of turn",
        flow("why: {kind: text, say: Why?, then: agent}", handoff("closed: 'You said {{ answers.why }}.'")),
        '"answers.why" may be missing here',
        "default",
    ),
]


@pytest.mark.parametrize(("source", "message", "hint"), [one[1:] for one in WRONG], ids=[one[0] for one in WRONG])
def test_what_is_wrong_is_told_once_with_a_hint(source: str, message: str, hint: str) -> None:
    (problem,) = told(source)
    assert problem.message.startswith(message)
    assert hint in problem.hint
    assert problem.level == "error"


def test_a_second_handoff_that_nothing_leads_to_is_told() -> None:
    second = handoff().replace("agent:", "other:")
    assert [problem.message for problem in told(scored("bye", handoff(), second))] == ['nothing leads to "other"']


def test_what_the_file_says_of_a_handoff_is_in_the_book() -> None:
    keys = "topic: help, sla: 1h, hours: office, closed: 'Closed.'"
    config = load(flow(handoff(keys))).flows["nps"].steps["agent"].config
    assert isinstance(config, HandoffConfig)
    assert (config.topic, config.sla, config.hours) == ("help", 3_600_000, "office")
    assert config.texts["closed"].by_language == {"en": "Closed."}
    bare = load(flow(handoff())).flows["nps"].steps["agent"].config
    assert bare == HandoffConfig(sla=SLA)


def test_a_handoff_is_no_question_that_is_counted() -> None:
    source = flow("why: {kind: text, say: Why?, then: agent}", handoff())
    assert distances(load(source).flows["nps"])["why"][None] == 1
    proof = checked(source).proof
    assert proof is not None
    assert [(facts.paths, facts.longest) for facts in proof.flows] == [(2, 1)]
