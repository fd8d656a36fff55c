"""The messaging channels that the settings ask for. The module of one that is not asked for is not loaded."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from aiohttp import web

from bot.channels.base import Front, Messenger
from bot.flows.catalog import Catalog
from bot.settings_types import Settings
from bot.store.base import Store


class Channel(Protocol):
    """A messaging channel, put together. `start` returns at once; `stop` ends receiving, `close` what sends."""

    @property
    def messenger(self) -> Messenger: ...

    @property
    def routes(self) -> Sequence[web.RouteDef]: ...

    @property
    def start(self) -> Callable[[], Awaitable[None]]: ...

    @property
    def stop(self) -> Callable[[], Awaitable[None]]: ...

    @property
    def close(self) -> Callable[[], Awaitable[None]]: ...


async def channels(
    settings: Settings, front: Front, store: Store, clock: Callable[[], int], catalog: Catalog
) -> tuple[Channel, ...]:
    """Raises UserMistake for settings that do not fit the flow file."""
    made: list[Channel] = []
    if settings.telegram.token:
        from bot.app_telegram import telegram  # noqa: PLC0415 - only where it is served

        book = catalog.live
        made.append(await telegram(settings, front, store, clock, flows=tuple(book.flows), languages=book.languages))
    return tuple(made)
