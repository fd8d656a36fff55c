"""The command line: one table, lazy modules, exit codes that a script can use, mistakes told without a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

from bot import __version__, cli
from bot.errors import FileProblems, Mark, Problem, Unknown, UserMistake
from tests.harness.service import clean, command

PROBLEM = Problem(Mark("flows.yaml", 2, 3), "nps / score", "there is no step", "did you mean bye?")
NOWHERE = Problem(Mark("environment", 0, 0), "PORT", '"x" is not a number')


def test_every_command_of_the_product_is_there_and_tells_about_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("serve", "check", "try", "test", "jobs", "export", "backup"):
        with pytest.raises(SystemExit) as ended:
            cli.main([name, "--help"])
        assert ended.value.code == 0
        assert f"usage: chatsurvey {name}" in capsys.readouterr().out


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    out = capsys.readouterr().out
    assert ended.value.code == 0
    assert all(name in out for name in cli.COMMANDS)
    assert all(len(line) <= 80 for line in out.splitlines())


@pytest.mark.parametrize("words", [["serve"], ["jobs"], ["jobs", "drop", "--all"], ["export"], ["backup", "b.tar.gz"]])
def test_data_that_cannot_be_looked_at_are_told(words: list[str], tmp_path: Path) -> None:
    """A name that is too long stands for every refusal: a test may run as root, to whom no folder is closed."""
    ended = command(tmp_path, *words, DATA_DIR="x" * 300, HOST="127.0.0.1", PORT="0")
    assert ended.returncode == 1
    assert ended.stderr.startswith("error  cannot ")
    assert "File name too long" in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert (ended.value.code, capsys.readouterr().out) == (0, f"chatsurvey {__version__}\n")


@pytest.mark.parametrize("words", [["nothing"], ["serve", "--unknown"], ["--unknown"]])
def test_wrong_usage_ends_with_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2
    assert "usage: chatsurvey" in capsys.readouterr().err


def test_no_command_at_all_shows_the_help_and_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    assert "commands:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        (UserMistake("port 80 is taken", "PORT=8080"), ["error  port 80 is taken", "hint   PORT=8080"]),
        (Unknown("there is no such job"), ["error  there is no such job"]),
        (FileProblems((PROBLEM,)), ["flows.yaml:2:3", "nps / score", "there is no step", "did you mean bye?"]),
        (FileProblems((NOWHERE, PROBLEM)), ["environment", "PORT", '"x" is not a number', "flows.yaml:2:3"]),
    ],
)
def test_a_mistake_is_told_in_words(
    mistake: Exception,
    told: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    def fail(_name: str, _words: list[str]) -> int:
        raise mistake

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "_run", fail)
    assert cli.main(["serve"]) == 1
    err = capsys.readouterr().err
    assert all(words in err for words in told), err


def test_ctrl_c_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_name: str, _words: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_run", interrupted)
    assert cli.main(["serve"]) == 130


def test_a_reader_that_closes_the_pipe_is_no_error(tmp_path: Path) -> None:
    words = f"{sys.executable} -m bot check --json | head -c 1; exit ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", words], cwd=tmp_path, env=clean({}), capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")


HEAVY = ("aiohttp", "sqlalchemy", "alembic", "phonenumbers", "dateparser", "babel", "prometheus_client", "dotenv")
LATER = (*HEAVY[1:], "jwt", "rapidfuzz", "text_to_num")


@pytest.mark.parametrize("words", ["--version", "--help"])
def test_nothing_heavy_is_imported_to_answer_a_simple_question(words: str, tmp_path: Path) -> None:
    code = (
        "import sys, contextlib\n"
        "from bot.cli import main\n"
        f"with contextlib.suppress(SystemExit): main([{words!r}])\n"
        f"print([name for name in {(*HEAVY, 'yaml', 'asyncio')!r} if name in sys.modules])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=clean({}), capture_output=True, text=True, check=True
    )
    assert ended.stdout.splitlines()[-1] == "[]"


def test_serving_does_not_import_what_the_first_question_does_not_need(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys\n"
        "from tests.harness.service import serving\n"
        "async def main():\n"
        "    async with serving(__import__('pathlib').Path('.'), SECRET_KEY='x' * 32):\n"
        f"        print([name for name in {LATER!r} if name in sys.modules])\n"
        "asyncio.run(main())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=clean({}), capture_output=True, text=True, check=False
    )
    assert ended.stdout.splitlines()[-1:] == ["[]"], ended.stderr


def test_python_dash_m_bot_is_the_same_command(tmp_path: Path) -> None:
    assert command(tmp_path, "--version").stdout == f"chatsurvey {__version__}\n"
