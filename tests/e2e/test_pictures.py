"""The pictures of the documentation: collected, and so taken from the real thing, only with UPDATE_PICTURES=1."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from bot.sandbox.app import Options, sandbox
from tests.e2e.browser import BROWSER, PHONE, new_context
from tests.e2e.conftest import Come

pytestmark = BROWSER

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
LARGEST = 150_000
"""Bytes of a picture: a README is read over slow lines too."""

READY = """async () => {
  // A machine without a screen has few fonts: the sans that most visitors see (or its metrics), not its fallback.
  // The marks at the desk need one with emoji (fonts-noto-color-emoji).
  const sheet = new CSSStyleSheet();
  sheet.replaceSync('body { font-family: Inter, "Segoe UI", Arial, "Liberation Sans", sans-serif; }');
  document.adoptedStyleSheets = [sheet];
  await document.fonts.ready;
  await Promise.all([...document.images].map(image => image.decode()));
}"""

WIDE = (1200, 720)
SCENES = {
    "widget": ("/", WIDE, 1.1),
    "widget-dark": ("/?scheme=dark", WIDE, 1.1),
    "widget-phone": ("/", PHONE, 1.5),
    "hosted": ("/chat/nps", WIDE, 1.1),
}
"""By name: the page, the size of the window, pixels a CSS pixel."""


@pytest.mark.parametrize("name", SCENES)
async def test_take(come: Come, name: str) -> None:
    path, size, scale = SCENES[name]
    visitor = await come(path, size, device_scale_factor=scale)
    await visitor.asked("How likely are you")
    await visitor.page.evaluate(READY)
    await visitor.page.evaluate("scrollTo(0, document.querySelector('.demo')?.offsetHeight ?? 0)")
    await take(visitor.page, name)


async def test_take_both_sides_of_the_sandbox(browser: Browser, tmp_path: Path) -> None:
    async with sandbox(Options(port=0, page_port=0, folder=tmp_path)) as running:
        await running.slack.connected()
        context = await new_context(browser, running.page.url, (1160, 680))
        page = await context.new_page()
        await page.goto("/")
        visitor, desk = page.frame_locator("iframe"), page.get_by_role("log", name="Channel")
        await visitor.locator(".scale label:has(input[value='2'])").click()
        await visitor.locator("textarea").fill("The fern came with broken stems, the second time.")
        await visitor.locator(".send").click()
        await visitor.get_by_role("button", name="Skip").click()
        await visitor.get_by_role("button", name="Chat now").click()
        await desk.get_by_role("button", name="Claim").click()
        await desk.locator(".replies").click()
        reply, thread = page.get_by_label("Reply in the thread"), page.get_by_role("log", name="Thread")
        for line in ("// same courier as in May", "Hello, I send you a new one today."):
            await reply.fill(line)
            await reply.press("Enter")
        await expect(visitor.get_by_role("log")).to_contain_text("a new one today")
        await expect(thread).to_contain_text("\N{WHITE HEAVY CHECK MARK}")
        for frame in page.frames:
            await frame.evaluate(READY)
        await take(page, "sandbox")
        await context.close()


async def take(page: Page, name: str) -> None:
    file = PICTURES / f"{name}.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=file)
    assert file.stat().st_size < LARGEST
