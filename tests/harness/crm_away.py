"""A stand-in of a CRM in a thread of its own, for commands, which have a loop of their own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from bot.sandbox.crm.standin import StandIn

C = TypeVar("C", bound=StandIn)
PATIENCE = 20.0


@contextmanager
def away(crm: C, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[C]:
    """It listens, the folder's settings lead to it, and the environment has what they refer to."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="stand-in")
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(crm.up(), loop).result(PATIENCE)
        (folder / "settings.yaml").write_text(crm.settings(), "utf-8")
        for name, value in crm.environment().items():
            monkeypatch.setenv(name, value)
        yield crm
    finally:
        asyncio.run_coroutine_threadsafe(crm.down(), loop).result(PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()
