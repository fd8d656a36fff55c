"""What is proved of a flow before it goes live."""

import re
import time
from pathlib import Path

import pytest

from bot.flows.lint_advice import contrast_with_white, darker
from bot.flows.lint_texts import flow_texts, texts_of
from tests.flows.flowfile import BY_SEGMENT, FIRST, checked, flow, scored, told

WHY = "why: {kind: text, say: Why?, then: bye}"
SLOT = "s: {kind: slot, say: When?, hours: office, then: %s}"
A = "a: {kind: text, say: A?, save_as: %s, then: b}"
B = "b: {kind: text, say: B?, save_as: %s, then: bye}"
ASK = "ask: {kind: yesno, say: 'Again?', then: {yes: %s, no: %s}}"

# (name, steps of the flow, line after the first step, path, message, hint)
ERRORS = [
    (
        "an outcome without a way",
        scored("{detractor: why, promoter: bye}", WHY),
        0,
        "nps / score / then",
        'outcome "passive" (scores 7-8) leads nowhere',
        "then: {detractor: why, passive: bye, promoter: bye}",
    ),
    (
        "two outcomes without a way",
        scored("{detractor: bye}"),
        0,
        "nps / score / then",
        'outcomes "passive" (scores 7-8) and "promoter" (scores 9-10) lead nowhere',
        "then: {detractor: bye, passive: bye, promoter: bye}",
    ),
    (
        "an option without a way",
        flow("a:\n  kind: choice\n  say: Which?\n  options: {x: X, y: Y}\n  then: {x: bye}"),
        4,
        "nps / a / then",
        'outcome "y" leads nowhere',
        "add it:  then: {x: bye, y: bye}",
    ),
    (
        "skipped needs a way in a table",
        flow("a: {kind: phone, say: Number?, optional: true, then: {answered: bye}}"),
        0,
        "nps / a / then",
        'outcome "skipped" leads nowhere',
        "then: {answered: bye, skipped: bye}",
    ),
    (
        "timeout needs a way in a table",
        flow("a: {kind: text, say: Hm?, timeout: 10m, then: {answered: bye}}"),
        0,
        "nps / a / then",
        'outcome "timeout" leads nowhere',
        "then: {answered: bye, timeout: bye}",
    ),
    (
        "a step without a way",
        flow(ASK % ("a", "bye"), "a: {kind: text, say: Hm?}"),
        1,
        "nps / a",
        "this step leads nowhere",
        "then: bye   or   end: completed",
    ),
    (
        "scores that no rule takes",
        scored("[{when: {score: 0..6}, to: bye}, {when: {score: 9..10}, to: bye}]"),
        0,
        "nps / score / then",
        "scores 7-8 lead nowhere",
        "add a last rule:  - to: bye",
    ),
    (
        "one score that no rule takes",
        scored("[{when: {score: 0..4}, to: bye}, {when: {score: 6..10}, to: bye}]"),
        0,
        "nps / score / then",
        "score 5 leads nowhere",
        "- to: bye",
    ),
    (
        "a score in two rules",
        scored("[{when: {score: 0..6}, to: why}, {when: {score: 6..8}, to: bye}, {to: bye}]", WHY),
        0,
        "nps / score / then",
        f"score 6 is in two rules (lines {FIRST} and {FIRST})",
        "let each score be in one rule",
    ),
    (
        "a segment and a range that overlap",
        scored("[{when: {segment: detractor}, to: why}, {when: {score: [5, 6, 9]}, to: bye}, {to: bye}]", WHY),
        0,
        "nps / score / then",
        "scores 5-6 are in two rules",
        "let each score be in one rule",
    ),
    (
        "a rule behind one that always holds",
        scored("[{to: bye}, {when: {score: 3}, to: why}]", WHY),
        0,
        "nps / score / then",
        "always holds, so this one is never reached",
        "put the rule without `when` last",
    ),
    (
        "a rule that no chat can take",
        scored(BY_SEGMENT, "why:\n  kind: text\n  say: Why?\n  then: [{when: {score: 9..10}, to: bye}, {to: bye}]"),
        4,
        "nps / why / then",
        "no chat can ever take this way",
        "remove it",
    ),
    (
        "a later step that leaves out some scores",
        scored("why", "why: {kind: text, say: Why?, then: [{when: {score: 0..8}, to: bye}]}"),
        1,
        "nps / why / then",
        'outcome "answered" after a score of 9-10 leads nowhere',
        "- to: bye",
    ),
    (
        "a step that nothing leads to",
        scored("bye", WHY),
        1,
        "nps / why",
        'nothing leads to "why"',
        "lead to it:  then: why   or remove it",
    ),
    (
        "a way that never ends",
        flow(ASK % ("a", "bye"), "a: {kind: text, say: A?, then: b}", "b: {kind: text, say: B?, then: a}"),
        1,
        "nps / a",
        'from "a" no way leads to an end (a -> b)',
        "end: completed",
    ),
    (
        "a loop that asks nothing",
        flow(ASK % ("m", "bye"), "m: {kind: message, say: Hm, then: n}", "n: {kind: message, say: Ho, then: m}"),
        1,
        "nps / m",
        "m -> n -> m goes round without asking anything",
        "put a question on the way",
    ),
    (
        "a loop that asks nothing where no slot is free",
        flow(SLOT % "{answered: bye, none: m}", "m: {kind: message, say: Hm, then: s}"),
        0,
        "nps / s",
        "s -> m -> s goes round without asking anything",
        "put a question on the way",
    ),
    (
        "opening hours that nobody set",
        flow((SLOT % "bye").replace("office", "offices")),
        0,
        "nps / s / hours",
        'there are no opening hours "offices"',
        'did you mean "office"?',
    ),
    (
        "one key saved twice on a way",
        flow(A % "reason", B % "reason"),
        1,
        "nps / b / save_as",
        f'"reason" is saved by "a" (line {FIRST}) on the same way',
        "save_as: reason_2",
    ),
    (
        "a key that is another step's name",
        flow(A % "b", "b: {kind: text, say: B?, then: bye}"),
        1,
        "nps / b / save_as",
        '"b" is saved by "a"',
        "save_as: b_2",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "line", "path", "message", "hint"), [e[1:] for e in ERRORS], ids=[e[0] for e in ERRORS]
)
def test_what_is_wrong_is_told_once_with_place_and_hint(
    source: str, line: int, path: str, message: str, hint: str
) -> None:
    problems = told(source)
    assert [problem.level for problem in problems] == ["error"], problems
    assert message in problems[0].message
    assert hint in problems[0].hint
    assert (problems[0].mark.line, problems[0].path) == (FIRST + line, path)
    assert checked(source).book is None


GOOD = [
    ("all by segment", scored(BY_SEGMENT, WHY)),
    ("one way for all", scored("bye")),
    ("ranges that cover all", scored("[{when: {score: 0..6}, to: why}, {when: {score: 7..10}, to: bye}]", WHY)),
    ("single scores and a rest", scored("[{when: {score: [0, 10]}, to: why}, {to: bye}]", WHY)),
    ("rules on facts may overlap", scored(
        "[{when: {contact.plan: pro}, to: why}, {when: {score: 1}, to: bye}, {to: bye}]", WHY
    )),
    ("a loop that asks", flow(ASK % ("ask", "bye"))),
    ("a value in the address of a link", flow(
        "a:\n  kind: link\n  say: Hm\n  then: bye\n  links:\n"
        "    g: {label: G, url: \"https://g.example/{{ contact.id | default('x') }}\"}"
    )),
    ("the same key on ways that never meet", scored(
        "{detractor: why, passive: other, promoter: bye}",
        "why: {kind: text, say: Why?, save_as: reason, then: bye}",
        "other: {kind: text, say: What?, save_as: reason, then: bye}",
    )),
    ("every option by rules", flow(
        "a:\n  kind: choice\n  say: Which?\n  options: {x: X, y: Y}\n"
        "  then: [{when: {answer: x}, to: bye}, {when: {outcome: y}, to: bye}]"
    )),
]  # fmt: skip


@pytest.mark.parametrize("source", [e[1] for e in GOOD], ids=[e[0] for e in GOOD])
def test_what_is_right_passes(source: str) -> None:
    assert told(source) == []
    assert checked(source).book is not None


RULED = "q: {kind: text, say: Q?, save_as: contact.note, then: [{when: {%s}, to: p}, {to: bye}]}"


@pytest.mark.parametrize(
    ("when", "message", "hint"),
    [
        ("answers.picked: yes", None, ""),
        ("answers.picked: present", None, ""),
        ("answers.p: [x, 1..3]", None, ""),
        ("locale: en", None, ""),
        ("contact.anything: goes", None, ""),
        ("answers.pikced: yes", 'no step of this flow saves "pikced"', 'did you mean "answers.picked"?'),
        ("answers.picked: [yes, maybe]", 'answers.picked is never "maybe"', "one of yes, no"),
        ("answers.contact.note: x", 'no step of this flow saves "contact.note"', "answers: p, picked"),
        ("locale: fr", 'locale is never "fr"', "one of en"),
    ],
)
def test_conditions_look_at_what_can_be_there(when: str, message: str | None, hint: str) -> None:
    first = "pick: {kind: yesno, say: Pick?, save_as: picked, optional: true, then: q}"
    problems = told(flow(first, RULED % when, "p: {kind: text, say: P?, then: bye}"))
    assert [(p.message, p.mark.line) for p in problems] == ([(message, FIRST + 1)] if message else [])
    assert all(hint in problem.hint for problem in problems)


def test_a_misspelt_step_is_one_mistake_not_three() -> None:
    source = flow(
        "a: {kind: text, say: A?, then: bb}", "b: {kind: text, say: B?, then: c}", "c: {kind: text, say: C?, then: bye}"
    )
    assert [(p.message, p.hint) for p in told(source)] == [
        ('there is no step "bb"', f'did you mean "b" (line {FIRST + 1})?')
    ]


def test_steps_behind_an_unreachable_one_are_named_with_it() -> None:
    source = flow(
        "a: {kind: text, say: A?, then: bye}",
        "b: {kind: text, say: B?, then: c}",
        "c: {kind: text, say: C?, then: bye}",
    )
    assert [p.message for p in told(source)] == ['nothing leads to "b" (nor to c behind it)']


ALL = "{detractor: review, passive: review, promoter: review}"
LINK = "review: {kind: link, say: 'Tell others', links: {g: {label: G, url: 'https://g.example'}}, then: bye%s}"


@pytest.mark.parametrize(
    ("then", "more", "message"),
    [
        ("{detractor: bye, passive: bye, promoter: review}", "", "only promoters are offered the public review link"),
        ("{detractor: bye, passive: review, promoter: review}", "", "only passives and promoters are offered"),
        ("[{when: {score: 10}, to: review}, {to: bye}]", "", "only scores 10 are offered"),
        ("{detractor: bye, passive: bye, promoter: review}", ", gating: accepted", None),
        (ALL, "", None),
        ("{detractor: review, passive: bye, promoter: bye}", "", None),
    ],
)
def test_review_links_for_the_happy_alone_are_warned_of(then: str, more: str, message: str | None) -> None:
    problems = told(scored(then, LINK % more))
    assert [p.level for p in problems] == (["warning"] if message else [])
    assert all(message in p.message and "gating: accepted" in p.hint for p in problems if message)
    assert checked(scored(then, LINK % more)).book is not None


@pytest.mark.parametrize(
    ("words", "reward"),
    [
        ("Get a voucher for a review", "voucher"),
        ("Un bon d'achat pour votre avis", "bon d'achat"),
        ("Ein Gutschein für Ihre Bewertung", "Gutschein"),
        ("Un descuento por su opinión", "descuento"),
        ("10 % off for five lines", "10 %"),
        ("Tell others what you think", None),
        ("Rewarding as it is", None),
    ],
)
def test_a_reward_beside_review_links_is_warned_of(words: str, reward: str | None) -> None:
    link = (LINK % "").replace("'Tell others'", f'"{words}"')
    assert [p.message for p in told(scored(ALL, link))] == (
        [f'a reward ("{reward}") beside review links'] if reward else []
    )


@pytest.mark.parametrize(("color", "ratio"), [("#ffffff", 1.0), ("#000", 21.0), ("#767676", 4.54), ("#5b4bff", 5.39)])
def test_contrast_is_that_of_wcag(color: str, ratio: float) -> None:
    assert contrast_with_white(color) == pytest.approx(ratio, abs=0.06)


def test_a_pale_brand_colour_is_warned_of_with_a_shade_that_holds() -> None:
    (problem,) = told(scored("bye").replace("{name: Acme}", '{name: Acme, color: "#ffcc00"}'))
    assert (problem.level, problem.mark.line, problem.path) == ("warning", 2, "brand / color")
    assert "contrast of 1.5" in problem.message
    assert darker("#ffcc00") in problem.hint
    assert contrast_with_white(darker("#ffcc00")) >= 4.5


SHIPPED = (Path(__file__).parents[2] / "flows.yaml").read_text("utf-8")


def test_the_shipped_survey_is_proved_without_a_warning() -> None:
    found = checked(SHIPPED)
    assert found.problems == ()
    assert found.proof is not None
    assert found.proof.languages == ("en", "fr", "es", "de")


def test_the_shipped_survey_speaks_as_the_design_asks() -> None:
    book = checked(SHIPPED).book
    assert book is not None
    flow = book.flows["nps"]
    texts = [*flow_texts(flow), *(text for step in flow.steps.values() for text in texts_of(step))]
    for text in texts:
        for language, words in text.by_language.items():
            assert not re.search(r"\b(nps|detractor|passive|promoter|bot|survey|oops|valued)", words, re.IGNORECASE)
            assert "!" not in words or text.path == "nps / welcome / say"
            assert len(words) <= 140
            if language == "fr":
                assert not re.search(r"(?<!\u202f)[?!:;]", words), words


def test_a_language_that_the_service_does_not_speak_itself_is_warned_of() -> None:
    found = checked(scored("bye").replace("version: 1", "languages: [en, pt-BR, it]"))
    problems = found.problems
    assert found.book is not None
    assert [(p.level, p.mark.line, p.mark.column, p.mark.width) for p in problems] == [
        ("warning", 1, 17, 5),
        ("warning", 1, 24, 2),
    ]
    assert "will be English" in problems[0].message


def test_ways_are_counted() -> None:
    source = scored(BY_SEGMENT, "why: {kind: text, say: Why?, optional: true, then: ask}", ASK % ("bye", "bye"))
    proof = checked(source).proof
    assert proof is not None
    (facts,) = proof.flows
    # Two ways through `why` (answered, skipped), two through `ask`, one each for passives and promoters.
    assert (facts.steps, facts.paths, facts.longest, facts.scored) == (4, 6, 3, True)


def test_a_huge_flow_is_proved_in_bounded_time() -> None:
    options = ", ".join(f"o{n}: O" for n in range(40))
    rules = ", ".join(f"{{when: {{contact.x: v{n}}}, to: NEXT}}" for n in range(30))
    step = f"kind: choice, say: Hm, options: {{{options}}}, then: [{rules}, {{to: NEXT}}]"
    steps = [f"s{n}: {{{step}}}".replace("NEXT", f"s{n + 1}") for n in range(150)]
    began = time.process_time()
    proof = checked(flow(*steps, "s150: {kind: text, say: Hm, then: bye}")).proof
    assert time.process_time() - began < 10
    assert proof is not None
    assert (proof.flows[0].paths, proof.flows[0].longest) == (1_000_000, 151)
