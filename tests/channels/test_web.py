"""The contract of the web chat, as a widget meets it."""

import pytest

from bot.model import Fact
from tests.channels.service import Service, token_of


def words(body: dict[str, object]) -> list[tuple[object, object]]:
    entries = body["entries"]
    assert isinstance(entries, list)
    return [(entry["author"], entry["text"]) for entry in entries]


def ask(body: dict[str, object]) -> dict[str, object]:
    found = body["ask"]
    assert isinstance(found, dict)
    return found


async def test_an_opened_chat_asks_its_first_question(service: Service) -> None:
    said = await service.post("/api/v1/chats", {})
    assert said.status == 201
    assert set(said.body) == {"chat", "token", "cursor", "entries", "ask", "status"}
    assert said.body["entries"] == [
        {"seq": 1, "at": "2023-11-14T22:13:20.000Z", "author": "bot", "text": "How likely are you to recommend Acme?"}
    ]
    assert said.body["cursor"] == 1
    assert said.body["status"] == "open"
    question = ask(said.body)
    assert (question["step"], question["kind"], question["fence"]) == ("score", "nps", 1)
    options = question["options"]
    assert isinstance(options, list)
    assert [option["value"] for option in options] == list(range(11))
    assert said.response.headers["Content-Type"] == "application/json"
    assert said.response.headers["Cache-Control"] == "no-store"


async def test_an_answer_is_followed_by_the_next_question(service: Service) -> None:
    chat = await service.open()
    said = await chat.send(value=3, fence=chat.fence)
    assert said.status == 200
    assert set(said.body) == {"cursor", "entries", "ask", "status"}
    assert words(said.body) == [("visitor", "3"), ("bot", "What is the reason?")]
    assert ask(said.body)["skip"] is True
    assert "value" not in ask(said.body)


async def test_the_way_to_the_end(service: Service) -> None:
    chat = await service.open()
    await chat.send(value=3, fence=chat.fence)
    await chat.send(text="It came late")
    said = await chat.send(value="no", fence=chat.fence)
    assert words(said.body) == [("visitor", "No, thanks"), ("bot", "Thank you.")]
    assert said.body["ask"] is None
    assert said.body["status"] == "ended"
    stored = await chat.stored()
    assert (stored.score, stored.answers["reason"].value, stored.outcome) == (3, "It came late", "completed")


async def test_the_same_id_again_changes_nothing(service: Service) -> None:
    chat = await service.open()
    first = await chat.send(id="once", cursor=1, value=3, fence=1)
    again = await chat.send(id="once", cursor=1, value=3, fence=1)
    assert (again.status, again.body) == (200, first.body)
    assert (await chat.stored()).version == 2


async def test_two_tabs_one_answer(service: Service) -> None:
    chat = await service.open()
    assert (await chat.send(id="tab one", cursor=1, value=3, fence=1)).status == 200
    said = await chat.send(id="tab two", cursor=1, value=9, fence=1)
    assert said.status == 409
    assert said.response.headers["Content-Type"] == "application/problem+json"
    assert words(said.body) == [("visitor", "3"), ("bot", "What is the reason?")]
    assert (said.body["code"], said.body["cursor"], said.body["status"]) == ("stale", 3, "open")
    assert ask(said.body)["step"] == "reason"
    assert (await chat.stored()).score == 3


async def test_nothing_more_is_answered_after_the_end(service: Service) -> None:
    chat = await service.open()
    await chat.send(value=9, fence=1)
    for message in ({"text": "hello"}, {"value": 3, "fence": 1}, {"action": "skip"}):
        said = await chat.send(**message)
        assert (said.status, said.body["code"], said.body["status"]) == (409, "ended", "ended")
        assert said.body["ask"] is None


@pytest.mark.parametrize("text", ["7.5", "no idea", "", " ", "\U0001f937" * 50, "x" * 4000, "\u202eol leh", "7 or 8"])
async def test_what_is_not_understood_is_asked_again(service: Service, text: str) -> None:
    chat = await service.open()
    said = await chat.send(text=text)
    assert said.status == 200
    assert ask(said.body)["step"] == "score"
    assert (await chat.stored()).score is None


@pytest.mark.parametrize("value", [11, -1, "nine", "", [], ["9", "10"], 2**53 - 1])
async def test_a_value_that_was_not_offered_is_asked_again(service: Service, value: object) -> None:
    chat = await service.open()
    said = await chat.send(value=value, fence=1)
    assert (said.status, ask(said.body)["step"]) == (200, "score")
    assert (await chat.stored()).score is None


async def test_a_score_may_be_written_as_a_float(service: Service) -> None:
    chat = await service.open()
    assert (await chat.send(value=9.0, fence=1.0)).status == 200
    assert (await chat.stored()).score == 9


async def test_actions(service: Service) -> None:
    chat = await service.open()
    await chat.send(value=3, fence=1)
    assert ask((await chat.send(action="back")).body)["step"] == "score"
    await chat.send(value=4, fence=chat.fence)
    assert ask((await chat.send(action="skip")).body)["step"] == "callback"
    assert ask((await chat.send(action="human")).body)["step"] == "callback"
    assert ask((await chat.send(action="restart")).body)["step"] == "score"
    assert (await chat.send(action="stop")).body["status"] == "ended"


async def test_resuming_gives_every_entry_or_those_after_the_cursor(service: Service) -> None:
    chat = await service.open()
    await chat.send(value=3, fence=1)
    whole = await service.post("/api/v1/chats", {"chat": chat.token})
    assert whole.status == 200
    assert whole.body["chat"] == chat.chat
    assert whole.body["token"] == chat.token
    assert [author for author, _ in words(whole.body)] == ["bot", "visitor", "bot"]
    later = await service.post("/api/v1/chats", {"chat": chat.token, "cursor": 2})
    assert words(later.body) == [("bot", "What is the reason?")]
    assert later.body["ask"] == whole.body["ask"]
    none = await service.post("/api/v1/chats", {"chat": chat.token, "cursor": 99})
    assert (none.body["entries"], none.body["cursor"]) == ([], 3)


async def test_resuming_in_another_language_asks_in_it(service: Service) -> None:
    chat = await service.open(locale="en-GB")
    same = await service.post("/api/v1/chats", {"chat": chat.token, "locale": "en"})
    assert len(words(same.body)) == 1
    french = await service.post("/api/v1/chats", {"chat": chat.token, "locale": "fr-FR", "cursor": 1})
    assert words(french.body)[-1] == ("bot", "Recommanderiez-vous Acme ?")
    back = await service.post("/api/v1/chats", {"chat": chat.token, "locale": "en", "cursor": french.body["cursor"]})
    assert words(back.body)[-1] == ("bot", "How likely are you to recommend Acme?")
    assert ask(back.body)["fence"] == ask(french.body)["fence"]


@pytest.mark.parametrize(
    ("locale", "header", "question"),
    [
        ("fr", "", "Recommanderiez-vous Acme ?"),
        ("fr-CA", "en", "Recommanderiez-vous Acme ?"),
        ("", "fr-FR,fr;q=0.9,en;q=0.8", "Recommanderiez-vous Acme ?"),
        ("", "", "How likely are you to recommend Acme?"),
        ("ja", "", "How likely are you to recommend Acme?"),
        ("<script>", "", "How likely are you to recommend Acme?"),
        ("x" * 3000, "\udcff", "How likely are you to recommend Acme?"),
    ],
)
async def test_the_language_is_the_nearest(service: Service, locale: str, header: str, question: str) -> None:
    chat = await service.open({"Accept-Language": header}, locale=locale)
    assert words(chat.state)[-1] == ("bot", question)


async def test_what_is_known_of_the_visitor(service: Service) -> None:
    page = {"url": "https://shop.example/thanks?" + "x" * 5000, "title": "Thanks", "referrer": ""}
    contact = {
        "name": "a\0b",
        "parts": [{"a\0": "b"}],
        "email": " ann@example.com ",
        "plan": 3,
        "none": None,
        "long": "x" * 301,
        "first name": "A",
        "tags": ["a"],
    }
    chat = await service.open(visitor="v" * 100, timezone="Europe/Paris", page=page, contact=contact)
    stored = await chat.stored()
    assert stored.contact == {"email": Fact("ann@example.com"), "plan": Fact("3")}
    assert stored.context == {"page_url": page["url"][:1000], "page_title": "Thanks"}
    assert (stored.visitor, stored.timezone, stored.sample) == ("v" * 64, "Europe/Paris", False)


async def test_a_page_may_claim_40_facts(service: Service) -> None:
    chat = await service.open(contact={f"fact{number}": "x" for number in range(1000)})
    assert len((await chat.stored()).contact) == 40


@pytest.mark.parametrize("name", ["Mars/Olympus", "../../etc/passwd", "Europe", "x" * 500, "\x01", ""])
async def test_a_time_zone_that_is_none_is_passed_over(service: Service, name: str) -> None:
    assert (await (await service.open(timezone=name)).stored()).timezone == ""


@pytest.mark.parametrize(
    ("url", "sample"),
    [
        ("{own}/#demo", True),
        ("{own}/?lang=fr#demo", True),
        ("http://localhost:8080/#demo", True),
        ("{own}/", False),
        ("{own}/chat/nps#demo", False),
        ("https://shop.example/#demo", False),
        ("{own}/chat/nps", False),
        ("https://shop.example/", False),
        ("http://[", False),
        ("", False),
    ],
)
async def test_the_demo_page_makes_samples(service: Service, url: str, sample: bool) -> None:
    chat = await service.open(page={"url": url.format(own=service.url)})
    assert (await chat.stored()).sample is sample


async def test_a_prefilled_score_is_shown_and_not_saved(service: Service) -> None:
    chat = await service.open(prefill={"value": 7})
    assert ask(chat.state)["prefill"] == 7
    assert (await chat.stored()).score is None


async def test_another_flow(service: Service) -> None:
    assert ask((await service.open(flow="other")).state)["step"] == "why"
    said = await service.post("/api/v1/chats", {"flow": "none"})
    assert (said.status, said.body["code"]) == (404, "unknown")


async def test_every_secret_is_accepted(service: Service) -> None:
    chat = await service.open()
    for secret, status in (("older-secret-of-the-tests-0123456789", 200), ("a-secret-of-somebody-else-0123456", 401)):
        chat.token = token_of(chat.chat, secret)
        assert (await chat.send(text="hello")).status == status
        assert (await service.post("/api/v1/chats", {"chat": chat.token})).status == status
