"""A rolling restart on another flow file: old and new processes serve the same chats meanwhile."""

from pathlib import Path

import aiohttp
import pytest

from bot import app
from tests.harness.fleet import database
from tests.harness.flows import OTHER, SMALL
from tests.harness.service import serving

NEW = OTHER.replace("What is the reason?", "Why, if we may ask?")


async def begun(http: aiohttp.ClientSession, service: app.Service) -> tuple[dict[str, str], str]:
    """The chat, and its first question."""
    async with http.post(f"{service.url}/api/v1/chats", json={}) as answer:
        opened = await answer.json()
    return opened, opened["entries"][0]["text"]


async def scored(http: aiohttp.ClientSession, service: app.Service, opened: dict[str, str]) -> str:
    """What is asked next."""
    message = {"id": "m1", "cursor": 1, "fence": 1, "value": 3}
    headers = {"Authorization": f"Bearer {opened['token']}"}
    async with http.post(
        f"{service.url}/api/v1/chats/{opened['chat']}/messages", json=message, headers=headers
    ) as answer:
        return str((await answer.json())["entries"][-1]["text"])


@pytest.mark.parametrize("old_goes_first", [True, False])
async def test_a_chat_goes_on_in_its_version_at_a_process_of_another(old_goes_first: bool, tmp_path: Path) -> None:
    redis, data = database(11), str(tmp_path / "data")
    async with (
        serving(tmp_path / "old", SMALL, REDIS_URL=redis, DATA_DIR=data) as old,
        serving(tmp_path / "new", NEW, REDIS_URL=redis, DATA_DIR=data) as new,
        aiohttp.ClientSession() as http,
    ):
        assert old.catalog.live.version != new.catalog.live.version
        at_old, question = await begun(http, old)
        assert question.startswith("How likely")
        at_new, question = await begun(http, new)
        assert question.startswith("On a scale")
        if old_goes_first:
            await old.stop()
            assert await scored(http, new, at_old) == "What is the reason?"
            assert await scored(http, new, at_new) == "Why, if we may ask?"
        else:  # and back, where the new one was not what one had hoped for
            await new.stop()
            assert await scored(http, old, at_old) == "What is the reason?"
            assert await scored(http, old, at_new) == "Why, if we may ask?"
