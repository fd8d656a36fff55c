"""On a phone the survey is a sheet at the bottom: nothing scrolls sideways, fingers hit, and the page stays usable."""

import re

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.browser import BROWSER, NARROW, PHONE
from tests.e2e.conftest import Come
from tests.e2e.person import Person, box_of, overflows
from tests.e2e.ways import DETRACTOR

pytestmark = BROWSER

FINGER = 44
"""Pixels a side (WCAG 2.5.5, target size)."""


async def fits_a_finger(targets: Locator, count: int) -> None:
    sizes = [(box["width"], box["height"]) for box in [await box_of(target) for target in await targets.all()]]
    assert len(sizes) >= count
    assert [size for size in sizes if min(size) < FINGER] == []


@pytest.mark.parametrize("size", [PHONE, NARROW], ids=["390", "320"])
@pytest.mark.parametrize("path", ["/", "/chat/nps"])
async def test_the_whole_way_on_a_phone(come: Come, path: str, size: tuple[int, int]) -> None:
    visitor = await come(path, size)
    await visitor.asked("How likely are you")
    await fits_a_finger(visitor.ruler.locator("label"), 11)
    for step in DETRACTOR:
        await visitor.asked(step[0])
        if step[0].startswith("What number"):
            await expect(visitor.dock.locator(".country")).to_contain_text("GB +44")
        assert await overflows(visitor.page) == [], step
        if path == "/":
            await is_a_sheet(visitor, size)
        await visitor.walk([step])
    await expect(visitor.where).to_have_text("All done")
    assert await overflows(visitor.page) == []


async def is_a_sheet(visitor: Person, size: tuple[int, int]) -> None:
    """As wide as the phone, at its lower edge, as tall as what it holds and never over the whole page."""
    box = await box_of(visitor.panel)
    assert (box["x"], box["width"]) == (0, size[0])
    assert box["y"] + box["height"] == pytest.approx(size[1], abs=1)
    assert box["height"] <= size[1] * 0.85 + 1


async def test_the_first_question_leaves_half_of_the_page_and_the_page_stays_usable(come: Come) -> None:
    visitor = await come("/", PHONE)
    await visitor.asked("How likely are you")
    assert (await box_of(visitor.panel))["height"] <= PHONE[1] / 2
    await visitor.page.get_by_role("link", name="Follow the parcel").tap()
    await expect(visitor.page).to_have_url(re.compile("#shelf$"))
    await expect(visitor.panel).to_be_visible()


async def test_times_and_choices_fit_a_finger(come: Come) -> None:
    visitor = await come("/", PHONE)
    await visitor.walk(DETRACTOR[:3])
    await visitor.asked("How should we put it right?")
    await fits_a_finger(visitor.dock.locator(".chip"), 2)
    await visitor.walk(DETRACTOR[3:5])
    await visitor.asked("When suits you?")
    await fits_a_finger(visitor.dock.locator(".chip"), 5)


async def test_a_narrow_column_on_a_wide_page_has_the_two_rows_too(come: Come) -> None:
    visitor = await come("/?mode=inline", (1280, 800))
    await visitor.asked("How likely are you")

    async def rows() -> int:
        return len({(await box_of(label))["y"] for label in await visitor.ruler.locator("label").all()})

    assert await rows() == 1
    await visitor.page.evaluate("document.querySelector('chat-survey').style.width = '400px'")
    assert await rows() == 2


async def test_a_tap_sends_at_once(come: Come) -> None:
    visitor = await come("/chat/nps", PHONE)
    await visitor.asked("How likely are you")
    await visitor.ruler.locator("label").nth(6).tap()
    await visitor.said("6")
    await visitor.asked("Sorry it wasn't better.")
