"""The socket: it comes back after Slack closed it, after Slack was away, and it never delays a start."""

import asyncio
from pathlib import Path

import pytest

from bot.channels.slack import socket as slack_socket
from bot.sandbox.slack.server import Slack
from tests.channels.slack.service import serving
from tests.harness.working import until


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slack_socket, "LOOK", 0.05)


@pytest.mark.parametrize("way", ["refresh", "cut"])
async def test_it_comes_back(slack: Slack, tmp_path: Path, way: str) -> None:
    async with serving(slack, tmp_path) as service:
        (old,) = slack.sockets.connections
        await getattr(slack.sockets, way)()
        await slack.wait_for(lambda: [one for one in slack.sockets.connections if one is not old], "another connection")
        slack.says("nadia", "dm", "hello")
        await slack.settled()
        answer = await service.asked("nadia", "Write /survey")
        assert service.shown("nadia") == [answer]


async def test_it_comes_back_after_slack_was_away_with_a_new_address(slack: Slack, tmp_path: Path) -> None:
    async with serving(slack, tmp_path) as service:
        port = slack.port
        await slack.stop()
        await slack.start(port)
        await slack.connected()
        slack.says("nadia", "dm", "hello")
        answer = await service.asked("nadia", "Write /survey")
        assert service.shown("nadia") == [answer]


async def test_an_address_that_is_worth_nothing_is_not_knocked_at_for_ever(
    slack: Slack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worthless, real = ["worthless"], slack.sockets.ticket
    monkeypatch.setattr(slack.sockets, "ticket", lambda: worthless.pop() if worthless else real())
    async with serving(slack, tmp_path) as service:
        slack.says("nadia", "dm", "hello")
        await service.asked("nadia", "Write /survey")
    assert not worthless


async def test_a_stop_lets_what_was_begun_be_acknowledged(slack: Slack, tmp_path: Path) -> None:
    async with serving(slack, tmp_path) as service:
        service.disk.hold()
        asked = asyncio.create_task(slack.runs_command("nadia", "/survey"))
        await until(lambda: service.disk.waits)
        stopping = asyncio.ensure_future(service.side.stop())
        done, _ = await asyncio.wait([asked, stopping], timeout=0.2)
        assert not done
        service.disk.release()
        assert (await asked).ok
        await stopping
