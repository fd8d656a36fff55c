"""A mapping against the flows: what nothing saves, what never happens, what no option has."""

from pathlib import Path

import pytest

from bot.crm.mapping.check import check_mapping
from bot.desk.policy import Policy, Rule
from bot.flows.load import load
from bot.flows.spec import Book
from tests.harness.mappings import acme, section

__all__ = ["acme"]

FLOWS = """\
version: 1
brand: {name: Acme}
languages: [en, fr]
flows:
  nps:
    steps:
      score: {kind: nps, say: Would you?, then: disappointed}
      disappointed: {kind: text, say: Why?, optional: true, save_as: reason, then: back}
      back:
        kind: choice
        say: And now?
        options: {call: Call me, gift: A gift, no: Nothing}
        then: {call: phone, gift: mail, no: again}
      phone: {kind: phone, say: Number?, optional: true, save_as: contact.phone, then: {answered: slot, skipped: again}}
      slot: {kind: slot, say: When?, hours: office, then: {answered: again, none: again}}
      mail: {kind: email, say: Address?, optional: true, save_as: contact.email, then: again}
      again: {kind: yesno, say: Again?, then: {yes: bye, no: bye}}
      bye: {kind: message, say: Bye, end: thanked}
  taste:
    steps:
      flavour: {kind: choice, say: Which?, options: {sweet: Sweet, salty: Salty}, then: {sweet: done, salty: done}}
      done: {kind: message, say: Bye, end: completed}
"""
BOOK = load(FLOWS)
DESK = Policy(to="#nps", rules=(Rule("detractor", "#nps"),))
MATCH = "match: {Email: contact.email}\n"


def told(body: str, folder: Path, desk: Policy | None = DESK, book: Book = BOOK) -> list[str]:
    """`line:column level path: message | hint` of each."""
    found = check_mapping(section(body, folder).mapping, "acme", book, desk)
    return [f"{p.mark.line}:{p.mark.column} {p.level} {p.path[17:]}: {p.message} | {p.hint}" for p in found]


@pytest.mark.parametrize(
    "body",
    [
        "when: {flow: nps, outcome: [thanked, abandoned], locale: fr, channel: web, answers.back: [call, no]}",
        "when: {case.rule: [detractor, handoff, callback], case.outcome: corrected, case.cause: price}",
        "when: {contact.plan: gold, context.shop: present, answer: call, answers.reason: anything}",
        MATCH + "fields: {A: answers.reason, B: answers.flavour.label, C: contact.phone, D: context.anything}",
        MATCH + 'fields: {A: "{{ score }} {{ quote }} {{ callback.at }} {{ case.owner }} {{ transcript }}"}',
        MATCH + "fields: {A: answers.slot | date, B: answers.again | boolean, C: answers.back | label | truncate(5)}",
        MATCH + "fields:\n  A: answers.back | map(call=Call, gift=Gift, no=No)\n",
        MATCH + "fields:\n  A: answers.back | map(call=Call) | default(none)\n",
        "case: {queue: a, when: {segment: [detractor, passive]}}",
        "trust: claimed\nmatch: {Email: contact.plan}",
    ],
)
def test_what_fits(body: str, acme: None, tmp_path: Path) -> None:
    assert told(body, tmp_path) == []


ERRORS = [
    ("fields: {A: answers.reasn}", '5:17 error fields / Contact / A: no step saves an answer "reasn" | did you'),
    ("fields: {A: answers.zzz}", "| saved: reason, back, slot, again, flavour"),
    ('fields: {A: "x {{ answers.zzz | upper }}"}', '5:23 error fields / Contact / A: no step saves an answer "zzz"'),
    ("fields: {A: answers.disappointed.label}", "| the step disappointed saves it as  answers.reason"),
    ("fields: {A: answers.phone}", "| the step phone saves it as  contact.phone"),
    ("fields: {A: answers.email}", "| write  contact.email"),
    ("fields: {A: answers.score}", "| write  score"),
    ("fields: {A: answers.bye}", 'no step saves an answer "bye"'),
    ("when: {flow: nps}\nfields: {A: answers.flavour}", "| only taste saves it, and `when` is for another flow"),
    ("when: {flow: np}", '5:12 error when / flow: there is no flow "np" | did you mean "nps"?'),
    ("when: {answers.reasn: a}", 'error when / answers.reasn: no step saves an answer "reasn"'),
    ("when: {answers.back: [call, gifts]}", 'there is no answer "gifts" | did you mean "gift"?'),
    ("when: {answers.again: maybe}", 'there is no answer "maybe" | there are: yes, no'),
    ("when: {outcome: finished}", 'there is no outcome "finished" | there are: thanked, completed, abandoned'),
    ("when: {flow: nps, outcome: completed}", 'there is no outcome "completed" | there are: thanked, abandoned'),
    ("when: {channel: telegramm}", 'there is no channel "telegramm" | did you mean "telegram"?'),
    ("when: {locale: de}", 'there is no language of the flows "de" | there are: en, fr'),
    ("when: {case.rule: detractors}", 'there is no alert "detractors" | did you mean "detractor"?'),
    ("when: {case.outcome: fixed}", 'there is no outcome of a case "fixed"'),
    ("when: {score: 0..6, segment: promoter}", "error when: no score meets all of this"),
    ("fields:\n  A: answers.back | map(cal=1, gift=2) | default(0)", 'has no option "cal" | did you mean "call"?'),
    ("events: [{event: a, fields: {B: answers.zzz}}]", "error events / fields / B: no step saves"),
    ("case: {queue: a, when: {answers.back: calls}}", 'error case / when / answers.back: there is no answer "calls"'),
]  # fmt: skip

WARNINGS = [
    ("match: {Id: contact.id}", "warning match / Contact / Id: no step asks for contact.id: where no signed token"),
    ("fields: {A: contact.plan}", "it is left out | ask for it: a step with  save_as: contact.plan"),
    ("fields: {A: contact.emial}", 'no signed token says it, it is left out | did you mean "contact.email"?'),
    ("trust: claimed\nfields: {A: contact.emial}", 'a page may say it | did you mean "contact.email"?'),
    ("when: {flow: taste}\nfields: {A: score}", "score is never there: no flow asks for a score"),
    ("when: {flow: taste}\nfields: {A: quote}", "quote is never there: no flow asks for words of theirs"),
    ("when: {flow: taste}\nfields: {A: callback.at}", "callback.at is never there: no flow asks for a phone number"),
    ("fields: {A: context.page_ur}", 'only where an invitation gives it | did you mean "context.page_url"?'),
    ("fields: {A: answers.back | date}", "date never finds one in the answer to a choice question"),
    ("fields: {A: answers.again | upper, B: answers.again | number}", "number never finds one in"),
    ("fields:\n  A: answers.back | map(call=1)", "nothing is said of gift, no: the field is then left out | add"),
    ("when: {flow: taste}\nevents: [{event: a, on: [callback_requested]}]", "never done: no flow asks for a phone"),
    ("when: {flow: taste}\nevents: [{event: a, on: [scored]}]", "warning events: this is never done: no flow asks"),
    ("when: {segment: promoter}\ncase: {queue: a, when: {score: 0..6}}", "this never holds together with `when`"),
    ("case: {queue: a, when: {score: 7..8, segment: detractor}}", "5:22 warning case / when: this never holds |"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "words"), [*ERRORS, *WARNINGS])
def test_what_does_not_fit(body: str, words: str, acme: None, tmp_path: Path) -> None:
    found = told(body if "match" in body else MATCH + body, tmp_path)
    assert any(words in one for one in found), found
    level = "error" if (body, words) in ERRORS else "warning"
    assert {one.split()[1] for one in found if words in one} == {level}


def test_without_anybody_to_act_there_are_no_cases(acme: None, tmp_path: Path) -> None:
    body = MATCH + "fields: {A: case.owner}\ncase: {queue: a, on: [case_resolved]}\nwhen: {case.state: open}"
    found = told(body, tmp_path, desk=None)
    assert [one.split(" |")[0].split(" ", 1)[1] for one in found] == [
        "warning fields / Contact / A: case.owner is never there: there are no cases without a channel for alerts",
        "warning case: this is never done: there are no cases without a channel for alerts",
        "warning when / case.state: case.state is never there: there are no cases without a channel for alerts",
    ]
    assert told(body, tmp_path) == []


def test_the_same_is_told_once_and_in_the_order_of_the_file(acme: None, tmp_path: Path) -> None:
    body = MATCH + "fields:\n  Contact: {B: answers.y, A: answers.x}\nevents: [{event: e, fields: {C: answers.z}}]"
    assert [one.split(" ")[0] for one in told(body, tmp_path)] == ["6:20", "6:34", "7:37"]
