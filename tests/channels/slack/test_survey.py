"""A survey in a member's direct messages, over real sockets: how it begins, goes and ends."""

from pathlib import Path

import pytest

from bot.errors import Refused
from bot.model import Inbound
from bot.sandbox.slack.server import Slack, clock
from tests.channels.slack.service import Service, serving
from tests.harness.working import until

SCORE = "How likely are you to recommend Acme?"


async def test_the_whole_way_by_buttons_and_words(either: Service) -> None:
    slack = either.slack
    assert (await slack.runs_command("nadia", "/survey", channel="#general")).ok
    assert slack.ephemerals("nadia")[-1].text == "I have written to you in our direct messages."
    question = await either.asked("nadia", SCORE)
    assert question.buttons == tuple(map(str, range(11)))
    assert "0: Not at all likely · 10: Extremely likely · You can also just type it." in question.shown

    await slack.presses("nadia", question, "survey_number/2")
    reason = await either.asked("nadia", "What is the reason?")
    assert either.now(question).shown.startswith(f"{SCORE}\nYou said “2”.")
    assert either.now(question).buttons == ("Change",)
    assert reason.buttons == ("Write more …", "Skip", "Back")

    slack.says("nadia", "dm", "Broken & <late>, :nine: times")
    call = await either.asked("nadia", "Shall we call you?")
    assert call.buttons == ("Call me", "No, thanks", "Back")
    await slack.presses("nadia", call, "survey_key/1")
    await either.asked("nadia", "Thank you.")

    chat = await either.chat("nadia")
    assert chat is not None
    assert (chat.score, chat.outcome) == (2, "completed")
    assert chat.answers["reason"].value == "Broken & <late>, 9 times"
    assert chat.answers["callback"].value == "no"


@pytest.mark.parametrize(
    ("text", "first", "begun"),
    [
        ("", SCORE, ("nps", "en")),
        ("nps", SCORE, ("nps", "en")),
        ("nps fr", "Recommanderiez-vous Acme ?", ("nps", "fr")),
        ("fr", "Recommanderiez-vous Acme ?", ("nps", "fr")),
        ("other", "Why?", ("other", "en")),
        ("other FR-ch please", "Pourquoi ?", ("other", "FR-ch")),
    ],
)
async def test_the_command_names_flow_and_language(
    service: Service, text: str, first: str, begun: tuple[str, str]
) -> None:
    await service.slack.runs_command("nadia", "/survey", text)
    await service.asked("nadia", first)
    chat = await service.chat("nadia")
    assert chat is not None
    assert (chat.flow, chat.locale) == begun


async def test_a_member_is_known_by_the_name_of_their_profile(service: Service) -> None:
    await service.slack.runs_command("nadia", "/survey")

    async def introduced() -> bool:
        chat = await service.chat("nadia")
        return chat is not None and "name" in chat.contact

    await until(introduced)
    chat = await service.chat("nadia")
    assert chat is not None
    known = {name: (fact.value, fact.proven) for name, fact in chat.contact.items()}
    assert known["name"] == ("Nadia Benali", True)
    assert (known["username"], known["email"]) == (("nadia", True), ("nadia@acme.example", True))
    assert chat.timezone == "Europe/Paris"


async def test_a_flow_that_is_not_there_is_told_to_whoever_asked(service: Service) -> None:
    await service.slack.runs_command("nadia", "/survey", "npss")
    assert service.slack.ephemerals("nadia")[-1].text.startswith("There is no survey of that name.")
    assert await service.chat("nadia") is None


async def test_a_shortcut_begins_too_and_asks_once_more_where_a_chat_is_open(service: Service) -> None:
    slack = service.slack
    assert (await slack.shortcut("nadia", "survey_start")).ok
    first = await service.asked("nadia", SCORE)
    await slack.shortcut("nadia", "survey_start")
    again = await slack.wait_for(lambda: [one for one in service.shown("nadia") if one.ts != first.ts], "it again")
    assert len(again[0].buttons) == 11
    await slack.wait_for(lambda: not service.now(first).buttons, "the first control to go")


async def test_an_invitation_writes_first_and_keeps_away_after_stop(service: Service) -> None:
    await service.invites("nadia", locale="fr")
    question = await service.asked("nadia", "Recommanderiez-vous Acme ?")
    service.slack.says("nadia", "dm", "stop")
    await service.slack.wait_for(lambda: not service.now(question).buttons, "the control to go")
    with pytest.raises(Refused, match="does not want"):
        await service.invites("nadia", "k2")


async def test_change_leads_back_as_long_as_nothing_else_was_answered(service: Service) -> None:
    slack = service.slack
    await service.invites("nadia")
    question = await service.asked("nadia", SCORE)
    await slack.presses("nadia", question, "survey_number/2")
    await service.asked("nadia", "What is the reason?")
    settled = service.now(question)
    await slack.presses("nadia", settled, "survey_command/change")
    again = (await slack.wait_for(lambda: [one for one in service.shown("nadia") if len(one.buttons) > 9], "it again"))[
        0
    ]
    await slack.presses("nadia", again, "survey_number/3")
    await slack.wait_for(lambda: "You said “3”." in service.now(again).shown, "the new answer")
    before = await service.chat("nadia")
    await slack.presses("nadia", settled, "survey_command/change")
    assert await service.chat("nadia") == before
    assert before is not None
    assert before.score == 3


async def test_the_window_takes_a_long_answer(either: Service) -> None:
    slack = either.slack
    await either.invites("nadia")
    await slack.presses("nadia", await either.asked("nadia", SCORE), "survey_number/3")
    reason = await either.asked("nadia", "What is the reason?")
    await slack.presses("nadia", reason, "survey_write")
    window = await slack.opened("nadia")
    assert window.body["blocks"][0]["label"]["text"] == "What is the reason?"
    assert (await slack.submits("nadia", {"text": "Two\nlines"})).ok
    await either.asked("nadia", "Shall we call you?")
    chat = await either.chat("nadia")
    assert chat is not None
    assert chat.answers["reason"].value == "Two\nlines"


async def test_a_window_of_an_answered_question_says_so_and_stays(service: Service) -> None:
    slack = service.slack
    await service.invites("nadia")
    await slack.presses("nadia", await service.asked("nadia", SCORE), "survey_number/3")
    await slack.presses("nadia", await service.asked("nadia", "What is the reason?"), "survey_write")
    window = await slack.opened("nadia")
    slack.says("nadia", "dm", "Too late")
    await service.asked("nadia", "Shall we call you?")
    ack = await slack.submits("nadia", {"text": "Even later"})
    assert ack.body["errors"] == {"text": "This question has been answered meanwhile."}
    assert slack.modal("nadia") is not None
    assert window.id


async def test_links_lead_through_the_service(service: Service) -> None:
    await service.invites("nadia")
    await service.slack.presses("nadia", await service.asked("nadia", SCORE), "survey_number/10")
    offer = await service.asked("nadia", "Would you tell others?")
    chat = await service.chat("nadia")
    assert chat is not None
    (link,) = [one for one in offer.elements if one.get("url")]
    assert link["url"].startswith(f"http://localhost:8080/l/{chat.id}/")
    assert (await service.slack.presses("nadia", offer, link["action_id"])).ok


async def test_whoever_writes_without_having_been_asked_hears_how_to_begin(service: Service) -> None:
    service.slack.says("nadia", "dm", "hello?")
    await service.asked("nadia", "Write /survey to answer a few questions.")
    assert await service.chat("nadia") is None


async def test_or_is_asked_where_the_settings_say_so(slack: Slack, tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("slack: {first_message: true, flow: other}", "utf-8")
    async with serving(slack, tmp_path) as service:
        slack.says("nadia", "dm", "hello?")
        await service.asked("nadia", "Why?")
        slack.says("nadia", "dm", "Because.")
        await service.asked("nadia", "Thanks.")
        slack.says("nadia", "dm", "One more thing")
        await slack.settled()
        chat = await service.chat("nadia")
        assert chat is not None
        assert (chat.flow, chat.outcome, chat.commented) == ("other", "completed", 1)


async def test_a_picture_is_answered_kindly_and_the_control_moves_down(service: Service) -> None:
    await service.invites("nadia")
    await service.asked("nadia", SCORE)
    service.slack.says("nadia", "dm", "", files=("photo.png",))
    again = await service.asked("nadia", "only words can be read here")
    assert len(again.buttons) == 11


async def test_while_a_person_is_on_the_line_words_and_files_go_to_them_and_theirs_come_back(service: Service) -> None:
    slack = service.slack
    await slack.runs_command("nadia", "/survey", "person")
    await service.asked("nadia", "Somebody will be with you.")
    slack.says("nadia", "dm", "Look at this", files=("broken.png",))
    await slack.settled()
    chat = await service.chat("nadia")
    assert chat is not None
    said = [entry.text for entry in await service.store.entries(chat.id) if entry.author == "visitor"]
    assert said[0] == "Look at this"
    assert said[1].startswith("broken.png http")
    for value, text, ref in (("say", "Oh <no>!", "l1"), ("edit", "Oh no.", "l1")):
        inbound = Inbound(f"{value}1", clock(), "agent", value=value, text=text, name="Maya", ref=ref)
        await service.runtime.receive(chat.id, inbound)
        await service.asked("nadia", f"Maya\n{text}")
