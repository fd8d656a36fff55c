"""A link of a chat records the click and leads on, to where the flow says and nowhere else."""

import pytest

from tests.channels.service import Service


async def link_of(service: Service, title: str = "") -> tuple[str, str]:
    """The chat, and the address of its review link."""
    chat = await service.open(page={"title": title})
    said = await chat.send(value=10, fence=1)
    entries = said.body["entries"]
    assert isinstance(entries, list)
    link = next(entry["link"] for entry in entries if "link" in entry)
    assert link["label"] == "Review us"
    return chat.chat, link["url"]


async def test_a_click_is_recorded(service: Service) -> None:
    chat, url = await link_of(service)
    response = await service.get(url)
    assert (response.status, response.headers["Location"]) == (302, "https://reviews.example/acme")
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert response.headers["Cache-Control"] == "no-store"
    stored = await service.store.load_id(chat)
    assert stored is not None
    assert [(click.step, click.link) for click in stored.clicks] == [("review", "shop")]


async def test_looking_at_a_link_records_nothing(service: Service) -> None:
    chat, url = await link_of(service)
    assert (await service.get(url, "HEAD")).status == 200
    stored = await service.store.load_id(chat)
    assert stored is not None
    assert stored.clicks == ()


@pytest.mark.parametrize("title", ["a b\r\nSet-Cookie: x=1", "é", "//evil.example/", "@evil.example", "\u2028"])
async def test_what_a_page_said_cannot_leave_the_address(service: Service, title: str) -> None:
    _, url = await link_of(service, title)
    response = await service.get(url)
    assert response.status == 302
    assert response.headers["Location"].startswith("https://reviews.example/")
    assert response.headers["Location"].isascii()
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.replace("/shop", "/other"),
        lambda url: url.replace("/review/", "/bye/"),
        lambda url: url[:10] + ("0" if url[10] != "0" else "1") + url[11:],
        lambda url: "/".join([*url.split("/")[:3], "A" * 22, *url.split("/")[4:]]),
        lambda url: "/".join([*url.split("/")[:3], "%F0%9F", *url.split("/")[4:]]),
        lambda url: url + "/https:%2f%2fevil.example",
    ],
)
async def test_a_link_that_was_made_up(service: Service, change: object) -> None:
    _, url = await link_of(service)
    assert callable(change)
    response = await service.get(change(url))
    assert response.status == 404
    assert "Location" not in response.headers
