"""The page of one response: who may see it, what it says, and that nothing a person wrote is more than text."""

import html
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser

from bot.channels.verify import Tokens
from bot.crm.link import key_of, link_of, opens
from bot.errors import Retryable
from bot.http_response import ResponsePage
from bot.model import Address, Answer, CaseFacts, Click, Conversation, Entry, Fact, Inbound, Link, Start
from bot.records.base import Delivery
from tests.e2e.browser import BROWSER, DESKTOP, NARROW, Watch, new_context
from tests.e2e.conftest import browser
from tests.harness.responses import NOON, a_scored_chat
from tests.harness.service import serving

__all__ = ["browser"]

SECRET, OLDER = "the newest secret of a test", "an older secret of a test"
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> {{ 7 * 7 }} \"'&"
WHOLE = a_scored_chat(
    revision=4,
    ended=NOON + 60_000,
    outcome="completed",
    timezone="Europe/Paris",
    answers={
        "score": Answer("score", 3, "3", "nps", NOON),
        "reason": Answer("reason", "delivery", "Delivery and packaging", "choice", NOON + 1_000),
        "improve": Answer("improve", "Broken stems, twice in a row.", "Broken stems, twice in a row.", "text", NOON),
        "phone": Answer("contact.phone", "+33612345678", "06 12 34 56 78", "phone", NOON + 2_000),
    },
    contact={"name": Fact("Nadia B.", proven=True), "email": Fact("nadia@example.com"), "phone": Fact("+33000000000")},
    context={"page_url": "https://shop.example/orders/4711"},
    clicks=(Click("thanks", "help", NOON + 50_000),),
    case=CaseFacts("claimed", "detractor", NOON, NOON + 3_600_000, owner="Maya", note="third time"),
)
LOG = (
    Entry(1, NOON - 5_000, "bot", "How likely are you to recommend us?"),
    Entry(2, NOON, "visitor", "3"),
    Entry(3, NOON, "bot", "What disappointed you most?", link=Link("Our promise", "ask/promise")),
    Entry(4, NOON + 1_000, "visitor", "Broken stems, twice in a row."),
    Entry(5, NOON + 40_000, "agent", "I send a new furn today.", name="Maya"),
    Entry(6, NOON + 41_000, "agent", "Wrong chat.", name="Maya"),
    Entry(7, NOON + 42_000, "agent", "I send a new fern today.", name="Maya", replaces=5),
    Entry(8, NOON + 43_000, "agent", "", name="Maya", replaces=6),
)
WENT = (
    Delivery("hubspot", "c1", 4, "retrying", 3, NOON, "503: temporarily unavailable", "", 2),
    Delivery("jsonl", "c1", 4, "delivered", 1, NOON, "", "", 4),
    Delivery("salesforce", "c1", 3, "delivered", 1, NOON, "", "003AX01", 3),
    Delivery("sellsy", "c1", 4, "in_doubt", 1, NOON, delivered=4, doubt="comment"),
    Delivery("sheets", "c1", 4, "dead", 1, NOON, "the sheet is protected"),
)


class Chats:
    """Chats in memory, as the page asks for them."""

    def __init__(self, *chats: Conversation, log: Sequence[Entry] = ()) -> None:
        self._chats, self._log = {chat.id: chat for chat in chats}, tuple(log)

    async def load_id(self, chat: str) -> Conversation | None:
        return self._chats.get(chat)

    async def entries(self, _chat: str, _after: int = 0) -> tuple[Entry, ...]:
        return self._log


class Records:
    def __init__(self, *found: Delivery, error: str = "") -> None:
        self._found, self._error = found, error

    def deliveries(self, _chat: str) -> Sequence[Delivery]:
        if self._error:
            raise Retryable(self._error)
        return self._found


@asynccontextmanager
async def page_of(
    chat: Conversation, records: Records, log: Sequence[Entry] = (), secrets: Sequence[str] = (SECRET,)
) -> AsyncIterator[TestClient[Request, Application]]:
    app = Application()
    app.add_routes(ResponsePage(Chats(chat, log=log), records, secrets, "Europe/Paris").routes())
    async with TestClient(TestServer(app)) as client:
        yield client


async def shown(chat: Conversation, records: Records | None = None, log: Sequence[Entry] = ()) -> str:
    """The words of the page of this chat."""
    async with page_of(chat, records or Records(), log) as client:
        answer = await client.get(f"/responses/{chat.id}", params={"key": key_of(chat.id, SECRET)})
        assert answer.status == 200
        body = (await answer.text()).partition("<body>")[2]
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_a_link_leads_to_the_service_and_holds_a_key_that_cannot_be_guessed() -> None:
    link = link_of("https://survey.example", SECRET)("c1")
    assert re.fullmatch(r"https://survey\.example/responses/c1\?key=[\w-]{32}", link)


@pytest.mark.parametrize(
    ("key", "chat", "secrets", "may"),
    [
        (key_of("c1", SECRET), "c1", (SECRET, OLDER), True),
        (key_of("c1", OLDER), "c1", (SECRET, OLDER), True),
        (key_of("c1", OLDER), "c1", (SECRET,), False),
        (key_of("c2", SECRET), "c1", (SECRET,), False),
        (key_of("c1", SECRET)[:-1], "c1", (SECRET,), False),
        (key_of("c1", SECRET) + "A", "c1", (SECRET,), False),
        (Tokens((SECRET,)).token("c1"), "c1", (SECRET,), False),
        (Tokens((SECRET,)).token("c1").partition(".")[2], "c1", (SECRET,), False),
        (Tokens((SECRET,)).signature("c1", "reviews/shop"), "c1", (SECRET,), False),
        ("", "c1", (SECRET,), False),
        ("\ud800é", "c1", (SECRET,), False),
        (key_of("c" * 65, SECRET), "c" * 65, (SECRET,), False),
    ],
)
def test_only_its_own_key_opens_a_response(key: str, chat: str, secrets: Sequence[str], may: bool) -> None:
    assert opens(key, chat, secrets) is may


@pytest.mark.parametrize(
    "words",
    [
        "3 Nadia B. 3 of 10, detractor 9 Oct 2025, 10:53 · web · answered to the end",
        "Broken stems, twice in a row. Case State claimed",
        "Opened by detractor Opened 9 Oct 2025, 10:53 Due 9 Oct 2025, 11:53 Owner Maya Note third time",
        "reason Delivery and packaging 9 Oct 2025, 10:53",
        "name Nadia B. vouched for email nadia@example.com as the page said phone +33612345678 typed in the chat",
        "How likely are you to recommend us? Survey, 9 Oct 2025, 10:53 3 Customer, 9 Oct 2025, 10:53",
        "What disappointed you most? [Our promise] Survey",
        "I send a new fern today. Maya, 9 Oct 2025, 10:54 Where it went",
        "hubspot will be tried again 9 Oct 2025, 10:53 503: temporarily unavailable",
        "jsonl arrived 9 Oct 2025, 10:53",
        "salesforce an older state arrived; the newest is on its way 9 Oct 2025, 10:53 there it is 003AX01",
        "sellsy in doubt: it may be there twice 9 Oct 2025, 10:53 in doubt: comment",
        "sheets given up 9 Oct 2025, 10:53 the sheet is protected",
        "Chat c1 Revision 4 Flow nps, version f00d Language en Time zone Europe/Paris",
        "page_url https://shop.example/orders/4711 Link followed: thanks/help 9 Oct 2025, 10:54",
        "Times are those of Europe/Paris.",
    ],
)
async def test_it_says(words: str) -> None:
    assert words in await shown(WHOLE, Records(*WENT), LOG)


async def test_what_is_not_there_is_said_in_words() -> None:
    nothing = Conversation("c1", 1, "nps", "f00d", Address("web", "c1"), "en", "score", NOON, NOON, sample=True)
    words = await shown(nothing)
    for said in ("Somebody without a name No score yet from the demo page", "Answers None yet.", "went Nowhere yet."):
        assert said in words
    assert "Nothing is known of this person." in words
    assert "Where it went That cannot be read right now." in await shown(nothing, Records(error="locked"))


async def test_a_wrong_key_and_a_chat_that_is_not_there_are_told_the_same() -> None:
    async with page_of(a_scored_chat(), Records()) as client:
        answers = [
            await client.get("/responses/c1", params={"key": key_of("c2", SECRET)}),
            await client.get("/responses/c1"),
            await client.get("/responses/c9", params={"key": key_of("c9", SECRET)}),
        ]
        assert {answer.status for answer in answers} == {404}
        assert len({await answer.text() for answer in answers}) == 1
        assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}


async def test_it_is_kept_nowhere_found_by_nobody_and_framed_by_none() -> None:
    async with page_of(a_scored_chat(), Records()) as client:
        headers = (await client.get("/responses/c1", params={"key": key_of("c1", SECRET)})).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Robots-Tag"] == "noindex, nofollow"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src" not in policy


async def test_nothing_that_a_person_wrote_is_markup_or_a_template() -> None:
    said = Answer(HOSTILE, HOSTILE, HOSTILE, "text", NOON)
    chat = a_scored_chat(
        locale=HOSTILE, timezone=HOSTILE, visitor=HOSTILE, outcome=HOSTILE, answers={"a": said},
        contact={"name": Fact(HOSTILE), HOSTILE: Fact(HOSTILE)}, context={HOSTILE: HOSTILE},
        case=CaseFacts("open", HOSTILE, NOON, NOON, HOSTILE, HOSTILE, "", HOSTILE, HOSTILE),
    )  # fmt: skip
    log = [Entry(1, NOON, "visitor", HOSTILE), Entry(2, NOON, "agent", HOSTILE, Link(HOSTILE, "a/b"), HOSTILE)]
    async with page_of(chat, Records(Delivery(HOSTILE, "c1", 1, "dead", 1, NOON, HOSTILE, HOSTILE)), log) as client:
        body = await (await client.get("/responses/c1", params={"key": key_of("c1", SECRET)})).text()
    assert "<script" not in body
    assert "<img" not in body
    assert "49" not in body
    assert body.count("&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=alert(2)&gt; {{ 7 * 7 }}") >= 20


async def test_the_service_shows_its_own_responses(tmp_path: Path) -> None:
    async with serving(tmp_path) as service:
        reply = await service.runtime.open(Start("", Address("web", ""), NOON))
        chat = reply.conversation.id
        await service.runtime.receive(chat, Inbound("a", NOON, "value", value=9, fence=1))
        link = link_of(service.url, service.settings.secrets[0])(chat)
        async with aiohttp.ClientSession() as http, http.get(link) as answer:
            assert answer.status == 200
            assert "9 of 10, promoter" in await answer.text()


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (NARROW, "dark")])
class TestInABrowser:
    pytestmark = BROWSER

    async def test_it_can_be_read(self, browser: Browser, size: tuple[int, int], scheme: str, tmp_path: Path) -> None:
        async with page_of(WHOLE, Records(*WENT), LOG) as client:
            url = str(client.make_url("/"))
            watch = Watch(url)
            context = await new_context(browser, url, size, color_scheme=scheme, java_script_enabled=True)
            watch.over(context)
            page = await context.new_page()
            await page.goto(f"/responses/c1?key={key_of('c1', SECRET)}")
            assert await page.title() == "3 of 10, Nadia B."
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert (await Axe().run(page)).response["violations"] == []
            await page.screenshot(path=tmp_path / "page.png", full_page=True)
            await context.close()
        assert watch.faults == []
