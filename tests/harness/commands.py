"""Commands in this process, on a folder that holds what a service left behind."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bot.cli import main
from bot.records.sql import SqlRecords
from bot.settings import Settings, load
from bot.store.sqlite import SqliteStore
from tests.harness.working import Clock

SETTINGS = ("DATA_DIR", "SETTINGS", "FLOWS", "SECRET_KEY", "PORT", "LOG_LEVEL")


class Folder:
    """A working folder: `run` runs a command in it, `lay` puts data into it first."""

    def __init__(self, path: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.path = path
        self._capture = capture
        self.err = ""
        self.environ: dict[str, str] = {}
        """What the settings refer to, for `settings`; commands read the real environment."""

    @property
    def settings(self) -> Settings:
        return load(self.environ, self.path)

    def lay(self, work: Callable[[SqliteStore, SqlRecords], Awaitable[None]], clock: Clock) -> None:
        settings = self.settings
        settings.data_dir.mkdir(exist_ok=True)

        async def inside() -> None:
            store = SqliteStore.open(settings.store_file, clock)
            records = SqlRecords(settings.database_url)
            try:
                await work(store, records)
            finally:
                await records.close()
                await store.close()

        asyncio.run(inside())

    def run(self, *words: str, code: int = 0) -> str:
        """What it prints to standard output; the rest is in `err`."""
        found = main(words)
        out, self.err = self._capture.readouterr()
        assert found == code, self.err
        return out


def in_folder(path: Path, monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> Folder:
    monkeypatch.chdir(path)
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    return Folder(path, capture)
