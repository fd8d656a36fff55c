"""Flow files to books: what is read, and every mistake at once with its line, path and hint."""

from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.errors import FileProblems, Problem
from bot.flows.load import check_source, load
from bot.flows.render import compile_words
from bot.flows.spec import Quiet, Range
from tests.flows.flowfile import FIRST, flow, told

SHIPPED = (Path(__file__).parents[2] / "flows.yaml").read_text("utf-8")

MANY = "{" + ", ".join(f"o{n}: O" for n in range(41)) + "}"
LINK = "{g: {label: G, url: 'https://g.example'}}"

WHOLE = """
version: 1
brand: {name: Acme, color: "#5b4bff", privacy: "https://acme.example/privacy"}
languages: [en, fr]
flows:
  nps:
    timers: {remind_after: 20h, remind_max: 2, abandon_after: 3d, quiet: 21:00-08:30, remind_say: "Still there?"}
    invite: {en: "How are we doing?", fr: "Ça va ?"}
    start: score
    steps:
      score:
        kind: nps
        say: {en: "How likely?", fr: "Probable ?"}
        low: Never
        then: [{when: {score: 0..6, context.beta: no}, to: why}, {to: bye}]
      why: {kind: text, say: Why?, save_as: contact.note, optional: true, timeout: 10m, then: pick}
      pick:
        kind: choice
        say: Which?
        options: {no: {en: "No", fr: "Non"}, "22:00": Late}
        then: bye
      bye: {kind: message, end: completed}
"""


def test_everything_that_a_file_says_is_in_the_book() -> None:
    book = load(WHOLE.replace('"22:00"', "late"))
    nps = book.flows["nps"]
    assert (book.brand.name, book.brand.privacy, book.languages) == (
        "Acme",
        "https://acme.example/privacy",
        ("en", "fr"),
    )
    assert (nps.start, tuple(nps.steps)) == ("score", ("score", "why", "pick", "bye"))
    timers = nps.timers
    assert (timers.remind_after, timers.remind_max, timers.abandon_after) == (72_000_000, 2, 259_200_000)
    assert timers.quiet == Quiet(21 * 60, 8 * 60 + 30)
    assert timers.remind_say is not None
    assert timers.remind_say.by_language == {"en": "Still there?", "fr": "Still there?"}
    first, last = nps.steps["score"].then
    assert first.when is not None
    assert [(c.subject, c.accepts) for c in first.when.tests] == [("score", (Range(0, 6),)), ("context.beta", ("no",))]
    assert (first.to, last.to, last.when) == ("why", "bye", None)
    why = nps.steps["why"]
    assert (why.save_as, why.optional, why.timeout, why.path) == ("contact.note", True, 600_000, "nps / why")
    no, late = nps.steps["pick"].options
    assert (no.key, dict(no.label.by_language), late.key) == ("no", {"en": "No", "fr": "Non"}, "late")
    assert nps.steps["bye"].end == "completed"
    assert nps.invite is not None


def test_the_version_is_the_hash_of_the_text() -> None:
    assert load(SHIPPED).version == sha256(SHIPPED.encode()).hexdigest()[:12]
    assert load(SHIPPED.encode()).version == load(SHIPPED).version
    assert load(SHIPPED + "\n# a remark").version != load(SHIPPED).version


# What one step says: (step, path within it, message, hint)
STEPS = [
    ("kind: text, say: Hm, then: bye, optinal: true", "", '"optinal" is not known here', 'did you mean "optional"?'),
    ("kind: text, say: Hm, then: bye, optional: maybe", " / optional", "neither true nor false", "optional: true"),
    ("kind: text, say: Hm, then: bye, timeout: 10", " / timeout", '"10" is not a length of time', "15m"),
    ("kind: text, say: Hm, then: bye, save_as: a b", " / save_as", '"a b" cannot be a key', "contact.phone"),
    ("kind: text, say: Hm, then: bye, end: completed", "", "ends the chat leads nowhere", "keep `end` or `then`"),
    ("kind: text, say: Hm, end: Stopped!", " / end", '"Stopped!" cannot be the outcome', "end: completed"),
    ("kind: text, say: Hm, end: abandoned", " / end", '"abandoned" cannot be the outcome', "end: completed"),
    ("kind: txt, say: Hm, then: bye", " / kind", 'there is no kind of step "txt"', 'did you mean "text"?'),
    ("say: Hm, then: bye", "", '"kind" is missing', "add it:  kind: ..."),
    ("kind: text, then: bye", "", '"say" is missing', 'say: {en: "..."}'),
    ("kind: text, say: '', then: bye", " / say", "this text is empty", "write it"),
    ("kind: text, say: {en: A, de: B}, then: bye", " / say", "not one of the languages", "languages: [en, de]"),
    ("kind: text, say: Hm, then: {answerd: bye}", " / then", 'has no outcome "answerd"', 'did you mean "answered"?'),
    ("kind: text, say: Hm, then: {answered: bye, skipped: bye}", " / then", 'outcome "skipped"', "optional: true"),
    ("kind: text, say: Hm, then: {answered: bye, timeout: bye}", " / then", 'outcome "timeout"', "timeout: 10m"),
    ("kind: text, say: Hm, then: [{when: {outcome: x}, to: bye}, {to: bye}]", " / then", 'outcome "x"', "answered"),
    (
        "kind: text, say: Hm, then: [{when: {contact.x: 1}}, {to: bye}]",
        " / then / 1",
        '"to" is missing',
        "to: next_step",
    ),
    ("kind: text, say: Hm, then: [{if: {contact.x: 1}, to: bye}]", " / then / 1", '"if" is not known', "to, when"),
    ("kind: choice, say: Hm, then: bye", " / options", "a choice needs options", "options: {yes:"),
    ("kind: choice, say: Hm, options: [x], then: bye", " / options", "needs a key of its own", "options: {yes:"),
    ("kind: choice, say: Hm, options: {timeout: X}, then: bye", "", "is an outcome of its own", "another key"),
    (f"kind: choice, say: Hm, options: {MANY}, then: bye", "", "41 options are too many", "leave some out"),
    ("kind: link, say: Hm, then: bye", " / links", "a link step needs links", "links: {google:"),
    ("kind: link, say: Hm, links: {g: Google}, then: bye", "", 'the link "g" has no url', "url:"),
    (
        "kind: link, say: Hm, links: {g: {label: G, url: 'javascript:x'}}, then: bye",
        "",
        "not a web address",
        "https://",
    ),
    (
        "kind: link, say: Hm, links: {g: {label: G, url: 'https://{{ locale }}.example/'}}, then: bye",
        "",
        "not a web address",
        "https://",
    ),
    (
        f"kind: link, say: Hm, gating: no, links: {LINK}, then: bye",
        " / gating",
        '"no" is not known',
        "gating: accepted",
    ),
    ("kind: message, say: Hm, optional: true, then: bye", " / optional", "asks nothing", "remove  optional"),
    ("kind: nps, say: Hm, save_as: x, then: bye", " / save_as", "the score is always kept", "remove  save_as"),
]

# What the file says around its steps: (what is replaced, by what, line, path, message, hint)
HEADS = [
    ("version: 1", "version: 2", 1, "version", "this is a newer format", "version: 1"),
    ("{name: Acme}", "{}", 2, "brand", '"name" is missing', "name: ..."),
    ("Acme}", "Acme, color: green}", 2, "brand / color", '"green" is not a colour', '"#1f5c3d"'),
    ("Acme}", "Acme, color: }", 2, "brand / color", '"color" is empty', 'color: "#1f5c3d"'),
    ("Acme}", "Acme, privacy: x.com}", 2, "brand / privacy", "not a web address", "https://"),
    ("version: 1", "languages: [en, EN-us]", 1, "languages", '"EN-us" is not a language code', "write en-US"),
    ("version: 1", "languages: [en, en]", 1, "languages", '"en" is listed twice', "keep one"),
    ("version: 1", "langauges: [en]", 1, "", '"langauges" is not known here', 'did you mean "languages"?'),
    ("  nps:", "  'n/p':", 4, "", '"n/p" cannot be the name of a flow', ""),
    ("    steps:", "    start: aa\n    steps:", 5, "nps / start", 'there is no step "aa"', 'did you mean "a" (line 7)'),
    ("    steps:", "    timers: {quiet: 21-8}\n    steps:", 5, "nps / timers / quiet", "not a span", '"21:00-08:30"'),
    ("    steps:", "    timers: {remind: 3d}\n    steps:", 5, "nps / timers", '"remind" is not known', "remind_"),
    ("      a:", "      a-b:", FIRST, "nps / a-b", '"a-b" cannot be the name of a step', "letters, digits and _"),
    ("      a:", "      a: {}\n      a:", FIRST + 1, "", f'"a" is written twice (first in line {FIRST})', "keep one"),
]


def only(source: str, message: str) -> Problem:
    """The one problem that says this."""
    found = [problem for problem in told(source) if message in problem.message]
    assert len(found) == 1, told(source)
    assert check_source(source, "f", ("office",))[0] is None
    return found[0]


@pytest.mark.parametrize(("step", "path", "message", "hint"), STEPS)
def test_a_mistake_in_a_step_is_told_with_line_path_and_hint(step: str, path: str, message: str, hint: str) -> None:
    problem = only(flow(f"a: {{{step}}}"), message)
    assert (problem.mark.line, problem.path) == (FIRST, f"nps / a{path}")
    assert hint in problem.hint


@pytest.mark.parametrize(("change", "place", "message", "hint"), [(e[:2], e[2:4], e[4], e[5]) for e in HEADS])
def test_a_mistake_around_the_steps_is_told_with_line_path_and_hint(
    change: tuple[str, str], place: tuple[int, str], message: str, hint: str
) -> None:
    problem = only(flow("a: {kind: text, say: Hm, then: bye}").replace(*change, 1), message)
    assert (problem.mark.line, problem.path) == place
    assert hint in problem.hint


@pytest.mark.parametrize(
    ("source", "message"),
    [("brand: {name: A}", '"flows" is missing'), ("brand: {name: A}\nflows: {}", "there is no flow in this file")],
)
def test_a_file_without_a_flow_is_told(source: str, message: str) -> None:
    assert "flows: {" in only(source, message).hint


def test_all_mistakes_come_at_once_in_the_order_of_the_file() -> None:
    source = flow(
        "a: {kind: txt, say: Hm, then: b}",
        "b: {kind: text, say: '{{ brnd.name }}', then: c, optinal: true}",
        "c: {kind: choice, say: Hm, options: {x: X, y: Y}, then: {x: byee}}",
        "d: {kind: slot, say: When?, hours: offise, then: bye}",
    )
    assert [(p.mark.line - FIRST, p.message) for p in told(source)] == [
        (0, 'there is no kind of step "txt"'),
        (1, '"brnd.name" is not known in a text'),
        (1, '"optinal" is not known here'),
        (2, 'outcome "y" leads nowhere'),
        (2, 'there is no step "byee"'),
        (3, 'nothing leads to "d"'),
        (3, 'there are no opening hours "offise"'),
    ]


def test_loading_alone_raises_all_of_its_problems() -> None:
    with pytest.raises(FileProblems) as caught:
        load("brand: {name: A}\nbrnd: 1\nflows: {nps: {steps: {a: {kind: x}}}}", "mine.yaml")
    assert [(p.mark.file, p.mark.line) for p in caught.value.problems] == [("mine.yaml", 2), ("mine.yaml", 3)]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (flow(*(f"s{n}: {{kind: text, say: Hm, then: s{n + 1}}}" for n in range(250))), "251 steps are too many"),
        (flow(f"a: {{kind: text, say: Hm, then: [{'{to: bye}, ' * 50}]}}"), "50 ways are too many"),
        (flow(f"a: {{kind: text, say: {'x' * 4001}, then: bye}}"), "a text has at most 4,000 characters"),
        ("brand: {name: A}\nflows: {nps: {steps: {}}}", "a flow needs a step"),
    ],
)
def test_what_is_too_much_or_nothing_is_told(source: str, message: str) -> None:
    assert any(message in problem.message and problem.hint for problem in told(source))


def test_a_reminder_after_the_end_is_a_warning() -> None:
    source = flow("a: {kind: text, say: Hm, then: bye}").replace(
        "    steps:", "    timers: {remind_after: 4d, abandon_after: 3d}\n    steps:"
    )
    book, (problem,) = check_source(source, "f", ())
    assert book is not None
    assert (problem.level, problem.message) == ("warning", "the chat is abandoned before its first reminder")


TEMPLATES = [
    ("{{ brand.nmae }}", '"brand.nmae" is not known in a text', 'did you mean "brand.name"?'),
    ("{{ scor }}", '"scor" is not known in a text', 'did you mean "score"?'),
    ("{{ score }}", '"score" may be missing here', "{{ score | default('...') }}"),
    ("{{ contact.first_name }}", '"contact.first_name" may be missing here', "default('...')"),
    ("{{ contact }}", '"contact" is not a value', "{{ contact.email }}"),
    ("{{ contact.a.b }}", '"contact.a.b" is not a value', "contact"),
    ("{{ answers.later }}", '"answers.later" may be missing here', "default"),
    ("{{ answers.latre | default('x') }}", 'no step of this flow saves "latre"', 'did you mean "answers.later"?'),
    ("{{ brand.name | uper }}", 'there is no filter "uper"', 'did you mean "upper"?'),
    ("{% if contact.a is defned %}x{% endif %}", 'there is no test "defned"', 'did you mean "defined"?'),
    ("{% if contact.a == 'x' %}x{% endif %}", '"contact.a" may be missing here', "an if around it"),
    ("{% if not contact.a %}{{ contact.a }}{% endif %}", '"contact.a" may be missing here', "default"),
    ("{% if contact.a or contact.b %}{{ contact.a }}{% endif %}", '"contact.a" may be missing here', "default"),
    ("{{ contact.a | upper | default('x') }}", '"contact.a" may be missing here', "default"),
    ("{{ contact.a | default(contact.b) }}", '"contact.b" may be missing here', "default"),
    ("{{ 'x' if contact.a }}", "an inline if needs its else", "{{ a if b else c }}"),
    ("{{ brand.name", "not a valid template", "{{ brand.name }}"),
    ("{% for x in 'ab' %}{{ x }}{% endfor %}", "is not possible in a text", "filters"),
    ("{{ 'a' * 100000000 }}", "is not possible in a text", "filters"),
    ("{{ " + "(" * 3000 + "1" + ")" * 900 + " }}", "nested too deeply", "simpler"),
    ("{{ " + "(" * 45 + "1" + ")" * 45 + " }}", "nested too deeply", "simpler"),
    ("{{ brand.name" + " | upper" * 300 + " }}", "nested too deeply", "simpler"),
    ("{{ " + "not " * 100 + "score }}", "nested too deeply", "simpler"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "message", "hint"), TEMPLATES)
def test_a_text_that_could_fail_in_a_turn_is_refused(words: str, message: str, hint: str) -> None:
    source = flow(f'a: {{kind: text, say: "{words}", then: later}}', "later: {kind: text, say: Hm, then: bye}")
    (problem,) = told(source)
    assert message in problem.message
    assert hint in problem.hint
    assert (problem.level, problem.mark.line, problem.path) == ("error", FIRST, "nps / a / say")


# Words that are accepted, and how they read where no fact is known.
GUARDED = [
    ("{{ brand.name }} {{ locale }}", "Acme en"),
    ("{{ contact.first_name | default('you') }}", "you"),
    ("{% if contact.a %}{{ contact.a }}{% else %}you{% endif %}", "you"),
    ("{% if contact.a is defined and contact.a == 'x' %}y{% endif %}.", "."),
    ("{% if not contact.a %}none{% else %}{{ contact.a }}{% endif %}", "none"),
    ("{% if contact.a is undefined or contact.a == 'x' %}y{% endif %}", "y"),
    ("{% if contact.a and contact.b %}{{ contact.a }} {{ contact.b }}{% endif %}.", "."),
    ("{% if contact.a %}a{% elif contact.b %}{{ contact.b }}{% else %}c{% endif %}", "c"),
    ("{% if not (contact.a or contact.b) %}c{% else %}d{% endif %}", "c"),
    ("{% if not (contact.a and contact.b) %}c{% else %}{{ contact.a }}{{ contact.b }}{% endif %}", "c"),
    ("{{ contact.a if contact.a else 'you' }}", "you"),
    ("{{ answers['later'] | d('-') | upper }}", "-"),
    ("50 {percent} } {", "50 {percent} } {"),
]


@pytest.mark.parametrize(("words", "read"), GUARDED)
def test_a_text_that_guards_what_may_be_missing_passes_and_reads_well(words: str, read: str) -> None:
    source = flow(f'a: {{kind: text, say: "{words}", then: later}}', "later: {kind: text, say: Hm, then: bye}")
    assert told(source) == []
    facts = {"brand": {"name": "Acme"}, "locale": "en", "answers": {}, "contact": {}, "context": {}}
    assert compile_words(words, {}).render(lambda: facts) == read


PICK = "pick: {kind: yesno, say: 'Which?', then: {yes: ask, no: end}}"


@pytest.mark.parametrize(
    ("steps", "missing"),
    [
        (("ask: {kind: text, say: A?, then: end}",), None),
        (("ask: {kind: text, say: A?, optional: true, then: end}",), "can be skipped"),
        (("ask: {kind: text, say: A?, timeout: 1h, then: end}",), "not every way"),
        ((PICK, "ask: {kind: text, say: A?, then: end}"), "not every way here asks"),
        (("ask: {kind: text, say: A?, optional: true, then: {answered: end, skipped: bye}}",), None),
        (("ask: {kind: slot, say: A?, hours: office, then: {answered: end, none: bye}}",), None),
        (("ask: {kind: slot, say: A?, hours: office, then: end}",), "not every way"),
    ],
)
def test_an_answer_is_used_only_where_it_is_set_on_every_way(steps: tuple[str, ...], missing: str | None) -> None:
    problems = told(flow(*steps, 'end: {kind: message, say: "{{ answers.ask }}", then: bye}'))
    assert [p.message.startswith('"answers.ask" may be missing here') for p in problems] == ([True] if missing else [])
    assert all(missing in p.message for p in problems if missing)


def test_a_score_is_known_after_it_was_given_and_not_where_it_can_be_skipped() -> None:
    ask = "score: {kind: nps, say: 'How likely?', %sthen: end}"
    end = 'end: {kind: message, say: "{{ score }} {{ segment }}", then: bye}'
    assert told(flow(ask % "", end)) == []
    assert [p.message for p in told(flow(ask % "optional: true, ", end))] == [
        '"score" may be missing here, since "score" can be skipped',
        '"segment" may be missing here',
    ]


def test_a_mistake_in_one_language_is_shown_in_its_own_line() -> None:
    source = flow(
        "a:\n  kind: text\n  say:\n    en: Hello\n    fr: |\n      Bonjour\n      {{ brnd.name }}\n  then: bye"
    )
    (problem,) = told(source.replace("version: 1", "languages: [en, fr]"))
    assert (problem.mark.line, problem.mark.width) == (FIRST + 6, len("brnd.name"))
    assert problem.path == "nps / a / say / fr"


PIECES = st.sampled_from(SHIPPED.splitlines(keepends=True))


@settings(deadline=None)
@given(st.one_of(st.text(), st.binary(), st.lists(PIECES).map("".join)))
@example("flows: {nps: {steps: []}}")
@example("flows: [nps]")
@example("flows: {nps: {start: a, steps: {a: {kind: nps, say: {}, then: {}}}}}")
@example("flows: {nps: {steps: {a: {kind: slot, hours: [], then: [a]}}}}")
@example("flows: {nps: {steps: {a: {kind: text, say: x, then: a}}}}")
def test_no_file_raises_anything_but_problems(source: str | bytes) -> None:
    book, problems = check_source(source, "f.yaml", ("office",))
    assert book is not None or any(problem.level == "error" for problem in problems)
    with suppress(FileProblems):  # and nothing else
        load(source, "f.yaml")


@settings(deadline=None, max_examples=60)
@given(st.integers(0, len(SHIPPED) - 1), st.text(max_size=3))
def test_the_shipped_file_with_a_slip_of_the_pen_is_told_or_taken(at: int, slip: str) -> None:
    book, problems = check_source(SHIPPED[:at] + slip + SHIPPED[at + 1 :], "f.yaml", ("office",))
    assert book is not None or any(problem.level == "error" for problem in problems)


TOKENS = [
    *(
        "{{",
        "}}",
        "|",
        "{% if",
        "{% elif",
        "{% else %}",
        "{% endif %}",
        "%}",
        "{#",
        "#}",
        "(",
        ")",
        "[",
        "]",
        "~",
        "==",
    ),
    *("contact.a", "score", "x", "and", "or", "not", "is", "in", "else", "for", "set", "default('x')", "defined"),
]


@settings(deadline=None)
@given(st.lists(st.sampled_from([*TOKENS, "\n"])).map(" ".join))
def test_no_template_raises_anything_but_problems(words: str) -> None:
    quoted = words.replace("\n", "\\n")
    source = flow(f'a: {{kind: text, say: "x{quoted}", then: bye}}')
    book, problems = check_source(source, "f.yaml", ())
    assert book is not None or problems
    compile_words(words, {}).render(lambda: {"contact": {}})
