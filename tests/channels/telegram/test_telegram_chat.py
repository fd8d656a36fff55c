"""A person's chat in Telegram, from the first tap to the end, over real sockets and by either way of updates."""

import pytest

from tests.channels.telegram.world import SCORES, World


async def test_a_whole_chat(either: World) -> None:
    telegram = either.telegram
    nadia = telegram.person("Nadia", "en")
    telegram.starts(nadia)
    question = await either.shows(nadia, "How likely are you to recommend us?", SCORES)
    assert "0 is not at all likely, 10 is extremely likely. You can also just type it." in question.text
    assert question.reply_markup is not None
    assert [len(row) for row in question.reply_markup.inline_keyboard] == [6, 5]

    telegram.presses(nadia, "4")
    await either.shows(nadia, "How likely are you to recommend us?\n\nYou said 4.", ["Change"])
    await either.shows(nadia, "What let you down?", ["Skip"])

    telegram.says(nadia, "The pot was broken")
    await either.shows(nadia, "What let you down?\n\nYou said The pot was broken.", ["Change"])
    await either.shows(nadia, "How should we put it right?", ["Call me back", "No, thanks"])

    telegram.presses(nadia, "Call me back")
    await either.shows(nadia, "What number should we call? Used for this call only.")
    telegram.presses(nadia, "Share my number")
    await either.shows(nadia, "Thank you.")

    chat = await either.chat(nadia)
    assert (chat.outcome, chat.score, chat.locale) == ("completed", 4, "en")
    assert either.answers(chat)["reason"] == "The pot was broken"
    assert str(either.answers(chat)["contact.phone"]).startswith("+33")
    assert chat.contact["first_name"].value == "Nadia"
    assert not chat.contact["first_name"].proven
    assert telegram.room(nadia).keys == ()


async def test_typed_answers_always_work(world: World) -> None:
    telegram = world.telegram
    omar = telegram.person("Omar", "fr")
    for text, then in (
        ("bonjour", "Nous recommanderiez-vous ?"),
        ("je dirais huit", "Qu'est-ce qui vous a déçu ?"),
        ("Le délai", "Comment arranger cela ?"),
        ("rappelez moi", "À quel numéro vous appeler ?"),
        ("06 12 34 56 78", "Merci."),
    ):
        telegram.says(omar, text)
        await world.shows(omar, then)
    chat = await world.chat(omar)
    assert (chat.locale, chat.score, chat.outcome) == ("fr", 8, "completed")
    assert world.answers(chat)["contact.phone"] == "+33612345678"


async def test_a_score_that_is_not_understood_is_asked_about(world: World) -> None:
    telegram = world.telegram
    ana = telegram.person("Ana")
    telegram.starts(ana)
    await world.shows(ana, "How likely", SCORES)
    telegram.says(ana, "7.5")
    await world.shows(ana, "How likely", [])
    near = await world.shows(ana, "", ["7", "8", "Show all"])
    telegram.presses(ana, "Show all")
    assert (await world.shows(ana, near.text, SCORES)).message_id == near.message_id
    telegram.presses(ana, "9")
    await world.shows(ana, "Thank you.")
    assert (await world.chat(ana)).score == 9


async def test_change_goes_back_once_however_often_it_is_tapped(world: World) -> None:
    telegram = world.telegram
    ana = telegram.person("Ana")
    telegram.starts(ana)
    await world.shows(ana, "How likely", SCORES)
    telegram.presses(ana, "3")
    early = await world.shows(ana, "You said 3.", ["Change"])
    await world.shows(ana, "What let you down?", ["Skip"])
    telegram.says(ana, "late")
    await world.shows(ana, "How should we put it right?", ["Call me back", "No, thanks"])
    await world.shows(ana, "You said 3.", [])
    seen = await world.shows(ana, "You said late.", ["Change"])
    telegram.presses(ana, "Change", seen)
    telegram.presses(ana, "Change", seen)
    await world.until(ana, lambda chat: chat.state == "reason" and chat.step_seq == 4)
    world.passes(10_000)
    telegram.presses(ana, "Change", early)
    assert await world.told(ana, "Change") == "This question has been answered."
    assert (await world.chat(ana)).state == "reason"


async def test_an_old_button_says_so_and_shows_the_question(world: World) -> None:
    telegram = world.telegram
    ana = telegram.person("Ana")
    telegram.starts(ana)
    old = await world.shows(ana, "How likely", SCORES)
    telegram.presses(ana, "3", old)
    await world.shows(ana, "What let you down?", ["Skip"])
    telegram.presses(ana, "10", old)
    assert await world.told(ana, "10") == "", "a double tap is no question"
    world.passes(10_000)
    telegram.presses(ana, "9", old)
    assert await world.told(ana, "9") == "This question has been answered."
    await world.count(ana, "What let you down?", 2)
    chat = await world.chat(ana)
    assert (chat.score, chat.state) == (3, "reason")


async def test_a_button_of_another_person_does_nothing(world: World) -> None:
    telegram = world.telegram
    ana, ben = telegram.person("Ana"), telegram.person("Ben")
    for one in (ana, ben):
        telegram.starts(one)
    shown = await world.shows(ana, "How likely", SCORES)
    await world.shows(ben, "How likely", SCORES)
    telegram.presses(ben, "0", shown)
    assert await world.told(ben, "0") == "This question has been answered."
    assert [(await world.chat(one)).score for one in (ana, ben)] == [None, None]


COMMANDS = {
    "/help": "You can also write",
    "/human": "Nobody can join this chat.",
    "/skip": "We do need an answer here to go on.",
    "/back": "This is the first question.",
    "/restart": "How likely are you",
    "/language": "Just write: in English, en français",
    "/language fr": "Nous recommanderiez-vous",
    "/stop": "Understood, we won't ask again.",
}


@pytest.mark.parametrize("command", COMMANDS)
async def test_commands(world: World, command: str) -> None:
    telegram = world.telegram
    ana = telegram.person("Ana")
    telegram.starts(ana)
    await world.shows(ana, "How likely", SCORES)
    before = len(telegram.messages(ana))
    telegram.says(ana, command)
    await telegram.until(lambda: len(telegram.messages(ana)) > before, command)
    assert COMMANDS[command] in telegram.messages(ana)[-1].text


@pytest.mark.parametrize("what", ["photo", "voice", "sticker"])
async def test_what_cannot_be_read_is_answered_with_the_buttons(world: World, what: str) -> None:
    telegram = world.telegram
    ana = telegram.person("Ana")
    telegram.starts(ana)
    await world.shows(ana, "How likely", SCORES)
    telegram.sends(ana, what)
    await world.shows(ana, "only words can be read here", SCORES)
    assert (await world.chat(ana)).score is None


async def test_the_end_and_what_comes_after(world: World) -> None:
    telegram = world.telegram
    ana = telegram.person("Ana")
    telegram.starts(ana)
    await world.shows(ana, "How likely", SCORES)
    telegram.presses(ana, "10")
    await world.shows(ana, "Thank you.")
    first = await world.chat(ana)
    assert world.said(ana)[1].startswith("Would you tell others?")
    assert "Review us: http://127.0.0.1" in world.said(ana)[1]

    telegram.says(ana, "And the box was lovely")
    await world.until(ana, lambda chat: chat.commented == 1)
    telegram.sends(ana, "sticker")
    await world.count(ana, "/start begins a new one", 1)
    telegram.says(ana, "/language fr")
    await world.count(ana, "/start begins a new one", 2)
    assert (await world.chat(ana)).commented == 1

    telegram.starts(ana)
    await world.until(ana, lambda chat: chat.id != first.id)
    await world.count(ana, "How likely", 2)


async def test_after_the_end_one_can_still_opt_out_or_begin_anew(world: World) -> None:
    telegram = world.telegram
    ana = telegram.person("Ana")
    telegram.starts(ana)
    await world.shows(ana, "How likely", SCORES)
    telegram.presses(ana, "10")
    await world.shows(ana, "Thank you.")
    telegram.says(ana, "/stop")
    await world.shows(ana, "Understood, we won't ask again.")
    first = await world.chat(ana)
    assert await world.service.store.docs("optout")
    telegram.says(ana, "/restart")
    await world.count(ana, "How likely", 2)
    assert (await world.chat(ana)).id != first.id


async def test_start_again_shows_the_question_again(world: World) -> None:
    telegram = world.telegram
    ana = telegram.person("Ana")
    telegram.starts(ana)
    await world.shows(ana, "How likely", SCORES)
    telegram.starts(ana)
    await world.count(ana, "How likely", 2)
    first, second = telegram.messages(ana)
    assert (list(first.buttons), list(second.buttons)) == ([], SCORES)
    assert (await world.chat(ana)).step_seq == 1


async def test_who_blocks_the_bot_has_left(either: World) -> None:
    telegram = either.telegram
    ana = telegram.person("Ana")
    telegram.starts(ana)
    await either.shows(ana, "How likely", SCORES)
    telegram.blocks(ana)
    await either.until(ana, lambda chat: chat.outcome == "unreachable")
    jobs = await either.service.store.jobs(None, "timer")
    assert jobs == ()


async def test_a_group_is_refused_once(world: World) -> None:
    telegram = world.telegram
    ana = telegram.person("Ana")
    group = telegram.adds_bot(ana, "Friends")
    for _ in range(2):
        telegram.says(ana, "/start", group)
    telegram.starts(ana)
    await world.shows(ana, "How likely", SCORES)
    told = [one.text for one in telegram.world.rooms[group.id].messages if one.from_.is_bot]
    assert told == ["I can only talk in private. Write to me here: https://t.me/chatsurvey_bot"]


async def test_updates_that_come_twice_or_out_of_order_change_nothing(either: World) -> None:
    telegram = either.telegram
    ana = telegram.person("Ana")
    telegram.starts(ana)
    shown = await either.shows(ana, "How likely", SCORES)
    telegram.updates.hold()
    taps = [telegram.presses(ana, number, shown) for number in ("2", "9")]
    telegram.updates.release([1, 0])
    await either.shows(ana, "You said 9.")
    for update in (*taps, telegram.updates.all[0]):
        telegram.updates.repeat(update)
    telegram.says(ana, "/help")
    await either.shows(ana, "This chat has ended")
    chat = await either.chat(ana)
    assert (chat.score, chat.outcome) == (9, "completed")
    assert len([text for text in either.said(ana) if "How likely" in text]) == 1
