"""What can be set of Telegram, and what is said of what cannot."""

from pathlib import Path

import pytest

from bot.errors import FileProblems, UserMistake
from bot.sandbox.telegram.server import TOKEN, Telegram
from bot.settings import load
from tests.channels.telegram.world import world_of


def test_a_token_is_all_it_needs(tmp_path: Path) -> None:
    found = load({"TELEGRAM_TOKEN": TOKEN}, tmp_path).telegram
    assert (found.bot, found.api_url, found.start, found.flow) == (110201543, "https://api.telegram.org", "any", "")
    assert TOKEN not in repr(found)


@pytest.mark.parametrize(
    ("updates", "public", "by_hook"),
    [
        ("auto", "https://survey.example.com", True),
        ("auto", "http://localhost:8080", False),
        ("polling", "https://survey.example.com", False),
        ("webhook", "http://localhost:8080", True),
    ],
)
def test_how_updates_come(tmp_path: Path, updates: str, public: str, by_hook: bool) -> None:
    (tmp_path / "settings.yaml").write_text(f"telegram: {{updates: {updates}, start: command, flow: nps}}")
    found = load({"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API_URL": "https://proxy.example/bots/"}, tmp_path).telegram
    assert found.by_hook(public) is by_hook
    assert (found.start, found.flow, found.api_url) == ("command", "nps", "https://proxy.example/bots")


MISTAKES = {
    "telegram: {start: maybe}": '"maybe" is none of any, command',
    "telegram: {updates: push}": '"push" is none of auto, polling, webhook',
    "telegram: {token: abc}": "token",
}


@pytest.mark.parametrize("file", MISTAKES)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, file: str) -> None:
    (tmp_path / "settings.yaml").write_text(file)
    with pytest.raises(FileProblems) as caught:
        load({}, tmp_path)
    (problem,) = caught.value.problems
    assert MISTAKES[file] in problem.message
    assert problem.mark.line == 1


@pytest.mark.parametrize("environ", [{"TELEGRAM_TOKEN": "12:short"}, {"TELEGRAM_API_URL": "api.telegram.org"}])
def test_what_the_environment_says_wrongly_is_not_repeated(tmp_path: Path, environ: dict[str, str]) -> None:
    with pytest.raises(FileProblems) as caught:
        load(environ, tmp_path)
    (problem,) = caught.value.problems
    assert problem.hint
    assert "12:short" not in str(problem)


async def test_a_flow_that_is_not_there_is_refused_at_the_start(tmp_path: Path, telegram: Telegram) -> None:
    with pytest.raises(UserMistake, match='no flow "none"'):
        async with world_of(tmp_path, telegram, section="  flow: none\n"):
            pass
    assert not telegram.calls
