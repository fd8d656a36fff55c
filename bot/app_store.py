"""The store that the settings ask for: Redis where REDIS_URL is set, else the file in DATA_DIR. The other one's library
is never loaded."""

import logging
from collections.abc import Callable

from bot.settings_types import Settings
from bot.store.base import Store

log = logging.getLogger(__name__)


async def open_store(settings: Settings, clock: Callable[[], int], *, serves: bool = False) -> Store:
    """`clock` gives ms since the epoch. `serves`: for the one server of a folder, not for a command beside it. Raises
    UserMistake for a file or server that cannot be used, StoreUnavailable where no server answers."""
    if settings.redis_url:
        from bot.store.redis_check import open_redis  # noqa: PLC0415 - only where it is served

        opened = await open_redis(settings.redis_url, clock)
        for line in opened.warnings if serves else ():
            log.warning("%s", line)
        return opened.store
    from bot.store.sqlite import SqliteStore  # noqa: PLC0415 - the same

    store = SqliteStore.open(settings.store_file, clock)
    if serves:
        await store.end_leases(clock())
    return store
