"""A visitor goes each way; the response is exported, and a signed web hook receiver got it as it grew."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Route, expect

from tests.e2e.browser import BROWSER, SOAK
from tests.e2e.conftest import Come
from tests.e2e.person import Did, Person
from tests.e2e.ways import DETRACTOR, PASSIVE, PROMOTER
from tests.harness.receiver import SECRET, Event, Receiver
from tests.harness.service import Service, command

pytestmark = BROWSER

# The demo shop's responses are samples, which a writer gets only where it asks for them.
SETTINGS = """
writers:
  crm: {{kind: webhook, url: "{url}", secret: "${{HOOK_SECRET}}", allow_private: true, samples: true}}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as found:
        yield found


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("ways")
    (folder / "settings.yaml").write_text(SETTINGS.format(url=receiver.url), "utf-8")
    with Service(folder, flows=None, HOOK_SECRET=SECRET) as running:
        yield running


# Any: a response as its reader gets it, JSON.
async def exported(service: Service, chat: str) -> dict[str, Any]:
    ended = await asyncio.to_thread(command, service.folder, "export", "--format", "json", HOOK_SECRET=SECRET)
    assert ended.returncode == 0, ended.stderr
    (found,) = [row for row in json.loads(ended.stdout) if row["chat"] == chat]
    return dict(found)


async def heard(receiver: Receiver, chat: str, kind: str) -> list[Event]:
    """What the receiver got of this chat, once the newest is of this kind."""

    def of_chat() -> list[Event]:
        return [event for event in receiver.events if event.data["chat"] == chat]

    await receiver.until(lambda _: [event.type for event in of_chat()][-1:] == [kind])
    return of_chat()


async def scores(visitor: Person, receiver: Receiver, way: Sequence[Did]) -> None:
    """The first question alone: the score is delivered at once, whatever follows."""
    await visitor.walk(way[:1])
    await expect(visitor.bubbles).to_have_count(1)
    await heard(receiver, await visitor.chat(), "response.scored")


async def delivered(service: Service, receiver: Receiver, chat: str) -> dict[str, Any]:
    """What was exported, after the receiver got the same, and the score alone before it."""
    row = await exported(service, chat)
    events = await heard(receiver, chat, "response.completed")
    revisions = [event.data["revision"] for event in events]
    assert (events[0].type, events[0].data["answers"][1:]) == ("response.scored", [])
    assert revisions == sorted(set(revisions))
    assert [event.id for event in events] == [f"resp_{chat}_{revision}" for revision in revisions]
    assert {key: value for key, value in events[-1].data.items() if key != "type"} == row
    assert receiver.faults == []
    return row


def answers(row: dict[str, Any]) -> dict[str, Any]:
    return {answer["key"]: answer["value"] for answer in row["answers"]}


async def ends(person: Person) -> None:
    await expect(person.where).to_have_text("All done")
    await expect(person.log).to_contain_text("Saved, thank you.")


@pytest.mark.parametrize(("path", "sample"), [("/", True), ("/chat/nps", False)])
async def test_a_detractor_says_why_and_is_called_back(
    come: Come, service: Service, receiver: Receiver, path: str, sample: bool
) -> None:
    visitor = await come(path)
    await scores(visitor, receiver, DETRACTOR)
    await visitor.walk(DETRACTOR[1:])
    await expect(visitor.log).to_contain_text("We will call you on")
    await ends(visitor)
    row = await delivered(service, receiver, await visitor.chat())
    assert (row["score"], row["segment"], row["outcome"], row["sample"]) == (3, "detractor", "completed", sample)
    said = answers(row)
    assert (said["reason"], said["improve"], said["callback"]) == ("Two stems were broken.", "A stronger box.", "call")
    assert said["contact.phone"] == "+442079460018"
    booked = next(answer for answer in row["answers"] if answer["key"] == "slot")
    await expect(visitor.log).to_contain_text(f"We will call you on {booked['label']}")


@pytest.mark.parametrize("path", ["/chat/nps", *(["/"] if SOAK else [])])
async def test_a_passive_says_what_is_missing_and_takes_an_offer(
    come: Come, service: Service, receiver: Receiver, path: str
) -> None:
    visitor = await come(path)
    await scores(visitor, receiver, PASSIVE)
    await visitor.walk(PASSIVE[1:])
    await ends(visitor)
    row = await delivered(service, receiver, await visitor.chat())
    assert (row["score"], row["segment"]) == (8, "passive")
    said = answers(row)
    assert (said["missing"], said["contact.email"]) == ("Faster delivery", "eva@fern-and-field.com")


@pytest.mark.parametrize("path", ["/", *(["/chat/nps"] if SOAK else [])])
async def test_a_promoter_follows_a_review_link_and_the_click_is_recorded(
    come: Come, service: Service, receiver: Receiver, path: str
) -> None:
    visitor = await come(path)
    await scores(visitor, receiver, PROMOTER)
    await visitor.walk(PROMOTER[1:2])
    await visitor.page.context.route("https://example.com/**", somewhere_else)
    async with visitor.page.expect_popup() as opened:
        await visitor.log.get_by_role("link", name="Google").click()
    review = await opened.value
    await expect(review).to_have_url("https://example.com/reviews/google")
    assert await review.evaluate("[window.opener, document.referrer]") == [None, ""]
    await visitor.walk(PROMOTER[2:])
    await ends(visitor)
    row = await delivered(service, receiver, await visitor.chat())
    assert (row["score"], row["segment"]) == (10, "promoter")
    assert [click["step"] + "/" + click["link"] for click in row["clicks"]] == ["review/google"]


async def test_a_changed_score_is_the_same_response_with_a_higher_revision(
    come: Come, service: Service, receiver: Receiver
) -> None:
    visitor = await come("/")
    await visitor.walk(DETRACTOR[:1])
    await visitor.asked("Sorry it wasn't better.")
    first = await exported(service, await visitor.chat())
    await visitor.tap("Change")
    await visitor.score(9)
    await visitor.asked("Lovely to hear.")
    await visitor.said("9")
    second = await exported(service, await visitor.chat())
    assert (first["score"], second["score"], second["segment"]) == (3, 9, "promoter")
    assert second["revision"] > first["revision"]
    await heard(receiver, second["chat"], "response.updated")


@pytest.mark.parametrize("score", range(11) if SOAK else [0, 6, 7, 9])
async def test_every_score_leads_to_its_question(come: Come, score: int) -> None:
    visitor = await come("/chat/nps")
    await visitor.score(score)
    await visitor.asked("Sorry" if score < 7 else "Thank you." if score < 9 else "Lovely to hear.")
    await visitor.said(str(score))


async def somewhere_else(route: Route) -> None:
    """The page behind a review link, without the internet."""
    await route.fulfill(content_type="text/html", body="<title>Elsewhere</title><link rel=icon href=data:,>")


WAYS: dict[str, tuple[Did, ...]] = {"detractor": DETRACTOR, "passive": PASSIVE, "promoter": PROMOTER}


@pytest.mark.parametrize("mode", ["bubble", "inline"] if SOAK else ["inline"])
@pytest.mark.parametrize("way", WAYS if SOAK else ["passive"])
async def test_each_way_in_each_form(come: Come, mode: str, way: str) -> None:
    visitor = await come(f"/?mode={mode}")
    if mode == "bubble":
        await visitor.launcher.click()
    await visitor.walk(WAYS[way])
    await ends(visitor)
