"""`chatsurvey try` and `chatsurvey test` as a designer uses them, piped and by exit code."""

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli import main

ROOT = Path(__file__).parents[1]
CASES = ROOT / "tests/flows/cases"
PLAYED = [sys.executable, "-m", "bot", "try"]
ENV = {**os.environ, "PYTHONPATH": str(ROOT), "FLOWS": str(ROOT / "flows.yaml")}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLOWS", str(ROOT / "flows.yaml"))
    return tmp_path


class Terminal:
    """Runs a command with these lines as its input."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def run(self, *words: str, lines: tuple[str, ...] = ()) -> tuple[int, str]:
        self._monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        code = main(list(words))
        shown = self._capsys.readouterr()
        return code, shown.out + shown.err


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(capsys, monkeypatch)


AT = ("--lang", "en", "--at", "2025-11-24 09:30")


def test_a_flow_is_played_in_at_most_78_columns(folder: Path, terminal: Terminal) -> None:
    lines = ("seven or eight", "4", "broken stems, twice", ":skip", ":wait 20h", ":wait 4h", ":state", "no")
    code, out = terminal.run("try", *AT, lines=lines)
    assert code == 0
    assert max(len(line) for line in out.splitlines()) <= 78
    for shown in (
        "as web, in en    :back :skip :stop :lang :wait :state :save",
        "0 not at all likely · · · · · · · · · 10 extremely likely",
        "[7]   [8]",
        "score 4, detractor, saved",
        "... 20 h later: nothing happened",
        "... 3 h later: reminder sent (1 of 1), quiet hours kept",
        "[1] Call me back   [2] No, thanks",
        "  score    4, detractor",
        "  timer    Thu 27 Nov 09:30 UTC",
        "ended, completed in 3 answers",
        "would  write response revision 3 -> ",
    ):
        assert shown in out


def test_what_is_offered_can_be_tapped_by_its_number(folder: Path, terminal: Terminal) -> None:
    _, out = terminal.run("try", *AT, lines=("3, too slow", "1", ":state"))
    assert "[1] too slow" in out
    assert "answer   reason = too slow" in out


def test_a_wait_of_seconds_is_told_in_seconds(folder: Path, terminal: Terminal) -> None:
    steps = "{a: {kind: text, say: Hm, timeout: 30s, end: completed}}"
    (folder / "own.yaml").write_text(f"brand: {{name: Acme}}\nflows: {{quick: {{steps: {steps}}}}}", "utf-8")
    _, out = terminal.run("try", "--flows", "own.yaml", lines=(":wait 45s",))
    assert "... 30 s later: ended, completed" in out


def test_a_slot_shows_its_times_whole(folder: Path, terminal: Terminal) -> None:
    _, out = terminal.run("try", *AT, lines=(":tap 3", ":skip", ":skip", ":tap call", "+44 20 7946 0958"))
    assert "[8] Mon 24 Nov, 17:00" in out
    assert "more   [skip]" in out
    assert max(len(line) for line in out.splitlines()) <= 78


def test_commands_help_language_and_what_changes_nothing(folder: Path, terminal: Terminal) -> None:
    lines = (
        ":lang fr",
        ":nonsense",
        ":wait soon",
        ":tap 10",
        ":click review/google",
        ":click review/google",
        ":stop",
        "hi",
        ":quit",
    )
    _, out = terminal.run("try", *AT, lines=lines)
    for shown in (
        "now in fr",
        "known: :back",
        "for example  :wait 20h",
        "nothing changed: repeated",
        "nothing changed: ended",
    ):
        assert shown in out


def test_a_played_chat_is_recorded_and_passes_as_a_case(folder: Path, terminal: Terminal) -> None:
    lines = ("3, too slow", ":tap too slow", ":skip", ":save by-hand", "no")
    code, out = terminal.run("try", *AT, "--contact", "first_name=Ana", "--record", "mine/case.yaml", lines=lines)
    assert code == 0
    assert "saved  tests/flows/cases/by-hand.yaml" in out
    for place in ("mine/case.yaml", "tests/flows/cases/by-hand.yaml", "mine"):
        code, out = terminal.run("test", place)
        assert (code, "1 passed, 0 failed" in out) == (0, True)
    code, out = terminal.run("test")
    assert "by-hand" in out


def test_the_agent_is_played_too_and_recorded(folder: Path, terminal: Terminal) -> None:
    lines = (
        *(":join", "human", "hello?", ":join Maya", ":agent Here I am.", ":agent", ":wait 1d", ":leave", ":leave"),
        *("9", ":skip", ":tap no", "One more thing.", ":agent Hello"),
    )
    code, out = terminal.run("try", *AT, "--desk", "--channel", "telegram", "--record", "desk.yaml", lines=lines)
    assert code == 0
    for shown in (
        "nobody was asked for: the visitor writes  human",
        "somebody was asked for",
        "Maya from support joined.",
        "a person is on the line: the bot is silent",
        "Maya: Here I am.",
        "nothing changed: stale",
        "... 1 d later: nothing happened",
        "the bot goes on",
        "Thank you, we have added that.",
    ):
        assert shown in out
    code, out = terminal.run("test", "desk.yaml")
    assert (code, "1 passed, 0 failed" in out) == (0, True)
    assert "there is no desk:  chatsurvey try --desk" in terminal.run("try", *AT, lines=(":join",))[1]


def test_the_end_of_input_leaves_politely(folder: Path) -> None:
    piped = subprocess.run(PLAYED, input="9\n", capture_output=True, text=True, env=ENV, timeout=60, check=False)
    assert (piped.returncode, piped.stderr) == (0, "")
    assert "score 9, promoter, saved" in piped.stdout


def test_an_interrupt_leaves_politely_and_still_records(folder: Path) -> None:
    command = [*PLAYED, "--record", "left.yaml"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENV) as played:
        assert played.stdin is not None
        assert played.stdout is not None
        played.stdin.write("9\n")
        played.stdin.flush()
        for line in played.stdout:
            if "[skip]" in line:
                break
        played.send_signal(signal.SIGINT)
        rest = played.stdout.read()
        assert (played.wait(60), rest.strip()) == (0, "saved  left.yaml")
    assert "score: 9" in Path("left.yaml").read_text("utf-8")


def test_the_shipped_cases_pass_and_cover_the_flow(folder: Path, terminal: Terminal) -> None:
    code, out = terminal.run("test", str(CASES))
    assert (code, " 0 failed in " in out) == (0, True)
    assert "covered: 18 of 18 steps" in out
    assert "(missing: slot / none)" in out


def test_a_changed_flow_fails_with_visitor_expected_got_because(folder: Path, terminal: Terminal) -> None:
    flow = (ROOT / "flows.yaml").read_text("utf-8")
    Path("changed.yaml").write_text(flow.replace("promoter: liked}", "promoter: missing}"), "utf-8")
    case = str(CASES / "promoter-no-invitation-es.yaml")
    code, out = terminal.run("test", case, "--flows", "changed.yaml")
    assert code == 1
    for shown in (
        "FAIL  turn 1",
        "promoter-no-invitation-es, turn 1   ",
        "    visitor   9",
        "    expected  Nos alegra mucho. ¿Qué es lo que más le gusta?",
        "    got       Gracias. ¿Qué haría falta para un 10?",
        '    because   nps / score / promoter  now leads to "missing" (changed.yaml:',
        "0 passed, 1 failed in ",
    ):
        assert shown in out
    code, out = terminal.run("test", case, "--flows", "changed.yaml", "--json")
    found = json.loads(out)
    assert (code, found["passed"], found["failed"]) == (1, 0, 1)
    assert found["cases"][0]["failure"]["visitor"] == "9"
    assert found["coverage"]["nps"]["of_steps"] == 18


MISTAKES: list[tuple[tuple[str, ...], str]] = [
    (("try", "nosuch"), 'there is no flow "nosuch"'),
    (("try", "--flows", "nosuch.yaml"), "cannot be read"),
    (("try", "--at", "noon"), '"noon" is no moment'),
    (("try", "--timezone", "Mars/Olympus"), 'there is no time zone "Mars/Olympus"'),
    (("try", "--contact", "Ana"), "a fact is a key and a value"),
    (("test", "nowhere"), 'there is no file or folder "nowhere"'),
    (("test", "empty"), "there are no cases to play"),
    (("test", "bad.yaml"), "a turn is one act of the visitor"),
    (("test", "other.yaml"), 'there is no flow "other"'),
    (("test", "gone.yaml"), "cannot be read"),
]


@pytest.mark.parametrize(("words", "told"), MISTAKES)
def test_a_mistake_is_told_without_a_traceback(
    folder: Path, terminal: Terminal, words: tuple[str, ...], told: str
) -> None:
    Path("empty").mkdir()
    Path("bad.yaml").write_text("turns: [{bot: hello}]\n")
    Path("other.yaml").write_text("flow: other\n")
    Path("gone.yaml").write_text("flows: gone-too.yaml\n")
    code, out = terminal.run(*words)
    assert code == 1
    assert told in out
    assert "Traceback" not in out
