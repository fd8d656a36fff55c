"""The keyboard alone is enough, and the focus goes where the visitor is."""

from playwright.async_api import Locator, expect

from tests.e2e.browser import BROWSER
from tests.e2e.conftest import Come
from tests.e2e.person import Person

pytestmark = BROWSER


async def tab_to(visitor: Person, goal: Locator) -> None:
    """Press Tab until the goal has the focus, as one who does not use a pointer."""
    for _ in range(60):
        await visitor.page.keyboard.press("Tab")
        if await goal.evaluate("node => node.getRootNode().activeElement === node"):
            return
    raise AssertionError(f"Tab does not reach {goal}")


async def press(visitor: Person, *keys: str) -> None:
    for key in keys:
        await visitor.page.keyboard.press(key)


async def test_the_whole_way_by_keyboard(come: Come) -> None:
    visitor = await come("/")
    await visitor.asked("How likely are you")
    await expect(visitor.page.locator("body")).to_be_focused()  # it opened by itself, and took nothing
    await tab_to(visitor, visitor.ruler.locator("input").first)
    await press(visitor, "4")
    await expect(visitor.dock.get_by_role("button", name="Send 4")).to_be_visible()
    await expect(visitor.bubbles).to_have_count(0)  # checking never sends
    await press(visitor, "Enter")
    await visitor.asked("Sorry it wasn't better.")
    await visitor.said("4")
    await expect(visitor.field).to_be_focused()
    await visitor.page.keyboard.type("Broken")
    await press(visitor, "Shift+Enter")
    await visitor.page.keyboard.type("stems")
    await press(visitor, "Enter")
    await visitor.asked("What should we do better")
    await visitor.said("4", "Broken\nstems")
    await expect(visitor.field).to_be_focused()
    await tab_to(visitor, visitor.page.get_by_role("button", name="Skip"))
    await press(visitor, "Enter")
    await visitor.asked("How should we put it right?")
    await expect(visitor.page.get_by_role("button", name="Call me back")).to_be_focused()
    await press(visitor, "Space")
    await visitor.asked("What number")
    await expect(visitor.field).to_be_focused()
    await expect(visitor.panel).to_contain_text("GB +44")  # the list of countries comes with the first phone question
    await visitor.page.keyboard.type("020 7946 0018")
    await press(visitor, "Enter")
    await visitor.asked("When suits you?")
    await press(visitor, "ArrowRight", "Tab", "Space", "ArrowRight", "Enter")
    await expect(visitor.log).to_contain_text("We will call you on")
    await expect(visitor.page.get_by_role("button", name="Done")).to_be_focused()
    await press(visitor, "Enter")
    await expect(visitor.panel).to_be_hidden()


SCALE = [
    (("7",), "7"),
    (("1", "0"), "10"),
    (("1",), "1"),
    (("End",), "10"),
    (("End", "Home"), "0"),
    (("5", "ArrowRight"), "6"),
    (("5", "ArrowLeft", "ArrowLeft"), "3"),
]


async def test_digits_and_arrows_check_and_enter_sends(come: Come) -> None:
    visitor = await come("/chat/nps")
    await visitor.asked("How likely are you")
    await visitor.ruler.locator("input").first.focus()
    for keys, score in SCALE:
        await press(visitor, *keys)
        await expect(visitor.ruler.locator("input:checked"), f"{keys}").to_have_value(score)
        await expect(visitor.ruler.locator("input:checked")).to_be_focused()
        await expect(visitor.dock.get_by_role("button", name=f"Send {score}", exact=True)).to_be_visible()
    await expect(visitor.bubbles).to_have_count(0)
    await press(visitor, "Enter")
    await visitor.said(SCALE[-1][1])


async def test_digits_far_apart_are_two_choices(come: Come) -> None:
    visitor = await come("/chat/nps")
    await visitor.asked("How likely are you")
    await visitor.ruler.locator("input").first.focus()
    await visitor.page.clock.install()
    await press(visitor, "1")
    await visitor.page.clock.fast_forward(700)
    await press(visitor, "0")
    await expect(visitor.ruler.locator("input:checked")).to_have_value("0")


async def test_escape_closes_and_the_focus_is_not_lost(come: Come) -> None:
    visitor = await come("/?mode=bubble")
    await visitor.launcher.focus()
    await press(visitor, "Enter")
    await visitor.asked("How likely are you")
    await expect(visitor.ruler.locator("input").first).to_be_focused()
    await press(visitor, "Escape")
    await expect(visitor.panel).to_be_hidden()
    await expect(visitor.launcher).to_be_focused()


async def test_a_survey_in_the_page_is_not_closed_by_escape(come: Come) -> None:
    visitor = await come("/?mode=inline")
    await visitor.asked("How likely are you")
    await visitor.ruler.locator("input").first.focus()
    await press(visitor, "Escape")
    await expect(visitor.panel).to_be_visible()


async def test_a_screen_reader_hears_the_question_as_the_name_of_its_control(come: Come) -> None:
    visitor = await come("/chat/nps")
    name = "How likely are you to recommend Fern & Field to a friend or colleague?"
    await expect(visitor.page.get_by_role("radiogroup", name=name)).to_be_visible()
    await expect(visitor.page.get_by_role("radio", name="0, Not at all likely")).to_have_count(1)
    await expect(visitor.page.get_by_role("radio", name="10, Extremely likely")).to_have_count(1)
    await expect(visitor.log).to_have_attribute("role", "log")
    await visitor.score(3)
    await expect(visitor.page.get_by_role("textbox", name="Sorry it wasn't better. What let you down?")).to_be_visible()
