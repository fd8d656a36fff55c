"""`chatsurvey check`: what is printed, in 78 columns, and the exit code."""

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cli import main
from bot.errors import Mark, Problem
from bot.flows.report import WIDTH, Paint, tell

TWO_MISTAKES = """\
version: 1
brand: {name: Acme}
flows:
  nps:
    start: score
    steps:
      score:
        kind: nps
        say: How likely?
        then: improve
      improve:
        kind: text
        say: How?
        then: calback
      callback:
        kind: choice
        say: Call?
        options: {call: Call me back, chat: Chat now, no: "No, thanks"}
        then: {call: bye, chat: bye}
      bye: {kind: message, end: completed}
"""

TOLD = """\
flows.yaml  2 errors, 0 warnings

error  flows.yaml:14:15  nps / improve / then
  11 |   improve:
  12 |     kind: text
  13 |     say: How?
  14 |     then: calback
     |           ^^^^^^^ there is no step "calback"
  hint  did you mean "callback" (line 15)?

error  flows.yaml:19:9  nps / callback / then
  16 |   kind: choice
  17 |   say: Call?
  18 |   options: {call: Call me back, chat: Chat now, no: "No, thanks"}
  19 |   then: {call: bye, chat: bye}
     |   ^^^^ outcome "no" leads nowhere
  hint  add it:  then: {call: bye, chat: bye, no: bye}

Not fit to go live. A server that runs keeps its last good version,
and running chats are not touched.
"""

MENDED = TWO_MISTAKES.replace("calback", "callback").replace("chat: bye}", "chat: bye, no: bye}")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, without any setting."""
    monkeypatch.chdir(tmp_path)
    for name in ("FLOWS", "SETTINGS", "DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def check(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["check", *words])
    out, err = capsys.readouterr()
    return code, out, err


def test_mistakes_are_shown_with_their_lines(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "flows.yaml").write_text(TWO_MISTAKES, "utf-8")
    assert check(capsys, "flows.yaml") == (1, TOLD, "")


def test_a_good_file_is_told_what_was_proved(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "mine.yaml").write_text(MENDED, "utf-8")
    code, out, _ = check(capsys, "mine.yaml")
    assert code == 0
    first, *facts = [line for line in out.splitlines() if line]
    assert first == "mine.yaml  1 flow (nps), 4 steps, 1 language"
    assert facts[:4] == [
        "  ok  every score is covered once: 0-6 detractor, 7-8 passive, 9-10 promoter",
        "  ok  every outcome leads somewhere, all 9 paths end, the longest asks 3",
        "  ok  en is complete (6 texts)",
        "  ok  no text uses a value before it is set, unless it says what stands in",
    ]
    assert facts[4].startswith("0 errors, 0 warnings. Fit to go live as version ")
    assert facts[5] == "a server that runs on this file takes it for new chats by itself."


def test_without_a_file_the_one_that_would_serve_is_checked(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = check(capsys)
    assert code == 0
    assert "18 steps, 4 languages" in out
    assert "en, fr, es and de are complete" in out


def test_a_warning_is_shown_and_is_no_failure(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "flows.yaml").write_text(MENDED.replace("{name: Acme}", '{name: Acme, color: "#ffcc00"}'), "utf-8")
    code, out, _ = check(capsys, "flows.yaml")
    assert code == 0
    assert "!!  flows.yaml:2:29  brand / color" in out
    assert "0 errors, 1 warning. Fit to go live" in out


def test_json_holds_the_same_for_a_script(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "flows.yaml").write_text(TWO_MISTAKES, "utf-8")
    code, out, _ = check(capsys, "--json", "flows.yaml")
    found = json.loads(out)
    assert code == 1
    assert (found["ok"], found["errors"], found["warnings"], found["languages"]) == (False, 2, 0, ["en"])
    assert found["flows"][0]["name"] == "nps"
    assert found["problems"][0] == {
        "level": "error",
        "file": "flows.yaml",
        "line": 14,
        "column": 15,
        "path": "nps / improve / then",
        "message": 'there is no step "calback"',
        "hint": 'did you mean "callback" (line 15)?',
    }
    (folder / "flows.yaml").write_text(MENDED, "utf-8")
    code, out, _ = check(capsys, "--json", "flows.yaml")
    assert (code, json.loads(out)["ok"], len(json.loads(out)["version"])) == (0, True, 12)


def test_mistakes_in_the_settings_file_are_told_in_the_same_run(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "flows.yaml").write_text(TWO_MISTAKES, "utf-8")
    (folder / "settings.yaml").write_text("timezone: Europe/Paris\ntimezon: Europe/Paris\n", "utf-8")
    code, out, _ = check(capsys, "flows.yaml")
    assert code == 1
    assert out.startswith("flows.yaml  3 errors, 0 warnings")
    assert "error  settings.yaml:2:1" in out
    assert "   2 | timezon: Europe/Paris" in out.replace("|   timezon", "| timezon")
    assert "keeps its last good version" in out
    (folder / "flows.yaml").write_text(MENDED, "utf-8")
    out = check(capsys, "flows.yaml")[1]
    assert out.endswith("Settings are read at the start: a server that runs\ngoes on with those that it has.\n")


def test_hours_are_those_of_the_settings_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    slot = "say: Call?\n        hours: night"
    flow = MENDED.replace("kind: choice", "kind: slot").replace("say: Call?", slot)
    flow = "\n".join(line for line in flow.splitlines() if "options:" not in line)
    (folder / "flows.yaml").write_text(flow.replace("{call: bye, chat: bye, no: bye}", "bye"), "utf-8")
    code, out, _ = check(capsys, "flows.yaml")
    assert code == 1
    assert 'there are no opening hours "night"' in out
    (folder / "settings.yaml").write_text('hours: {night: {mon-sun: ["20:00-23:00"]}}\n', "utf-8")
    code, out, _ = check(capsys, "flows.yaml")
    assert code == 0
    assert "ok  settings.yaml is fit for use" in out


def test_a_file_that_is_not_there_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = check(capsys, "none.yaml")
    assert (code, out) == (1, "")
    assert "none.yaml cannot be read: No such file or directory" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe\x00", b"a: [", b"\t", b"flows: 3"])
def test_a_file_that_is_no_flow_is_told_not_traced(
    raw: bytes, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "flows.yaml").write_bytes(raw)
    code, out, err = check(capsys, "flows.yaml")
    assert (code, err) == (1, "")
    assert out.startswith("flows.yaml  ")
    assert "error  flows.yaml:" in out


PLAIN = Paint(on=False)


def test_colour_adds_nothing_but_colour() -> None:
    problem = Problem(Mark("f", 1, 1, 3), "a / b", "wrong", "mend it")
    colored = tell([problem], {"f": "abc: 1"}, Paint(on=True))
    assert "\x1b[31m" in colored
    stripped = "".join(part.partition("m")[2] if number else part for number, part in enumerate(colored.split("\x1b[")))
    assert stripped == tell([problem], {"f": "abc: 1"}, PLAIN)


def test_a_file_cannot_write_to_the_terminal() -> None:
    problem = Problem(Mark("f\x1b]0;x", 1, 4, 5), "p\x07", "m\x1b[2J", "h\x1b[2J")
    out = tell([problem], {"f\x1b]0;x": "a: \x1b[2J\x9b31m"}, PLAIN)
    assert all(char.isprintable() or char == "\n" for char in out)


def test_carets_stand_below_what_is_wrong_in_long_and_wide_lines() -> None:
    line = "say: " + "長い" * 60 + " {{ brnd }}"
    out = tell([Problem(Mark("f", 1, line.index("brnd") + 1, 4), "", "unknown", "")], {"f": line}, PLAIN)
    shown, below = out.splitlines()[1:3]
    before = shown[: shown.index("brnd")]
    assert below.index("^^^^") == len(before) + sum(char in "長い" for char in before)


def test_many_mistakes_are_counted_not_poured_out() -> None:
    problems = [Problem(Mark("f", n, 1), "", "wrong") for n in range(1, 200)]
    out = tell(problems, {"f": "x\n" * 200}, PLAIN)
    assert out.endswith("... and 149 more problems")


@given(
    st.text(min_size=1, max_size=400),
    st.integers(0, 500),
    st.integers(1, 500),
    st.integers(1, 300),
    st.text(max_size=300),
)
def test_no_line_is_wider_than_the_terminal(source: str, line: int, column: int, width: int, words: str) -> None:
    problem = Problem(Mark("flows.yaml", line % 5, column, width), "nps / a", words, words)
    for out in tell([problem], {"flows.yaml": source}, PLAIN).split("\n"):
        assert sum(unicodedata.category(char) not in ("Mn", "Cf") for char in out) <= WIDTH  # these take no column
