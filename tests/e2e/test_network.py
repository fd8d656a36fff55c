"""A network that goes and comes back, answers that are lost on their way, a service that starts again meanwhile."""

import asyncio
import re

from playwright.async_api import Page, Route, expect

from tests.e2e.browser import BROWSER, Watch, open_page
from tests.e2e.conftest import Come
from tests.e2e.person import Person
from tests.e2e.ways import DETRACTOR
from tests.harness.service import Service

pytestmark = BROWSER

MESSAGES = "**/api/v1/chats/*/messages"


async def begun(come: Come) -> Person:
    visitor = await come("/chat/nps")
    await visitor.walk(DETRACTOR[:1])
    await visitor.asked("Sorry it wasn't better.")
    return visitor


async def refuse(page: Page) -> None:
    await page.route(MESSAGES, lambda route: route.abort())


async def test_an_answer_given_offline_is_kept_on_the_device_and_sent_when_the_network_is_back(come: Come) -> None:
    visitor = await begun(come)
    await visitor.page.context.set_offline(True)
    await expect(visitor.page.get_by_text("You’re offline.")).to_be_visible()
    await visitor.write("In the lift")
    await visitor.said("3", "In the lift")
    await expect(visitor.log).to_contain_text("Kept on this device")
    assert [item["text"] for item in (await visitor.kept())["outbox"]] == ["In the lift"]
    await visitor.page.context.set_offline(False)
    await visitor.asked("What should we do better")
    await visitor.said("3", "In the lift")
    await expect(visitor.page.get_by_text("You’re offline.")).to_be_hidden()
    assert (await visitor.kept())["outbox"] == []


async def test_what_was_kept_outlives_the_page(come: Come, watch: Watch) -> None:
    visitor = await begun(come)
    context = visitor.page.context
    await context.set_offline(True)
    await visitor.write("In the tunnel")
    await expect(visitor.log).to_contain_text("Kept on this device")
    await visitor.page.close()
    await context.set_offline(False)
    again = Person(await open_page(context, "/chat/nps"))
    await again.asked("What should we do better")
    await again.said("3", "In the tunnel")
    said = [(r.post_data_json or {}).get("text") for r in watch.sent("/messages")]
    assert said[-1] == "In the tunnel"


async def test_an_answer_that_could_not_be_sent_says_so_and_can_be_sent_again(come: Come) -> None:
    visitor = await begun(come)
    await refuse(visitor.page)
    await visitor.write("Broken stems")
    await expect(visitor.log).to_contain_text("Not sent")
    await expect(visitor.dock).to_contain_text(re.compile("kept here, we try again in"))
    await visitor.page.unroute(MESSAGES)
    await visitor.tap("Try again")
    await visitor.asked("What should we do better")
    await visitor.said("3", "Broken stems")
    await expect(visitor.log).not_to_contain_text("Not sent")


async def test_it_is_sent_again_by_itself(come: Come) -> None:
    visitor = await begun(come)
    await refuse(visitor.page)
    await visitor.write("Broken stems")
    await expect(visitor.log).to_contain_text("Not sent")
    await visitor.page.unroute(MESSAGES)
    await visitor.asked("What should we do better")
    await visitor.said("3", "Broken stems")


async def test_an_answer_whose_acknowledgement_was_lost_is_not_doubled(come: Come, watch: Watch) -> None:
    visitor = await begun(come)

    async def take_and_lose(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await visitor.page.route(MESSAGES, take_and_lose, times=1)
    await visitor.write("Once")
    await visitor.asked("What should we do better")
    await visitor.said("3", "Once")
    ids = [(r.post_data_json or {})["id"] for r in watch.sent("/messages")]
    assert ids[-1] == ids[-2]
    await visitor.page.reload()
    await visitor.asked("What should we do better")
    await visitor.said("3", "Once")


async def test_the_chat_goes_on_after_the_service_started_again(come: Come, service: Service) -> None:
    visitor = await begun(come)
    service.kill()
    await visitor.write("While you were away")
    await expect(visitor.log).to_contain_text("Not sent")
    service.start()
    again = visitor.page.get_by_role("button", name="Try again")
    await expect(again.or_(visitor.page.get_by_text("What should we do better")).first).to_be_visible()
    await visitor.asked("What should we do better")
    await visitor.said("3", "While you were away")
    await visitor.write("Nothing else")
    await visitor.asked("How should we put it right?")


async def test_a_slow_answer_says_so(come: Come) -> None:
    visitor = await begun(come)
    go = asyncio.Event()

    async def hold(route: Route) -> None:
        await go.wait()
        await route.continue_()

    await visitor.page.route(MESSAGES, hold, times=1)
    await visitor.write("Slowly")
    await expect(visitor.page.get_by_role("img", name="Saving")).to_be_visible()
    await expect(visitor.log).to_contain_text("Just a moment, please.")
    await visitor.said("3", "Slowly")
    go.set()
    await visitor.asked("What should we do better")


async def test_a_visitor_who_answers_too_fast_is_not_told_off(come: Come, watch: Watch) -> None:
    watch.statuses |= {429}
    visitor = await begun(come)

    async def busy(route: Route) -> None:
        await route.fulfill(status=429, headers={"Retry-After": "1"}, json={"title": "Too many", "status": 429})

    await visitor.page.route(MESSAGES, busy, times=1)
    await visitor.write("Fast")
    await visitor.asked("What should we do better")
    await visitor.said("3", "Fast")
    await expect(visitor.log).not_to_contain_text("Too many")


async def test_a_chat_that_the_service_no_longer_knows_can_begin_again(come: Come, watch: Watch) -> None:
    watch.statuses |= {401}
    visitor = await begun(come)
    await visitor.page.evaluate(
        """() => {
          const kept = JSON.parse(localStorage['chatsurvey:nps']);
          localStorage['chatsurvey:nps'] = JSON.stringify({...kept, token: kept.token.slice(0, -2) + 'zz'});
        }"""
    )
    await visitor.page.reload()
    await expect(visitor.dock).to_contain_text("This chat has ended.")
    await visitor.tap("Start again")
    await visitor.asked("How likely are you")
