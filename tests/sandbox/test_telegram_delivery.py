"""How updates reach the bot, and what can go wrong in either direction."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientSession, FormData, web
from telegram import Bot, Update
from telegram.error import BadRequest, Conflict, NetworkError, RetryAfter, TimedOut

from bot.sandbox.telegram.server import Telegram
from bot.sandbox.telegram.troubles import Trouble, broken, dropped, lost, refused, slow, throttled
from bot.sandbox.telegram.types import User

SECRET = "s3cret_-"


@pytest.fixture
def nadia(telegram: Telegram) -> User:
    user = telegram.person("Nadia")
    telegram.starts(user)
    return user


def texts(updates: tuple[Update, ...]) -> list[str]:
    return [update.message.text or "" for update in updates if update.message]


async def test_an_update_stays_until_an_offset_confirms_it(telegram: Telegram, bot: Bot, nadia: User) -> None:
    telegram.says(nadia, "8")
    first = await bot.get_updates()
    assert texts(first) == texts(await bot.get_updates()) == ["/start", "8"]
    assert texts(await bot.get_updates(offset=first[1].update_id)) == ["8"]
    assert await bot.get_updates(offset=first[1].update_id + 1) == ()
    assert await bot.get_updates(offset=first[0].update_id) == (), "what was confirmed is gone"


async def test_limit_and_negative_offset(telegram: Telegram, bot: Bot, nadia: User) -> None:
    for text in "abc":
        telegram.says(nadia, text)
    assert texts(await bot.get_updates(limit=2)) == ["/start", "a"]
    assert texts(await bot.get_updates(offset=-1)) == ["c"]
    assert texts(await bot.get_updates()) == ["c"], "a negative offset forgets what is before"


async def test_a_poll_waits_for_news(telegram: Telegram, bot: Bot) -> None:
    user = telegram.person("Nadia")
    poll = asyncio.create_task(bot.get_updates(timeout=30))
    await telegram.until(lambda: telegram.updates.polled, "the poll")
    telegram.starts(user)
    assert texts(await poll) == ["/start"]


async def test_the_second_poller_ends_the_first(telegram: Telegram, bot: Bot) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=30))
    await telegram.until(lambda: telegram.updates.polled, "the poll")
    await bot.get_updates()
    with pytest.raises(Conflict, match="terminated by other getUpdates request"):
        await poll


async def test_only_what_is_allowed_arrives(telegram: Telegram, bot: Bot, nadia: User) -> None:
    await bot.get_updates(allowed_updates=["callback_query"])
    telegram.says(nadia, "unheard")
    telegram.blocks(nadia)
    assert texts(await bot.get_updates()) == ["/start"]


async def test_late_out_of_order_and_twice(telegram: Telegram, bot: Bot, nadia: User) -> None:
    (start,) = await bot.get_updates()
    telegram.updates.hold()
    for text in "abc":
        telegram.says(nadia, text)
    assert await bot.get_updates(offset=start.update_id + 1) == ()
    telegram.updates.release((1, 0, 2))
    late = await bot.get_updates()
    assert texts(late) == ["b", "a", "c"]
    telegram.updates.repeat()
    (again,) = await bot.get_updates(offset=late[2].update_id + 1)
    assert again.update_id == late[2].update_id, "delivered again although it was confirmed"


async def test_the_next_update_twice(telegram: Telegram, bot: Bot, nadia: User) -> None:
    telegram.updates.twice()
    telegram.says(nadia, "8")
    telegram.says(nadia, "thanks")
    assert texts(await bot.get_updates()) == ["/start", "8", "thanks", "8"]


@dataclass
class Hook:
    """A bot's own web server. `statuses`: how it answers next; then 200."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    # Any: the update as it came.
    got: list[dict[str, Any]] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)

    async def take(self, request: web.Request) -> web.Response:
        status = self.statuses.pop(0) if self.statuses else 200
        self.got.append(await request.json())
        self.secrets.add(request.headers.get("X-Telegram-Bot-Api-Secret-Token", ""))
        return web.Response(status=status)

    @property
    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.got]


@asynccontextmanager
async def listening() -> AsyncIterator[Hook]:
    hook = Hook()
    app = web.Application()
    app.router.add_post("/hook", hook.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield hook
    await runner.cleanup()


async def test_a_web_hook_gets_what_waited_and_what_comes(telegram: Telegram, bot: Bot, nadia: User) -> None:
    async with listening() as hook:
        await bot.set_webhook(hook.url, secret_token=SECRET)
        telegram.says(nadia, "8")
        await telegram.until(lambda: hook.texts == ["/start", "8"], "both")
        assert hook.secrets == {SECRET}
        with pytest.raises(Conflict, match="while webhook is active"):
            await bot.get_updates()
        await bot.delete_webhook()
        assert await bot.get_updates() == ()


async def test_what_is_said_the_moment_the_last_one_was_taken(telegram: Telegram, bot: Bot, nadia: User) -> None:
    async with listening() as hook:
        await bot.set_webhook(hook.url)
        for text in "abc":
            await telegram.until(lambda: not telegram.updates.waiting, "everything to be taken")
            telegram.says(nadia, text)
        await telegram.until(lambda: len(hook.texts) > 3, "all of them", 5)
    assert hook.texts == ["/start", *"abc"]


async def test_a_web_hook_that_fails_gets_it_again_before_anything_newer(
    telegram: Telegram, bot: Bot, nadia: User
) -> None:
    async with listening() as hook:
        hook.statuses = [500, 500]
        telegram.says(nadia, "8")
        await bot.set_webhook(hook.url)
        await telegram.until(lambda: len(hook.got) == 4, "four posts")
        assert hook.texts == ["/start", "/start", "/start", "8"]
        info = await bot.get_webhook_info()
        assert (info.url, info.last_error_message) == (hook.url, "Wrong response from the webhook: 500")


async def test_one_who_blocks_the_way_holds_up_nobody_else(telegram: Telegram, bot: Bot, nadia: User) -> None:
    tom = telegram.person("Tom")
    async with listening() as hook:
        hook.statuses = [500]
        await bot.set_webhook(hook.url)
        await telegram.until(lambda: hook.got, "Nadia's start")
        telegram.starts(tom, "tom")
        await telegram.until(lambda: len(hook.got) == 3, "Tom's start and Nadia's again")
        assert hook.texts == ["/start", "/start tom", "/start"]


async def test_dropping_what_waits(telegram: Telegram, bot: Bot, nadia: User) -> None:
    await bot.delete_webhook(drop_pending_updates=True)
    assert await bot.get_updates() == ()


@pytest.mark.parametrize(("url", "secret"), [("ftp://x", None), ("https://x.example/", "no!")])
async def test_web_hooks_that_are_refused(telegram: Telegram, bot: Bot, url: str, secret: str | None) -> None:
    with pytest.raises(BadRequest):
        await bot.set_webhook(url, secret_token=secret)


TROUBLES: list[tuple[Trouble, type[Exception], int]] = [
    (throttled(3), RetryAfter, 0),
    (broken(502), NetworkError, 0),
    (broken(502, html=True), NetworkError, 0),
    (broken(500, effect=True), NetworkError, 1),
    (lost(), NetworkError, 1),
    (dropped(), NetworkError, 0),
    (refused(400, "Bad Request: message is too long"), BadRequest, 0),
]


@pytest.mark.parametrize("case", TROUBLES, ids=lambda case: str(case[0]))
async def test_what_can_go_wrong_and_what_the_client_makes_of_it(
    telegram: Telegram,
    bot: Bot,
    nadia: User,
    case: tuple[Trouble, type[Exception], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")  # without it the library's own RetryAfter warns
    trouble, error, arrived = case
    telegram.fails("sendMessage", trouble)
    with pytest.raises(error):
        await bot.send_message(nadia.id, "Hello")
    assert len(telegram.messages(nadia)) == arrived
    await bot.send_message(nadia.id, "Hello")
    assert len(telegram.messages(nadia)) == arrived + 1


async def test_a_slow_answer(telegram: Telegram, bot: Bot, nadia: User) -> None:
    gate = asyncio.Event()
    telegram.fails("sendMessage", slow(gate), times=2)
    with pytest.raises(TimedOut):
        await bot.send_message(nadia.id, "Hello", read_timeout=0.05)
    sending = asyncio.create_task(bot.send_message(nadia.id, "Hello"))
    gate.set()
    assert (await sending).text == "Hello"


async def test_out_of_reach_and_back_on_the_same_port(telegram: Telegram, bot: Bot, nadia: User) -> None:
    await telegram.down()
    telegram.says(nadia, "8")
    with pytest.raises(NetworkError):
        await bot.get_updates()
    await telegram.up()
    assert texts(await bot.get_updates()) == ["/start", "8"]


async def test_every_way_of_saying_the_same(telegram: Telegram, nadia: User) -> None:
    base, keyboard = (
        f"{telegram.url}/bot{telegram.token}/sendMessage",
        '{"inline_keyboard":[[{"text":"7","url":"https://x.example/"}]]}',
    )
    text = {"chat_id": str(nadia.id), "text": "Hello", "reply_markup": keyboard}
    form = FormData(text, default_to_multipart=True)
    document = {
        "chat_id": nadia.id,
        "text": "Hello",
        "reply_markup": {"inline_keyboard": [[{"text": "7", "url": "https://x.example/"}]]},
    }
    async with ClientSession() as session:
        for ask in (
            session.get(base, params=text),
            session.post(base, data=text),
            session.post(base, data=form),
            session.post(base, json=document),
        ):
            async with ask as answer:
                assert answer.status == 200
    assert [one.buttons for one in telegram.messages(nadia)] == [("7",)] * 4
    assert len({str(sorted(call.params.items())) for call in telegram.called("sendMessage")}) == 1


async def test_what_breaks_the_contract_is_refused_and_told(telegram: Telegram, bot: Bot, nadia: User) -> None:
    telegram.check = lambda call: ["parse_mod is unknown"] if "parse_mod" in call.params else []
    with pytest.raises(BadRequest, match="Against the contract"):
        await bot.send_message(nadia.id, "Hello", api_kwargs={"parse_mod": "HTML"})
    assert telegram.faults == ["sendMessage: parse_mod is unknown"]
    telegram.faults.clear()
