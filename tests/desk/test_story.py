"""The desk as agents meet it: the whole service, Slack's stand-in over real sockets, a visitor on the web."""

from pathlib import Path

from bot.app import clock
from bot.sandbox.slack.server import Slack
from bot.sandbox.slack.types import Message
from tests.desk.visitor import Visitor
from tests.harness.flows import ATTENDED
from tests.harness.service import serving
from tests.harness.slack import slack_environ


async def test_a_visitor_asks_for_a_person_who_claims_answers_and_resolves(slack: Slack, tmp_path: Path) -> None:
    environ = slack_environ(slack, SLACK_ALERT_CHANNEL="#nps-alerts")
    async with serving(tmp_path, ATTENDED, clock, **environ) as service, Visitor(service.url) as nadia:
        await slack.connected()
        await nadia.opens(contact={"name": "Nadia Benali", "plan": "gold"})
        await nadia.answers(value=2)
        card = await slack.message("#nps-alerts", "2 of 10")
        assert card.buttons == ("Claim", "Outcome …")

        await nadia.does("human")
        waiting = await slack.wait_for(lambda: _shows(slack, card, "is waiting for a person now"))
        await slack.presses("maya", waiting, "case_claim")
        await nadia.hears("Maya from support joined")
        said = slack.says("maya", "#nps-alerts", "Hello Nadia, so sorry.", thread_ts=card.ts)
        await nadia.hears("Hello Nadia, so sorry.")
        await slack.wait_for(lambda: (m := slack.now(said)) is not None and "white_check_mark" in m.reactions)
        note = slack.says("maya", "#nps-alerts", "// third time", thread_ts=card.ts)
        await slack.wait_for(lambda: (m := slack.now(note)) is not None and "lock" in m.reactions)
        await nadia.answers(text="A new one please")
        await slack.wait_for(lambda: any("A new one please" in m.shown for m in slack.thread(card)))

        claimed = await slack.wait_for(lambda: _shows(slack, card, "has it since"))
        await slack.presses("maya", claimed, "case_resolve")
        form = await slack.opened("maya")
        await slack.submits("maya", {"outcome": "replaced", "cause": "delivery", "note": "New fern sent."}, form)
        await slack.wait_for(lambda: _shows(slack, card, "resolved: *Replaced*"))
        await nadia.hears("Maya from support left")
        assert all("// third time" not in entry["text"] for entry in nadia.entries)
        chat = await service.store.load_id(nadia.chat)
        assert chat is not None
        assert chat.case is not None
        assert (chat.case.state, chat.case.counts, chat.case.owner) == ("resolved", "recovered", "Maya Roy")


def _shows(slack: Slack, card: Message, words: str) -> Message | None:
    now = slack.now(card)
    return now if now is not None and words in now.shown else None
