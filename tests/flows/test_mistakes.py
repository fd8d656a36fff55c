"""Mistakes that people make in their first flow file: each is told once, where it is, in words that mend it."""

import pytest

from tests.flows.flowfile import told

FILE = """\
version: 1
brand: {name: Acme, color: "#1f5c3d"}
languages: [en, fr]
flows:
  nps:
    start: score
    steps:
      score:
        kind: nps
        say: {en: "How likely?", fr: "Probable ?"}
        then: {detractor: why, passive: why, promoter: bye}
      why:
        kind: text
        say: {en: "What could be better?", fr: "Que pouvons-nous améliorer ?"}
        save_as: reason
        then: bye
      bye:
        kind: message
        say: {en: "Thank you.", fr: "Merci."}
        end: completed
"""
THEN = "{detractor: why, passive: why, promoter: bye}"
BETTER = '"What could be better?"'
TO_BYE = "{to: bye}]"

# (what is written, what is written instead, line, level, message, hint)
MISTAKES = [
    # Quotes and YAML
    ('"#1f5c3d"', "#1f5c3d", 2, "error", "not valid YAML", "a # after a blank begins a remark"),
    ('"Thank you."', "You are #1", 19, "error", "not valid YAML", "a # after a blank begins a remark"),
    (BETTER, "'What's wrong?'", 14, "error", "not valid YAML", "an apostrophe ends a text in ' quotes"),
    (BETTER, '"Hi {{ contact.n | default("you") }}"', 14, "error", "not valid YAML", "default('...')"),
    ("kind: text", "kind:text", 13, "error", "not valid YAML", "a blank is missing after the colon"),
    ("        save_as", "\u00a0\u00a0\u00a0\u00a0save_as", 15, "error", "not valid YAML", "a no-break space"),
    ("        save_as", "\tsave_as", 15, "error", "found character that cannot start any token", "not tabs"),
    (BETTER, "“What could be better?”", 14, "warning", "the curly quotes are part of the text", "straight quotes"),
    # Values in texts
    ("better?", "better, {contact.name}?", 14, "warning", "is shown as it stands", "{{ contact.name }}"),
    ("better?", "better, {{ contact.name }}?", 14, "error", "may be missing", "contact.name | default('...')"),
    ("better?", "better {{ score | default(soon) }}?", 14, "error", '"soon" is not known', "words: 'soon'"),
    ("better?", "better, {{ first_name }}?", 14, "error", '"first_name" is not known', "person: contact.first_name"),
    ("better?", "better after {{ answers.score }}?", 14, "error", 'no step of this flow saves', 'did you mean "score"'),
    # Conditions
    (THEN, "[why, bye]", 11, "error", "a list of rules is expected here", "then: [{when: {score: 0..6}, to: why}"),
    (THEN, "[{when: score <= 6, to: why}, " + TO_BYE, 11, "error", "a table is expected", "when: {score: 0..6}"),
    (THEN, '[{when: {score: "<= 6"}, to: why}, ' + TO_BYE, 11, "error", '"<= 6" is no score', "score: 0..6"),
    (THEN, "[{when: {score: 0-6}, to: why}, " + TO_BYE, 11, "error", '"0-6" is no score', "write  score: 0..6"),
    (THEN, "[{when: {scroe: 3}, to: why}, " + TO_BYE, 11, "error", '"scroe" is nothing', 'did you mean "score"?'),
    (THEN, "[{when: {answers.score: 3}, to: why}, " + TO_BYE, 11, "error", "no step", 'did you mean "score"?'),
    (THEN, '[{when: {contact.plan: "!= x"}, to: why}, ' + TO_BYE, 11, "error", '"!= x" is no comparison', "[a, b]"),
    (THEN, '[{when: {contact.age: "> 3"}, to: why}, ' + TO_BYE, 11, "error", '"> 3" is no comparison', "[a, b]"),
    (THEN, "[{when: {score: 0..6}, then: why}, " + TO_BYE, 11, "error", '"then" is not known', "- when: ..., to: ..."),
    (THEN, "[{when: {score: 0..6}, to: why}, {else: bye}]", 11, "error", '"else" is not known here', "- to: ..."),
    # Names
    ("kind: text", "kind: TEXT", 13, "error", 'there is no kind of step "TEXT"', 'did you mean "text"?'),
    ("end: completed", "end: true", 20, "error", '"true" cannot be the outcome', "end: completed"),
    ("        end: completed\n", "", 17, "error", "this step leads nowhere", "add it:  end: completed"),
    ("as: reason", "as: contact.e-mail", 15, "error", "cannot be a key of an answer", "letters, digits and _"),
    ("[en, fr]", "[EN, fr]", 3, "error", '"EN" is not a language code', "write en"),
    (", fr: \"Merci.\"", ', fr: "Merci.", fr-FR: "Merci."', 19, "error", '"fr-FR" is not one', 'did you mean "fr"?'),
    (", fr: \"Merci.\"", ', fr: "Merci.", de: "Danke."', 19, "error", '"de" is not one', "remove it, or add it"),
    ("kind: text", "kind: nps", 12, "error", 'a chat has one score, and "score" (line 8)', "with a choice"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "place", "message", "hint"), [(*e[:2], e[2:4], *e[4:]) for e in MISTAKES])
def test_a_mistake_is_told_once_with_what_mends_it(
    old: str, new: str, place: tuple[int, str], message: str, hint: str
) -> None:
    source = FILE.replace(old, new, 1)
    if new == "kind: nps":
        source = source.replace("        save_as: reason\n", "")
    (problem,) = told(source)
    assert (problem.mark.line, problem.level) == place
    assert message in problem.message
    assert hint in problem.hint


def test_the_file_is_right_without_the_mistakes() -> None:
    assert told(FILE) == []


def test_steps_beside_their_flow_are_told_so() -> None:
    problems = told(FILE.replace("    steps:\n", "  steps:\n"))
    assert [(p.mark.line, p.message) for p in problems] == [
        (5, '"steps" is missing'),
        (7, '"steps" belongs to a flow and stands beside it'),
    ]


def test_ranges_of_scores_in_a_table_are_shown_as_rules() -> None:
    problems = told(FILE.replace(THEN, "{0-6: why, 7..10: bye}"))
    assert [p.hint.count("then: [{when: {score: 0..6}") for p in problems] == [0, 1, 1]
    assert "an nps step has no outcome" in problems[1].message
