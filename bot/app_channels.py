"""The messaging channels that the settings ask for. The module of one that is not asked for is not loaded."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from aiohttp import web

from bot.app_desk import Desk
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
    settings: Settings,
    front: Front,
    store: Store,
    clock: Callable[[], int],
    catalog: Catalog,
    *,
    desk: Desk | None = None,
) -> tuple[Channel, ...]:
    """`desk` listens to the same app as the survey in Slack. Raises UserMistake for settings that do not fit the flow
    file."""
    made: list[Channel] = []
    if settings.telegram.token:
        from bot.app_telegram import telegram  # noqa: PLC0415 - only where it is served

        book = catalog.live
        made.append(await telegram(settings, front, store, clock, flows=tuple(book.flows), languages=book.languages))
    if settings.slack.enabled:
        from bot.app_slack import slack  # noqa: PLC0415 - only where it is served

        heard = {} if desk is None else {"listeners": desk.listeners}
        made.append(await slack(settings, front, store, clock, flows=lambda: tuple(catalog.live.flows), **heard))
    return tuple(made)
