"""What commands that read or change the data share: where it is, the store beside a running server, and words."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from bot.app_opening import opened
from bot.errors import UserMistake
from bot.settings import Settings
from bot.store.base import Store

T = TypeVar("T")


def clock() -> int:
    return time.time_ns() // 1_000_000


def has_data(settings: Settings) -> bool:
    """Whether a service may have run on these data. A command that only looks creates nothing.

    Raises UserMistake where this user may not look.
    """
    if settings.redis_url:
        return True
    return _is_file(settings, settings.store_file)


def has_key(settings: Settings) -> bool:
    """Whether there is a signing key. A command makes none: the service would sign with another one.

    Raises UserMistake where this user may not look.
    """
    return bool(settings.secrets) or _is_file(settings, settings.secret_file)


def _is_file(settings: Settings, path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:
        hint = "run the command as the user that the service runs as"
        raise UserMistake(f"cannot read {settings.data_dir}: {error.strerror}", hint) from error


def with_store(settings: Settings, work: Callable[[Store], Awaitable[T]]) -> T:
    """Run `work` on the store, also while a server uses it."""

    async def inside() -> T:
        store = await opened(settings, clock, serves=False, patience=0)
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(inside())


def told_time(ms: int) -> str:
    """A time for people and scripts alike: RFC 3339 in UTC to the second; `-` for never."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if ms else "-"
