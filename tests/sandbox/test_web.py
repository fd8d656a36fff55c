"""The page's server: it is for the person at this machine, and says in words what cannot be done."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession

from tests.sandbox.stage import Stage, stage


@pytest.fixture
async def running() -> AsyncIterator[Stage]:
    async with stage() as made:
        yield made


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as made:
        yield made


@pytest.mark.parametrize(
    ("call", "headers", "status"),
    [
        ("GET /", {}, 200),
        ("GET /page.js", {}, 200),
        ("GET /..%2fapp.py", {}, 404),
        ("GET /nothing.js", {}, 404),
        ("GET /", {"Host": "evil.example"}, 403),
        ("GET /api/events", {"Host": "evil.example"}, 403),
        ("GET /api/events", {"Origin": "https://evil.example"}, 403),
        ("POST /api/clock", {"Content-Type": "application/json"}, 403),
        ("POST /api/clock", {"Origin": "https://evil.example", "Content-Type": "application/json"}, 403),
        ("POST /api/clock", {"Origin": "OWN", "Content-Type": "text/plain"}, 403),
        ("POST /api/clock", {"Origin": "OWN", "Content-Type": "application/json"}, 200),
        ("POST /api/act", {"Origin": "OWN", "Content-Type": "application/json"}, 409),
    ],
)
async def test_who_is_let_in(
    running: Stage, session: ClientSession, call: str, headers: dict[str, str], status: int
) -> None:
    method, _, path = call.partition(" ")
    sent = {name: value.replace("OWN", running.page.url) for name, value in headers.items()}
    async with session.request(method, running.page.url + path, headers=sent, data=b'{"by": 1000}') as answer:
        assert answer.status == status


@pytest.mark.parametrize("by", [-1, 10**15, 10**30])
async def test_time_goes_forward_and_not_beyond_its_end(running: Stage, session: ClientSession, by: int) -> None:
    before = running.clock.offset
    async with session.post(
        f"{running.page.url}/api/clock", json={"by": by}, headers={"Origin": running.page.url}
    ) as said:
        assert said.status == 409
    assert running.clock.offset == before


async def test_nothing_of_others_can_run_in_the_page(running: Stage, session: ClientSession) -> None:
    async with session.get(running.page.url) as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


NADIA = '"on": "telegram", "who": 50001'
MAYA = '"on": "slack", "who": "maya", "channel": "#nps-alerts"'


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (f'{{{NADIA}, "do": "press", "text": "7"}}', "no button '7'"),
        (f'{{{NADIA}, "do": "dance"}}', "nobody can dance"),
        ('{"on": "telegram", "who": 1, "do": "say", "text": "x"}', "there is no such person"),
        (f'{{{MAYA}, "do": "dance"}}', "nobody can dance"),
        (f'{{{MAYA}, "do": "press", "ts": "1.1", "action": "claim"}}', "this message is gone"),
        (f'{{{MAYA}, "do": "submit", "view": "V1"}}', "this window is closed"),
        (f'{{{MAYA}, "do": "command", "text": "/survey"}}', "the app did not take it"),
        ('{"on": "elsewhere"}', "Invalid value"),
    ],
)
async def test_what_cannot_be_done_is_said_in_words(
    running: Stage, session: ClientSession, act: str, words: str
) -> None:
    headers = {"Origin": running.page.url, "Content-Type": "application/json"}
    async with session.post(running.page.url + "/api/act", data=act, headers=headers) as answer:
        assert answer.status == 409
        assert words in (await answer.json())["detail"]
