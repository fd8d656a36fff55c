"""`chatsurvey doctor telegram`: what it finds, and what it says to do about it."""

import json
from pathlib import Path

import pytest

from bot.commands.doctor import told
from bot.commands.doctor_telegram import checks
from bot.commands.doctor_types import Check
from bot.sandbox.telegram.server import Telegram
from bot.settings import load
from tests.channels.telegram.world import KEY, world_of
from tests.harness.service import command

PUBLIC = "https://survey.example.com"


async def examined(folder: Path, telegram: Telegram, **environ: str) -> dict[str, Check]:
    given = {"TELEGRAM_TOKEN": telegram.token, "TELEGRAM_API_URL": telegram.url, "SECRET_KEY": KEY, **environ}
    found = {check.name: check for check in await checks(load(given, folder))}
    assert telegram.token not in told(tuple(found.values()))
    return found


def verdicts(found: dict[str, Check]) -> dict[str, str]:
    return {name: check.verdict for name, check in found.items()}


async def test_all_is_well_once_the_service_has_run(tmp_path: Path, telegram: Telegram) -> None:
    async with world_of(tmp_path, telegram):
        await telegram.until(lambda: len(telegram.called("setMyCommands")) == 3, "the commands")
        found = await examined(tmp_path, telegram)
    assert verdicts(found) == {"token": "ok", "updates": "ok", "waiting": "ok", "commands": "ok"}
    assert "@chatsurvey_bot" in found["token"].found


async def test_a_bot_that_was_never_served(tmp_path: Path, telegram: Telegram) -> None:
    telegram.starts(telegram.person("Ana"))
    found = await examined(tmp_path, telegram)
    assert verdicts(found) == {"token": "ok", "updates": "ok", "waiting": "!!", "commands": "!!"}
    assert found["waiting"].found == "1 update waiting"
    assert not telegram.called("getUpdates"), "to look must take nothing away"


async def test_a_web_hook_of_another_program(tmp_path: Path, telegram: Telegram) -> None:
    telegram.updates.hook("https://other.example/hidden-path", "s", None, drop=False)
    polling, hook = await examined(tmp_path, telegram), await examined(tmp_path, telegram, PUBLIC_URL=PUBLIC)
    for found in (polling, hook):
        assert found["updates"].verdict == "error"
        assert "other.example" in found["updates"].found
        assert "hidden-path" not in told(tuple(found.values()))


async def test_a_web_hook_that_is_not_set_or_of_another_key(tmp_path: Path, telegram: Telegram) -> None:
    found = await examined(tmp_path, telegram, PUBLIC_URL=PUBLIC)
    assert (found["updates"].verdict, found["updates"].found) == ("error", "no web hook is set")
    assert "address" not in found
    telegram.updates.hook(f"{PUBLIC}/telegram/old", "s", None, drop=False)
    found = await examined(tmp_path, telegram, PUBLIC_URL=PUBLIC)
    assert found["updates"].found == "the web hook is one of another signing key"


async def test_an_address_that_the_platform_cannot_reach(tmp_path: Path, telegram: Telegram) -> None:
    for address in ("https://survey.example.com:8080", "http://survey.example.com"):
        (tmp_path / "settings.yaml").write_text("telegram: {updates: webhook}\n")
        assert (await examined(tmp_path, telegram, PUBLIC_URL=address))["address"].verdict == "!!"


@pytest.mark.parametrize(("waits", "verdict"), [(True, "error"), (False, "ok")])
async def test_an_error_of_the_web_hook_counts_while_something_waits(
    tmp_path: Path, telegram: Telegram, waits: bool, verdict: str
) -> None:
    """The platform names it for long after it is over."""
    telegram.updates.failures.append("Connection refused")
    if waits:
        telegram.starts(telegram.person("Ana"))
    assert (await examined(tmp_path, telegram, PUBLIC_URL=PUBLIC))["delivery"].verdict == verdict


async def test_a_revoked_token(tmp_path: Path, telegram: Telegram) -> None:
    telegram.revoked = True
    found = await examined(tmp_path, telegram)
    assert verdicts(found) == {"token": "error"}
    assert "@BotFather" in found["token"].hint


async def test_a_platform_that_does_not_answer(tmp_path: Path, telegram: Telegram) -> None:
    await telegram.down()
    found = await examined(tmp_path, telegram)
    assert verdicts(found) == {"reach": "error"}
    assert "TELEGRAM_API_URL" in found["reach"].hint


def test_without_a_token_it_says_where_to_get_one(tmp_path: Path) -> None:
    ended = command(tmp_path, "doctor", "telegram")
    assert ended.returncode == 1
    assert "TELEGRAM_TOKEN is not set" in ended.stdout
    assert "/newbot" in ended.stdout


def test_without_any_channel_there_is_nothing_to_check(tmp_path: Path) -> None:
    ended = command(tmp_path, "doctor")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "no Redis, messaging channel or CRM writer is set" in ended.stderr


def test_scripts_read_it_too(tmp_path: Path) -> None:
    token = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
    ended = command(
        tmp_path, "doctor", "telegram", "--json", TELEGRAM_TOKEN=token, TELEGRAM_API_URL="http://127.0.0.1:9"
    )
    assert ended.returncode == 1
    (check,) = json.loads(ended.stdout)["telegram"]
    assert (check["name"], check["verdict"]) == ("reach", "error")
    assert token not in ended.stdout + ended.stderr


@pytest.mark.parametrize("token", ["abc", "12:short", "12:" + "x" * 30 + "/../"])
def test_a_token_that_is_none_is_refused_at_once_and_not_shown(tmp_path: Path, token: str) -> None:
    ended = command(tmp_path, "doctor", "telegram", TELEGRAM_TOKEN=token)
    assert ended.returncode == 1
    assert "it is not a bot's token" in ended.stderr
    assert token not in ended.stderr
