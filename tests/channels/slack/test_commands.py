"""What a person runs to set Slack up: manifest, doctor, invite; with what each says where something is wrong."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web

from bot.app_slack import StoredInstalls
from bot.channels.slack.install import Install, Workspaces
from bot.channels.slack.manifest import EVENTS, SCOPES
from bot.cli import main
from bot.commands import doctor_slack
from bot.sandbox.slack.quirks import broken, refused, throttled
from bot.sandbox.slack.server import Slack
from bot.settings import load
from bot.store.sqlite import SqliteStore
from tests.harness.slack import slack_environ

TOKENS = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "socket", "request_url", "redirects"),
    [
        ([], True, None, None),
        (["--http"], False, "https://survey.example/slack/events", None),
        (["--workspaces"], True, None, ["https://survey.example/slack/oauth_redirect"]),
    ],
)
def test_manifest(
    *,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    socket: bool,
    request_url: str | None,
    redirects: list[str] | None,
) -> None:
    monkeypatch.setenv("PUBLIC_URL", "https://survey.example")
    assert main(["slack", "manifest", *words]) == 0
    out = capsys.readouterr()
    found = json.loads(out.out)
    assert found["settings"]["socket_mode_enabled"] is socket
    assert found["settings"]["event_subscriptions"].get("request_url") == request_url
    assert found["settings"]["event_subscriptions"]["bot_events"] == list(EVENTS)
    assert found["settings"]["interactivity"].get("request_url") == request_url
    assert found["oauth_config"]["scopes"]["bot"] == list(SCOPES)
    assert found["oauth_config"].get("redirect_urls") == redirects
    assert found["features"]["slash_commands"][0]["command"] == "/survey"
    assert out.err.endswith("Then: chatsurvey doctor slack\n")
    assert here.is_dir()


async def diagnosis(slack: Slack, folder: Path, **more: str) -> dict[str, tuple[str, str]]:
    found = await doctor_slack.checks(load({**slack_environ(slack), **more}, folder))
    return {check.name: (check.verdict, f"{check.found} | {check.hint}") for check in found}


async def test_all_is_well(slack: Slack, tmp_path: Path) -> None:
    found = await diagnosis(slack, tmp_path, SLACK_ALERT_CHANNEL="#nps-alerts")
    assert {name: verdict for name, (verdict, _) in found.items()} == dict.fromkeys(
        ("token", "scopes", "channel", "socket"), "ok"
    )


@pytest.mark.parametrize(
    ("break_it", "environ", "name", "words"),
    [
        (lambda slack: slack.revoke(), {}, "token", "token_revoked"),
        (lambda slack: slack.scopes("chat:write", "channels:read"), {}, "scopes", "im:history"),
        (
            lambda slack: slack.add_channel("quiet", app=False),
            {"SLACK_ALERT_CHANNEL": "#quiet"},
            "channel",
            "/invite @",
        ),
        (lambda slack: None, {"SLACK_ALERT_CHANNEL": "#nowhere"}, "channel", "there is no #nowhere"),
        (
            lambda slack: slack.archives("nps-alerts"),
            {"SLACK_ALERT_CHANNEL": "#nps-alerts"},
            "channel",
            "#nps-alerts is archived | unarchive it",
        ),
        (lambda slack: None, {"SLACK_APP_TOKEN": "xapp-wrong"}, "socket", "App-Level Tokens"),
        (lambda slack: None, {"SLACK_SIGNING_SECRET": "s"}, "events", "set PUBLIC_URL"),
        (lambda slack: slack.quirks.order("auth.test", broken(503)), {}, "reach", "SLACK_API_URL"),
    ],
)
async def test_what_is_wrong_is_said_with_what_to_click(
    *, slack: Slack, tmp_path: Path, break_it: Callable[[Slack], None], environ: dict[str, str], name: str, words: str
) -> None:
    break_it(slack)
    verdict, told = (await diagnosis(slack, tmp_path, **environ))[name]
    assert verdict == "error"
    assert words in told
    assert slack.bot_token not in told


async def test_the_second_channel_is_looked_at_too(slack: Slack, tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text('cases: {escalate: {after: 30m, to: "#leads"}}', "utf-8")
    environ = slack_environ(slack, SLACK_ALERT_CHANNEL="#nps-alerts")
    found = await doctor_slack.checks(load(environ, tmp_path))
    assert [one.found for one in found if one.verdict == "error"] == ["there is no #leads that the app can see"]


async def test_without_tokens_it_says_where_to_begin(tmp_path: Path) -> None:
    (check,) = await doctor_slack.checks(load({}, tmp_path))
    assert "slack manifest" in check.hint


class Api:
    """The invitations of the running service: answers in turn, and what it was asked."""

    def __init__(self, *answers: int) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, object]] = []

    async def answer(self, request: web.Request) -> web.Response:
        status = self.answers.pop(0) if self.answers else 201
        if status < 300 and request.headers["Authorization"] == "Bearer a-key":
            self.asked.append(await request.json())
        headers = {"Retry-After": "0"} if status == 429 else {}
        return web.json_response({"detail": "This person is in another chat."}, status=status, headers=headers)


async def invited(
    slack: Slack, folder: Path, api: Api, monkeypatch: pytest.MonkeyPatch, *words: str, **environ: str
) -> int:
    """Run in a thread, as a process of its own would."""
    app = web.Application()
    app.router.add_post("/api/v1/invitations", api.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.chdir(folder)
    for name, value in {**slack_environ(slack), "CHATSURVEY_API_KEY": "a-key", **environ}.items():
        monkeypatch.setenv(name, value)
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        return await asyncio.to_thread(main, ["invite", "slack", "--flow", "nps", "--url", url, *words])
    finally:
        await runner.cleanup()


async def test_a_list_of_members_is_asked_each_in_their_language(
    slack: Slack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nadia, tom = slack.user("nadia"), slack.user("tom")
    (tmp_path / "members.txt").write_text(f"# customers\nnadia@acme.example\n\n{tom.team}:{tom.id}  # Tom\n", "utf-8")
    slack.quirks.order("users.info", throttled(0))
    api = Api(201, 429, 200)
    assert await invited(slack, tmp_path, api, monkeypatch, "members.txt", "--campaign", "autumn") == 0
    assert [(one["peer"], one["locale"], one["key"]) for one in api.asked] == [
        (f"{nadia.team}:{nadia.id}", "fr-FR", f"autumn:{nadia.team}:{nadia.id}"),
        (f"{tom.team}:{tom.id}", "de-DE", f"autumn:{tom.team}:{tom.id}"),
    ]
    assert api.asked[0]["contact"] == {"name": "Nadia Benali", "email": "nadia@acme.example"}
    assert capsys.readouterr().out.splitlines() == [
        "nadia@acme.example  invited",
        f"{tom.team}:{tom.id}  was invited before",
    ]


async def test_members_of_a_workspace_that_installed_the_app_by_itself(
    slack: Slack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tom = slack.user("tom")
    (tmp_path / "data").mkdir()
    store = SqliteStore.open(tmp_path / "data" / "chats.db", lambda: 0)
    await Workspaces(StoredInstalls(store)).save(Install(tom.team, slack.bot_token))
    await store.close()
    client = {"SLACK_CLIENT_ID": slack.client_id, "SLACK_CLIENT_SECRET": slack.client_secret, "SLACK_BOT_TOKEN": ""}
    api = Api()
    assert await invited(slack, tmp_path, api, monkeypatch, tom.id, **client) == 0
    assert [one["peer"] for one in api.asked] == [f"{tom.team}:{tom.id}"]


@pytest.mark.parametrize(
    ("answers", "words", "code", "told"),
    [
        ([409], ["nadia@acme.example"], 0, "This person is in another chat."),
        ([], ["nobody@acme.example"], 1, "is not known to Slack: users_not_found"),
        ([401], ["nadia@acme.example"], 1, "does not know the key"),
        ([], ["nowhere.txt"], 1, "cannot be read as a file"),
    ],
)
async def test_who_cannot_be_asked_is_said(
    *,
    slack: Slack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answers: list[int],
    words: list[str],
    code: int,
    told: str,
) -> None:
    assert await invited(slack, tmp_path, Api(*answers), monkeypatch, *words) == code
    out = capsys.readouterr()
    assert told in out.out + out.err


async def test_a_token_that_slack_refuses_is_told_in_words(
    slack: Slack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slack.quirks.order("auth.test", refused("account_inactive"))
    assert await invited(slack, tmp_path, Api(), monkeypatch, "U0123ABC") == 1
    assert "account_inactive" in capsys.readouterr().err
