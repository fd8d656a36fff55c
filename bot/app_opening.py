"""Opening the store: a Redis that does not answer or keep anything yet is waited for by a service, since all may start
at once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import urlsplit

from bot.app_store import open_store
from bot.errors import StoreUnavailable, UserMistake
from bot.settings_types import Settings
from bot.store.base import Store

log = logging.getLogger(__name__)

T = TypeVar("T")

PATIENCE = 30.0
PAUSE = 1.0
"""Seconds."""


async def opened(
    settings: Settings, clock: Callable[[], int], *, serves: bool = True, patience: float = PATIENCE
) -> Store:
    """As `open_store`. Raises UserMistake where no server answers for `patience` seconds, which is told once before."""
    return await waited(lambda: open_store(settings, clock, serves=serves), settings, patience)


async def waited(work: Callable[[], Awaitable[T]], settings: Settings, patience: float = PATIENCE) -> T:
    """Do it, again and again while the server cannot. Raises UserMistake as `opened`."""
    loop = asyncio.get_running_loop()
    until, told = loop.time() + patience, False
    while True:
        try:
            return await work()
        except StoreUnavailable as error:
            if loop.time() + PAUSE >= until:
                raise away(error, settings) from error
            if not told:
                log.warning("%s%s; it is waited for, %.0f s at most", error, at(settings), patience)
            told = True
        await asyncio.sleep(PAUSE)


def away(error: StoreUnavailable, settings: Settings) -> UserMistake:
    """The same for the person who may start it."""
    hint = "start it, or put REDIS_URL right" if settings.redis_url else ""
    if "replicas" in str(error):
        hint = "start more of them, or lower ?replicas= in REDIS_URL"
    return UserMistake(f"{error}{at(settings)}", hint)


def at(settings: Settings) -> str:
    """Where REDIS_URL leads to, without user and password."""
    return f": {place_of(settings.redis_url)}" if settings.redis_url else ""


def place_of(url: str) -> str:
    """Scheme, host and path of a URL: nothing that is secret, and no driver."""
    parts = urlsplit(url)
    return f"{parts.scheme.removesuffix('+psycopg')}://{parts.netloc.rpartition('@')[2]}{parts.path}"
