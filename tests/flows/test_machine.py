"""Ways out: by outcome, by facts, in the order of the file; and what a flow that slipped through does."""

import pytest
from msgspec.structs import replace

from bot.flows import engine
from bot.flows.load import load, read_book
from bot.flows.machine import Program, compile_book
from bot.flows.stage import Opening, Stage
from bot.model import Address, Fact, Start

from .books import MONDAY, OFFICE

WAYS = """
brand: {{name: Acme}}
languages: [en, fr]
flows:
  ways:
    start: score
    steps:
      score: {{kind: nps, say: "?", then: name}}
      name: {{kind: text, say: "?", save_as: contact.name, optional: true, then: pick}}
      pick:
        kind: choice
        say: "?"
        options: {{a: "A {{{{ score }}}}", b: "B"}}
        then:
          - {{when: {when}, to: held}}
          - {{to: other}}
      held: {{kind: message, say: "held", end: held}}
      other: {{kind: message, say: "other", end: other}}
"""

HELD = [
    "{score: 3}",
    "{score: 0..6}",
    "{segment: detractor}",
    "{segment: [passive, detractor]}",
    "{answer: a}",
    "{outcome: a}",
    "{answers.pick: [a, c]}",
    "{answers.score: 3}",
    "{answers.contact.name: Ana}",
    "{answers.name: Ana}",
    "{contact.name: Ana}",
    "{contact.plan: gold}",
    "{contact.plan: present, contact.phone: absent}",
    "{context.campaign: spring}",
    "{context.nothing: absent}",
    "{locale: fr}",
    "{channel: web}",
    "{score: 3, locale: fr, contact.plan: [silver, gold]}",
]
NOT_HELD = [
    "{score: 7..10}",
    "{segment: promoter}",
    "{answer: b}",
    "{outcome: [b]}",
    "{answers.nothing: present}",
    "{contact.name: Bo}",
    "{contact.plan: absent}",
    "{context.campaign: winter}",
    "{locale: en}",
    "{channel: slack}",
    "{score: 3, locale: en}",
]


def played(when: str) -> Stage:
    book = read_book(WAYS.format(when=when), "ways.yaml", [])
    assert book is not None
    program = compile_book(book, OFFICE, "UTC")["ways"]
    stage = Stage(
        program, Opening("fr-CA", contact={"plan": "gold", "name": "Nobody"}, context={"campaign": "spring"}), MONDAY
    )
    stage.taps(3)
    stage.says("Ana")
    stage.taps("A 3")
    return stage


@pytest.mark.parametrize("when", HELD)
def test_holds(when: str) -> None:
    assert played(when).chat.outcome == "held"


@pytest.mark.parametrize("when", NOT_HELD)
def test_does_not_hold(when: str) -> None:
    assert played(when).chat.outcome == "other"


def test_a_skipped_answer_is_absent_and_a_score_that_is_not_given_is_too() -> None:
    source = WAYS.format(when="{answers.contact.name: absent, contact.name: absent}")
    book = read_book(source, "ways.yaml", [])
    assert book is not None
    stage = Stage(compile_book(book, OFFICE, "UTC")["ways"], Opening("en"), MONDAY)
    stage.taps(9)
    stage.does("skip")
    stage.taps("a")
    assert stage.chat.outcome == "held"


def test_labels_with_values_are_rendered_and_logged_as_they_were_shown() -> None:
    stage = played("{score: 3}")
    assert stage.chat.answers["pick"].label == "A 3"


def broken(source: str) -> Program:
    """A program of a file that the checker refuses."""
    book = read_book(source, "broken.yaml", [])
    assert book is not None
    return compile_book(book, {}, "UTC")[next(iter(book.flows))]


BROKEN = {
    "no way out holds": "a: {kind: yesno, say: '?', then: {yes: b}}, b: {kind: message, say: B, end: completed}",
    "a circle without a question": "a: {kind: message, say: A, then: b}, b: {kind: message, say: B, then: a}",
    "a dead end": "a: {kind: yesno, say: '?'}",
    "a way to nowhere": "a: {kind: yesno, say: '?', then: nowhere}",
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_flow_that_slipped_through_ends_instead_of_failing(what: str) -> None:
    source = f"brand: {{name: Acme}}\nflows: {{f: {{start: a, steps: {{{BROKEN[what]}}}}}}}"
    stage = Stage(broken(source), Opening("en"), MONDAY)
    if not stage.chat.ended:
        stage.taps("no")
    assert stage.chat.outcome == "completed"
    assert stage.ask is None


def test_a_flow_without_a_score_has_a_response_from_the_first_answer_on() -> None:
    source = "{brand: {name: A}, flows: {f: {start: a, steps: {a: {kind: text, say: '?', then: b}, "
    source += "b: {kind: yesno, say: '?', end: completed}}}}}"
    stage = Stage(compile_book(load(source), {}, "UTC")["f"], Opening(), MONDAY)
    assert stage.chat.revision == 0
    stage.says("hello")
    assert (stage.chat.revision, stage.chat.score) == (1, None)
    stage.taps("yes")
    assert (stage.chat.revision, stage.chat.outcome) == (2, "completed")


TWO_WAYS = """
brand: {name: Acme}
flows:
  f:
    start: bought
    steps:
      bought: {kind: yesno, say: "?", then: {yes: score, no: bye}}
      score: {kind: nps, say: "?", then: again}
      again: {kind: nps, say: "And our shop?", then: why}
      why: {kind: text, say: "?", then: bye}
      bye: {kind: message, say: "Bye.", end: completed}
"""


def test_the_first_scale_is_the_score_and_goes_when_its_way_is_given_up() -> None:
    stage = Stage(compile_book(load(TWO_WAYS), {}, "UTC")["f"], Opening(), MONDAY)
    stage.taps("yes")
    assert stage.chat.revision == 0
    stage.taps(3)
    stage.taps(10)
    assert (stage.chat.score, stage.chat.answers["again"].value, stage.chat.revision) == (3, 10, 2)
    stage.does("restart")
    assert (stage.chat.score, stage.chat.revision) == (3, 2)
    stage.taps("no")
    assert (stage.chat.score, stage.chat.scored, list(stage.chat.answers), stage.chat.revision) == (
        None,
        0,
        ["bought"],
        3,
    )


def test_a_proven_fact_stands_in_a_text() -> None:
    source = TWO_WAYS.replace('"Bye."', "\"Bye {{ contact.name | default('you') }} {{ score | default('-') }}.\"")
    program = compile_book(load(source), {}, "UTC")["f"]
    start = Start("c", Address("web", "c"), MONDAY, contact={"name": Fact("Ana", proven=True)})
    turn = engine.start(program, start)
    stage = Stage(program, Opening(), MONDAY)
    stage.chat = replace(turn.conversation)
    said = stage.taps("no").effects
    assert "Bye Ana -." in str(said)
