"""Pages that say odd things of themselves: their visitors have their say all the same."""

from playwright.async_api import expect

from tests.e2e.browser import BROWSER, Watch
from tests.e2e.conftest import Come

pytestmark = BROWSER

HALF = "document.title = 'Thank you \\ud83d'"
"""Cut in the middle of an emoji, as scripts of shops do."""


async def test_a_title_cut_inside_an_emoji_keeps_nobody_from_answering(come: Come) -> None:
    visitor = await come("/?mode=bubble")
    await expect(visitor.launcher).to_be_visible()
    await visitor.page.evaluate(HALF)
    await visitor.launcher.click()
    await visitor.asked("How likely are you")
    await visitor.score(3)
    await visitor.write("Late \U0001f69a <b>twice</b>")
    await visitor.said("3", "Late \U0001f69a <b>twice</b>")


async def test_an_identity_that_expired_while_the_page_stood_open(come: Come, watch: Watch) -> None:
    watch.statuses.add(401)
    visitor = await come("/?mode=bubble")
    await expect(visitor.launcher).to_be_visible()
    await visitor.page.evaluate("document.querySelector('chat-survey').setAttribute('identity', 'old.old.old')")
    await visitor.launcher.click()
    await visitor.asked("How likely are you")
    await visitor.score(9)
    await visitor.said("9")
