"""How a handoff ends: whose words come last, what is said once, and what becomes of words that reached nobody."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect

from bot import app
from bot.sandbox.clock import Clock
from tests.e2e.browser import SECOND, Watch
from tests.e2e.conftest import Come
from tests.e2e.desk import Agent, asked_for_a_person, staffed
from tests.e2e.person import Person, box_of
from tests.e2e.ways import DETRACTOR

pytestmark = SECOND

WAITING = "We are getting somebody for you. You can write here meanwhile."
SAVED = "Saved, thank you."
REVIEW = "You can also say what you think in public, good or bad:"
SLA = 15 * 60_000


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[app.Service]:
    async with staffed(tmp_path_factory.mktemp("staffed")) as running:
        yield running


async def in_order(visitor: Person, *beginnings: str) -> None:
    """The log ends with lines that begin like these."""
    await expect(visitor.log.get_by_text(beginnings[-1])).to_be_visible()
    lines = (await visitor.log_lines())[-len(beginnings) :]
    assert [line[: len(start)] for line, start in zip(lines, beginnings, strict=True)] == [*beginnings]


async def test_the_end_follows_the_words_of_who_was_there(come: Come, service: app.Service) -> None:
    visitor = await come("/")
    maya = await asked_for_a_person(visitor, service)
    await maya.say("A new one is on its way.")
    await maya.leave()
    await visitor.asked(REVIEW)
    joined, left = "Maya from support joined", "Maya from support left"
    await in_order(visitor, WAITING, joined, "Maya\nA new", left, SAVED, REVIEW, "Google", "Trustpilot")
    await expect(visitor.persons.last).to_be_in_viewport(ratio=1)
    await visitor.page.reload()
    await in_order(visitor, "Maya\nA new", left, SAVED, REVIEW, "Google", "Trustpilot")


async def test_the_end_follows_the_wish_for_somebody_where_nobody_came(come: Come, service: app.Service) -> None:
    visitor = await come("/")
    maya = await asked_for_a_person(visitor, service)
    await maya.leave()
    await visitor.asked(REVIEW)
    await in_order(visitor, "Chat now", WAITING, SAVED, REVIEW, "Google", "Trustpilot")


@pytest.mark.parametrize("words", ["I want to talk to a human", "human"])
async def test_who_asks_for_a_person_in_the_field_for_a_number_gets_one(
    come: Come, service: app.Service, words: str
) -> None:
    visitor = await come("/")
    await visitor.walk(DETRACTOR[:4])
    await visitor.asked("What number")
    await visitor.write(words)
    await visitor.waiting()
    await expect(visitor.bubbles.last).to_have_text(words)


async def test_half_a_line_for_a_person_is_no_number(come: Come, tmp_path: Path, watch: Watch) -> None:
    clock = Clock()
    async with staffed(tmp_path, now=clock) as service:
        clock.told.append(service.worker.wake)
        watch.url = service.url
        visitor = await come(service.url)
        await asked_for_a_person(visitor, service)
        await visitor.field.fill("It is about my")
        clock.move(SLA)
        await visitor.asked("What number should we call?")
        await in_order(visitor, WAITING, "Nobody is free right now.", "What number")
        await expect(visitor.field).to_have_value("")
        await expect(visitor.field).to_be_focused()


async def test_lines_that_came_too_late_for_the_person_are_shown(
    come: Come, service: app.Service, watch: Watch
) -> None:
    watch.statuses |= {409}
    visitor = await come("/")
    maya = await asked_for_a_person(visitor, service)
    await maya.say("Hello")
    await expect(visitor.persons).to_have_count(1)
    await visitor.page.context.set_offline(True)
    await visitor.write("In the lift")
    await visitor.write("Out of it")
    await maya.leave()
    await visitor.page.context.set_offline(False)
    await expect(visitor.where).to_have_text("All done")
    await expect(visitor.dock.get_by_role("status")).to_have_text("Not sent In the lift\nOut of it")


async def announced(part: Locator) -> None:
    """Begin to note what a live region says: every line that is put into it."""
    await part.evaluate(
        """node => {
          window.said = [];
          const note = ({addedNodes}) => said.push(...[...addedNodes].map(added => added.textContent).filter(Boolean));
          new MutationObserver(changes => changes.forEach(note)).observe(node, {childList: true});
        }"""
    )


async def said(visitor: Person) -> Sequence[str]:
    found: list[str] = await visitor.page.evaluate("said")
    return found


async def test_another_language_leaves_what_a_person_said_and_announces_the_question_only(
    come: Come, service: app.Service
) -> None:
    visitor = await come("/")
    await visitor.walk(DETRACTOR[:4])
    await visitor.asked("What number")
    await visitor.write("human")
    await visitor.waiting()
    maya = Agent(service, await visitor.chat())
    await maya.say("I call you.")
    await maya.leave()
    await visitor.asked("What number")
    await announced(visitor.log)
    await visitor.panel.locator("header select").select_option("fr")
    await visitor.asked("À quel numéro")
    joined, left = "Maya from support joined", "Maya from support left"
    await in_order(visitor, WAITING, joined, "Maya\nI call", left, "À quel numéro")
    assert await said(visitor) == ["À quel numéro vous appeler\u202f?"]


async def test_a_lost_network_is_announced_once(come: Come, service: app.Service) -> None:
    visitor = await come("/")
    await asked_for_a_person(visitor, service)
    await announced(visitor.panel.locator(".strip"))
    await visitor.page.context.set_offline(True)
    for line in ("One", "Two", "Three"):
        await visitor.write(line)
        await expect(visitor.bubbles.last).to_have_text(line)
    assert await said(visitor) == ["You’re offline. Go on, we send it when you’re back."]


async def test_an_older_line_can_be_read_while_the_panel_grows(come: Come, service: app.Service) -> None:
    visitor = await come("/")
    maya = await asked_for_a_person(visitor, service)
    await maya.say("One")
    await expect(visitor.persons).to_have_count(1)
    height = (await box_of(visitor.panel))["height"]
    await visitor.log.evaluate("node => node.scrollTop = 0")
    await maya.say("Two")
    await expect(visitor.persons).to_have_count(2)
    assert (await box_of(visitor.panel))["height"] > height
    # Who watches for a new size is told after the next frame has been laid out.
    await visitor.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert await visitor.log.evaluate("node => node.scrollTop") == 0
    await visitor.tap("Close the survey")
    await visitor.launcher.click()
    await expect(visitor.persons.last).to_be_in_viewport(ratio=1)
