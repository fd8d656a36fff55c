"""Slack over HTTP: what is not signed is answered before anything in it is read."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest

from bot.channels.slack import http as slack_http
from bot.channels.slack.http import LARGEST
from bot.sandbox.slack.http import signed
from bot.sandbox.slack.server import Slack
from tests.channels.slack.service import Service, serving

EVENT = {"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": {"type": "message"}}


async def post(service: Service, body: bytes, **headers: str) -> int:
    kind = "application/x-www-form-urlencoded" if b"=" in body[:20] else "application/json"
    async with (
        aiohttp.ClientSession(headers={"Content-Type": kind}) as session,
        session.post(f"{service.url}/slack/events", data=BytesIO(body), headers=headers) as said,
    ):
        await said.read()
        return said.status


def proof(service: Service, body: bytes, *, age: int = 0, secret: str = "") -> dict[str, str]:
    return signed(secret or service.slack.signing_secret, body, int(time.time()) - age)


@pytest.fixture
async def http(slack: Slack, tmp_path: Path) -> AsyncIterator[Service]:
    async with serving(slack, tmp_path, "http") as running:
        yield running


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 200),
        ({"X-Slack-Signature": ""}, 401),
        ({"X-Slack-Signature": "v0=" + "0" * 64}, 401),
        ({"X-Slack-Signature": "v0=é"}, 401),
        ({"X-Slack-Request-Timestamp": "soon"}, 401),
        ({"X-Slack-Request-Timestamp": "9" * 40}, 401),
        ({"X-Slack-Request-Timestamp": ""}, 401),
    ],
)
async def test_only_what_slack_signed_is_taken(http: Service, change: dict[str, str], status: int) -> None:
    body = json.dumps(EVENT).encode()
    assert await post(http, body, **(proof(http, body) | change)) == status


async def test_another_secret_another_body_and_an_old_signature_are_refused(http: Service) -> None:
    body = json.dumps(EVENT).encode()
    assert await post(http, body, **proof(http, body, secret="another")) == 401
    assert await post(http, body + b" ", **proof(http, body)) == 401
    assert await post(http, body, **proof(http, body, age=301)) == 401
    assert await post(http, b"ssl_check=1&token=x") == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[]", 400),
        (b"{", 400),
        (b"[" * 100_000, 400),
        (b"payload=%7B", 400),
        (b'{"type": "event_callback", "event": {"type": "message", "channel_type": "im"}}', 200),
        (b'{"type": "event_callback", "event": {"type": "never_heard_of"}}', 200),
        (b'{"type": "block_actions", "actions": [{"action_id": "survey_number/1", "value": "x"}], "user": {}}', 200),
        (b'{"type": "view_submission", "view": {"callback_id": "survey_text"}}', 503),
        (b"command=%2Fsurvey", 200),
        (b"command=%2Fother&user_id=U1", 200),
        (b"", 404),
        (b"\xff", 401),
        (b" " * LARGEST + b"{}", 413),
    ],
    ids=lambda value: value[:24].decode("ascii", "replace") if isinstance(value, bytes) else str(value),
)
async def test_signed_or_not_nothing_that_can_be_sent_breaks_it(http: Service, body: bytes, status: int) -> None:
    at = int(time.time())
    given = proof(http, body) if status != 401 else {"X-Slack-Request-Timestamp": str(at)}
    assert await post(http, body, **given) == status


async def test_the_address_is_proved_to_slack(http: Service) -> None:
    body = b'{"type": "url_verification", "challenge": "say this"}'
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{http.url}/slack/events", data=body, headers=proof(http, body)) as said,
    ):
        assert (said.status, await said.json()) == (200, {"challenge": "say this"})


async def test_bytes_that_are_no_text_are_signed_by_nobody(http: Service) -> None:
    assert await post(http, b"\xff", **proof(http, b"\xff")) == 401


async def test_a_body_that_never_ends_is_not_waited_for(http: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slack_http, "SLOWEST", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(http.url.rpartition(":")[2]))
    writer.write(b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
    assert (await reader.readline()).startswith(b"HTTP/1.1 408")
    writer.close()
    await writer.wait_closed()


async def test_without_a_signing_secret_there_is_no_such_address(service: Service) -> None:
    assert await post(service, b"{}") == 404
