"""Which pages may use the web chat."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.channels.service import Service, serve

LISTED = ("https://shop.example", "https://*.branch.example")
CASES = [
    (None, True, None),
    ("{own}", True, None),
    ("https://{host}", True, None),  # a proxy in front has ended TLS
    ("http://localhost:8080", True, None),  # PUBLIC_URL
    ("https://shop.example", True, "https://shop.example"),
    ("https://north.branch.example", True, "https://north.branch.example"),
    ("https://a.north.branch.example", True, "https://a.north.branch.example"),
    ("https://branch.example", False, None),
    ("https://evilbranch.example", False, None),
    ("http://shop.example", False, None),
    ("https://shop.example.evil.example", False, None),
    ("https://shop.example:8443", False, None),
    ("http://evil.example", False, None),
    ("null", False, None),
    ("", False, None),
    ("\udcff", False, None),
]


@pytest.fixture
async def listed(tmp_path: Path) -> AsyncIterator[Service]:
    async with serve(tmp_path, origins=LISTED) as running:
        yield running


def origin_of(service: Service, origin: str | None) -> dict[str, str]:
    host = service.url.partition("://")[2]
    return {} if origin is None else {"Origin": origin.format(own=service.url, host=host)}


@pytest.mark.parametrize(("origin", "allowed", "header"), CASES)
async def test_who_may_call(listed: Service, origin: str | None, allowed: bool, header: str | None) -> None:
    said = await listed.post("/api/v1/chats", {}, headers=origin_of(listed, origin))
    assert said.status == (201 if allowed else 403)
    assert said.response.headers.get("Access-Control-Allow-Origin") == header
    assert "Access-Control-Allow-Credentials" not in said.response.headers
    if allowed:
        assert said.response.headers["Vary"] == "Origin"
    else:
        assert said.body["code"] == "origin"


@pytest.mark.parametrize(("origin", "allowed", "_header"), CASES)
@pytest.mark.parametrize("path", ["/api/v1/chats", "/api/v1/chats/x/messages", "/api/v1/chats/x/events"])
async def test_a_preflight(listed: Service, path: str, origin: str | None, allowed: bool, _header: str | None) -> None:
    asked = {"Access-Control-Request-Method": "POST", **origin_of(listed, origin)}
    response = await listed.get(path, "OPTIONS", headers=asked)
    assert response.status == (204 if allowed else 403)
    if allowed:
        assert response.headers.get("Access-Control-Allow-Origin") == asked.get("Origin")
        assert response.headers["Access-Control-Max-Age"] == "7200"
        assert "Authorization" in response.headers["Access-Control-Allow-Headers"]
        assert "Last-Event-ID" in response.headers["Access-Control-Allow-Headers"]
        assert "Origin" in response.headers["Vary"]


async def test_a_problem_can_be_read_by_the_page_that_caused_it(listed: Service) -> None:
    page = {"Origin": "https://shop.example"}
    for path, body in (("/api/v1/chats", {"cursor": -1}), ("/api/v1/chats/x/messages", {})):
        said = await listed.post(path, body, headers=page)
        assert said.status in (400, 401)
        assert said.response.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        assert said.response.headers["Access-Control-Expose-Headers"] == "Retry-After"


async def test_a_foreign_page_hears_no_events(listed: Service) -> None:
    chat = await listed.open()
    headers = {"Origin": "https://evil.example", **chat.headers}
    assert (await listed.get(f"/api/v1/chats/{chat.chat}/events", headers=headers)).status == 403


async def test_every_page_where_the_owner_says_so(tmp_path: Path) -> None:
    async with serve(tmp_path, origins=("*",)) as service:
        for origin in ("https://anywhere.example", "null"):
            said = await service.post("/api/v1/chats", {}, headers={"Origin": origin})
            assert (said.status, said.response.headers["Access-Control-Allow-Origin"]) == (201, origin)
