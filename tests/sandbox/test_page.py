"""The sandbox's page in a browser: a customer at the left, an agent at the right, and the clock."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect
from slack_sdk.web.async_client import AsyncWebClient
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, KeyboardButton, ReplyKeyboardMarkup
from telegram.error import NetworkError

from bot.sandbox.clock import DAY
from tests.e2e.browser import PHONE, SECOND, Watch, new_context
from tests.e2e.conftest import browser
from tests.e2e.person import overflows
from tests.harness.telegram import client
from tests.sandbox.stage import Stage, stage

__all__ = ["browser"]

pytestmark = SECOND

SCORES = InlineKeyboardMarkup([[InlineKeyboardButton(str(n), callback_data=f"c:1:{n}") for n in range(6)]])
# Any: Slack's own documents.
CARD: list[dict[str, Any]] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "*2 of 10* · *Nadia B.* &amp; &lt;b&gt;"}},
    {
        "type": "rich_text",
        "elements": [{"type": "rich_text_quote", "elements": [{"type": "text", "text": "<b>*Broken*"}]}],
    },
    {"type": "section", "fields": [{"type": "mrkdwn", "text": "*Order*\n<https://shop.example/o/2418|2418>"}]},
    {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "text": {"type": "plain_text", "text": "Claim"},
                "action_id": "claim",
                "style": "primary",
            },
            {
                "type": "overflow",
                "action_id": "more",
                "options": [{"text": {"type": "plain_text", "text": "Snooze"}, "value": "1h"}] * 2,
            },
        ],
    },
]
FORM: dict[str, Any] = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "How did it end?"},
    "submit": {"type": "plain_text", "text": "Resolve"},
    "blocks": [
        {
            "type": "input",
            "block_id": "b1",
            "label": {"type": "plain_text", "text": "Outcome"},
            "element": {
                "type": "radio_buttons",
                "action_id": "outcome",
                "options": [{"text": {"type": "plain_text", "text": "Replaced"}, "value": "replaced"}],
            },
        },
        {
            "type": "input",
            "block_id": "b2",
            "optional": True,
            "label": {"type": "plain_text", "text": "Note"},
            "element": {"type": "plain_text_input", "action_id": "note", "multiline": True},
        },
    ],
}


@pytest_asyncio.fixture(loop_scope="session")
async def running() -> AsyncIterator[Stage]:
    async with stage() as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def seen(browser: Browser, running: Stage) -> AsyncIterator[Page]:
    watch = Watch(running.page.url, statuses={409})
    context = await new_context(browser, running.page.url)
    watch.over(context)
    page = await context.new_page()
    await page.goto("/")
    await expect(page.get_by_role("status")).to_have_text("ready")
    yield page
    await context.close()
    assert watch.faults == []


@pytest_asyncio.fixture(loop_scope="session")
async def app(running: Stage) -> AsyncIterator[Bot]:
    async with client(running.telegram) as made:
        yield made


async def test_a_customer_in_telegram(seen: Page, running: Stage, app: Bot) -> None:
    nadia = running.cast.customers[0]
    await seen.get_by_role("tab", name="Telegram").click()
    await seen.get_by_role("button", name="Start").click()
    chat = seen.get_by_role("log", name="Telegram chat")
    await expect(chat).to_contain_text("/start")
    await app.send_message(nadia.id, "<b>How</b> likely? &lt;i&gt;", parse_mode="HTML", reply_markup=SCORES)
    await expect(chat.locator("strong")).to_have_text("How")
    await expect(chat).to_contain_text("likely? <i>")
    await chat.get_by_role("button", name="4").click()
    pressed = await running.telegram.until(lambda: running.telegram.updates.all[-1].callback_query, "the press")
    assert pressed.data == "c:1:4"
    await app.edit_message_text("You said 4.", nadia.id, pressed.message.message_id)
    await expect(chat.get_by_role("button")).to_have_count(0)
    keys = ReplyKeyboardMarkup([[KeyboardButton("Share my number", request_contact=True)]])
    await app.send_message(nadia.id, "What number?", reply_markup=keys)
    await seen.get_by_role("button", name="Share my number").click()
    await expect(chat).to_contain_text("(contact +")
    await seen.get_by_label("Message to the bot").fill("thanks")
    await seen.keyboard.press("Enter")
    await expect(chat).to_contain_text("thanks")
    await seen.get_by_role("button", name="Block").click()
    await expect(chat).to_contain_text("has blocked the bot")
    await seen.get_by_text("What was sent").click()
    await expect(seen.get_by_role("row", name="editMessageText")).to_contain_text("You said 4.")


async def test_an_agent_at_the_desk(seen: Page, running: Stage) -> None:
    slack = AsyncWebClient(running.slack.bot_token, base_url=running.slack.api_url)
    where = running.slack.channel("#nps-alerts").id
    await slack.chat_postMessage(channel=where, text="Score 2", blocks=CARD)
    desk = seen.get_by_role("log", name="Channel")
    await expect(desk.locator("blockquote")).to_have_text("<b>*Broken*")
    await expect(desk).to_contain_text("2 of 10 · Nadia B. & <b>")
    await expect(desk.get_by_role("link", name="2418")).to_have_attribute("href", "https://shop.example/o/2418")

    await desk.get_by_role("button", name="Reply in thread").click()
    await seen.get_by_label("Reply in the thread").fill("Hello Nadia")
    await seen.keyboard.press("Enter")
    thread = seen.get_by_role("log", name="Thread")
    await expect(thread).to_contain_text("Hello Nadia")
    (said,) = running.slack.thread(running.card)
    assert said.user == running.cast.agents[0].id
    await slack.reactions_add(channel=where, timestamp=said.ts, name="white_check_mark")
    await expect(thread.locator(".mark")).to_have_text("✅ 1")

    await desk.get_by_role("button", name="Claim").click()
    await expect(seen.get_by_role("status")).to_contain_text("the app did not take it")
    trigger = running.slack.world.trigger(running.cast.agents[0])
    await slack.views_open(trigger_id=trigger, view=FORM)
    form = seen.get_by_role("dialog", name="How did it end?")
    await form.get_by_label("Replaced").check()
    await form.get_by_label("Note").fill("New fern sent")
    await form.get_by_role("button", name="Resolve").click()
    await running.slack.wait_for(lambda: len(running.slack.dispatcher.deliveries) > 1, "the form")
    values = running.slack.dispatcher.deliveries[-1].payload["view"]["state"]["values"]
    assert values["b1"]["outcome"]["selected_option"]["value"] == "replaced"
    assert values["b2"]["note"]["value"] == "New fern sent"
    await seen.keyboard.press("Escape")
    await expect(form).to_be_hidden()


async def test_a_member_in_direct_messages_and_the_clock(seen: Page, running: Stage) -> None:
    await seen.get_by_role("tab", name="Slack").click()
    await seen.get_by_label("Message to the app").fill("8")
    await seen.keyboard.press("Enter")
    await expect(seen.get_by_role("log", name="Direct messages")).to_contain_text("Sam Ode")
    before = running.clock.offset
    shown = await seen.locator("#now").text_content()
    await seen.get_by_role("button", name="+1 day").click()
    await expect(seen.locator("#now")).not_to_have_text(shown or "")
    assert running.clock.offset == before + DAY


async def test_what_may_go_wrong(seen: Page, running: Stage, app: Bot) -> None:
    nadia = running.cast.customers[0]
    running.telegram.starts(nadia)
    await seen.get_by_text("What was sent").click()
    await seen.get_by_label("go wrong").select_option("broken")
    await seen.get_by_role("button", name="Do", exact=True).click()
    await running.telegram.until(lambda: running.telegram.troubles.left, "the order")
    with pytest.raises(NetworkError):
        await app.send_message(nadia.id, "Hello")
    await expect(seen.get_by_role("row", name="sendMessage")).to_contain_text("Bad Gateway")


async def test_tabs_by_the_keyboard(seen: Page) -> None:
    await seen.get_by_role("tab", name="Web").focus()
    await seen.keyboard.press("ArrowRight")
    await expect(seen.get_by_role("tab", name="Telegram")).to_be_focused()
    await expect(seen.get_by_role("tabpanel", name="Telegram")).to_be_visible()


async def test_anybody_can_use_it_on_any_screen(seen: Page, running: Stage, app: Bot) -> None:
    running.telegram.starts(running.cast.customers[0])
    await app.send_message(running.cast.customers[0].id, "How likely?", reply_markup=SCORES)
    slack = AsyncWebClient(running.slack.bot_token, base_url=running.slack.api_url)
    await slack.chat_postMessage(channel=running.slack.channel("#nps-alerts").id, text="Score 2", blocks=CARD)
    await seen.get_by_role("tab", name="Telegram").click()
    await seen.get_by_role("button", name="Reply in thread").click()
    for scheme in ("light", "dark"):
        await seen.emulate_media(color_scheme=scheme)
        found = await Axe().run(seen)
        assert found.response["violations"] == [], found.generate_report()
    await seen.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert await overflows(seen) == []
