"""What a visitor does in the survey, and what can be seen of it. Locators find by role and words, as people do."""

import json
import re
from collections.abc import Sequence
from typing import Any, TypeAlias

from playwright.async_api import FloatRect, Locator, Page, expect

Did: TypeAlias = tuple[str, str, str | int]
"""(the question that is asked, what is done: a method of Person, with what)."""


class Person:
    """One visitor in front of one page. `walk` plays a table of `Did`."""

    def __init__(self, page: Page, brand: str = "Fern & Field") -> None:
        self.page = page
        self.panel = page.locator("chat-survey section")
        self.log = page.get_by_role("log")
        self.question = page.locator("#q")
        self.dock = page.locator(".dock")
        self.ruler = self.dock.get_by_role("radiogroup")
        self.where = page.locator("chat-survey header small")
        self.field = self.dock.locator("textarea, input[type=tel], input[type=email]")
        self.bubbles = page.locator(".you")
        self.persons = page.locator(".agent")
        self.launcher = page.locator(".launch")

    async def goto(self, path: str) -> "Person":
        await self.page.goto(path)
        return self

    async def asked(self, words: str) -> None:
        """The question in front of the visitor begins like this."""
        await expect(self.question).to_have_text(re.compile("^" + re.escape(words)))

    async def score(self, value: str | int) -> None:
        await self.dock.locator(f".scale label:has(input[value='{value}'])").click()

    async def write(self, words: str | int) -> None:
        if await self.field.get_attribute("type") == "tel":  # the list of countries comes with the question
            await expect(self.dock.locator("label.country")).to_contain_text("+")
        await self.field.fill(str(words))
        await self.dock.locator(".send").click()

    async def tap(self, name: str | int) -> None:
        await self.page.get_by_role("button", name=str(name), exact=True).click()

    async def book(self, time: str | int) -> None:
        """Take the time at this place among those of the second day, by the button that repeats it."""
        day, times = self.dock.get_by_role("radiogroup").first, self.dock.get_by_role("radiogroup").last
        await day.locator("label").nth(1).click()
        await times.locator("label").nth(int(time)).click()
        await self.dock.get_by_role("button", name=re.compile("^(Book|Réserver)")).click()

    async def walk(self, table: Sequence[Did]) -> None:
        for question, act, value in table:
            await self.asked(question)
            await getattr(self, act)(value)

    async def said(self, *words: str) -> None:
        """These are the visitor's bubbles, in this order."""
        await expect(self.bubbles).to_have_text(list(words))

    async def heard(self, *words: str) -> None:
        """These are the bubbles of agents, in this order: name and words."""
        await expect(self.persons).to_have_text(list(words))

    async def waiting(self) -> None:
        """A person was asked for, and nobody is there yet."""
        await expect(self.where).to_have_text("Waiting for a person")

    async def kept(self) -> dict[str, Any]:
        """What this browser keeps of the chat (Any: the widget's own record)."""
        text = await self.page.evaluate("localStorage['chatsurvey:nps'] ?? '{}'")
        found: dict[str, Any] = json.loads(text)
        return found

    async def chat(self) -> str:
        return str((await self.kept())["chat"])

    async def focused(self) -> Locator:
        """The element that has the focus, inside the widget where it is there."""
        return self.page.locator(":focus").last

    async def log_lines(self) -> list[str]:
        return await self.log.locator("> *").all_inner_texts()


async def box_of(target: Locator) -> FloatRect:
    """Where it is seen, in pixels of the window."""
    await expect(target).to_be_visible()
    found = await target.bounding_box()
    assert found is not None
    return found


async def overflows(page: Page) -> list[str]:
    """What reaches over the edge of the page, or can be scrolled sideways."""
    found: list[str] = await page.evaluate(
        """() => {
          const inside = document.querySelector('chat-survey')?.shadowRoot?.querySelectorAll('*') ?? [];
          const page = document.documentElement;
          const wide = node => node.scrollWidth > node.clientWidth + 1;
          const scrolls = node => wide(node) && /auto|scroll/.test(getComputedStyle(node).overflowX);
          const out = ({left, right, width}) => width && (left < -1 || right > page.clientWidth + 1);
          const wrong = [...inside].filter(node => scrolls(node) || out(node.getBoundingClientRect()));
          return [...wide(page) ? [page] : [], ...wrong].map(node => `${node.tagName}.${node.className}`);
        }"""
    )
    return found
