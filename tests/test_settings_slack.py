"""Slack's settings: which tokens go together, and that none is ever quoted."""

from pathlib import Path

import pytest

from bot import settings
from bot.errors import FileProblems

BOT, APP = {"SLACK_BOT_TOKEN": "xoxb-secret-1"}, {"SLACK_APP_TOKEN": "xapp-secret-2"}
SIGNING, CLIENT = {"SLACK_SIGNING_SECRET": "secret-3"}, {"SLACK_CLIENT_ID": "47.11", "SLACK_CLIENT_SECRET": "secret-4"}


@pytest.mark.parametrize("environ", [{}, BOT | APP, BOT | SIGNING, BOT | APP | SIGNING, CLIENT | APP, CLIENT | SIGNING])
def test_what_goes_together(environ: dict[str, str], tmp_path: Path) -> None:
    found = settings.load(environ, tmp_path).slack
    assert found.enabled is bool(environ)
    assert found.api_url == "https://slack.com/api/"
    assert "secret" not in repr(found)
    assert set(found.secrets) == {value for name, value in environ.items() if name != "SLACK_CLIENT_ID"}


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        (BOT, "nothing that happens in Slack would reach this service"),
        (APP, "nothing could be said in Slack"),
        (SIGNING, "nothing could be said in Slack"),
        ({"SLACK_CLIENT_ID": "47.11"} | APP, "its other half is"),
        ({"SLACK_BOT_TOKEN": "xapp-secret-1"} | APP, "it does not begin with xoxb-"),
        (BOT | {"SLACK_APP_TOKEN": "xoxb-secret-2"}, "it does not begin with xapp-"),
        (BOT | APP | {"SLACK_API_URL": "slack.example"}, "is not a web address"),
    ],
)
def test_what_does_not(environ: dict[str, str], told: str, tmp_path: Path) -> None:
    with pytest.raises(FileProblems) as refused:
        settings.load(environ, tmp_path)
    assert told in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("place", ["#nps-alerts", "C0123ABC"])
def test_cases_go_to_no_workspace_that_happens_to_install_the_app(place: str, tmp_path: Path) -> None:
    with pytest.raises(FileProblems, match="could be in any workspace"):
        settings.load(CLIENT | SIGNING | {"SLACK_ALERT_CHANNEL": place}, tmp_path)
    ours = settings.load(CLIENT | SIGNING | {"SLACK_ALERT_CHANNEL": f"T0123/{place}"}, tmp_path)
    assert ours.desk.to == f"T0123/{place}"
    assert settings.load(CLIENT | SIGNING | BOT | {"SLACK_ALERT_CHANNEL": place}, tmp_path).desk.to == place


def test_another_address_of_the_api(tmp_path: Path) -> None:
    environ = BOT | APP | {"SLACK_API_URL": "http://127.0.0.1:9/api"}
    assert settings.load(environ, tmp_path).slack.api_url == "http://127.0.0.1:9/api/"


def test_choices(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("slack: {flow: nps, first_message: true, command: /nps-survey}", "utf-8")
    found = settings.load(BOT | APP, tmp_path).slack
    assert (found.flow, found.first_message, found.command) == ("nps", True, "/nps-survey")


@pytest.mark.parametrize("command", ["survey", "/", "/sur vey", "/" + "x" * 40])
def test_a_command_that_slack_would_not_take(command: str, tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text(f'slack: {{command: "{command}"}}', "utf-8")
    with pytest.raises(FileProblems, match="is not a slash command"):
        settings.load({}, tmp_path)
