"""What the survey costs a page: bytes as they came over the wire, and how they may be kept."""

import re
from collections.abc import AsyncIterator, Sequence

import pytest
from playwright.async_api import Request, Response, expect

from bot import resources
from bot.channels.assets.strip import short_names
from tests.e2e.browser import BROWSER, Watch
from tests.e2e.conftest import Come
from tests.e2e.ways import DETRACTOR

pytestmark = BROWSER

MOST = 12_000
"""Bytes of all files of the widget that one visitor can load, compressed with brotli: every control, one language."""

LANGUAGES = ("fr", "es", "de")


def is_of_widget(request: Request) -> bool:
    name = request.url.rpartition("/")[2]
    page_files = ("demo.", "hosted.", "plant-")
    return ("/w/" in request.url or name == "widget.js") and not name.startswith(page_files)


async def arrived(watch: Watch) -> dict[str, tuple[int, Response]]:
    """Size of the body as sent, and the response, by file; each file came once."""
    found: dict[str, tuple[int, Response]] = {}
    for request in filter(is_of_widget, watch.requests):
        response = await request.response()
        assert response is not None
        assert request.url not in found
        found[request.url] = ((await request.sizes())["responseBodySize"], response)
    return found


async def test_the_whole_widget_is_at_most_twelve_kilobytes(come: Come, watch: Watch) -> None:
    visitor = await come("/")
    await visitor.walk(DETRACTOR)
    await expect(visitor.where).to_have_text("All done")
    for language in LANGUAGES:
        await visitor.panel.locator("header select").select_option(language)
        await expect(visitor.page.locator("chat-survey .root")).to_have_attribute("lang", language)
    files = await arrived(watch)
    sizes = {re.sub(r"\.[0-9a-f]{8}", "", url.removeprefix(watch.url)): size for url, (size, _) in files.items()}
    words = {f"/w/texts.{language}.js" for language in ("en", *LANGUAGES)}
    assert words | {"/widget.js", "/w/style.css"} <= sizes.keys()
    every_language = [size for name, size in sizes.items() if name in words]
    assert sum(sizes.values()) - sum(every_language) + max(every_language) <= MOST, sizes
    for url, (_, response) in files.items():
        headers = await response.all_headers()
        assert headers["content-encoding"] == "br", url
        kept = "max-age=31536000" in headers["cache-control"] and "immutable" in headers["cache-control"]
        assert kept == ("/w/" in url), url


async def revalidated(requests: Sequence[Request]) -> AsyncIterator[Request]:
    for request in requests:
        response = await request.response()
        if response is not None and response.status == 304:
            yield request


async def test_the_next_page_view_costs_a_revalidation(come: Come, watch: Watch) -> None:
    visitor = await come("/")
    await visitor.asked("How likely are you")
    before = len(watch.requests)
    await visitor.page.reload()
    await visitor.asked("How likely are you")
    again = [request for request in watch.requests[before:] if is_of_widget(request)]
    bodies = {r.url: (await r.sizes())["responseBodySize"] for r in again}  # negative: it came from the cache
    assert {url: size for url, size in bodies.items() if size > 0} == {}
    assert [r.url async for r in revalidated(again)] == [f"{watch.url}/widget.js"]


@pytest.mark.parametrize("path", ["/", "/chat/nps", "/privacy"])
async def test_our_pages_forbid_what_they_do_not_need(come: Come, watch: Watch, path: str) -> None:
    visitor = await come(path)
    response = await watch.requests[0].response()
    assert response is not None
    headers = await response.all_headers()
    policy = headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy or "default-src 'self'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    inline = "document.querySelectorAll('script:not([src]), style, [style], [onclick], [onload]').length"
    assert await visitor.page.evaluate(inline) == 0


async def test_no_variable_that_is_served_short_has_the_name_of_something_of_the_browsers(come: Come) -> None:
    """A script might mean that; the list of those that are spared is then too short."""
    visitor = await come("/privacy")
    scripts = [path.read_text("utf-8") for path in resources.widget().glob("*.js")]
    names = sorted({name for script in scripts for name in short_names(script)})
    assert len(names) > 50
    assert await visitor.page.evaluate("names => names.filter(name => name in window)", names) == []
