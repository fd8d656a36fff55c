"""Made-up requests of every kind against the running service, made and judged by its own OpenAPI file."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any, TypeAlias

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from bot.channels.web.openapi import document
from bot.keys import Keys
from bot.settings_types import Limit
from tests.channels.service import serve
from tests.harness.soak import SOAK

Case: TypeAlias = schemathesis.Case[Any]

EXAMPLES = settings(
    max_examples=60 if SOAK else 20,
    deadline=None,
    derandomize=True,  # the same requests each time: a red test can be run again
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
LIMIT = Limit(1_000_000, 1_000_000)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a service in a thread of its own, for the client blocks, and an API key of it."""
    folder = tmp_path_factory.mktemp("schemathesis")
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    found: Future[tuple[str, str]] = Future()

    async def main() -> None:
        async with serve(folder, chat_limit=LIMIT) as service:
            found.set_result((service.url, await Keys(service.store).add("shop", 1)))
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(main(),))
    thread.start()
    yield found.result(10)
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
    loop.close()


@pytest.fixture
def url(served: tuple[str, str]) -> str:
    return served[0]


schema = schemathesis.openapi.from_dict(document("0"))  # as served: tests/channels/test_http.py compares them
known = schemathesis.openapi.from_dict(document("0"))
known.config.generation.update(with_security_parameters=False)  # who they are is no part of what is made up


@schema.parametrize()
@EXAMPLES
def test_a_stranger_breaks_nothing(case: Case, url: str) -> None:
    assert case.call_and_validate(base_url=url).status_code < 500


@known.include(operation_id=["sendMessage", "followChat"]).parametrize()
@EXAMPLES
def test_a_visitor_breaks_nothing(case: Case, url: str) -> None:
    chat = requests.post(f"{url}/api/v1/chats", json={}, timeout=10).json()
    headers = {"Authorization": f"Bearer {chat['token']}"}
    if case.operation.method == "get":
        # The stream of a chat that has ended ends too, so that it can be read whole.
        message = {"id": "stop", "action": "stop"}
        requests.post(f"{url}/api/v1/chats/{chat['chat']}/messages", json=message, headers=headers, timeout=10)
    case.path_parameters = {"chat": chat["chat"]}
    assert case.call_and_validate(base_url=url, headers=headers).status_code < 500


@known.include(operation_id=["invite"]).parametrize()
@EXAMPLES
def test_a_shop_breaks_nothing(case: Case, served: tuple[str, str]) -> None:
    url, key = served
    assert case.call_and_validate(base_url=url, headers={"Authorization": f"Bearer {key}"}).status_code < 500


@known.include(operation_id=["invite"]).parametrize()
@EXAMPLES
def test_a_shop_that_invites_breaks_nothing(case: Case, served: tuple[str, str]) -> None:
    url, key = served
    if isinstance(case.body, dict):
        case.body = {**case.body, "channel": "telegram", "flow": "nps"}
    assert case.call_and_validate(base_url=url, headers={"Authorization": f"Bearer {key}"}).status_code < 500
