"""The survey speaks the page's language, another one where the visitor asks, and runs from right to left."""

import pytest
from playwright.async_api import expect

from tests.e2e.browser import BROWSER, SOAK
from tests.e2e.conftest import Come
from tests.e2e.person import box_of, overflows

pytestmark = BROWSER

FIRST = {
    "en": "How likely are you to recommend Fern & Field",
    "fr": "Quelle est la probabilité que vous recommandiez Fern & Field",
    "es": "¿Qué probabilidad hay de que recomiende Fern & Field",
    "de": "Wie wahrscheinlich ist es, dass Sie Fern & Field",
}


@pytest.mark.parametrize("lang", FIRST if SOAK else ["fr"])
async def test_the_lang_attribute_of_the_element_decides(come: Come, lang: str) -> None:
    visitor = await come(f"/?lang={lang}")
    await visitor.asked(FIRST[lang])
    await expect(visitor.page.locator("chat-survey")).to_have_attribute("lang", lang)


@pytest.mark.parametrize(("locale", "lang"), [("de-AT", "de"), ("pl-PL", "en")])
async def test_the_hosted_page_speaks_as_the_browser_does(come: Come, locale: str, lang: str) -> None:
    visitor = await come("/chat/nps", locale=locale)
    await visitor.asked(FIRST[lang])
    await expect(visitor.page.locator("html")).to_have_attribute("lang", lang)


async def test_another_language_asks_the_question_again_and_leaves_what_was_said(come: Come) -> None:
    visitor = await come("/chat/nps")
    await visitor.score(4)
    await visitor.asked("Sorry it wasn't better.")
    await visitor.page.get_by_role("combobox", name="Language").select_option("fr")
    await visitor.asked("Désolés que ce ne soit pas mieux.")
    await expect(visitor.where).to_contain_text("Question 2 sur")
    await expect(visitor.log).to_contain_text(FIRST["en"])
    await expect(visitor.log).not_to_contain_text("Sorry it wasn't better.")
    await visitor.said("4")
    await visitor.write("Tiges cassées")
    await visitor.asked("Que devrions-nous faire mieux")
    await visitor.page.reload()
    await visitor.asked("Que devrions-nous faire mieux")
    await visitor.said("4", "Tiges cassées")


async def test_on_a_page_from_right_to_left_the_scale_runs_with_the_text(come: Come) -> None:
    visitor = await come("/")
    await visitor.page.evaluate("document.documentElement.dir = 'rtl'")
    await visitor.asked(FIRST["en"])
    zero, ten = await box_of(visitor.ruler.locator("label").first), await box_of(visitor.ruler.locator("label").last)
    assert zero["x"] > ten["x"]
    assert (await box_of(visitor.panel))["x"] == 20  # the end corner is the left one
    assert await overflows(visitor.page) == []
    await visitor.score(9)
    await visitor.said("9")
    assert (await box_of(visitor.bubbles))["x"] < zero["x"]
