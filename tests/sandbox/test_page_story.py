"""One short story on the sandbox's page, with the service as it is: a visitor on the web gives 2 and asks for a person;
an agent claims, answers in the thread and resolves; the survey goes on to its end."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from bot.sandbox.app import Options, Sandbox, sandbox
from tests.e2e.browser import SECOND, Watch, new_context
from tests.e2e.conftest import browser

__all__ = ["browser"]

pytestmark = SECOND


@pytest_asyncio.fixture(loop_scope="session")
async def running(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with sandbox(Options(tmp_path / "data", port=0, page_port=0, folder=tmp_path)) as made:
        await made.slack.connected()
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, running: Sandbox) -> AsyncIterator[Page]:
    watch = Watch("http://127.0.0.1:")
    context = await new_context(browser, running.page.url)
    watch.over(context)
    page = await context.new_page()
    await page.goto("/")
    yield page
    await context.close()
    assert watch.faults == []


async def test_a_visitor_and_an_agent(page: Page, running: Sandbox) -> None:
    visitor = page.frame_locator("iframe")
    desk, thread = page.get_by_role("log", name="Channel"), page.get_by_role("log", name="Thread")
    await visitor.locator(".scale label:has(input[value='2'])").click()
    await expect(desk).to_contain_text("2 of 10")
    await visitor.locator("textarea").fill("Broken stems, twice")
    await visitor.locator(".send").click()
    await expect(desk.locator("blockquote")).to_have_text("Broken stems, twice")
    await visitor.get_by_role("button", name="Skip").click()
    await visitor.get_by_role("button", name="Chat now").click()

    await desk.get_by_role("button", name="Claim").click()
    await desk.locator(".replies").click()
    reply = page.get_by_label("Reply in the thread")
    for line in ("// third time with this courier", "Hello, I send a new fern today."):
        await reply.fill(line)
        await reply.press("Enter")
    log = visitor.get_by_role("log")
    await expect(log).to_contain_text("Hello, I send a new fern today.")
    await expect(log).not_to_contain_text("courier")
    await visitor.locator("textarea").fill("Thank you!")
    await visitor.locator(".send").click()
    await expect(thread).to_contain_text("Thank you!")

    await desk.get_by_role("button", name="Outcome").click()
    form = page.get_by_role("dialog", name="How did it end?")
    await form.get_by_role("radio").first.check()
    await form.get_by_role("button", name="Resolve").click()
    await expect(desk).to_contain_text("resolved")
    await expect(log).to_contain_text("left")
    await expect(log).to_contain_text("Saved, thank you.")


async def test_the_same_customer_in_telegram_blocks_the_bot(page: Page, running: Sandbox) -> None:
    await page.get_by_role("tab", name="Telegram").click()
    await page.get_by_role("button", name="Start").click()
    chat = page.get_by_role("log", name="Telegram chat")
    await chat.get_by_role("button", name="9", exact=True).click()
    await expect(chat).to_contain_text("You said 9.")
    await page.get_by_role("button", name="Block").click()
    nadia = running.cast.customers[0]
    await running.telegram.until(lambda: running.telegram.room(nadia).blocked, "the block")
