"""axe-core finds nothing to say against any page and any state of the widget, light and dark."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.e2e.browser import PHONE, SECOND, SOAK, Watch
from tests.e2e.conftest import Come
from tests.e2e.person import Person
from tests.e2e.ways import DETRACTOR, PROMOTER

pytestmark = SECOND

Reach: TypeAlias = Callable[[Person], Awaitable[None]]
"""From the first question into a state."""

AXE = Axe()
BRANDS = ("#1f5c3d", "#5b4bff", "#ffd400", "#ffffff", "#000000", "#ff0000") if SOAK else ("#ffd400",)


async def holds(page: Page, state: str) -> None:
    found = await AXE.run(page)
    assert found.response["violations"] == [], f"{state}:\n{found.generate_report()}"


async def both_schemes(visitor: Person, state: str) -> None:
    """The page follows the system's scheme, and the widget follows the page."""
    for scheme in ("light", "dark"):
        await visitor.page.emulate_media(color_scheme=scheme)
        await holds(visitor.page, f"{state}, {scheme}")


@pytest.mark.parametrize("path", ["/privacy", "/privacy?lang=fr", "/chat/nps?lang=fr"])
async def test_the_pages(come: Come, path: str) -> None:
    visitor = await come(path)
    await expect(visitor.page.get_by_role("heading", level=1)).to_be_visible()  # the widget brings the chat page's own
    await both_schemes(visitor, path)


async def test_every_question_and_the_end(come: Come) -> None:
    visitor = await come("/chat/nps")
    for step in DETRACTOR:
        await visitor.asked(step[0])
        await both_schemes(visitor, step[0])
        await visitor.walk([step])
    await expect(visitor.where).to_have_text("All done")
    await both_schemes(visitor, "ended")


async def checked(visitor: Person) -> None:
    await visitor.ruler.locator("input").first.focus()
    await visitor.page.keyboard.press("7")


async def invalid(visitor: Person) -> None:
    await visitor.walk(DETRACTOR[:4])
    await visitor.write("020 794")
    await expect(visitor.field).to_have_attribute("aria-invalid", "true")


async def slot_chosen(visitor: Person) -> None:
    await visitor.walk(DETRACTOR[:5])
    await visitor.asked("When suits you?")
    await visitor.dock.get_by_role("radiogroup").last.locator("label").first.click()


async def review_links(visitor: Person) -> None:
    await visitor.walk(PROMOTER[:2])
    await expect(visitor.log.get_by_role("link", name="Google")).to_be_visible()


async def offline(visitor: Person) -> None:
    await visitor.page.context.set_offline(True)
    await visitor.score(9)
    await expect(visitor.log).to_contain_text("Kept on this device")


async def not_sent(visitor: Person) -> None:
    await visitor.page.route("**/messages", lambda route: route.abort())
    await visitor.score(9)
    await expect(visitor.log).to_contain_text("Not sent")


async def waiting(visitor: Person) -> None:
    await visitor.page.route("**/messages", lambda _: None)
    await visitor.score(9)
    await expect(visitor.log).to_contain_text("Just a moment")


STATES: dict[str, Reach] = {
    reach.__name__: reach for reach in (checked, invalid, slot_chosen, review_links, offline, not_sent, waiting)
}


@pytest.mark.parametrize("state", STATES)
async def test_the_state(come: Come, state: str) -> None:
    visitor = await come("/chat/nps")
    await visitor.asked("How likely are you")
    await STATES[state](visitor)
    await both_schemes(visitor, state)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_pop_in_over_the_shop_and_its_launcher(come: Come, scheme: str) -> None:
    visitor = await come(f"/?scheme={scheme}")
    await visitor.walk(DETRACTOR[:1])
    await visitor.asked("Sorry")
    await holds(visitor.page, "pop-in")
    await visitor.tap("Close the survey")
    await expect(visitor.launcher).to_be_visible()
    await holds(visitor.page, "launcher")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("brand", BRANDS)
async def test_any_brand_colour(come: Come, watch: Watch, brand: str, scheme: str) -> None:
    visitor = await come(f"/?mode=inline&scheme={scheme}&brand={brand.replace('#', '%23')}", PHONE)
    await visitor.page.locator("chat-survey").evaluate("(node, brand) => node.setAttribute('brand', brand)", brand)
    await visitor.asked("How likely are you")
    await checked(visitor)
    await holds(visitor.page, f"{brand} {scheme}")
    assert watch.sent("/messages") == []
