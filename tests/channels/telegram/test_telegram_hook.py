"""The web hook from outside: who may post, what is refused, and that nothing comes again and again."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bot.channels.telegram.hook import HEADER, LARGEST
from bot.errors import StoreUnavailable
from bot.model import Address, Change
from bot.sandbox.telegram.server import Telegram
from bot.store.base import Commit
from tests.channels.telegram.world import SCORES, World, world_of


@pytest.fixture
async def hooked(tmp_path: Path, telegram: Telegram) -> AsyncIterator[World]:
    async with world_of(tmp_path, telegram, updates="webhook") as running:
        await telegram.until(lambda: telegram.updates.url, "the web hook to be set")
        yield running


async def post(hooked: World, body: bytes, secret: str | None = None, path: str = "") -> int:
    updates = hooked.telegram.updates
    headers = {HEADER: updates.secret if secret is None else secret}
    async with aiohttp.ClientSession() as http:
        address = f"{hooked.service.url}{path}" if path else updates.url
        async with http.post(address, data=body, headers=headers) as answer:
            assert "secret" not in await answer.text()
            return answer.status


def update(id: int, **message: object) -> bytes:
    user = {"id": 9, "is_bot": False, "first_name": "Ana", "language_code": "en"}
    plain = {"message_id": id, "date": 1, "chat": {"id": 9, "type": "private"}, "from": user, "text": "/start"}
    return json.dumps({"update_id": id, "message": plain | message}).encode()


async def test_what_the_platform_is_told(hooked: World) -> None:
    (call,) = hooked.telegram.called("setWebhook")
    assert call.params["allowed_updates"] == ["message", "callback_query", "my_chat_member"]
    url = str(call.params["url"])
    assert url.startswith(f"{hooked.service.settings.public_url}/telegram/")
    token, key = hooked.telegram.token, hooked.service.settings.secrets[0]
    for secret in (token, token.partition(":")[2], key):
        assert secret not in url
        assert secret not in str(call.params["secret_token"])
    assert not hooked.telegram.called("getUpdates")


@pytest.mark.parametrize("secret", ["", "wrong", "é"])
async def test_a_post_without_the_secret_token_is_no_ones(hooked: World, secret: str) -> None:
    assert await post(hooked, update(1), secret) == 404
    assert await hooked.service.store.load_id("9") is None
    assert await hooked.service.store.due() == {}


async def test_another_path_is_not_there(hooked: World) -> None:
    assert await post(hooked, update(1), path="/telegram/guessed") == 404
    assert await post(hooked, update(1), path="/telegram/") == 404


ODD = {
    "no JSON": b"{",
    "nothing": b"",
    "no update": b"[]",
    "a text that is none": update(7, text=["secret"]),
    "far too large": update(7, text="x" * (LARGEST + 1)),
    "nested": b"[" * 100_000,
}


@pytest.mark.parametrize("name", ODD)
async def test_what_is_none_of_ours_never_comes_again(hooked: World, name: str) -> None:
    assert await post(hooked, ODD[name]) == 200
    assert await hooked.service.store.due() == {}


async def test_an_update_that_comes_many_times_at_once_is_taken_once(hooked: World) -> None:
    assert await asyncio.gather(*(post(hooked, update(1)) for _ in range(10))) == [200] * 10
    assert hooked.service.meters.opened.values == {("nps",): 1}


async def test_what_cannot_be_kept_shall_come_again(hooked: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unwritable(change: Change) -> Commit:
        raise StoreUnavailable(f"no room for {change.conversation.id}")

    with monkeypatch.context() as broken:
        broken.setattr(hooked.service.store, "commit", unwritable)
        assert await post(hooked, update(1)) == 503
    assert await post(hooked, update(1)) == 200
    assert hooked.service.meters.opened.values == {("nps",): 1}


async def test_a_mistake_of_ours_holds_up_nobody(
    hooked: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def mistaken(change: Change) -> Commit:
        raise ZeroDivisionError(change.conversation.id)

    with monkeypatch.context() as broken:
        broken.setattr(hooked.service.store, "commit", mistaken)
        assert [await post(hooked, update(1)) for _ in range(3)] == [503, 503, 200]
    assert "attempt 3 of 3" in caplog.text
    assert await post(hooked, update(2)) == 200


async def test_a_bot_that_polled_before_gets_what_waited(tmp_path: Path, telegram: Telegram) -> None:
    ana = telegram.person("Ana")
    telegram.starts(ana)
    async with world_of(tmp_path, telegram, updates="webhook") as running:
        await running.shows(ana, "How likely", SCORES)
        telegram.presses(ana, "3")
        await running.shows(ana, "What let you down?", ["Skip"])
    telegram.says(ana, "late")
    async with world_of(tmp_path, telegram, updates="polling") as running:
        await running.shows(ana, "How should we put it right?")
        assert telegram.updates.url == ""


async def test_only_start_begins_a_chat_where_the_settings_say_so(tmp_path: Path, telegram: Telegram) -> None:
    ana = telegram.person("Ana")
    section = "  start: command\n  flow: other\n"
    async with world_of(tmp_path, telegram, section=section) as running:
        telegram.says(ana, "hello")
        await running.shows(ana, "Write /start to begin.")
        assert await running.service.store.load(Address("telegram", str(ana.id))) is None
        telegram.starts(ana)
        await running.shows(ana, "The other one?")
        assert (await running.chat(ana)).flow == "other"


async def test_the_menu_has_the_commands_in_each_language(hooked: World) -> None:
    telegram = hooked.telegram
    await telegram.until(lambda: len(telegram.called("setMyCommands")) == 3, "the commands")
    menus = {
        str(call.params.get("language_code", "")): call.params["commands"] for call in telegram.called("setMyCommands")
    }
    assert sorted(menus) == ["", "en", "fr"]
    named = json.loads(json.dumps(menus["fr"]))
    assert [one["command"] for one in named] == [
        "start",
        "back",
        "skip",
        "restart",
        "human",
        "language",
        "help",
        "stop",
    ]
    assert named[-1]["description"] == "Arrêter, et ne plus être sollicité"
    assert menus[""] == menus["en"]
