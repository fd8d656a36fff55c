"""How the app is told by the stand-in: again until it acknowledges, twice, backwards, and on another connection."""

import json
import time

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse

from bot.sandbox.slack.http import signed
from bot.sandbox.slack.server import Slack
from tests.sandbox.slack_app import MODES, Heard, app_in


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fresh_id", [False, True])
async def test_a_message_is_told_twice(slack: Slack, heard: Heard, mode: str, fresh_id: bool) -> None:
    async with app_in(mode, slack, heard):
        slack.dispatcher.twice(fresh_id=fresh_id)
        slack.says("nadia", "dm", "7")
        slack.says("nadia", "dm", "8")
        await slack.settled()
    assert sorted(heard.texts()) == ["7", "7", "8"]
    sevens = [body for body in heard if body["event"]["text"] == "7"]
    assert len({body["event_id"] for body in sevens}) == 1 + fresh_id
    assert len({body["event"]["ts"] for body in sevens}) == 1


async def test_messages_come_in_order_unless_told_otherwise(slack: Slack, heard: Heard) -> None:
    async with app_in("socket", slack, heard):
        with slack.dispatcher.backwards():
            for text in "abc":
                slack.says("nadia", "dm", text)
        for text in "def":
            slack.says("nadia", "dm", text)
        await slack.settled()
        slack.dispatcher.deliver(slack.dispatcher.events[0])
        await slack.settled()
    assert "".join(heard.texts()) == "cbadefa"


@pytest.mark.parametrize(("mode", "reason"), [("socket", "timeout"), ("http", "timeout")])
async def test_an_acknowledgement_is_lost(slack: Slack, heard: Heard, mode: str, reason: str) -> None:
    async with app_in(mode, slack, heard):
        slack.dispatcher.lose_acks()
        slack.says("nadia", "dm", "7")
        await slack.settled()
    assert heard.texts() == ["7", "7"]
    assert [(one.attempt, one.ack.ok, one.ack.reason) for one in slack.dispatcher.deliveries] == [
        (0, False, reason),
        (1, True, ""),
    ]


@pytest.mark.parametrize(("mode", "reason"), [("socket", "timeout"), ("http", "http_error")])
@pytest.mark.parametrize("fails", [2, 4])
async def test_an_app_that_fails_is_told_four_times(
    slack: Slack, heard: Heard, mode: str, reason: str, fails: int
) -> None:
    taken = fails < 4
    slack.dispatcher.retries = (0.0, 0.0, 0.0)
    slack.dispatcher.within = 0.3
    heard.fails = fails
    async with app_in(mode, slack, heard):
        slack.says("nadia", "dm", "7")
        await slack.settled()
    assert heard.texts() == ["7"] * taken
    assert [one.ack.reason for one in slack.dispatcher.deliveries] == [reason] * fails + [""] * taken
    assert [made["event"]["text"] for made in slack.dispatcher.dropped] == ["7"] * (not taken)


async def test_what_waits_can_be_hurried(slack: Slack, heard: Heard) -> None:
    slack.dispatcher.retries = (3600.0,)
    heard.fails = 1
    async with app_in("http", slack, heard):
        slack.says("nadia", "dm", "7")
        await slack.wait_for(lambda: slack.dispatcher.deliveries)
        slack.dispatcher.hurry()
        await slack.settled()
    assert heard.texts() == ["7"]


async def test_an_event_waits_for_a_connection(slack: Slack, heard: Heard) -> None:
    slack.says("nadia", "dm", "7")
    async with app_in("socket", slack, heard):
        await slack.settled()
    assert heard.texts() == ["7"]


async def test_what_a_person_does_while_nobody_is_there_fails(slack: Slack) -> None:
    ack = await slack.runs_command("maya", "/survey", "nps")
    assert (ack.ok, ack.reason) == (False, "no_connection")


async def test_what_a_connection_took_with_it_comes_again(slack: Slack) -> None:
    async def connection(http: ClientSession) -> ClientWebSocketResponse:
        headers = {"Authorization": f"Bearer {slack.app_token}"}
        async with http.post(f"{slack.api_url}apps.connections.open", headers=headers) as answer:
            socket = await http.ws_connect((await answer.json())["url"])
        assert (await socket.receive_json())["type"] == "hello"
        return socket

    async with ClientSession() as http:
        slack.says("nadia", "dm", "7")
        first = await connection(http)
        told = await first.receive_json()
        await first.close()
        again = await connection(http)
        told_again = await again.receive_json()
        await again.send_json({"envelope_id": told_again["envelope_id"]})
        await slack.settled()
        await again.close()
    assert told["payload"] == told_again["payload"]
    assert [(one["retry_attempt"], one["retry_reason"]) for one in (told, told_again)] == [
        (0, ""),
        (1, "connection_closed"),
    ]


async def test_several_connections_share_the_events(slack: Slack, heard: Heard) -> None:
    async with app_in("socket", slack, heard, connections=3):
        for text in "abcdef":
            slack.says("nadia", "dm", text)
        await slack.settled()
        assert len(slack.sockets.connections) == 3
    assert sorted(heard.texts()) == list("abcdef")


@pytest.mark.parametrize("how", ["refresh", "cut"])
async def test_the_app_connects_again(slack: Slack, heard: Heard, how: str) -> None:
    async with app_in("socket", slack, heard):
        (old,) = slack.sockets.connections
        await getattr(slack.sockets, how)()
        await slack.wait_for(lambda: slack.sockets.connections not in ([], [old]), "another connection")
        slack.says("nadia", "dm", "7")
        await slack.settled()
    assert heard.texts() == ["7"]


async def test_the_app_is_taken_away(slack: Slack, heard: Heard) -> None:
    async with app_in("socket", slack, heard):
        slack.says("maya", "dm", "before")
        await slack.settled()
        slack.uninstalls()
        await slack.settled()
    assert [body["event"]["type"] for body in heard] == ["message", "app_uninstalled", "tokens_revoked"]
    assert slack.world.token_of(slack.team.id) is None


async def test_a_preview_looks_like_an_edit(slack: Slack, heard: Heard) -> None:
    async with app_in("socket", slack, heard):
        said = slack.says("maya", "dm", "https://acme.example/")
        slack.unfurls(said)
        await slack.settled()
    changed = heard.events()[-1]
    assert changed["subtype"] == "message_changed"
    assert changed["message"]["text"] == changed["previous_message"]["text"]
    assert "edited" not in changed["message"]


async def test_the_app_hears_only_what_it_may(slack: Slack, heard: Heard) -> None:
    async with app_in("socket", slack, heard):
        slack.says("nadia", "#general", "the app is not here")
        slack.dispatcher.subscriptions = frozenset({"message.im"})
        slack.says("maya", "#nps-alerts", "the app did not subscribe to channels")
        slack.says("maya", "dm", "this it hears")
        await slack.settled()
        slack.revoke()
        slack.says("maya", "dm", "the app is not installed any more")
        await slack.settled()
    assert heard.texts() == ["this it hears"]


@pytest.mark.parametrize(
    ("secret", "age", "genuine"),
    [("right", 0, True), ("wrong", 0, False), ("right", 600, False), ("right", -600, False)],
)
async def test_an_app_tells_our_requests_from_others(
    slack: Slack, heard: Heard, secret: str, age: int, genuine: bool
) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "c"}).encode()
    headers = signed(slack.signing_secret if secret == "right" else "other", body, int(time.time()) - age)
    async with app_in("http", slack, heard):
        assert slack.http is not None
        ack = await slack.http.post(body, headers | {"Content-Type": "application/json"})
    assert ack.ok == genuine
