"""Corners of receiving: people without a chat, values that fit no button, people on the line."""

from pathlib import Path
from typing import cast

from msgspec.structs import replace

from bot import app
from bot.channels.base import Front, Reply
from bot.channels.telegram.api import TelegramApi
from bot.channels.telegram.channel import Options, TelegramChannel
from bot.channels.telegram.types import Media, Person, Update
from bot.model import Address, Conversation, Inbound, Start
from bot.sandbox.telegram.server import Telegram
from tests.channels.telegram.world import FLOW, SCORES, World, world_of
from tests.harness.working import until

KEY = "what_we_would_like_to_have_been_told_"
LONG = FLOW.replace("none: {en:", f"{KEY}: {{en:").replace("none: bye", f"{KEY}: bye")


async def test_a_value_that_fits_no_button_is_found_again(tmp_path: Path, telegram: Telegram) -> None:
    assert len(KEY) <= 40
    async with world_of(tmp_path, telegram, flows=LONG) as world:
        ana = telegram.person("Ana")
        for text, question in (("/start", "How likely"), ("2", "What let"), ("late", "How should we put it right?")):
            telegram.says(ana, text)
            shown = await world.shows(ana, question)
        telegram.presses(ana, "No, thanks", shown)
        await world.shows(ana, "Thank you.")
        assert world.answers(await world.chat(ana))["repair"] == KEY
        telegram.presses(ana, "No, thanks", shown)
        await telegram.until(lambda: len(telegram.called("answerCallbackQuery")) == 2, "the second answer")
        assert telegram.called("answerCallbackQuery")[-1].text == "This chat has ended. /start begins a new one."


async def test_show_all_of_an_old_question_shows_nothing(world: World) -> None:
    telegram = world.telegram
    ana = telegram.person("Ana")
    telegram.starts(ana)
    await world.shows(ana, "How likely")
    telegram.says(ana, "7.5")
    near = await world.shows(ana, "", ["7", "8", "Show all"])
    telegram.presses(ana, "7", near)
    await world.shows(ana, "What let you down?", ["Skip"])
    telegram.presses(ana, "Show all", near)
    assert await world.told(ana, "Show all") == "This question has been answered."


async def test_who_never_wrote_can_leave_and_stop(world: World) -> None:
    telegram = world.telegram
    ana = telegram.person("Ana")
    telegram.blocks(ana)
    telegram.unblocks(ana)
    telegram.says(ana, "/stop")
    await world.shows(ana, "Write /start to begin.")
    assert await world.service.store.load(Address("telegram", str(ana.id))) is None


async def test_a_sticker_begins_a_chat_too(world: World) -> None:
    ana = world.telegram.person("Ana")
    world.telegram.room(ana).started = True
    world.telegram.sends(ana, "sticker")
    await world.shows(ana, "How likely")
    assert (await world.chat(ana)).score is None


async def test_an_invitation_is_a_chat_that_the_bot_begins(world: World) -> None:
    telegram, front = world.telegram, world.service.runtime
    ana, ben = telegram.person("Ana"), telegram.person("Ben")
    telegram.room(ana).started = True
    for _ in range(2):
        await front.invite(Start("", Address("telegram", str(ana.id)), app.clock(), locale="fr"), "nps", "order-1")
    shown = await world.shows(ana, "Nous recommanderiez-vous ?", SCORES)
    telegram.presses(ana, "2", shown)
    await world.shows(ana, "Qu'est-ce qui vous a déçu ?", ["Passer"])
    for peer in (str(ben.id), "@nobody"):
        begun = await front.invite(Start("", Address("telegram", peer), app.clock()), "nps", "order-2")
        chat = begun.conversation.id

        async def has_ended(chat: str = chat) -> bool:
            return bool((await front.look(chat)).conversation.ended)

        await until(has_ended, what="the chat to end")
        assert (await front.look(chat)).conversation.outcome == "unreachable", peer


class OnTheLine:
    """A front where everybody talks to Maya."""

    def __init__(self, chat: Conversation) -> None:
        self._chat = replace(chat, handoff="joined", agent="Maya")

    async def receive_at(self, _address: Address, _inbound: Inbound, **_rest: object) -> Reply:
        return Reply(self._chat, (), None)


async def test_a_picture_for_a_person_on_the_line_is_refused_clearly(world: World) -> None:
    """The desk hears of it by the chat; here it is the customer who is told."""
    telegram, service = world.telegram, world.service
    ana = telegram.person("Ana")
    telegram.starts(ana)
    await world.shows(ana, "How likely")
    api = TelegramApi(telegram.token, telegram.url)
    front = cast("Front", OnTheLine(await world.chat(ana)))
    channel = TelegramChannel(front, service.store, api, Options(1), app.clock)
    await channel.take(Update(1, Media(Person(str(ana.id)))))
    refusal = await world.shows(ana, "Pictures and recordings cannot be passed on here.")
    assert telegram.last(ana) == refusal
    await channel.asides.close()
    await api.close()
