"""The process that polls Telegram is killed: another does within 15 s, and no message is lost or taken twice."""

import asyncio
import time
from pathlib import Path

from bot.sandbox.telegram.server import Telegram
from tests.harness import telegram_contract
from tests.harness import witness_reader as reader
from tests.harness.faults_house import DURABLE, KEYS
from tests.harness.redis_server import Server
from tests.harness.service import Service
from tests.harness.soak import done as parts
from tests.harness.telegram import telegram_environ
from tests.harness.working import until

TAKEOVER = 15.0
"""Seconds, as promised."""


async def test_another_process_polls_telegram_within_15_s(tmp_path: Path) -> None:
    server = await asyncio.to_thread(Server, *DURABLE)
    async with Telegram(check=telegram_contract.faults) as telegram:
        ana = telegram.person("Ana")
        environ = telegram_environ(telegram, REDIS_URL=server.url, SECRET_KEY=KEYS, DATA_DIR=str(tmp_path / "data"))
        holder, other = Service(tmp_path / "a", **environ), Service(tmp_path / "b", **environ)
        try:
            await asyncio.to_thread(holder.start)
            await telegram.until(lambda: telegram.updates.polled or None, "somebody to poll")
            await asyncio.to_thread(other.start)
            telegram.starts(ana)
            await telegram.message(ana, "How likely")
            telegram.says(ana, "3")
            await asyncio.to_thread(holder.kill)
            killed = time.monotonic()
            telegram.says(ana, "too slow")
            await until(lambda: "too slow" in said(server), 2 * TAKEOVER, "another one to poll")
            took = time.monotonic() - killed
            parts.append(f"Telegram is polled again {took:.1f} s after a kill")
            assert took < TAKEOVER
            assert said(server) == ["3", "too slow"]
        finally:
            await asyncio.to_thread(holder.end)
            await asyncio.to_thread(other.end)
            await asyncio.to_thread(server.stop)
    assert telegram.faults == []


def said(server: Server) -> list[str]:
    """By visitors, in all chats."""
    return [line for log in reader.logs(server.url).values() for line in log.said]
