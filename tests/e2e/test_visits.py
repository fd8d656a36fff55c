"""When the survey comes, stays away and comes back: page views, closing, reload, a second tab, another device."""

import re
from collections.abc import Sequence

import pytest
from playwright.async_api import Page, Request, expect

from tests.e2e.browser import BROWSER, SOAK, Watch
from tests.e2e.conftest import Come
from tests.e2e.person import Person
from tests.e2e.ways import DETRACTOR

pytestmark = BROWSER


async def stand_still(page: Page) -> None:
    """The page's clock stands until the test moves it."""
    await page.clock.install()
    await page.clock.pause_at(await page.evaluate("Date.now() / 1000 + 1"))


async def reloaded(visitor: Person, seconds: int = 0) -> None:
    """The page again, whose clock is moved on by so much; what the widget asks for then has been seen at the end."""
    await visitor.page.reload(wait_until="load")
    await expect(visitor.page.locator("chat-survey")).to_be_attached()
    await visitor.page.clock.run_for(seconds * 1000)
    await visitor.page.evaluate("fetch('/privacy').then(answer => answer.text())")


def loaded(requests: Sequence[Request]) -> list[str]:
    """What of the survey itself was asked for, beside the loader."""
    return [r.url for r in requests if r.method == "POST" or re.search("/w/(widget|session|style|texts)", r.url)]


async def test_a_page_view_asks_for_the_loader_alone_and_creates_no_chat(come: Come, watch: Watch) -> None:
    visitor = await come("/privacy")
    await stand_still(visitor.page)
    await visitor.goto("/")
    await expect(visitor.page.locator("chat-survey")).to_be_attached()
    assert [r.url for r in watch.requests if r.url.endswith("/widget.js")] == [f"{watch.url}/widget.js"]
    assert loaded(watch.requests) == []
    await visitor.page.clock.run_for(1500)
    await visitor.asked("How likely are you")
    assert len(watch.sent("/chats")) == 1


async def test_a_closed_pop_in_stays_away(come: Come, watch: Watch) -> None:
    visitor = await come("/privacy")
    await stand_still(visitor.page)
    await visitor.goto("/")
    await visitor.page.clock.run_for(1500)
    await visitor.asked("How likely are you")
    await visitor.tap("Close the survey")
    await expect(visitor.panel).to_be_hidden()
    before = len(watch.requests)
    await reloaded(visitor, seconds=60)
    assert loaded(watch.requests[before:]) == []


async def test_an_answered_pop_in_stays_away(come: Come, watch: Watch) -> None:
    visitor = await come("/")
    await visitor.walk(DETRACTOR[:3])
    await visitor.tap("No, thanks")
    await expect(visitor.where).to_have_text("All done")
    await visitor.tap("Done")
    await stand_still(visitor.page)
    before = len(watch.requests)
    await reloaded(visitor, seconds=60)
    assert loaded(watch.requests[before:]) == []


async def test_closed_midway_it_is_a_pill_that_goes_on_where_it_was(come: Come) -> None:
    visitor = await come("/")
    await visitor.walk(DETRACTOR[:2])
    await visitor.asked("What should we do better")
    await visitor.tap("Close the survey")
    await expect(visitor.launcher).to_contain_text("Continue")
    await visitor.page.reload()
    await expect(visitor.launcher).to_contain_text("Continue")
    await visitor.launcher.click()
    await visitor.asked("What should we do better")
    await visitor.said("3", "Two stems were broken.")


@pytest.mark.parametrize("path", ["/", "/chat/nps", *(["/?mode=inline", "/?mode=bubble"] if SOAK else [])])
async def test_a_reload_resumes_at_the_same_question_with_all_that_was_said(come: Come, path: str) -> None:
    visitor = await come(path)
    if "bubble" in path:
        await visitor.launcher.click()
    await visitor.walk(DETRACTOR[:2])
    await visitor.asked("What should we do better")
    await visitor.field.fill("half a sent")
    lines, chat = await visitor.log_lines(), await visitor.chat()
    await visitor.page.reload()
    await visitor.asked("What should we do better")
    assert (await visitor.log_lines(), await visitor.chat()) == (lines, chat)
    await expect(visitor.field).to_have_value("half a sent")


async def second_tab(visitor: Person, path: str) -> Person:
    return await Person(await visitor.page.context.new_page()).goto(path)


async def test_a_second_tab_shows_the_same_chat_and_each_hears_of_the_other(come: Come, watch: Watch) -> None:
    one = await come("/chat/nps")
    await one.walk(DETRACTOR[:1])
    await one.asked("Sorry it wasn't better.")
    two = await second_tab(one, "/chat/nps")
    await two.asked("Sorry it wasn't better.")
    await two.said("3")
    await two.write("From the other tab")
    await one.asked("What should we do better")
    await one.said("3", "From the other tab")
    await one.write("And back")
    await two.asked("How should we put it right?")
    await two.said("3", "From the other tab", "And back")
    assert len({r.url.split("/chats/")[1].split("/")[0] for r in watch.sent("/messages")}) == 1


async def test_an_answer_that_was_overtaken_is_not_taken_and_what_was_typed_is_kept(come: Come, watch: Watch) -> None:
    watch.statuses |= {409}
    visitor = await come("/chat/nps")
    await visitor.walk(DETRACTOR[:1])
    await visitor.asked("Sorry it wasn't better.")
    kept, (fence,) = await visitor.kept(), fences(watch)
    taken = await visitor.page.request.post(
        f"/api/v1/chats/{kept['chat']}/messages",
        headers={"Authorization": f"Bearer {kept['token']}"},
        data={"id": "elsewhere", "cursor": 0, "fence": fence + 1, "text": "Said on the phone"},
    )
    assert taken.status == 200
    await visitor.write("Typed here")
    await visitor.asked("What should we do better")
    await visitor.said("3", "Said on the phone")
    await expect(visitor.dock).to_contain_text("What you typed is kept.")
    await expect(visitor.field).to_have_value("Typed here")


def fences(watch: Watch) -> list[int]:
    """The fences of the answers that were sent."""
    return [int((r.post_data_json or {})["fence"]) for r in watch.sent("/messages")]


HOSTILE = (
    "<img src=x onerror=window.hacked=1>",
    "{{7*7}} {% raw %} ${7*7}",
    "</p><script>window.hacked=1</script>",
    "<svg onload=window.hacked=1> &lt;b&gt; \u202e javascript:window.hacked=1",
)


@pytest.mark.parametrize("words", HOSTILE if SOAK else HOSTILE[:2])
async def test_what_people_write_is_text(come: Come, words: str) -> None:
    visitor = await come("/chat/nps")
    await visitor.walk([DETRACTOR[0], ("Sorry", "write", words), ("What should we", "write", words)])
    await visitor.asked("How should we put it right?")
    await visitor.said("3", words, words)
    await visitor.page.reload()
    await visitor.asked("How should we put it right?")
    await visitor.said("3", words, words)
    assert await visitor.log.locator("img, script, b").count() == 0
    assert await visitor.page.evaluate("window.hacked") is None
