"""A call of Slack's Web API: each way to fail is one of three errors, and none quotes a token or a text."""

from collections.abc import AsyncIterator

import pytest

from bot.channels.slack.api import SlackApi
from bot.errors import DeliveryError, Permanent, Retryable, Throttled
from bot.sandbox.slack.quirks import Quirk, broken, lost, refused, slow, throttled
from bot.sandbox.slack.server import Slack

WORDS = "these words are private"


@pytest.fixture
async def api(slack: Slack) -> AsyncIterator[SlackApi]:
    async def token(_team: str) -> str:
        return slack.bot_token

    made = SlackApi(slack.api_url, token, seconds=0.5)
    yield made
    await made.close()


async def test_a_call_that_works(api: SlackApi, slack: Slack) -> None:
    said = await api.call("T1", "chat.postMessage", channel="#nps-alerts", text="Hello")
    assert slack.messages("#nps-alerts")[-1].ts == said["ts"]


@pytest.mark.parametrize(
    ("quirk", "kind", "told"),
    [
        (throttled(7), Throttled, 7.0),
        (refused("ratelimited"), Throttled, 0.0),
        (broken(503), Retryable, None),
        (broken(500, after=True), Retryable, None),
        (refused("internal_error"), Retryable, None),
        (refused("service_unavailable"), Retryable, None),
        (lost(), Retryable, None),
        (slow(5.0), Retryable, None),
        (refused("channel_not_found"), Permanent, "channel_not_found"),
        (refused("token_revoked"), Permanent, "token_revoked"),
        (refused("account_inactive"), Permanent, "account_inactive"),
        (refused("no such <error>"), Permanent, "http_200"),
        (broken(404), Permanent, "http_404"),
    ],
    ids=str,
)
async def test_a_call_that_fails(
    api: SlackApi, slack: Slack, quirk: Quirk, kind: type[DeliveryError], told: float | str | None
) -> None:
    slack.quirks.order("chat.postMessage", quirk)
    with pytest.raises(DeliveryError) as failed:
        await api.call("T1", "chat.postMessage", channel="#nps-alerts", text=WORDS)
    error = failed.value
    assert type(error) is kind
    assert told in (None, getattr(error, "after", None), getattr(error, "code", None))
    shown = f"{error!r} {error.__cause__!r} {error.__suppress_context__}"
    assert "True" in shown
    assert not [secret for secret in (slack.bot_token, WORDS, "http://") if secret in shown]


async def test_one_call_is_one_request_whatever_becomes_of_it(api: SlackApi, slack: Slack) -> None:
    slack.quirks.order("chat.postMessage", lost())
    with pytest.raises(Retryable):
        await api.call("T1", "chat.postMessage", channel="#nps-alerts", text="Once")
    assert [message.text for message in slack.messages("#nps-alerts")] == ["Once"]


async def test_nobody_there_is_retryable() -> None:
    async def token(_team: str) -> str:
        return "xoxb-secret"

    api = SlackApi("http://127.0.0.1:1/api/", token)
    with pytest.raises(Retryable, match=r"does not answer auth\.test") as failed:
        await api.call("T1", "auth.test")
    assert "xoxb" not in str(failed.value)
    await api.close()
