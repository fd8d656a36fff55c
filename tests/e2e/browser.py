"""A real browser for tests, and what every page in it is held to.

The system's Chromium is used where there is one, else Playwright's own. One browser serves all tests of a worker; each
test gets a context, and so a profile, of its own.
"""

import os
import shutil
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request, Response

SOAK = bool(os.environ.get("SOAK"))
"""Every variant, not one of a kind."""

BROWSER = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("browser")]
"""For `pytestmark`: one loop and one worker, because the browser lives in both."""
SECOND = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("second browser")]
"""The same in a browser of its own: one would be at work when all else is done."""

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run", "--lang=en-GB"),
)

DESKTOP, PHONE, NARROW = (1280, 800), (390, 844), (320, 640)


async def launch(playwright: Playwright) -> Browser:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return await playwright.chromium.launch(executable_path=found, headless=True, args=FLAGS)


@dataclass
class Watch:
    """What pages did that ours never do. `statuses`: refusals that the test provokes."""

    url: str
    statuses: set[int] = field(default_factory=set)
    requests: list[Request] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        context.on("request", self._request)
        context.on("response", self._response)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.faults.append(f"uncaught: {error.error}"))

    def _request(self, request: Request) -> None:
        self.requests.append(request)
        if urlsplit(request.url).scheme != "data" and not request.url.startswith((self.url, "https://example.com/")):
            self.faults.append(f"a third party was asked: {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.statuses:
            self.faults.append(f"{response.status} {response.url}")

    def _console(self, message: ConsoleMessage) -> None:
        # A refused or failed request is judged above, by its status; a broken content security policy ends up here.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.faults.append(f"console: {message.text}")

    def sent(self, path: str) -> list[Request]:
        """The POSTs to addresses that end like this."""
        return [r for r in self.requests if r.method == "POST" and urlsplit(r.url).path.endswith(path)]


async def new_context(browser: Browser, url: str, size: tuple[int, int] = DESKTOP, **more: Any) -> BrowserContext:
    """A visitor's browser. `more`: Playwright's own options (Any: theirs)."""
    touch = size[0] < 500
    options: dict[str, Any] = {
        "viewport": {"width": size[0], "height": size[1]}, "locale": "en-GB", "timezone_id": "Europe/Paris",
        "reduced_motion": "reduce", "has_touch": touch, "is_mobile": touch, "base_url": url,
    }  # fmt: skip
    context = await browser.new_context(**(options | more))
    context.set_default_timeout(15_000)
    return context


async def open_page(context: BrowserContext, path: str) -> Page:
    page = await context.new_page()
    await page.goto(path)
    return page
