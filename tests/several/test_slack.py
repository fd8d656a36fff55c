"""Socket Mode held by two processes: an event comes to either, or to both, and is taken once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.model import Address
from bot.sandbox.slack.server import Slack
from tests.harness.redis_server import Server
from tests.several.pair import Pair, staffed, with_maya

SCORE = "How likely are you to recommend Acme?"


@pytest.fixture
async def both(server: Server, slack: Slack, tmp_path: Path) -> AsyncIterator[Pair]:
    async with staffed(tmp_path, slack, server.url) as made:
        yield made


async def test_a_survey_goes_on_whichever_process_hears_of_it(both: Pair, slack: Slack) -> None:
    """Each event goes to one socket after the other, those of people twice: under the same id, and under a new one."""
    assert (await slack.runs_command("nadia", "/survey", channel="#general")).ok
    question = await slack.message("dm", SCORE, user="nadia")
    await slack.presses("nadia", question, "survey_number/2")
    await slack.presses("nadia", question, "survey_number/9")  # at the other one, and too late
    await slack.message("dm", "What is the reason?", user="nadia")
    slack.dispatcher.twice()
    slack.says("nadia", "dm", "too slow")
    await slack.message("dm", "Somebody will be with you.", user="nadia")
    await slack.settled()
    slack.dispatcher.twice(fresh_id=True)
    slack.says("nadia", "dm", "are you there?")
    await slack.settled()

    nadia = slack.user("nadia")
    address = Address("slack", f"{nadia.team}:{nadia.id}")
    chat = await both.b.store.load(address)
    assert chat is not None
    assert (chat.score, chat.handoff) == (2, "waiting")
    entries = await both.a.store.entries(chat.id)
    assert [entry.text for entry in entries if entry.author == "visitor"] == ["2", "too slow", "are you there?"]


async def test_the_desk_is_one_desk(both: Pair, slack: Slack) -> None:
    async with with_maya(slack, both.a, page=both.b) as visitor:
        cards = [one for one in slack.messages("#nps-alerts") if one.bot_id and not one.is_reply]
        assert len(cards) == 1
        for number in range(6):
            slack.dispatcher.twice(fresh_id=bool(number % 2))
            slack.says("maya", "#nps-alerts", f"line {number}", thread_ts=cards[0].ts)
            await visitor.hears(f"line {number}")
        await slack.settled()
        heard = [entry["text"] for entry in visitor.entries if entry["author"] == "agent"]
        assert heard == [f"line {number}" for number in range(6)]


async def test_who_stops_lets_its_socket_go_and_the_other_hears_all(both: Pair, slack: Slack) -> None:
    await both.a.stop()
    await slack.wait_for(lambda: len(slack.sockets.connections) == 1 or None, "one socket")
    for _ in range(2):
        assert (await slack.runs_command("nadia", "/survey", channel="#general")).ok
    await slack.message("dm", SCORE, user="nadia")
    assert slack.dispatcher.dropped == []
