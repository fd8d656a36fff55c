"""A writer that needs a person, at the desk in Slack: one message, its button, and what it says in the end."""

from pathlib import Path

from bot.app import clock
from bot.sandbox.slack.server import Slack
from tests.desk.visitor import Visitor
from tests.harness.flows import ATTENDED
from tests.harness.receiver import SECRET, Answer, Receiver
from tests.harness.service import serving
from tests.harness.slack import slack_environ

SETTINGS = """
writers:
  crm: {{kind: webhook, url: "{url}", secret: "${{HOOK}}", allow_private: true, transcript: false}}
alerts:
  - {{when: {{score: 0..6}}, to: "#nps-alerts"}}
"""


async def test_a_response_that_was_given_up_is_told_and_sent_again_by_one_press(slack: Slack, tmp_path: Path) -> None:
    async with Receiver() as crm:
        crm.answers = [Answer(422)] * 20  # refused for good, however often it grows
        (tmp_path / "settings.yaml").write_text(SETTINGS.format(url=crm.url), "utf-8")
        environ = slack_environ(slack, HOOK=SECRET)
        async with serving(tmp_path, ATTENDED, clock, **environ) as service, Visitor(service.url) as visitor:
            await slack.connected()
            await visitor.opens()
            await visitor.answers(value=9)
            told = await slack.message("#nps-alerts", "1 response did not get into crm.")
            assert "the receiver answered 422" in told.shown
            assert "chatsurvey jobs --state dead --kind write.crm" in told.shown

            crm.answers = []
            await slack.presses("maya", told, "alarm_replay", "crm")
            await crm.until(lambda crm: len(crm.events) == 1)
            assert crm.events[0].data["score"] == 9

            def says(words: str) -> bool | None:
                now = slack.now(told)
                return True if now is not None and words in now.shown else None

            await slack.wait_for(lambda: says("is sent again"), "the message to follow")
            assert slack.user("maya").id in slack.now(told).shown  # type: ignore[union-attr]  # it is there, as above
            assert len([one for one in slack.messages("#nps-alerts") if one.bot_id]) == 1
