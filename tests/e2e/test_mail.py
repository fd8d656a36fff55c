"""A tap in an e-mail opens the page with the score filled in, not saved: link scanners press every link."""

import pytest
from playwright.async_api import expect

from tests.e2e.browser import BROWSER, SOAK, Watch
from tests.e2e.conftest import Come

pytestmark = BROWSER


async def test_the_score_is_filled_in_and_one_button_confirms_it(come: Come, watch: Watch) -> None:
    visitor = await come("/chat/nps?score=9")
    await visitor.asked("You chose 9.")
    await expect(visitor.ruler.locator("input:checked")).to_have_value("9")
    assert watch.sent("/messages") == []
    await visitor.tap("Save 9")
    await visitor.asked("Lovely to hear.")
    await visitor.said("9")


async def test_another_number_can_be_tapped_instead(come: Come, watch: Watch) -> None:
    visitor = await come("/chat/nps?score=9")
    await visitor.asked("You chose 9.")
    await visitor.score(2)
    await visitor.asked("Sorry it wasn't better.")
    await visitor.said("2")
    assert len(watch.sent("/messages")) == 1


@pytest.mark.parametrize("score", ["11", "-1", "seven", "%3Cb%3E", ""] if SOAK else ["11", "seven"])
async def test_what_is_no_score_fills_in_nothing(come: Come, score: str) -> None:
    visitor = await come(f"/chat/nps?score={score}")
    await visitor.asked("How likely are you")
    await expect(visitor.ruler.locator("input:checked")).to_have_count(0)


async def test_a_second_tap_in_the_mail_fills_in_the_other_score(come: Come, watch: Watch) -> None:
    visitor = await come("/chat/nps?score=9")
    await visitor.asked("You chose 9.")
    await visitor.goto("/chat/nps?score=4")
    await visitor.asked("You chose 4.")
    await visitor.tap("Save 4")
    await visitor.asked("Sorry it wasn't better.")
    await visitor.said("4")
    assert len(watch.sent("/messages")) == 1
