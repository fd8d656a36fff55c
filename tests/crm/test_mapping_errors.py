"""Every mistake in a mapping: where it is, what is wrong, and what to write instead."""

from pathlib import Path

import pytest

from tests.harness.mappings import acme, fault, problems

__all__ = ["acme"]

LABELS = "labels(detractor: A, passive: B, promoter: C)"


@pytest.mark.parametrize(
    ("written", "at", "message", "hint"),
    [
        ("scor", 0, 'there is no source "scor"', 'did you mean "score"?'),
        ("Score", 0, 'there is no source "Score"', 'did you mean "score"?'),
        ("answer.reason", 0, 'no source "answer.reason"', 'did you mean "answers.reason"?'),
        ("contacts.email | lower", 0, 'no source "contacts.email"', 'did you mean "contact.email"?'),
        ("answers", 0, 'no source "answers"', "write  answers.KEY"),
        ("answers.contact.email", 0, 'no source "answers.contact.email"', "write  contact.email"),
        ("contact.email.label", 0, 'no source "contact.email.label"', "write  contact.KEY"),
        ("case.stat", 0, 'no source "case.stat"', 'did you mean "case.state"?'),
        ("ChatSurvey", 0, 'no source "ChatSurvey"', '"ChatSurvey"'),
        ("Web survey", 0, '"Web survey" is no source', 'constant text stands in quotes:  "Web survey"'),
        ("3 stars", 0, '"3 stars" is no source', '"3 stars"'),
        ("score + 1", 6, '"+ 1" is not understood', "filters follow a |"),
        ("score |", 7, "a filter is expected here", "truncate(255)"),
        ("score | | text", 8, "a filter is expected here", ""),
        ("answers.a | cut(5)", 12, 'there is no filter "cut"', "filters: labels"),
        ("answers.a | trunkate(5)", 12, 'there is no filter "trunkate"', 'did you mean "truncate"?'),
        ("answers.a | truncate", 12, "truncate takes one value", "truncate(255)"),
        ("answers.a | truncate(x)", 21, "a number of characters", "truncate(255)"),
        ("answers.a | truncate(0)", 21, "a number of characters", "truncate(255)"),
        ("answers.a | truncate(5", 22, "a ) is missing", "truncate"),
        ("answers.a | map(x=1", 19, "a ) is missing", "in { } a comma ends the value"),
        ("answers.a | truncate(", 21, "a ) is missing", "truncate"),
        ("answers.a | truncate(5 'x')", 23, "a comma or ) is expected", ""),
        ('answers.a | default("x)', 20, "never closed", 'default("...")'),
        ("answers.a | default(a, b)", 12, "default takes one value", 'default("none")'),
        ("answers.a | upper(1)", 12, "upper takes nothing in ( )", "| upper"),
        ("score | truncate(5)", 8, "truncate cannot be used on a whole number", "leave it out"),
        ("score | upper", 8, "upper cannot be used on a whole number", "leave it out"),
        ("ended_at | integer", 11, "integer cannot be used on a time", "answers.seats | integer"),
        ("score | date", 8, "date cannot be used on a whole number", "ended_at | date"),
        ("ended_at | date | join(', ')", 18, "join cannot be used on a date", "leave it out"),
        ("ended_at | date(short)", 16, "this is no date format", 'date("%d/%m/%Y")'),
        ('ended_at | date("%B %d")', 16, "this is no date format", "%Y %m %d"),
        ("clicks | number", 9, "number cannot be used on a list", ""),
        ("answers.a | labels(fr)", 12, "labels names the segments, and this is none", "segment | labels(fr)"),
        ("segment | labels(xx)", 17, 'no labels in "xx"', "known: en, fr, de, es, it, nl, pt"),
        ("segment | labels", 10, "labels takes pairs", "labels(fr)   or   labels(detractor="),
        ("segment | labels(detractor: A)", 10, "passive and promoter have no label", "passive: ..., promoter: ..."),
        (f"segment | {LABELS[:-1]}, fan: D)", 56, 'there is no segment "fan"', "segments: detractor"),
        ("segment | labels(detractors: A)", 17, 'no segment "detractors"', 'did you mean "detractor"?'),
        ("contact.name | label", 15, "only an answer or the segment has a label", "answers.reason | label"),
        ("answers.a | map(x)", 16, "map takes pairs", "map(price: Price"),
        ("answers.a | map", 12, "map takes pairs", "map(price: Price"),
        ("answers.a | map(x: 1, x: 2)", 22, '"x" stands here twice', "remove one"),
        ("case.state | map(opened: 1)", 17, 'it is never "opened"', 'did you mean "open"?'),
        ("Score {{ score }}", 0, "{{ }} in it stands in quotes", 'write  "Score {{ score }}"'),
        ('"Score {{ scor }}"', 9, 'no source "scor"', 'did you mean "score"?'),
        ('"Score {{ }}"', 6, "nothing stands between {{ and }}", "Score {{ score }}"),
        ('"Score {{ score"', 6, "{{ stands alone", ""),
        ('"Score }} {{ score }}"', 6, "}} stands alone", ""),
        ('"{% if score %}x{% endif %}"', 0, "{% stands alone", "there is no {% %} here"),
        ('"{{ Web survey }}"', 2, '"Web survey" is no source', ""),
        ('"answers.a | truncate(5)"', 0, "in quotes this is a text", '"{{ answers.a | truncate(5) }}"'),
        ('""', 0, "an empty text is never written", "remove the field"),
        ("x" * 2_001, 0, "longer than 2,000 characters", "shorten it"),
    ],
)
def test_a_value_that_is_wrong(written: str, at: int, message: str, hint: str) -> None:
    found = fault(written)
    assert (found.at, message in found.message, hint in found.hint) == (at, True, True), (found.message, found.hint)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("fields: {A: scor}", '4:17 fields / A: there is no source "scor" | did you mean "score"?'),
        ('fields: {A: "x {{ scor }}"}', '4:23 fields / A: there is no source "scor" | did you mean "score"?'),
        ("fields:\n  A: answers.a | truncate(x)", "5:31 fields / A: truncate takes a number of characters"),
        ("fields: {A: {{ score }}}", "4:18 : a text that begins with { or [ must be in quotes"),
        ("fields: {A: [score, segment]}", "4:14 fields / A: one value is expected here"),
        ("fields: {A: }", '4:14 fields / A: "A" is empty'),
        ("fields: {}", "4:5 fields: an empty table says nothing"),
        ("fields: score", "fields: a table is expected here"),
        ("fields: {A: ${SECRET}}", "fields / A: \"${SECRET}\" is only read where a secret is expected"),
        ("fields: {Contact: {A: score}, B: score}", '4:35 fields: "B" stands beside targets and belongs to none'),
        ("match: {Contakt: {A: quote}}", '"Contakt" is nothing that can be written here | did you mean "Contact"?'),
        ("match: {Own__c: {A: quote}}", '"Own__c" is nothing that can be written here | known here: Contact, Lead'),
        ("match: {A: 7}", "4:16 match / A: everybody would be the same person | for example  A: contact.email"),
        ("match: {A: context.id}", "4:16 match / A: context.id is a page's word, and anybody can say it"),
        ("match: {A: visitor}", "visitor is a page's word"),
        ("fields: {A: score}", "4:5 fields: nothing says how the person in Contact is found | for example  match: {E"),
        ("on: [completd]", '4:10 on: there is no moment "completd" | did you mean "completed"?'),
        ("on: [paid]", 'there is no moment "paid" | one of scored, answered'),
        ("on: []", "on: an empty list is never"),
        ("when: {segmnt: promoter}", '"segmnt" is nothing a condition can look at | did you mean "segment"?'),
        ("when: {case.stat: open}", '"case.stat" is nothing a condition can look at | did you mean "case.state"?'),
        ("when: {case.state: opn}", 'when / case.state: case.state is never "opn" | did you mean "open"?'),
        ("when: {case.counts: won}", 'case.counts is never "won" | one of recovered, lost, no_action'),
        ("when: {score: 0-6}", "write  score: 0..6"),
        ("when: {}", "an empty condition"),
        ("unknown: creat", '4:14 unknown: "creat" is none of them | did you mean "create"?'),
        ("changed: kept", '"kept" is none of them | did you mean "keep"?'),
        ("trust: all", '"all" is none of them | one of typed, claimed'),
        ("case: {fields: {A: score}}", 'case: "queue" is missing | add it:  queue: nps'),
        ("case: {queue: a, feilds: {A: score}}", '"feilds" is not known here | did you mean "fields"?'),
        ("case: {queue: a, fields: {A: scor}}", 'case / fields / A: there is no source "scor"'),
        ("case: {queue: a, on: [open]}", 'case / on: there is no moment "open"'),
        ("case: [{queue: a}]", "case: a table is expected here"),
        ("events: [{event: a}, {evnt: b}]", "events / 2"),
        ("feilds: {A: score}", '4:5 : "feilds" is not known here | did you mean "fields"?'),
    ],
)  # fmt: skip
def test_a_mapping_that_is_wrong(body: str, told: str, acme: None, tmp_path: Path) -> None:
    found = problems(body, tmp_path)
    assert any(told in problem for problem in found), found


def test_everything_is_told_at_once(acme: None, tmp_path: Path) -> None:
    body = """
        on: [a]
        when: {b: 1}
        match: {C: d}
        fields: {E: f, G: "{{ h }}"}
        case: {fields: {I: j}}
        """
    assert [line.partition(" ")[0] for line in problems(body, tmp_path)] == [
        "4:10", "5:12", "6:16", "7:17", "7:27", "8:5", "8:24"
    ]  # fmt: skip
