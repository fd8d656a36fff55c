"""A person on the line: what a visitor sees and can do, and what outlives a reload, a lost network and a restart."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from bot import app
from tests.e2e.browser import DESKTOP, PHONE, SECOND, Watch, open_page
from tests.e2e.conftest import Come
from tests.e2e.desk import Agent, asked_for_a_person, staffed
from tests.e2e.person import Person, box_of, overflows
from tests.e2e.test_axe import both_schemes
from tests.e2e.ways import DETRACTOR

pytestmark = SECOND


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[app.Service]:
    async with staffed(tmp_path_factory.mktemp("staffed")) as running:
        yield running


async def with_maya(
    come: Come, service: app.Service, path: str = "/chat/nps", **more: tuple[int, int]
) -> tuple[Person, Agent]:
    """Maya has joined and said hello."""
    visitor = await come(path, **more)
    maya = await asked_for_a_person(visitor, service)
    await maya.say("Hello, I have your order here.", "one")
    await visitor.heard("MayaHello, I have your order here.")
    return visitor, maya


async def test_from_the_wish_to_the_next_question(come: Come, service: app.Service) -> None:
    visitor = await come("/chat/nps")
    await visitor.walk(DETRACTOR[:1])
    await visitor.asked("Sorry it wasn't better.")
    await visitor.write("I want to talk to a human")
    await visitor.waiting()
    await visitor.asked("We are getting somebody for you.")
    await expect(visitor.ruler).to_have_count(0)
    await expect(visitor.page.get_by_role("button", name="Skip")).to_have_count(0)
    await expect(visitor.field).to_have_attribute("placeholder", "Write to Fern & Field")
    maya = Agent(service, await visitor.chat())
    await maya.join()
    await expect(visitor.where).to_have_text("With Maya, support")
    await expect(visitor.log.locator(".sys")).to_have_text(re.compile(r"^Maya from support joined · \d\d?:\d\d"))
    await maya.say("Hello! Shall I send a new fern?")
    await visitor.heard("MayaHello! Shall I send a new fern?")
    await expect(visitor.field).to_have_attribute("placeholder", "Write to Maya")
    await visitor.write("Yes, please")
    await expect(visitor.field).to_be_focused()
    await visitor.said("3", "I want to talk to a human", "Yes, please")
    await expect(visitor.field).to_have_value("")
    await maya.leave()
    await visitor.asked("Sorry it wasn't better.")
    await expect(visitor.where).to_have_text("Question 2 of 4")
    await expect(visitor.log.locator(".sys").last).to_contain_text("Maya from support left · ")
    await expect(visitor.log.get_by_role("button", name="Change")).to_have_count(0)
    await visitor.write("The stems were broken")
    await visitor.asked("What should we do better")


async def test_a_line_that_was_changed_or_taken_back_is_so_in_its_place(come: Come, service: app.Service) -> None:
    visitor, maya = await with_maya(come, service)
    await maya.say("It comes on Friday.", "two")
    await visitor.heard("MayaHello, I have your order here.", "MayaIt comes on Friday.")
    await maya.edit("two", "It comes on Saturday.")
    await visitor.heard("MayaHello, I have your order here.", "MayaIt comes on Saturday.")
    await maya.take_back("one")
    await visitor.heard("MayaMessage removed", "MayaIt comes on Saturday.")
    await visitor.page.reload()
    await visitor.heard("MayaMessage removed", "MayaIt comes on Saturday.")


async def test_a_link_of_an_agent_can_be_followed_and_nothing_else_is_markup(come: Come, service: app.Service) -> None:
    visitor, maya = await with_maya(come, service)
    await maya.say("See https://example.com/a?b=1. <img src=x onerror=window.hacked=1> javascript:alert(1)")
    link = visitor.persons.last.get_by_role("link")
    await expect(link).to_have_attribute("href", "https://example.com/a?b=1")
    await expect(link).to_have_attribute("target", "_blank")
    await expect(visitor.persons.last).to_contain_text("<img src=x onerror=window.hacked=1> javascript:alert(1)")
    assert await visitor.page.evaluate("window.hacked") is None


async def test_what_is_being_typed_stands_while_lines_come_and_go(come: Come, service: app.Service) -> None:
    visitor, maya = await with_maya(come, service)
    await visitor.field.fill("half a sent")
    field = await visitor.field.element_handle()
    assert field is not None
    await maya.say("Are you there?")
    await expect(visitor.persons).to_have_count(2)
    await visitor.page.keyboard.type("ence")
    await expect(visitor.field).to_have_value("half a sentence")
    assert await field.evaluate("node => node.isConnected")
    await visitor.page.keyboard.press("Enter")
    await visitor.page.keyboard.type("and the next")
    await visitor.said("3", "Two stems were broken.", "A stronger box.", "Chat now", "half a sentence")
    await maya.say("Yes?")
    await expect(visitor.persons).to_have_count(3)
    await expect(visitor.field).to_have_value("and the next")
    await expect(visitor.field).to_be_focused()


async def test_a_reload_resumes_with_the_person(come: Come, service: app.Service) -> None:
    visitor, maya = await with_maya(come, service)
    await visitor.write("Hello Maya")
    await expect(visitor.bubbles.last).to_have_text("Hello Maya")
    await visitor.page.reload()
    await expect(visitor.where).to_have_text("With Maya, support")
    await expect(visitor.bubbles.last).to_have_text("Hello Maya")
    await maya.say("Good to have you back.")
    await expect(visitor.persons.last).to_have_text("MayaGood to have you back.")


def streams(watch: Watch) -> list[str]:
    return [r.url for r in watch.requests if r.url.endswith("/events")]


async def test_two_tabs_share_one_stream(come: Come, service: app.Service, watch: Watch) -> None:
    one, maya = await with_maya(come, service)
    before = len(streams(watch))
    two = Person(await open_page(one.page.context, "/chat/nps"))
    await two.heard("MayaHello, I have your order here.")
    await maya.say("Both of you.")
    for tab in (one, two):
        await tab.heard("MayaHello, I have your order here.", "MayaBoth of you.")
    assert len(streams(watch)) == before
    await two.write("From the second")
    await expect(one.bubbles.last).to_have_text("From the second")
    await one.page.close()  # its stream goes to the other
    await maya.say("Still there?")
    await expect(two.persons.last).to_have_text("MayaStill there?")
    assert len(streams(watch)) == before + 1
    await two.said("3", "Two stems were broken.", "A stronger box.", "Chat now", "From the second")


WITHOUT_LOCKS = {
    "a page without TLS": "Object.defineProperty(navigator, 'locks', { value: undefined })",
    "a page without storage": "navigator.locks.request = async () => { throw new DOMException('', 'SecurityError') }",
}


@pytest.mark.parametrize("why", WITHOUT_LOCKS)
async def test_without_locks_a_tab_listens_for_itself(come: Come, service: app.Service, why: str) -> None:
    visitor = await come("/privacy")
    await visitor.page.add_init_script(WITHOUT_LOCKS[why])
    await visitor.goto("/chat/nps")
    maya = await asked_for_a_person(visitor, service)
    await maya.say("Hello")
    await visitor.heard("MayaHello")
    await maya.say("Still there?")
    await visitor.heard("MayaHello", "MayaStill there?")


async def hide(page: Page, hidden: bool) -> None:
    await page.evaluate(
        """hidden => {
          Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
          document.dispatchEvent(new Event('visibilitychange'));
        }""",
        hidden,
    )


async def test_a_hidden_tab_holds_no_stream_and_catches_up_at_once(come: Come, service: app.Service) -> None:
    visitor, maya = await with_maya(come, service)
    await hide(visitor.page, True)
    await until_nobody_listens(visitor, service, maya.chat)
    await maya.say("Nobody looks.")
    await hide(visitor.page, False)
    await visitor.heard("MayaHello, I have your order here.", "MayaNobody looks.")
    await maya.say("Now somebody does.")
    await expect(visitor.persons).to_have_count(3)


async def until_nobody_listens(visitor: Person, service: app.Service, chat: str) -> None:
    """The page is asked again until the server has seen its stream end."""
    while await service.runtime.present(chat):
        await visitor.page.evaluate("fetch('/healthz').then(answer => answer.text())")


async def test_a_line_that_could_not_be_sent_says_so_and_the_field_stays(come: Come, service: app.Service) -> None:
    visitor, _ = await with_maya(come, service)
    await visitor.page.route("**/messages", lambda route: route.abort())
    await visitor.write("Lost on its way")
    await expect(visitor.log).to_contain_text("Not sent")
    await visitor.field.fill("the next one")
    await visitor.page.unroute("**/messages")
    await visitor.tap("Try again")
    await expect(visitor.log).not_to_contain_text("Not sent")
    await expect(visitor.bubbles.last).to_have_text("Lost on its way")
    await expect(visitor.field).to_have_value("the next one")


async def test_offline_lines_wait_on_the_device_and_the_agents_are_caught_up(come: Come, service: app.Service) -> None:
    visitor, maya = await with_maya(come, service)
    await visitor.page.context.set_offline(True)
    await visitor.write("In the lift")
    await expect(visitor.log).to_contain_text("Kept on this device")
    await maya.say("Are you still there?")
    await visitor.page.context.set_offline(False)
    await expect(visitor.persons.last).to_have_text("MayaAre you still there?")
    await expect(visitor.bubbles.last).to_have_text("In the lift")
    await expect(visitor.log).not_to_contain_text("Kept on this device")


async def test_a_line_for_somebody_who_has_left_is_no_answer_to_the_next_question(
    come: Come, service: app.Service, watch: Watch
) -> None:
    watch.statuses |= {409}
    visitor = await come("/chat/nps")
    await visitor.walk(DETRACTOR[:1])
    await visitor.write("I want to talk to a human")
    await visitor.waiting()
    maya = Agent(service, await visitor.chat())
    await maya.say("I send you a new one.")
    await visitor.heard("MayaI send you a new one.")
    await visitor.page.route("**/events", lambda route: route.abort())
    await visitor.page.route("**/chats", lambda route: route.abort())
    await hide(visitor.page, True)
    await hide(visitor.page, False)
    await maya.leave()
    await visitor.write("Thank you, Maya")
    await visitor.asked("Sorry it wasn't better.")
    await expect(visitor.dock).to_contain_text("What you typed is kept.")
    await expect(visitor.field).to_have_value("Thank you, Maya")


async def test_closed_the_launcher_says_who_wrote_and_opens_where_it_was(come: Come, service: app.Service) -> None:
    visitor, maya = await with_maya(come, service, "/")
    await visitor.tap("Close the survey")
    await expect(visitor.launcher).to_have_accessible_name("With Maya, support")
    await expect(visitor.launcher).to_have_attribute("aria-live", "polite")
    await maya.say("One more thing.")
    await maya.say("And another.")
    await expect(visitor.launcher).to_have_accessible_name("Maya wrote to you (2)")
    await visitor.page.reload()
    await expect(visitor.launcher).to_have_accessible_name("Maya wrote to you (2)")
    await maya.say("And a third.")
    await expect(visitor.launcher).to_have_accessible_name("Maya wrote to you (3)")
    await visitor.launcher.click()
    await expect(visitor.persons.last).to_have_text("MayaAnd a third.")
    await expect(visitor.field).to_be_focused()
    await visitor.page.keyboard.press("Escape")
    await expect(visitor.launcher).to_have_accessible_name("With Maya, support")
    await expect(visitor.launcher).to_be_focused()


async def test_axe_finds_nothing_to_say(come: Come, service: app.Service) -> None:
    visitor = await come("/?mode=bubble")
    await visitor.launcher.click()
    maya = await asked_for_a_person(visitor, service)
    await both_schemes(visitor, "waiting")
    await maya.say("See https://example.com/", "one")
    await maya.say("No, this one", "two")
    await maya.take_back("two")
    await visitor.heard("MayaSee https://example.com/", "MayaMessage removed")
    await both_schemes(visitor, "a person on the line")
    await visitor.tap("Close the survey")
    await maya.say("Are you there?")
    await expect(visitor.launcher).to_contain_text("wrote")
    await both_schemes(visitor, "a person wrote")
    await maya.leave()
    await visitor.launcher.click()
    await expect(visitor.where).to_have_text("All done")
    await both_schemes(visitor, "the person has left")


async def test_the_last_words_of_an_agent_wait_for_a_visitor_who_closed_the_panel(
    come: Come, service: app.Service
) -> None:
    visitor, maya = await with_maya(come, service, "/")
    await visitor.tap("Close the survey")
    await maya.say("It ships tonight.")
    await maya.leave()
    await expect(visitor.launcher).to_have_accessible_name("Maya wrote to you (1)")
    await visitor.page.reload()
    await expect(visitor.launcher).to_have_accessible_name("Maya wrote to you (1)")
    await visitor.launcher.click()
    await expect(visitor.where).to_have_text("All done")
    await expect(visitor.persons.last).to_have_text("MayaIt ships tonight.")
    await visitor.tap("Done")
    await expect(visitor.launcher).to_be_hidden()


async def test_by_keyboard_alone(come: Come, service: app.Service) -> None:
    visitor = await come("/?mode=bubble")
    await visitor.launcher.focus()
    await visitor.page.keyboard.press("Enter")
    await visitor.asked("How likely are you")
    for typed, question in (("3", "Sorry it"), ("Stems", "What should we"), ("A box", "How should we put")):
        await expect(visitor.dock.locator(":focus")).to_have_count(1)
        await visitor.page.keyboard.type(typed)
        await visitor.page.keyboard.press("Enter")
        await visitor.asked(question)
    await visitor.page.keyboard.press("Tab")
    await visitor.page.keyboard.press("Enter")
    await visitor.waiting()
    await expect(visitor.field).to_be_focused()
    maya = Agent(service, await visitor.chat())
    await maya.say("Hello")
    await expect(visitor.field).to_have_accessible_name("Write to Maya")
    await expect(visitor.field).to_be_focused()
    await visitor.page.keyboard.type("Hello Maya")
    await visitor.page.keyboard.press("Enter")
    await expect(visitor.bubbles.last).to_have_text("Hello Maya")
    await expect(visitor.field).to_be_focused()


async def test_the_newest_line_is_seen_unless_an_older_one_is_being_read(come: Come, service: app.Service) -> None:
    visitor, maya = await with_maya(come, service, "/")
    for number in range(12):
        await maya.say(f"Line {number} of a long story.")
    await expect(visitor.persons).to_have_count(13)
    await expect(visitor.persons.last).to_be_in_viewport(ratio=1)
    await visitor.log.evaluate("node => node.scrollTop = 0")
    await maya.say("The end.")
    await expect(visitor.persons).to_have_count(14)
    assert await visitor.log.evaluate("node => node.scrollTop") == 0
    await visitor.write("Thank you")
    await expect(visitor.bubbles.last).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("path", ["/", "/chat/nps"])
async def test_on_a_phone(come: Come, service: app.Service, path: str) -> None:
    visitor, maya = await with_maya(come, service, path, size=PHONE)
    for words in ("A long line about ferns. " * 12, "https://example.com/" + "long" * 40):
        await maya.say(words)
    await expect(visitor.persons).to_have_count(3)
    await expect(visitor.persons.last).to_be_in_viewport()
    assert await overflows(visitor.page) == []
    if path == "/":
        assert (await box_of(visitor.panel))["height"] <= PHONE[1] * 0.85 + 1


async def test_the_stream_is_taken_up_again_after_a_restart(come: Come, tmp_path: Path, watch: Watch) -> None:
    async with staffed(tmp_path) as first:
        watch.url = first.url
        visitor = await come(f"{first.url}/chat/nps", DESKTOP)
        maya = await asked_for_a_person(visitor, first)
        await maya.say("Hello")
        await visitor.heard("MayaHello")
        port = first.settings.port
    async with staffed(tmp_path, port) as second:
        maya = Agent(second, maya.chat, "Tom")
        await maya.say("It is me now.")
        await visitor.heard("MayaHello", "TomIt is me now.")
        await expect(visitor.where).to_have_text("With Tom, support")
