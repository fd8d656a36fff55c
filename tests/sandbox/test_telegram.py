"""The Bot API stand-in, spoken to by the real client library."""

from collections.abc import Awaitable, Callable

import pytest
from telegram import Bot, BotCommand, InlineKeyboardButton, InlineKeyboardMarkup, KeyboardButton, ReplyKeyboardMarkup
from telegram.error import BadRequest, Forbidden, InvalidToken, TelegramError

from bot.sandbox.clock import DAY, Clock
from bot.sandbox.telegram.server import Call, Telegram
from bot.sandbox.telegram.world import Answered
from tests.harness import contracts, telegram_contract
from tests.harness.telegram import client

SCORES = InlineKeyboardMarkup([[InlineKeyboardButton(str(n), callback_data=f"c:1:{n}") for n in range(6)]])


async def test_a_chat_from_start_to_the_pressed_button(telegram: Telegram, bot: Bot) -> None:
    nadia = telegram.person("Nadia", "fr")
    telegram.starts(nadia, "nps")
    (started,) = await bot.get_updates(timeout=5)
    assert started.message is not None
    assert started.effective_user is not None
    assert (started.message.text, started.effective_user.language_code) == ("/start nps", "fr")

    sent = await bot.send_message(nadia.id, "<b>How</b> likely?", parse_mode="HTML", reply_markup=SCORES)
    assert sent.parse_entities() == {sent.entities[0]: "How"}
    shown = await telegram.message(nadia, "How likely?")
    assert shown.buttons == ("0", "1", "2", "3", "4", "5")

    telegram.presses(nadia, "4")
    (pressed,) = await bot.get_updates(offset=started.update_id + 1, timeout=5)
    assert pressed.callback_query is not None
    assert pressed.callback_query.data == "c:1:4"
    await pressed.callback_query.answer("Thank you")
    assert telegram.world.queries[pressed.callback_query.id] == Answered("Thank you", False)
    await bot.edit_message_text("How likely?\n\nYou said 4.", nadia.id, sent.message_id)
    edited = telegram.last(nadia)
    assert edited is not None
    assert (edited.text, edited.buttons) == ("How likely?\n\nYou said 4.", ())
    assert shown.buttons, "what was seen earlier stays as it was seen"


async def test_an_old_button_can_still_be_pressed_on_the_message_as_it_was_seen(telegram: Telegram, bot: Bot) -> None:
    nadia = telegram.person("Nadia")
    telegram.starts(nadia)
    await bot.send_message(nadia.id, "Likely?", reply_markup=SCORES)
    shown = await telegram.message(nadia, "Likely?")
    await bot.edit_message_reply_markup(nadia.id, shown.message_id)
    with pytest.raises(LookupError, match="no button '4'"):
        telegram.presses(nadia, "4")
    pressed = telegram.presses(nadia, "4", shown).callback_query
    assert pressed is not None
    assert pressed.data == "c:1:4"


async def test_the_contact_button_stands_on_a_keyboard_of_its_own(telegram: Telegram, bot: Bot) -> None:
    nadia = telegram.person("Nadia")
    telegram.starts(nadia)
    (start,) = await bot.get_updates()
    keys = ReplyKeyboardMarkup([[KeyboardButton("Share my number", request_contact=True)]], one_time_keyboard=True)
    await bot.send_message(nadia.id, "What number?", reply_markup=keys)
    telegram.presses(nadia, "Share my number")
    (shared,) = await bot.get_updates(offset=start.update_id + 1)
    assert shared.message is not None
    assert shared.message.contact is not None
    assert shared.message.contact.user_id == nadia.id


@pytest.mark.parametrize("what", ["photo", "voice", "sticker"])
async def test_what_is_no_text(telegram: Telegram, bot: Bot, what: str) -> None:
    nadia = telegram.person("Nadia")
    telegram.starts(nadia)
    telegram.sends(nadia, what)
    (_, update) = await bot.get_updates()
    assert update.message is not None
    assert getattr(update.message, what)
    assert update.message.text is None


async def test_a_group_hears_commands_and_its_name_and_nothing_else(telegram: Telegram, bot: Bot) -> None:
    nadia = telegram.person("Nadia")
    group = telegram.adds_bot(nadia, "Team")
    for text in ("hello", "/start", "@chatsurvey_bot hello"):
        telegram.says(nadia, text, group)
    joined, welcome, *heard = await bot.get_updates()
    assert joined.my_chat_member is not None
    assert joined.my_chat_member.new_chat_member.status == "member"
    assert welcome.effective_message is not None
    assert welcome.effective_message.new_chat_members[0].id == bot.id
    texts = [update.message.text for update in heard if update.message]
    assert texts == ["/start", "@chatsurvey_bot hello"]


async def test_a_block_is_told_and_refuses(telegram: Telegram, bot: Bot) -> None:
    nadia = telegram.person("Nadia")
    telegram.starts(nadia)
    telegram.blocks(nadia)
    (_, blocked) = await bot.get_updates()
    assert blocked.my_chat_member is not None
    assert blocked.my_chat_member.new_chat_member.status == "kicked"
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(nadia.id, "Hello")
    telegram.starts(nadia)
    await bot.send_message(nadia.id, "Hello")


async def test_commands_are_kept_by_language(telegram: Telegram, bot: Bot) -> None:
    await bot.set_my_commands([BotCommand("stop", "Stop")])
    await bot.set_my_commands([BotCommand("stop", "Arrêter")], language_code="fr")
    assert [one.description for one in await bot.get_my_commands(language_code="fr")] == ["Arrêter"]
    assert [one.description for one in await bot.get_my_commands()] == ["Stop"]


async def _start(telegram: Telegram, bot: Bot) -> int:
    nadia = telegram.person("Nadia")
    telegram.starts(nadia)
    return (await bot.send_message(nadia.id, "Likely?", reply_markup=SCORES)).chat_id


def _data(data: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data=data)]])


REFUSALS: dict[str, Callable[[Bot, int], Awaitable[object]]] = {
    "Chat not found": lambda bot, _: bot.send_message(1, "x"),
    "Message text is empty": lambda bot, chat: bot.send_message(chat, "  "),
    "Message is too long": lambda bot, chat: bot.send_message(chat, "<b>x</b>" + "x" * 4_096, parse_mode="HTML"),
    "can't find end tag corresponding to start tag": lambda bot, chat: bot.send_message(
        chat, "<b>x", parse_mode="HTML"
    ),
    'unsupported start tag "nadia" at byte offset 3': lambda bot, chat: bot.send_message(
        chat, "Hi <nadia>", parse_mode="HTML"
    ),
    "Message is not modified": lambda bot, chat: bot.edit_message_text("Likely?", chat, 2, reply_markup=SCORES),
    "Message to edit not found": lambda bot, chat: bot.edit_message_text("x", chat, 99),
    "Message can't be edited": lambda bot, chat: bot.edit_message_text("x", chat, 1),
    "Message to delete not found": lambda bot, chat: bot.delete_message(chat, 99),
    "wrong http url": lambda bot, chat: bot.send_message(
        chat, "x", reply_markup=InlineKeyboardMarkup([[InlineKeyboardButton("x", url="nowhere")]])
    ),
    "Query is too old": lambda bot, _: bot.answer_callback_query("1"),
    "Bot_command_invalid": lambda bot, _: bot.set_my_commands([("No!", "x")]),
}


@pytest.mark.parametrize(("words", "call"), REFUSALS.items(), ids=list(REFUSALS))
async def test_refusals_are_the_platforms_own(
    telegram: Telegram, bot: Bot, words: str, call: Callable[[Bot, int], Awaitable[object]]
) -> None:
    telegram.check = None
    chat = await _start(telegram, bot)
    with pytest.raises(BadRequest, match="(?i)" + words):
        await call(bot, chat)


async def test_a_buttons_data_are_counted_in_bytes(telegram: Telegram, bot: Bot) -> None:
    """The contract counts characters (33), the platform bytes (66)."""
    chat = await _start(telegram, bot)
    with pytest.raises(BadRequest, match="Button_data_invalid"):
        await bot.send_message(chat, "x", reply_markup=_data("é" * 33))


async def test_who_never_started_cannot_be_written_to(telegram: Telegram, bot: Bot) -> None:
    with pytest.raises(Forbidden, match="can't initiate conversation"):
        await bot.send_message(telegram.person("Nadia").id, "Hello")


async def test_a_revoked_token_opens_nothing(telegram: Telegram, bot: Bot) -> None:
    telegram.revoked = True
    with pytest.raises(InvalidToken):
        await bot.get_updates()


async def test_another_token_opens_nothing(telegram: Telegram) -> None:
    other = client(telegram, "1:x")
    with pytest.raises(InvalidToken):
        await other.initialize()
    await other.shutdown()


async def test_a_message_cannot_be_deleted_for_ever() -> None:
    clock = Clock()
    async with Telegram(now=clock) as telegram, client(telegram) as bot:
        chat = await _start(telegram, bot)
        await bot.send_message(chat, "x")
        await bot.delete_message(chat, 3)
        clock.move(2 * DAY + 1_000)
        with pytest.raises(BadRequest, match="can't be deleted for everyone"):
            await bot.delete_message(chat, 2)


async def test_a_press_that_was_not_answered_in_time(telegram: Telegram, bot: Bot) -> None:
    nadia = telegram.person("Nadia")
    telegram.starts(nadia)
    await bot.send_message(nadia.id, "Likely?", reply_markup=SCORES)
    query = telegram.presses(nadia, "4").callback_query
    assert query is not None
    telegram.world.forget_queries()
    with pytest.raises(BadRequest, match="Query is too old"):
        await bot.answer_callback_query(query.id)


MISSPELT: dict[str, dict[str, object]] = {
    "sendMessage": {"parse_mod": "HTML"},
    "getMe": {"chat_id": 1},
    "setWebhook": {"url": "x", "secret": "x"},
}


@pytest.mark.parametrize("method", MISSPELT)
def test_the_contract_knows_every_argument(method: str) -> None:
    params: dict[str, object] = {"chat_id": 1, "text": "x"} if method == "sendMessage" else {}
    call = Call(method, 0, "", {}, {**params, **MISSPELT[method]})
    faults = telegram_contract.faults(call)
    assert [*faults] or telegram_contract.NAME in contracts.not_checked, "refused, or told as not checked"


async def test_a_method_that_is_not_there(telegram: Telegram, bot: Bot) -> None:
    telegram.check = None
    with pytest.raises(TelegramError, match="Not Found"):
        await bot.log_out()
