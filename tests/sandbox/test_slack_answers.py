"""What the stand-in answers is what the vendor's file says Slack answers (post-2021 additions apart)."""

from typing import Any

import pytest
from jsonschema import Draft4Validator
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack.server import Slack
from tests.harness.contracts import load


def faults(method: str, answer: Any) -> list[str]:
    """Against the vendor's schema of a successful answer. Fields that it does not know are newer than it is."""
    document = load("slack/web-api.openapi.json")
    if document is None:
        return []
    schema = document["paths"][f"/{method}"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    found = Draft4Validator({**schema, "components": document["components"]}).iter_errors(answer)
    return [
        f"{list(error.absolute_path)}: {error.message}" for error in found if error.validator != "additionalProperties"
    ]


@pytest.mark.parametrize(
    ("method", "args"),
    [
        ("auth.test", {}),
        ("chat.postMessage", {"channel": "#nps-alerts", "text": "x"}),
        ("chat.update", {"channel": "C", "ts": "ts", "text": "y"}),
        ("chat.delete", {"channel": "C", "ts": "ts"}),
        ("chat.postEphemeral", {"channel": "C", "user": "U", "text": "y"}),
        ("users.info", {"user": "U", "include_locale": True}),
        ("users.lookupByEmail", {"email": "maya@acme.example"}),
        ("views.publish", {"user_id": "U", "view": {"type": "home", "blocks": [{"type": "divider"}]}}),
    ],
)
async def test_answers(slack: Slack, method: str, args: dict[str, Any]) -> None:
    slack.web.check = None
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
    sent = await client.chat_postMessage(channel="#nps-alerts", text="x")
    names = {"C": sent["channel"], "ts": sent["ts"], "U": slack.user("maya").id}
    given = {name: names.get(value, value) if isinstance(value, str) else value for name, value in args.items()}
    assert faults(method, (await client.api_call(method, json=given)).data) == []
