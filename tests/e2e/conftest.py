"""One browser a worker; one service a module; a context a test, which is held to `Watch` at its end."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, TypeAlias

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.e2e.browser import DESKTOP, Watch, launch, new_context
from tests.e2e.person import Person
from tests.harness.service import Service

collect_ignore = [] if os.environ.get("UPDATE_PICTURES") else ["test_pictures.py"]

Come: TypeAlias = Callable[..., Awaitable[Person]]
"""`await come("/")`: a visitor in a browser of their own opens this page of the module's service."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        found = await launch(playwright)
        yield found
        await found.close()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The shipped survey in a folder of its own."""
    with Service(tmp_path_factory.mktemp("service"), flows=None) as running:
        yield running


@pytest.fixture
def watch(service: Service) -> Iterator[Watch]:
    found = Watch(service.url)
    yield found
    assert found.faults == []


@pytest_asyncio.fixture(loop_scope="session")
async def come(browser: Browser, service: Service, watch: Watch) -> AsyncIterator[Come]:
    contexts = []

    # Any: Playwright's options of a context.
    async def come(path: str, size: tuple[int, int] = DESKTOP, **options: Any) -> Person:
        context = await new_context(browser, service.url, size, **options)
        contexts.append(context)
        watch.over(context)
        return await Person(await context.new_page()).goto(path)

    yield come
    for context in contexts:
        await context.close()
