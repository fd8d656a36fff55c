"""What surrounds the web chat: headers of our pages, and what operators ask."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from openapi_spec_validator import validate

from bot.channels.web.openapi import document
from tests.channels.service import Service, serve


@pytest.mark.parametrize(
    ("path", "framed_by"),
    [("/", "'self'"), ("/privacy", "'self'"), ("/chat/nps", "'self' https://shop.example")],
)
async def test_our_pages_may_load_what_is_ours_and_nothing_else(tmp_path: Path, path: str, framed_by: str) -> None:
    async with serve(tmp_path, origins=("https://shop.example",)) as service:
        headers = (await service.get(path)).headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["Content-Security-Policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": framed_by,
    }
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


async def test_alive(service: Service) -> None:
    response = await service.get("/healthz")
    assert (response.status, await response.json()) == (200, {"status": "ok"})


async def test_ready_part_by_part(service: Service) -> None:
    response = await service.get("/readyz")
    assert (response.status, await response.json()) == (200, {"ready": True, "parts": {"store": "ok"}})
    await service.store.close()
    response = await service.get("/readyz")
    assert response.status == 503
    assert await response.json() == {"ready": False, "parts": {"store": "it cannot be written now"}}


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Service]:
    async with serve(tmp_path, metrics_token="let-me-see") as running:
        yield running


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"X-Forwarded-For": "10.3.2.1"}, 200),
        ({"X-Forwarded-For": "192.168.7.7"}, 200),
        ({"X-Forwarded-For": "8.8.8.8"}, 401),
        ({"X-Forwarded-For": "8.8.8.8, 127.0.0.1"}, 401),
        ({"X-Forwarded-For": "unknown"}, 401),
        ({"Forwarded": "for=8.8.8.8"}, 401),
        ({"X-Forwarded-For": "8.8.8.8", "Authorization": "Bearer let-me-see"}, 200),
        ({"X-Forwarded-For": "8.8.8.8", "Authorization": "Bearer other"}, 401),
        ({"X-Forwarded-For": "8.8.8.8", "Authorization": "Bearer "}, 401),
    ],
)
async def test_figures_are_for_those_nearby(watched: Service, headers: dict[str, str], status: int) -> None:
    response = await watched.get("/metrics", headers=headers)
    assert response.status == status
    if status == 200:
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert await response.text() == "# figures\n"


async def test_without_a_token_nobody_far_away_sees_figures(service: Service) -> None:
    for authorization in ("Bearer ", ""):
        headers = {"X-Forwarded-For": "8.8.8.8", "Authorization": authorization}
        assert (await service.get("/metrics", headers=headers)).status == 401


async def test_the_contract_is_served_and_valid(service: Service) -> None:
    response = await service.get("/api/v1/openapi.json")
    assert response.headers["Content-Type"] == "application/json"
    served = await response.json()
    validate(served)
    assert served == json.loads(json.dumps(document(served["info"]["version"])))
    assert {path: set(item) for path, item in served["paths"].items()} == {
        "/api/v1/chats": {"post"},
        "/api/v1/chats/{chat}/messages": {"post"},
        "/api/v1/chats/{chat}/events": {"get"},
        "/api/v1/invitations": {"post"},
    }
    conflict = served["components"]["schemas"]["Conflict"]
    assert {"cursor", "entries", "ask", "status"} <= set(conflict["required"])
    ask = served["components"]["schemas"]["Ask"]
    assert ask["required"] == ["step", "fence", "kind"]
