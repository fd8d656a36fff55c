"""The language of `when`: what it accepts, what it refuses, and when it holds."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Problem
from bot.flows.conditions import holds, parse_when, spans, verdict
from bot.flows.nodes import read_yaml
from bot.flows.spec import Condition
from bot.model import Value


def parse(when: str) -> tuple[Condition, list[Problem]]:
    problems: list[Problem] = []
    root = read_yaml(f"when: {when}", "f.yaml", problems)
    table = root.table("when") if root else None
    assert table is not None
    return parse_when(table), problems


@pytest.mark.parametrize(
    ("when", "facts", "expected"),
    [
        ("{score: 7}", {"score": 7}, True),
        ("{score: 7}", {"score": 8}, False),
        ("{score: 0..6}", {"score": 0}, True),
        ("{score: 0..6}", {"score": 6}, True),
        ("{score: 0..6}", {"score": 7}, False),
        ("{score: [0..3, 9, 10]}", {"score": 10}, True),
        ("{score: [0..3, 9, 10]}", {"score": 4}, False),
        ("{score: 0..10}", {}, False),
        ("{segment: [detractor, passive]}", {"segment": "passive"}, True),
        ("{outcome: skipped}", {"outcome": "skipped"}, True),
        ("{answer: [a, b]}", {"answer": ("c", "b")}, True),
        ("{answer: [a, b]}", {"answer": ("c",)}, False),
        ("{answer: 1..5}", {"answer": "3"}, True),
        ("{answer: 1..5}", {"answer": "03"}, False),
        ("{answer: 1..5}", {"answer": "three"}, False),
        ("{answers.reason: present}", {"answers.reason": "slow"}, True),
        ("{answers.reason: present}", {"answers.reason": ""}, False),
        ("{answers.reason: present}", {}, False),
        ("{contact.phone: absent}", {}, True),
        ("{contact.phone: absent}", {"contact.phone": "+33"}, False),
        ('{contact.state: "present"}', {"contact.state": "present"}, True),
        ("{context.beta: no}", {"context.beta": "no"}, True),
        ("{context.version: 1.10}", {"context.version": "1.1"}, False),
        ("{context.zip: 01234}", {"context.zip": "01234"}, True),
        ("{context.zip: 01234}", {"context.zip": "1234"}, False),
        ("{context.count: 5}", {"context.count": "5"}, True),
        ("{locale: fr, channel: web}", {"locale": "fr", "channel": "web"}, True),
        ("{locale: fr, channel: web}", {"locale": "fr", "channel": "slack"}, False),
    ],
)
def test_when_it_holds(when: str, facts: Mapping[str, Value], expected: bool) -> None:
    condition, problems = parse(when)
    assert problems == []
    assert holds(condition, facts.get) is expected


@pytest.mark.parametrize(
    ("when", "message", "hint"),
    [
        ("{}", "an empty condition", "when: {score: 0..6}"),
        ("{scor: 3}", '"scor" is nothing a condition can look at', 'did you mean "score"?'),
        ("{answers: 3}", '"answers" is nothing', "answers"),
        ("{contact.: 3}", '"contact." is nothing', "contact"),
        ("{xyz: 3}", '"xyz" is nothing', "known here: score, segment"),
        ("{score: 11}", '"11" is no score', "a score is 0 to 10"),
        ("{score: -1}", '"-1" is no score', "a score is 0 to 10"),
        ("{score: 7.5}", '"7.5" is no score', "a score is 0 to 10"),
        ("{score: 5..11}", '"5..11" is no score', "a score is 0 to 10"),
        ("{score: 6..0}", "the range 6..0 is empty", "turn it round:  0..6"),
        ("{segment: detracter}", 'there is no segment "detracter"', 'did you mean "detractor"?'),
        ("{segment: 3}", 'there is no segment "3"', "one of detractor, passive, promoter"),
        ("{answer: []}", "an empty list never holds", "answer: [a, b]"),
        ("{answer: }", '"answer" is empty', "answer: [a, b]"),
        ("{answer: {a: b}}", "a list of plain values is expected here", "answer: [a, b]"),
    ],
)
def test_what_is_refused(when: str, message: str, hint: str) -> None:
    _, problems = parse(when)
    assert len(problems) == 1
    assert message in problems[0].message
    assert hint in problems[0].hint
    assert problems[0].mark.line == 1
    assert problems[0].path.startswith("when")


@pytest.mark.parametrize(
    ("when", "known", "expected"),
    [
        ("{score: 0..6}", {"score": 3}, True),
        ("{score: 0..6}", {"score": None}, False),
        ("{score: 0..6, locale: fr}", {"score": 3}, None),
        ("{score: 0..6, locale: fr}", {"score": 9}, False),
        ("{contact.plan: pro}", {"score": 9}, None),
        ("{answer: absent}", {"answer": None}, True),
    ],
)
def test_the_checker_decides_as_far_as_it_knows(
    when: str, known: Mapping[str, Value | None], expected: bool | None
) -> None:
    assert verdict(parse(when)[0], known) is expected


@given(st.sets(st.integers(0, 10)))
def test_spans_name_exactly_the_numbers(numbers: set[int]) -> None:
    named: set[int] = set()
    for span in filter(None, spans(numbers).split(", ")):
        low, _, high = span.partition("-")
        named |= set(range(int(low), int(high or low) + 1))
    assert named == numbers
