"""The store that the settings ask for: Redis where REDIS_URL is set, else the file in DATA_DIR. The other one's library
is never loaded."""

import logging
from collections.abc import Callable

from bot.settings_types import Settings
from bot.store.base import Store
from bot.store.copy_marks import refuse_moved

log = logging.getLogger(__name__)


async def open_store(settings: Settings, clock: Callable[[], int], *, serves: bool = False) -> Store:
    """`clock` gives ms since the epoch. `serves`: for a service, not for a command beside it. Raises UserMistake for a
    file or server that cannot be used or whose chats were moved away, StoreUnavailable where no server answers."""
    if settings.redis_url:
        from bot.store.redis_check import open_redis  # noqa: PLC0415 - only where it is served

        opened = await open_redis(settings.redis_url, clock)
        for line in opened.warnings if serves else ():
            log.warning("%s", line)
        return await _unmoved(opened.store)
    from bot.store.sqlite import SqliteStore  # noqa: PLC0415 - the same

    store = SqliteStore.open(settings.store_file, clock)
    await _unmoved(store)
    if serves:
        await store.end_leases(clock())
    return store


async def _unmoved(store: Store) -> Store:
    try:
        await refuse_moved(store)
    except BaseException:
        await store.close()
        raise
    return store
