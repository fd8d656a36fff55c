"""The client library on our session, against the stand-in: agents' lines, edits, and answers that never come whole."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from bot.channels.base import Post
from bot.channels.telegram.api import TelegramApi
from bot.channels.telegram.aside import MOST, Asides
from bot.channels.telegram.render import Send
from bot.channels.telegram.sender import TelegramMessenger
from bot.channels.verify import Tokens
from bot.errors import Permanent, Retryable
from bot.model import Author, Entry
from bot.sandbox.telegram.server import Telegram
from bot.sandbox.telegram.troubles import refused, slow
from tests.channels.telegram.world import KEY

CHAT = "ww0cdmxcp451t8399qmef04npr"


@pytest.fixture
async def api(telegram: Telegram) -> AsyncIterator[TelegramApi]:
    made = TelegramApi(telegram.token, telegram.url, timeout=5.0)
    yield made
    await made.close()


def line(text: str, author: Author = "agent") -> Entry:
    return Entry(3, 0, author, text, name="Maya")


async def test_an_agents_line_is_sent_changed_and_taken_back(telegram: Telegram, api: TelegramApi) -> None:
    nadia = telegram.person("Nadia")
    telegram.starts(nadia)
    messenger, peer = TelegramMessenger(api, Tokens([KEY]), "https://survey.example.com"), str(nadia.id)
    sent = await messenger.post(peer, Post(CHAT, "en", (line("Hello <Nadia>"),)))
    (message,) = telegram.messages(nadia)
    assert (message.text, sent) == ("Maya\nHello <Nadia>", str(message.message_id))
    assert [(one.type, one.length) for one in message.entities] == [("bold", 4)]
    await messenger.revise(peer, sent, line("Hello Nadia"), "en")
    await messenger.revise(peer, sent, line("Hello Nadia"), "en")
    assert telegram.messages(nadia)[0].text == "Maya\nHello Nadia"
    await messenger.revise(peer, sent, line(""), "en")
    assert telegram.messages(nadia) == []


async def test_a_line_that_cannot_be_deleted_loses_its_words(telegram: Telegram, api: TelegramApi) -> None:
    nadia = telegram.person("Nadia")
    telegram.starts(nadia)
    messenger, peer = TelegramMessenger(api, Tokens([KEY]), ""), str(nadia.id)
    sent = await messenger.post(peer, Post(CHAT, "fr", (line("Bonjour"),)))
    telegram.fails("deleteMessage", refused(400, "Bad Request: message can't be deleted for everyone"))
    await messenger.revise(peer, sent, line(""), "fr")
    assert [message.text for message in telegram.messages(nadia)] == ["(retiré)"]
    telegram.fails("deleteMessage", refused(403, "Forbidden: bot was blocked by the user"))
    with pytest.raises(Permanent) as caught:
        await messenger.revise(peer, sent, line(""), "fr")
    assert caught.value.code == "gone"


async def test_a_long_line_goes_out_in_parts(telegram: Telegram, api: TelegramApi) -> None:
    nadia = telegram.person("Nadia")
    telegram.starts(nadia)
    messenger = TelegramMessenger(api, Tokens([KEY]), "")
    await messenger.post(str(nadia.id), Post(CHAT, "en", (line("a & b " * 1000),)))
    parts = telegram.messages(nadia)
    assert len(parts) == 2
    assert all(part.text.startswith("Maya\n") for part in parts)


async def test_an_answer_that_does_not_come_in_time_is_in_doubt(telegram: Telegram) -> None:
    nadia = telegram.person("Nadia")
    telegram.starts(nadia)
    gate = asyncio.Event()
    telegram.fails("sendMessage", slow(gate))
    api = TelegramApi(telegram.token, telegram.url, timeout=0.05)
    with pytest.raises(Retryable, match=r"no answer within 0\.05 s") as caught:
        await api.send(str(nadia.id), Send("How likely?"))
    assert caught.value.doubt
    assert telegram.token not in str(caught.value)
    assert caught.value.__cause__ is None
    gate.set()
    await api.close()


NO_ANSWERS = {
    "another object": b'{"ok": true, "result": {"message_id": "x"}}',
    "nothing": b'{"ok": true}',
    "no JSON": b"<html>",
    "half": b'{"ok": true, "result": {"mess',
    "not ok": b'{"ok": false, "description": "secret words"}',
}


@pytest.mark.parametrize("name", NO_ANSWERS)
async def test_an_answer_that_is_none_may_be_tried_again(name: str) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=NO_ANSWERS[name])

    app = web.Application()
    app.router.add_post("/{anything:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    api = TelegramApi("1:" + "x" * 30, f"http://127.0.0.1:{runner.addresses[0][1]}")
    try:
        for call in (api.send("9", Send("?")), api.me(), api.updates(0, 0), api.hook(), api.command_names()):
            with pytest.raises(Retryable) as caught:
                await call
            assert "secret" not in str(caught.value)
    finally:
        await api.close()
        await runner.cleanup()


async def test_small_answers_are_bounded_and_never_in_the_way() -> None:
    asides, gate = Asides(), asyncio.Event()

    async def waits() -> None:
        await gate.wait()

    async def fails() -> None:
        raise Retryable("no connection")

    for _ in range(MOST + 3):
        asides.soon(waits(), fails())
    assert asides.left_out == 3
    gate.set()
    await asides.close()
    asides.soon(fails())
    assert asides.left_out == 4
    late = Asides()
    late.soon(asyncio.Event().wait())
    await late.close(patience=0.01)


async def test_the_session_of_a_closed_client_is_closed(telegram: Telegram) -> None:
    api = TelegramApi(telegram.token, telegram.url)
    assert (await api.me()).username == "chatsurvey_bot"
    await api.close()
    with pytest.raises(Retryable):
        await api.me()
