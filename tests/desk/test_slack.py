"""What agents do in Slack, and what they see of it: the service and the stand-in over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.app import Service, clock
from bot.sandbox.slack.quirks import Quirk, broken, lost, throttled
from bot.sandbox.slack.server import Slack
from bot.sandbox.slack.types import Message
from tests.desk.visitor import Visitor
from tests.harness.flows import ATTENDED
from tests.harness.service import serving
from tests.harness.slack import slack_environ
from tests.harness.working import until

SETTINGS = """
alerts:
  - {when: {score: 0..6}, to: "#nps-alerts", mention: "@here"}
  - {when: {score: 9..10}, to: "#praise"}
cases:
  crm_link: "https://crm.example/find?q={{ contact.email | urlencode }}"
"""


@dataclass
class Desk:
    """A card in #nps-alerts, and the visitor whose case it is."""

    slack: Slack
    visitor: Visitor
    service: Service
    card: Message

    async def now(self, words: str) -> Message:
        """The card, as soon as it says this."""
        return await self.slack.wait_for(lambda: self._shows(words), words)

    def _shows(self, words: str) -> Message | None:
        card = self.slack.now(self.card)
        return card if card is not None and words in card.shown else None

    async def writes(self, who: str, text: str, mark: str = "", **more: object) -> Message:
        """A line in the thread, and the mark that it gets."""
        said = self.slack.says(who, "#nps-alerts", text, thread_ts=self.card.ts, **more)  # type: ignore[arg-type]  # keywords
        if mark:
            await self.slack.wait_for(lambda: self._marked(said, mark), f"{mark} on {text}")
        return said

    def _marked(self, said: Message, mark: str) -> bool | None:
        line = self.slack.now(said)
        return True if line is not None and mark in line.reactions else None

    async def thread(self, words: str) -> Message:
        def look() -> Message | None:
            return next((one for one in self.slack.thread(self.card) if words in one.shown), None)

        return await self.slack.wait_for(look, words)

    async def talks(self) -> None:
        """The customer asks for a person, and Maya is there."""
        await self.visitor.does("human")
        await self.slack.presses("maya", await self.now("is waiting for a person now"), "case_claim")
        await self.visitor.hears("Maya from support joined")

    @property
    def cards(self) -> list[Message]:
        return [one for one in self.slack.messages("#nps-alerts") if one.bot_id and not one.is_reply]


@pytest.fixture
async def desk(slack: Slack, tmp_path: Path) -> AsyncIterator[Desk]:
    (tmp_path / "settings.yaml").write_text(SETTINGS, "utf-8")
    async with serving(tmp_path, ATTENDED, clock, **slack_environ(slack)) as service, Visitor(service.url) as visitor:
        await slack.connected()
        await visitor.opens(contact={"name": "Nadia Benali", "email": "nadia@example.com", "plan": "gold"})
        await visitor.answers(value=2)
        yield Desk(slack, visitor, service, await slack.message("#nps-alerts", "2 of 10"))


async def test_the_card_says_everything_that_is_known(desk: Desk) -> None:
    await desk.visitor.answers(text="<!channel> *broken* stems")
    card = await desk.now("broken")
    for words in (
        "Nadia Benali",
        "nadia@example.com",
        "(claimed)",
        "gold",
        "Web chat, in English",
        "nobody has it yet",
    ):
        assert words in card.shown
    assert "<!here>" in card.shown
    (quote,) = [block for block in card.blocks if block["type"] == "rich_text"]
    assert quote["elements"][0]["elements"] == [{"type": "text", "text": "<!channel> *broken* stems"}]
    assert card.text.startswith("Score 2 from Nadia Benali")
    assert len(desk.cards) == 1


async def test_of_two_who_claim_at_once_one_has_it_and_the_other_is_told(desk: Desk) -> None:
    card = desk.card
    await asyncio.gather(*(desk.slack.presses(who, card, "case_claim") for who in ("maya", "tom")))
    claimed = await desk.now("has it since")
    holder = next(name for name in ("maya", "tom") if desk.slack.user(name).id in claimed.shown)
    other = "tom" if holder == "maya" else "maya"
    (told,) = await desk.slack.wait_for(lambda: desk.slack.ephemerals(other) or None, "the other to be told")
    assert "has this case" in told.shown
    assert desk.slack.ephemerals(holder) == []


async def test_a_case_is_released_put_aside_and_handed_over(desk: Desk) -> None:
    slack = desk.slack
    await slack.presses("maya", desk.card, "case_claim")
    await slack.presses("maya", await desk.now("has it since"), "case_release")
    await slack.chooses("maya", await desk.now("nobody has it yet"), "case_more", "snooze_1h")
    await slack.chooses("maya", await desk.now("Snoozed until"), "case_more", "handover")
    await slack.submits("maya", {"to": slack.user("tom").id}, await slack.opened("maya"))
    assert slack.user("tom").id in (await desk.now("has it since")).shown
    await slack.presses("maya", await desk.now("has it since"), "case_release")
    (told,) = await slack.wait_for(lambda: slack.ephemerals("maya") or None, "Maya to be told")
    assert "has this case" in told.shown


async def test_the_link_and_the_crm_are_in_the_menu(desk: Desk) -> None:
    await desk.slack.chooses("maya", desk.card, "case_more", "link")
    (told,) = await desk.slack.wait_for(lambda: desk.slack.ephemerals("maya") or None, "the link")
    assert desk.card.ts.replace(".", "") in told.shown
    (menu,) = [one for one in desk.card.elements if one["type"] == "overflow"]
    assert [one.get("url") for one in menu["options"] if one["value"] == "crm"] == [
        "https://crm.example/find?q=nadia%40example.com"
    ]


async def test_a_form_for_a_case_that_somebody_else_took_says_so(desk: Desk) -> None:
    await desk.slack.presses("maya", desk.card, "case_resolve")
    form = await desk.slack.opened("maya")
    await desk.slack.presses("tom", desk.card, "case_claim")
    await desk.now("has it since")
    await desk.slack.submits("maya", {"outcome": "explained"}, form)
    assert desk.slack.modal("maya") is not None
    assert "has it since" in (await desk.now("has it since")).shown


async def test_lines_are_changed_and_taken_back(desk: Desk) -> None:
    await desk.talks()
    said = await desk.writes("maya", "Hello Nadja", "white_check_mark")
    desk.slack.edits("maya", said, "Hello Nadia")
    await desk.visitor.hears("Hello Nadia")
    desk.slack.edits("maya", said, "// Hello Nadia")
    await desk.slack.wait_for(lambda: desk._marked(said, "lock"), "the note")
    changed = [entry for entry in desk.visitor.entries if entry.get("replaces")]
    assert [entry["text"] for entry in changed] == ["Hello Nadia", ""]
    note = await desk.writes("maya", "// a note", "lock")
    desk.slack.edits("maya", note, "no note any more")
    await desk.visitor.hears("no note any more")
    desk.slack.deletes("maya", note)
    await until(lambda: len([entry for entry in desk.visitor.entries if entry.get("replaces")]) == 3)


async def test_a_line_to_nobody_is_marked_with_the_reason(desk: Desk) -> None:
    await desk.writes("maya", "Hello?", "warning")
    assert "not talking to a person now" in (await desk.thread("Not delivered")).shown
    assert "nadia@example.com" in (await desk.thread("Not delivered")).shown


async def test_a_file_stays_and_that_is_said(desk: Desk) -> None:
    await desk.talks()
    await desk.writes("maya", "See this", "warning", files=["invoice.pdf"])
    await desk.visitor.hears("See this")
    assert "a file does not leave this workspace" in (await desk.thread("Not delivered")).shown


async def test_events_that_come_twice_change_nothing(desk: Desk) -> None:
    desk.slack.dispatcher.twice(fresh_id=True)
    await desk.talks()
    await desk.writes("maya", "Hello Nadia", "white_check_mark")
    await desk.writes("maya", "// note", "lock")
    await desk.slack.settled()
    assert [entry["text"] for entry in desk.visitor.entries if entry["author"] == "agent"] == ["Hello Nadia"]


async def test_a_card_that_somebody_deleted_is_put_up_again(desk: Desk) -> None:
    desk.slack.deletes(desk.slack.team.bot.name, desk.card)
    await desk.visitor.answers(text="broken stems")
    again = await desk.slack.message("#nps-alerts", "broken stems")
    await desk.slack.presses("maya", again, "case_claim")
    await desk.slack.wait_for(lambda: "has it since" in (desk.slack.now(again) or again).shown or None, "the claim")
    assert [one.ts for one in desk.slack.messages("#nps-alerts") if not one.is_reply] == [again.ts]


@pytest.mark.parametrize("quirk", [throttled(1), broken(503, after=True), lost()], ids=["429", "503 after", "lost"])
async def test_slack_in_trouble_doubles_and_loses_nothing(desk: Desk, quirk: Quirk) -> None:
    await desk.visitor.does("human")
    await desk.now("is waiting for a person now")
    await desk.thread("What you write in this thread")
    desk.slack.quirks.order("chat.postMessage", quirk)
    await desk.visitor.answers(text="Is anybody there?")
    await desk.slack.wait_for(lambda: _count(desk, "Is anybody there?") or None, "the line", 15)
    await desk.visitor.answers(text="Hello?")
    await desk.thread("Hello?")
    assert _count(desk, "Is anybody there?") == 1


def _count(desk: Desk, words: str) -> int:
    return sum(words in one.shown for one in desk.slack.thread(desk.card))


async def recorded(service: Service) -> bool:
    """Whether the records know what the chats know."""
    chats = [job for job in await service.store.jobs() if job.job.kind in ("response", "desk")]
    return not chats


async def test_the_home_tab_says_what_needs_somebody(desk: Desk) -> None:
    await until(lambda: recorded(desk.service))
    desk.slack.opens_home("maya")
    home = await desk.slack.wait_for(lambda: desk.slack.home("maya"), "the home")
    assert "1 case needs somebody" in str(home.blocks)
    assert "Nadia Benali" in str(home.blocks)


async def test_a_customer_sees_no_case_in_their_home(desk: Desk) -> None:
    await until(lambda: recorded(desk.service))
    desk.slack.opens_home("nadia")
    home = await desk.slack.wait_for(lambda: desk.slack.home("nadia"), "the home")
    assert "Nadia Benali" not in str(home.blocks)
    assert "in the Messages tab" in str(home.blocks)


async def test_a_home_shows_cases_of_the_channels_that_one_is_in(desk: Desk) -> None:
    await until(lambda: recorded(desk.service))
    desk.slack.add_channel("praise", "nadia")
    desk.slack.opens_home("nadia")
    home = await desk.slack.wait_for(lambda: desk.slack.home("nadia"), "the home")
    assert "No cases need somebody" in str(home.blocks)


async def test_a_card_whose_answer_was_lost_is_found_and_not_put_up_again(slack: Slack, tmp_path: Path) -> None:
    environ = slack_environ(slack, SLACK_ALERT_CHANNEL="#nps-alerts")
    async with serving(tmp_path, ATTENDED, clock, **environ) as service, Visitor(service.url) as visitor:
        await slack.connected()
        slack.quirks.order("chat.postMessage", lost())
        await visitor.opens()
        await visitor.answers(value=2)
        card = await slack.message("#nps-alerts", "2 of 10")
        await slack.wait_for(lambda: slack.calls("conversations.history") or None, "the card to be looked up")
        await visitor.answers(text="broken stems")
        await slack.wait_for(lambda: "broken stems" in (slack.now(card) or card).shown or None, "the same card")
        assert len([one for one in slack.messages("#nps-alerts") if not one.is_reply]) == 1
