"""A person's chat in Telegram, from the first tap to the end, over real sockets and by either way of updates."""

from tests.channels.telegram.world import SCORES, World


async def test_a_whole_chat(either: World) -> None:
    telegram = either.telegram
    nadia = telegram.person("Nadia", "en")
    telegram.starts(nadia)
    question = await either.shows(nadia, "How likely are you to recommend us?", SCORES)
    assert "0 is not at all likely, 10 is extremely likely. You can also just type it." in question.text
    assert [len(row) for row in question.reply_markup.inline_keyboard] == [6, 5]  # type: ignore[union-attr]

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
