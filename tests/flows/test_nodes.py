"""The reader of YAML: what was written is what is read, and every mistake has its place and a hint."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.errors import Problem
from bot.flows.nodes import Table, read_yaml
from bot.flows.tree import MAX_CHARS, MAX_DEPTH


def read(source: str | bytes) -> tuple[Table | None, list[Problem]]:
    problems: list[Problem] = []
    return read_yaml(source, "f.yaml", problems), problems


def table(source: str, *languages: str) -> tuple[Table, list[Problem]]:
    found, problems = read(source)
    assert found is not None
    found.speak(languages)
    return found, problems


@pytest.mark.parametrize(
    "written", ["no", "yes", "22:00", "1.10", "0x1F", "1e3", "null", "~", "2026-12-25", "on", "010"]
)
def test_a_scalar_is_the_text_that_was_written(written: str) -> None:
    found, problems = table(f"a: {written}")
    assert found.string("a") == written
    assert problems == []


def test_keys_are_text_too() -> None:
    found, problems = table("{yes: a, no: b, 1: c, 22:00: d}")
    assert found.keys() == ("yes", "no", "1", "22:00")
    assert problems == []


@pytest.mark.parametrize(
    ("source", "line", "column", "message", "hint"),
    [
        ("", 1, 1, "the file is empty", ""),
        ("# only a remark\n", 1, 1, "the file is empty", ""),
        ("- a\n", 1, 1, "the file is not a table", ""),
        ("hello", 1, 1, "the file is not a table", ""),
        ("a: 1\nb: 2\na: 3", 3, 1, '"a" is written twice (first in line 1)', "keep one of the two"),
        ("a: {b: 1, b: 2}", 1, 11, '"b" is written twice (first in line 1)', "keep one of the two"),
        ("a: [1, 2", 2, 1, "not valid YAML", "a bracket"),
        ("a: 'x", 1, 6, "not valid YAML", "a quote or a bracket is opened here and not closed"),
        ("\ta: 1", 1, 1, "not valid YAML", "indent with spaces, not tabs"),
        ("a:\n\tb: 1", 2, 1, "not valid YAML", "indent with spaces, not tabs"),
        ("say: Sorry: what now", 1, 11, "mapping values are not allowed", 'a text with ": " in it must be in quotes'),
        ("say: {{ brand.name }}", 1, 7, "begins with { or [ must be in quotes", 'say: "{{ brand.name }}'),
        ("say: {{ brand.name }}, hello", 1, 22, "not valid YAML", "a text that begins with {{ must be in quotes"),
        ("say: @home", 1, 6, "not valid YAML", "@"),
        ("say: *bold*", 1, 11, "not valid YAML", "a text that begins with * & or ! must be in quotes"),
        ("say: *bold", 1, 6, '"*bold" is a YAML alias', "if it is text, put it in quotes"),
        ("a: &x 1", 1, 4, '"&x" is a YAML anchor', "if it is text, put it in quotes"),
        ("a: !!python/name:os.system x", 1, 4, "is a YAML tag", "if it is text, put it in quotes"),
        ("a: !x b", 1, 4, '"!x" is a YAML tag', "if it is text, put it in quotes"),
        ("<<: {a: 1}", 1, 1, "merge keys", "write the keys out"),
        ("? [a]\n: b", 1, 3, "begins with { or [", "say:"),
        ("a: 1\n---\nb: 2", 2, 1, "a second document begins here", 'remove the line "---"'),
        ("a: \x00", 1, 4, "not valid YAML", "remove the invisible character"),
        ("a: b\ud800", 1, 5, "not valid text", ""),
        (b"a: caf\xe9", 1, 7, "not UTF-8", "save the file as UTF-8"),
        (b"a: 1\nb: \xc3\xa9\xff", 2, 5, "not UTF-8", "save the file as UTF-8"),
        ("[" * 5000, 1, MAX_DEPTH + 2, f"more than {MAX_DEPTH} levels deep", "no more than ten levels"),
        ("a: " + "{a: " * 5000, 1, 4 * MAX_DEPTH + 1, f"more than {MAX_DEPTH} levels deep", "ten levels"),
        ("a" * (MAX_CHARS + 1), 1, 1, "longer than 1,000,000 characters", "split it"),
    ],
)
def test_what_cannot_be_read_is_a_problem_with_a_place(
    source: str | bytes, line: int, column: int, message: str, hint: str
) -> None:
    problem = read(source)[1][-1] if "not valid" in message else read(source)[1][0]
    assert message in problem.message
    assert hint in problem.hint
    assert (problem.mark.file, problem.mark.line, problem.mark.column) == ("f.yaml", line, column)


def test_a_billion_laughs_are_refused_unread() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    found, problems = read("\n".join(lines))
    assert found is not None
    assert len(problems) == 12 + 9 * 11


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    assert table("\ufeffa: 1")[0].keys() == ("a",)
    found, problems = read(b"\xef\xbb\xbfa: 1")
    assert found is not None
    assert found.keys() == ("a",)
    assert problems == []


@pytest.mark.parametrize(
    ("written", "milliseconds"),
    [("20h", 72_000_000), ("3d", 259_200_000), ("15m", 900_000), ("30s", 30_000), ("1h30m", 5_400_000), ("0s", 0)],
)
def test_durations(written: str, milliseconds: int) -> None:
    found, problems = table(f"a: {written}")
    assert found.duration("a", 7) == milliseconds
    assert problems == []


@pytest.mark.parametrize(
    ("getter", "written", "message", "hint"),
    [
        ("duration", "20", '"20" is not a length of time', "for example  a: 15m"),
        ("duration", "-3d", '"-3d" is not a length of time', "15m"),
        ("duration", "3 days", '"3 days" is not a length of time', "15m"),
        ("duration", "999d", "longer than a year", "30d"),
        ("duration", "[1h]", "one value is expected here", "a: 20h"),
        ("flag", "maybe", '"maybe" is neither true nor false', "a: true   or   a: false"),
        ("flag", "", '"a" is empty', "a: true"),
        ("integer", "7.5", '"7.5" is not a whole number', "a: 0"),
        ("integer", "９", "is not a whole number", "a: 0"),
        ("integer", "9" * 30, "is not a whole number", "a: 0"),
        ("string", "{b: 1}", "one value is expected here", "a: ..."),
        ("table", "x", "a table is expected here", "a: {name: value}"),
        ("tables", "[{b: 1}, x]", "a list of tables is expected here", "a: [{name: value}]"),
        ("words", "[a, {b: 1}]", "a list of plain values is expected here", "a: [a, b]"),
        ("text", "[a]", "a text is expected here, not a list", 'a: {en: "...", fr: "..."}'),
        ("options", "[yes, no]", "each entry needs a key of its own", 'a: {yes: "Yes", no: "No"}'),
        ("options", '{"a b": x}', '"a b" cannot be a key', ""),
    ],
)
def test_a_value_of_the_wrong_shape_is_reported_where_it_stands(
    getter: str, written: str, message: str, hint: str
) -> None:
    found, problems = table(f"x: 1\na: {written}", "en", "fr")
    getattr(found, getter)("a")
    assert len(problems) == 1
    assert message in problems[0].message
    assert hint in problems[0].hint
    assert problems[0].mark.line == 2
    assert problems[0].path.startswith("a")


@pytest.mark.parametrize(
    ("low", "high", "hint"), [(1, 5, "a is from 1 to 5"), (20, None, "a is 20 or more"), (None, 3, "a is at most 3")]
)
def test_integers_have_bounds(low: int | None, high: int | None, hint: str) -> None:
    found, problems = table("a: 9")
    assert found.integer("a", 4, low, high) == 4
    assert problems[0].hint == hint


def test_flags_and_words() -> None:
    found, problems = table("{a: yes, b: False, c: [x, no], d: one}")
    assert (found.flag("a"), found.flag("b", default=True), found.flag("z")) == (True, False, False)
    assert (found.words("c"), found.words("d"), found.words("z")) == (("x", "no"), ("one",), ())
    assert problems == []


def test_a_plain_text_stands_for_every_language() -> None:
    found, problems = table("say: Hello", "en", "fr")
    text = found.text("say")
    assert text is not None
    assert text.by_language == {"en": "Hello", "fr": "Hello"}
    assert problems == []


@pytest.mark.parametrize(
    ("written", "message", "hint"),
    [
        ("{en: Hello}", "the text in fr and de is missing", 'add it:  fr: "...", de: "..."'),
        ("{en: Hello, fr: Salut, de: }", '"de" is empty', 'de: "..."'),
        ("{en: a, fr: b, de: c, it: d}", '"it" is not one of the languages', "languages: [en, fr, de, it]"),
        ("{en: a, fr: b, de: c, fr-CA: d}", '"fr-CA" is not one of the languages', ""),
    ],
)
def test_translations_are_complete(written: str, message: str, hint: str) -> None:
    found, problems = table(f"say: {written}", "en", "fr", "de")
    assert found.text("say") is not None
    assert len(problems) == 1
    assert message in problems[0].message
    assert hint in problems[0].hint
    assert problems[0].path.startswith("say")


def test_options_keep_their_keys_and_may_have_an_address() -> None:
    found, problems = table('o: {no: {en: "No"}, g: {label: Go, url: "https://g.example"}}', "en")
    plain, linked = found.options("o")
    assert (plain.key, plain.label.by_language["en"], plain.url) == ("no", "No", None)
    assert linked.url is not None
    assert (linked.key, linked.label.by_language["en"], linked.url.by_language["en"]) == (
        "g",
        "Go",
        "https://g.example",
    )
    assert problems == []


def test_what_nobody_asked_for_is_reported_with_the_nearest_known_word() -> None:
    found, problems = table("optional: true\noptinal: true\nzzz: 1")
    found.flag("optional")
    found.finish("then")
    assert [(p.message, p.hint, p.mark.line) for p in problems] == [
        ('"optinal" is not known here', 'did you mean "optional"?', 2),
        ('"zzz" is not known here', "known here: optional, then", 3),
    ]


def test_a_missing_key_is_reported_at_its_table() -> None:
    found, problems = table("a:\n  b: {c: 1}")
    outer = found.table("a")
    inner = outer.table("b") if outer else None
    assert inner is not None
    assert inner.string("kind", required=True) == ""
    assert [(p.path, p.message, p.hint, p.mark.line, p.mark.column) for p in problems] == [
        ("a / b", '"kind" is missing', "add it:  kind: ...", 2, 3)
    ]


@given(st.one_of(st.text(), st.binary(), st.text(alphabet="a:{}[]-,&*!|>'\"%@`#? \n\t")))
@example("a: !<tag:yaml.org,2002:python/object/apply:os.system> [x]")
@example("%YAML 9.9\n---\na: 1")
@example("a: |2\n b")
def test_no_text_and_no_bytes_raise(source: str | bytes) -> None:
    found, problems = read(source)
    assert found is not None or problems
    assert all(problem.mark.line >= 1 and problem.mark.column >= 1 for problem in problems)
