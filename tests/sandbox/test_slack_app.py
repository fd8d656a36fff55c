"""A bolt app, in Socket Mode and over HTTP, meets in the stand-in what it meets in Slack."""

from collections.abc import AsyncIterator

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.sandbox.slack.server import Slack
from tests.sandbox.slack_app import MODES, Body, Heard, app_in, plain

BUTTONS = [{"type": "button", "action_id": f"pick_{name}", "text": plain(name), "value": name} for name in ("a", "b")]
MORE = [{"text": plain("Snooze"), "value": "snooze"}, {"text": plain("Link"), "value": "link"}]
CARD: list[Body] = [
    {
        "type": "section",
        "block_id": "head",
        "text": {"type": "mrkdwn", "text": "*2 of 10*"},
        "accessory": {"type": "overflow", "action_id": "more", "options": MORE},
    },
    {"type": "actions", "elements": BUTTONS},
]
FORM = {
    "type": "modal",
    "callback_id": "form",
    "notify_on_close": True,
    "private_metadata": "case_7f3k",
    "title": plain("Outcome"),
    "submit": plain("Save"),
    "blocks": [
        {
            "type": "input",
            "block_id": "note_block",
            "label": plain("Note"),
            "element": {"type": "plain_text_input", "action_id": "note", "max_length": 20},
        },
        {
            "type": "input",
            "block_id": "outcome_block",
            "label": plain("Outcome"),
            "optional": True,
            "element": {"type": "radio_buttons", "action_id": "outcome", "options": MORE, "initial_option": MORE[1]},
        },
    ],
}


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture(params=MODES)
async def client(request: pytest.FixtureRequest, slack: Slack, heard: Heard) -> AsyncIterator[AsyncWebClient]:
    """Of a running app."""
    async with app_in(request.param, slack, heard) as app:
        yield app.client
        await slack.settled()


async def card(slack: Slack, client: AsyncWebClient) -> None:
    await client.chat_postMessage(channel="#nps-alerts", text="2 of 10", blocks=CARD)


async def test_words_arrive_as_slack_writes_them(slack: Slack, heard: Heard, client: AsyncWebClient) -> None:
    said = slack.says("nadia", "dm", "2 < 3, see https://acme.example/a. Mail me@acme.example or +33 6 12 34 56 78")
    await slack.settled()
    (event,) = heard.events()
    assert event["text"] == (
        "2 &lt; 3, see <https://acme.example/a>. "
        "Mail <mailto:me@acme.example|me@acme.example> or <tel:+33612345678|+33 6 12 34 56 78>"
    )
    assert (event["channel_type"], event["ts"], event["user"]) == ("im", said.ts, slack.user("nadia").id)
    assert heard[0]["authorizations"][0]["user_id"] == slack.team.bot.id


async def test_edits_deletions_and_reactions_are_told(slack: Slack, heard: Heard, client: AsyncWebClient) -> None:
    said = slack.says("maya", "#nps-alerts", f"hello <@{slack.team.bot.id}> and @tom", raw=True)
    slack.edits("maya", said, "better")
    slack.reacts("tom", said, "eyes")
    slack.deletes("maya", said)
    await slack.settled()
    told = [event.get("subtype", event["type"]) for event in (body["event"] for body in heard)]
    assert sorted(told) == ["app_mention", "message", "message_changed", "message_deleted", "reaction_added"]
    changed = next(event for event in heard.events() if event.get("subtype") == "message_changed")
    assert (changed["message"]["text"], changed["previous_message"]["text"][:5]) == ("better", "hello")
    assert slack.messages("#nps-alerts") == []


async def test_a_reply_is_in_the_thread(slack: Slack, heard: Heard, client: AsyncWebClient) -> None:
    await card(slack, client)
    shown = await slack.message("#nps-alerts", "2 of 10")
    reply = slack.says("maya", "#nps-alerts", "on it", thread_ts=shown.ts, files=["stem.png"])
    await slack.settled()
    event = heard.events()[-1]
    assert (event["thread_ts"], event["parent_user_id"]) == (shown.ts, slack.team.bot.id)
    assert (event["subtype"], event["files"][0]["mimetype"]) == ("file_share", "image/png")
    assert slack.thread(shown) == [reply]


async def test_a_button_says_who_where_and_what(slack: Slack, heard: Heard, client: AsyncWebClient) -> None:
    await card(slack, client)
    shown = await slack.message("#nps-alerts", "2 of 10")
    assert shown.buttons == ("a", "b")
    assert (await slack.presses("maya", shown, "pick_b")).ok
    body = heard[-1]
    assert (body["user"]["name"], body["channel"]["name"]) == ("maya", "nps-alerts")
    assert (body["actions"][0]["value"], body["message"]["ts"]) == ("b", shown.ts)
    await slack.chooses("maya", shown, "more", "snooze")
    assert heard[-1]["actions"][0]["selected_option"] == MORE[0]
    with pytest.raises(LookupError, match="does not offer"):
        await slack.chooses("maya", shown, "more", "sell")


async def test_an_old_button_still_goes_out(slack: Slack, heard: Heard, client: AsyncWebClient) -> None:
    await card(slack, client)
    shown = await slack.message("#nps-alerts", "2 of 10")
    await client.chat_update(channel=shown.channel, ts=shown.ts, text="Resolved", blocks=[])
    assert slack.messages("#nps-alerts")[0].buttons == ()
    await slack.presses("maya", shown, "pick_a")
    assert heard[-1]["message"]["text"] == "Resolved"


async def opened(slack: Slack, heard: Heard, client: AsyncWebClient) -> None:
    await card(slack, client)
    await slack.presses("maya", await slack.message("#nps-alerts", "2 of 10"), "pick_a")
    await client.views_open(trigger_id=heard[-1]["trigger_id"], view=FORM)


@pytest.mark.parametrize(
    ("note", "stack"),
    [("fine", []), ("errors", ["Outcome"]), ("update", ["update"]), ("push", ["Outcome", "push"]), ("clear", [])],
)
async def test_a_form_does_what_the_app_answers(
    slack: Slack, heard: Heard, client: AsyncWebClient, note: str, stack: list[str]
) -> None:
    await opened(slack, heard, client)
    assert (await slack.submits("maya", {"note": note})).ok
    values = heard[-1]["view"]["state"]["values"]
    assert values["note_block"]["note"]["value"] == note
    assert values["outcome_block"]["outcome"]["selected_option"]["value"] == "link"
    assert heard[-1]["view"]["private_metadata"] == "case_7f3k"
    views = slack.world.modals[slack.user("maya").id]
    assert [view.title for view in views] == stack
    assert [view.errors for view in views] == (
        [{"note_block": "Not like this"}] if note == "errors" else [{}] * len(stack)
    )


@pytest.mark.parametrize(
    ("values", "error"),
    [({}, ValueError), ({"note": "x" * 21}, ValueError), ({"note": "x", "outcome": "sell"}, LookupError)],
)
async def test_a_form_is_not_sent_before_it_is_right(
    slack: Slack, heard: Heard, client: AsyncWebClient, values: Body, error: type[Exception]
) -> None:
    await opened(slack, heard, client)
    with pytest.raises(error):
        await slack.submits("maya", values)


async def test_a_closed_form_is_told(slack: Slack, heard: Heard, client: AsyncWebClient) -> None:
    await opened(slack, heard, client)
    ack = await slack.closes("maya")
    assert ack is not None
    assert ack.ok
    assert heard[-1]["type"] == "view_closed"
    assert slack.modal("maya") is None


async def test_a_command_and_what_its_answer_shows(slack: Slack, heard: Heard, client: AsyncWebClient) -> None:
    assert (await slack.runs_command("nadia", "/survey", "nps")).ok
    assert [message.text for message in slack.ephemerals("nadia")] == ["You said nps"]
    assert heard[-1]["channel_id"] == slack.channel("dm", "nadia").id


@pytest.mark.parametrize("on_message", [False, True])
async def test_a_shortcut(slack: Slack, heard: Heard, client: AsyncWebClient, on_message: bool) -> None:
    said = slack.says("maya", "#nps-alerts", "look")
    await slack.settled()
    assert (await slack.shortcut("maya", "start", said if on_message else None)).ok
    assert heard[-1]["type"] == ("message_action" if on_message else "shortcut")
    assert heard[-1].get("message", {}).get("ts") == (said.ts if on_message else None)


async def test_a_home_is_opened_and_filled(slack: Slack, heard: Heard, client: AsyncWebClient) -> None:
    slack.opens_home("maya")
    await slack.settled()
    (event,) = heard.events("app_home_opened")
    await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": CARD})
    home = slack.home("maya")
    assert home is not None
    await slack.presses("maya", home, "pick_a")
    assert heard[-1]["container"] == {"type": "view", "view_id": home.id}


async def test_a_response_url_replaces_and_then_is_used_up(slack: Slack, heard: Heard, client: AsyncWebClient) -> None:
    await card(slack, client)
    await slack.presses("maya", await slack.message("#nps-alerts", "2 of 10"), "pick_a")
    later = AsyncWebhookClient(heard[-1]["response_url"])
    assert (await later.send(text="Taken", replace_original=True)).status_code == 200
    assert [message.text for message in slack.messages("#nps-alerts")] == ["Taken"]
    for _ in range(4):
        await later.send(text="only for you", response_type="ephemeral")
    assert len(slack.ephemerals("maya")) == 4
    assert (await later.send(text="once too often")).status_code == 404


@pytest.mark.parametrize(("seconds", "error"), [(3.0, "exchanged_trigger_id"), (-1.0, "expired_trigger_id")])
async def test_a_trigger_is_good_once_and_not_for_long(
    slack: Slack, heard: Heard, client: AsyncWebClient, seconds: float, error: str
) -> None:
    slack.world.trigger_seconds = seconds
    await slack.shortcut("maya", "start")
    trigger = heard[-1]["trigger_id"]
    if seconds > 0:
        await client.views_open(trigger_id=trigger, view=FORM)
    with pytest.raises(SlackApiError, match=error):
        await client.views_open(trigger_id=trigger, view=FORM)
