"""A chat in the sandbox reaches every CRM: the person, the response and the case stand in its tables; and whatever
befalls a CRM, everything is there in the end, once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest
from aiohttp import ClientSession
from axe_playwright_python.async_playwright import Axe
from msgspec.structs import replace
from playwright.async_api import Browser, Page, expect

from bot.model import Address, CaseFacts, Fact, Inbound, Start
from bot.sandbox.app import Options, Sandbox, sandbox
from bot.sandbox.clock import DAY, HOUR
from bot.sandbox.crms import Crms, OnCrm
from bot.writing_remote import KIND, remote_id, remote_of
from tests.e2e.browser import SECOND, Watch, new_context
from tests.e2e.conftest import browser
from tests.harness.service import PATIENCE

__all__ = ["browser"]

KINDS = tuple(Crms.of().all)
MINUTE = HOUR // 60
PERSON = {"email": Fact("nadia@fern.example", proven=True), "first_name": Fact("Nadia", proven=True)}
RECORDS = {
    "adobe": ("Profiles", "Transactional events"),
    "hubspot": ("Contacts", "Notes", "Tickets"),
    "salesforce": ("Contacts", "NPS responses", "Cases", "Tasks"),
    "sellsy": ("Contacts and individuals", "Comments", "Tasks"),
    "sheets": ("Responses",),
    "webhook": ("Responses",),
}
"""Where a detractor who wants to be called leaves a record. A new stand-in belongs here."""


@asynccontextmanager
async def a_sandbox(folder: Path) -> AsyncIterator[Sandbox]:
    async with sandbox(Options(folder / "data", port=0, page_port=0, folder=folder)) as running:
        yield running


class Customer:
    """Somebody who is known by their address and has a chat."""

    def __init__(self, running: Sandbox) -> None:
        self._running, self._said = running, 0
        self.chat = ""

    async def comes(self) -> None:
        start = Start("", Address("web", ""), self._running.clock(), "en", contact=PERSON)
        self.chat = (await self._running.service.runtime.open(start)).conversation.id

    async def answers(self, *words: str) -> None:
        for text in words:
            self._said += 1
            now = await self._running.service.runtime.look(self.chat)
            inbound = Inbound(f"in{self._said}", self._running.clock(), "text", text=text)
            inbound = replace(inbound, fence=now.conversation.step_seq)
            assert (await self._running.service.runtime.receive(self.chat, inbound)).ignored == ""

    async def case(self, state: str) -> None:
        self._said += 1
        now = self._running.clock()
        facts = CaseFacts("open", "detractor", now, now + HOUR)
        if state == "resolved":
            facts = replace(facts, state="resolved", outcome="replaced", counts="recovered", owner="Maya", resolved=now)
        await self._running.service.runtime.receive(self.chat, Inbound(f"in{self._said}", now, "case", case=facts))


def rows(running: Sandbox, kind: str, title: str = "") -> list[Sequence[str]]:
    """Of one table of a CRM, or of all."""
    tables = running.crms.all[kind].tables()
    return [row for table in tables for row in table.rows if title in ("", table.title)]


UNHAPPY = ("3", "Broken stems, twice", "Better boxes", "Call me back", "+33612345678", "skip")


async def until(running: Sandbox, kind: str, title: str = "", *, words: str = "") -> None:
    """Wait for a record in this table, and for these words in one."""
    await running.crms.all[kind].until(lambda: bool(found := rows(running, kind, title)) and words in str(found))


def counts(running: Sandbox) -> dict[str, list[int]]:
    return {kind: [len(rows(running, kind, title)) for title in titles] for kind, titles in RECORDS.items()}


ONCE = {kind: [1] * len(titles) for kind, titles in RECORDS.items()}
DOUBTED = ONCE | {"adobe": [1, 0]}
"""An event of Adobe's takes no key: where a connection broke in the middle, it is in doubt and not sent again."""
SOUND = {kind: list[str]() for kind in KINDS}


async def test_an_unhappy_customer_stands_in_every_crm_once(tmp_path: Path) -> None:
    assert set(RECORDS) == set(KINDS)
    async with a_sandbox(tmp_path) as running:
        nadia = Customer(running)
        await nadia.comes()
        await nadia.answers(*UNHAPPY)
        await nadia.case("open")
        for kind, titles in RECORDS.items():
            for title in titles:
                await until(running, kind, title)
        await nadia.case("resolved")
        await until(running, "hubspot", "Contacts", words="replaced")
        await until(running, "salesforce", "Cases", words="Closed")
        await until(running, "sheets", "Responses", words="resolved")
        assert counts(running) == ONCE
        assert {kind: one.faults for kind, one in running.crms.all.items()} == SOUND
        files = {one["kind"]: one["tables"] for one in running.crms.view()["all"]}["csv"]
        assert [(table["title"][:10], table["columns"][:2]) for table in files] == [
            ("responses-", ["chat", "revision"])
        ]


async def time_goes_by(running: Sandbox, holds: Callable[[], bool]) -> None:
    """In steps of ten minutes, as by the page's button, until that holds."""
    headers = {"Origin": running.page.url}
    async with asyncio.timeout(PATIENCE), ClientSession() as session:
        while not holds():
            assert running.clock.offset < 2 * DAY, "two days went by in vain"
            async with session.post(
                f"{running.page.url}/api/clock", json={"by": 10 * MINUTE}, headers=headers
            ) as answer:
                assert answer.status == 200
            await running.telegram.world.bell.pause(0.1)  # for the machine's own time: the worker looks for what is due


@pytest.mark.parametrize(("trouble", "end"), [("down", "up"), ("lock", "unlock"), ("throttled", "")])
async def test_what_befalls_the_crms_loses_nothing_and_doubles_nothing(
    tmp_path: Path, trouble: Literal["down", "lock", "throttled"], end: Literal["up", "unlock", ""]
) -> None:
    async with a_sandbox(tmp_path) as running:
        for kind in KINDS:
            await running.perform(OnCrm(kind, trouble))
        nadia = Customer(running)
        await nadia.comes()
        await nadia.answers(*UNHAPPY)
        await nadia.case("open")
        if end:
            await time_goes_by(running, lambda: running.clock.offset > HOUR)
            assert counts(running) == {kind: [0] * len(titles) for kind, titles in RECORDS.items()}
            for kind in KINDS:
                await running.perform(OnCrm(kind, end))
        await time_goes_by(running, lambda: counts(running) in (ONCE, DOUBTED))
        if counts(running) == DOUBTED:
            noted = await running.service.store.doc(KIND, remote_id("adobe", nadia.chat))
            assert remote_of(noted).doubts == ("event EVTnpsCallback",)
        assert {kind: one.faults for kind, one in running.crms.all.items()} == SOUND


async def test_a_crm_that_is_not_there_is_said(tmp_path: Path) -> None:
    async with a_sandbox(tmp_path) as running:
        with pytest.raises(LookupError, match="no such CRM"):
            await running.perform(OnCrm("fax", "down"))


async def test_writers_of_a_named_settings_file_are_real(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("writers: {jsonl: {enabled: false}}", "utf-8")
    options = Options(tmp_path / "data", settings=tmp_path / "own.yaml", port=0, page_port=0, folder=tmp_path)
    async with sandbox(options) as running:
        assert running.crms.all == {}
        assert running.crms.view() == {"all": []}


class TestOnThePage:
    pytestmark = SECOND

    async def test_the_records_are_shown_and_buttons_work(self, browser: Browser, tmp_path: Path) -> None:
        async with a_sandbox(tmp_path) as running:
            watch = Watch("http://127.0.0.1:")
            context = await new_context(browser, running.page.url)
            watch.over(context)
            page = await context.new_page()
            await page.goto("/#crm")
            await self._survey(page)
            records = page.get_by_role("region", name="Records in the CRM")
            for kind, titles in RECORDS.items():
                await page.get_by_role("combobox", name="Records in").select_option(kind)
                for title in titles if kind != "sellsy" else titles[:1]:
                    await expect(records.get_by_role("region", name=title)).to_contain_text("3")
            await page.get_by_role("combobox", name="Records in").select_option("csv")
            await expect(records).to_contain_text("Broken stems")
            await page.get_by_role("combobox", name="Records in").select_option("salesforce")
            await page.screenshot(path=tmp_path / "crm.png")
            await self._buttons(page)
            assert watch.faults == []
            ((chat, *_),) = rows(running, "webhook")
            context_of = (await running.service.runtime.look(chat)).conversation.context
            assert "identity" not in str(context_of), "who it is was taken out of the address before it was told"
            assert (await Axe().run(page)).response["violations"] == []
            await context.close()

    async def _survey(self, page: Page) -> None:
        visitor = page.frame_locator("iframe")
        await visitor.locator(".scale label:has(input[value='3'])").click()
        await visitor.locator("textarea").fill("Broken stems, twice")
        await visitor.locator(".send").click()

    async def _buttons(self, page: Page) -> None:
        state = page.locator("#crm-state")
        await page.get_by_role("button", name="Take it down").click()
        await expect(state).to_have_text("down: refuses connections")
        await page.get_by_role("button", name="Bring it up").click()
        await expect(state).to_contain_text("up, ")
        await page.get_by_role("button", name="Lock us out").click()
        await expect(state).to_have_text("up, and refuses our log-in")
        await page.get_by_role("button", name="Let us in").click()
        await page.get_by_role("button", name="Throttle the next request").click()
        await expect(state).to_contain_text("up, ")
