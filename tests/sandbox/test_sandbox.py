"""`chatsurvey sandbox`: the real service beside both stand-ins, in one process."""

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession

from bot.errors import UserMistake
from bot.sandbox.app import Options, Sandbox, sandbox
from bot.sandbox.clock import DAY
from tests.harness.service import PATIENCE, clean, get


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with sandbox(Options(tmp_path / "data", port=0, page_port=0, folder=tmp_path)) as made:
        yield made


async def test_everything_answers_and_the_chat_may_stand_in_the_page(running: Sandbox) -> None:
    async with ClientSession() as session:
        async with session.get(running.page.url) as answer:
            assert f"frame-src {running.service.url};" in answer.headers["Content-Security-Policy"]
        async with session.get(f"{running.service.url}/chat/nps") as answer:
            assert all(f" {name}" in answer.headers["Content-Security-Policy"] for name in running.page.names)
    assert running.service.settings.data_dir == running.data


async def test_nothing_of_the_real_environment_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("TELEGRAM_TOKEN=1:real\nSLACK_SIGNING_SECRET=real\n", "utf-8")
    monkeypatch.setenv("TELEGRAM_TOKEN", "2:real")
    monkeypatch.setenv("SECRET_KEY", "real" * 10)
    monkeypatch.chdir(tmp_path)
    async with sandbox(Options(port=0, page_port=0)) as running:
        settings = running.service.settings
        assert settings.telegram.token == running.telegram.token
        assert settings.slack.signing_secret == ""
        assert "real" * 10 not in settings.secrets
        data = running.data
        assert data.is_dir()
    assert not data.exists(), "thrown away at the end"


async def test_a_moved_clock_fires_what_is_due(running: Sandbox) -> None:
    async with ClientSession() as session:
        async with session.post(f"{running.service.url}/api/v1/chats", json={"flow": "nps"}) as answer:
            chat = (await answer.json())["chat"]
        headers = {"Origin": running.page.url}
        for _ in range(4):
            async with session.post(f"{running.page.url}/api/clock", json={"by": DAY}, headers=headers) as answer:
                assert answer.status == 200
    hints = running.service.runtime.listen(chat)
    with hints as hint:
        while not (reply := await running.service.runtime.look(chat)).conversation.ended:
            assert await hint.wait(PATIENCE), "the chat is abandoned"
    assert reply.conversation.outcome == "abandoned"


async def test_a_taken_port_is_told(running: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match=f"port {running.page.port} is taken"):
        async with sandbox(Options(tmp_path / "other", port=0, page_port=running.page.port)):
            pass


async def test_the_command_says_where_it_is_and_stops(tmp_path: Path) -> None:
    """Also where the environment names a proxy, which cannot reach this machine."""
    words = [sys.executable, "-m", "bot", "sandbox"]
    process = await asyncio.create_subprocess_exec(
        *words,
        cwd=tmp_path,
        env=clean({"PORT": "0", "HTTPS_PROXY": "http://127.0.0.1:9"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    told = (await asyncio.wait_for(process.stdout.readuntil(b"stops it.\n"), PATIENCE)).decode()
    page = re.search(r"open (\S+)", told)
    assert page is not None
    assert await asyncio.to_thread(get, page[1]) == 200
    async with ClientSession() as session, session.get(f"{page[1]}/api/events") as events:
        while b"service at" not in await asyncio.wait_for(events.content.readuntil(b"\n\n"), PATIENCE):
            pass
    process.send_signal(signal.SIGTERM)
    out, err = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert (process.returncode, err, out.decode()) == (0, b"", "stopping\n")
    assert await asyncio.to_thread(lambda: list(tmp_path.iterdir())) == []
