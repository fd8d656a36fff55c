"""Opening the store: a Redis that does not answer yet is waited for by a service, since all may start at once."""

import asyncio
import logging
from collections.abc import Callable
from urllib.parse import urlsplit

from bot.app_store import open_store
from bot.errors import StoreUnavailable, UserMistake
from bot.settings_types import Settings
from bot.store.base import Store

log = logging.getLogger(__name__)

PATIENCE = 30.0
PAUSE = 1.0
"""Seconds."""


async def opened(
    settings: Settings, clock: Callable[[], int], *, serves: bool = True, patience: float = PATIENCE
) -> Store:
    """As `open_store`. Raises UserMistake where no server answers for `patience` seconds, which is told once before."""
    loop = asyncio.get_running_loop()
    until, told = loop.time() + patience, False
    while True:
        try:
            return await open_store(settings, clock, serves=serves)
        except StoreUnavailable as error:
            if loop.time() + PAUSE >= until:
                raise away(error, settings) from error
            if not told:
                log.warning("%s%s; it is waited for, %.0f s at most", error, at(settings), patience)
            told = True
        await asyncio.sleep(PAUSE)


def away(error: StoreUnavailable, settings: Settings) -> UserMistake:
    """The same for the person who may start it."""
    return UserMistake(f"{error}{at(settings)}", "start it, or put REDIS_URL right" if settings.redis_url else "")


def at(settings: Settings) -> str:
    """Where REDIS_URL leads to, without user and password."""
    return f": {place_of(settings.redis_url)}" if settings.redis_url else ""


def place_of(url: str) -> str:
    """Scheme, host and path of a URL: nothing that is secret, and no driver."""
    parts = urlsplit(url)
    return f"{parts.scheme.removesuffix('+psycopg')}://{parts.netloc.rpartition('@')[2]}{parts.path}"
