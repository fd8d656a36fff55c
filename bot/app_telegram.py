"""Telegram, put together from the settings: what sends, what receives, and when each starts and stops.

Nothing here is imported, and no library loaded, where no token is set; the library is loaded in a thread. A start never
waits for the platform: web hook or polling, and the commands, are set up in the background until they stand.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from aiohttp import web

from bot.channels.base import Front
from bot.channels.telegram.channel import CHANNEL, Options, TelegramChannel
from bot.channels.telegram.errors import TokenRefused
from bot.channels.telegram.hook import Webhook
from bot.channels.telegram.links import hook_names
from bot.channels.telegram.poll import Poller
from bot.channels.telegram.sender import Calls, TelegramMessenger
from bot.channels.telegram.words import COMMANDS, LANGUAGES, words
from bot.channels.verify import Tokens
from bot.errors import DeliveryError, UserMistake
from bot.lease import Lease
from bot.settings_types import Settings
from bot.store.base import Store

log = logging.getLogger(__name__)

LONGEST_PAUSE = 60.0
REFUSED_PAUSE = 300.0
"""Seconds between tries where the token is refused."""
CONFLICTS = 4
"""In a row that are no news where several processes serve: one that is cut off asks for a few seconds more."""


@dataclass(frozen=True, slots=True)
class Telegram:
    """`messenger` is for the delivery jobs, `routes` for the HTTP side, before it starts. `start` returns at once;
    `stop` ends receiving, `close` what sends."""

    messenger: TelegramMessenger
    routes: Sequence[web.RouteDef]
    start: Callable[[], Awaitable[None]]
    stop: Callable[[], Awaitable[None]]
    close: Callable[[], Awaitable[None]]


async def telegram(
    settings: Settings,
    front: Front,
    store: Store,
    clock: Callable[[], int],
    *,
    flows: Sequence[str],
    languages: Sequence[str],
) -> Telegram:
    """`flows` and `languages` are those of the live flow file, its first ones first. Raises UserMistake."""
    chosen = settings.telegram
    if chosen.flow and chosen.flow not in flows:
        raise UserMistake(
            f'there is no flow "{chosen.flow}", which the settings name under telegram',
            f"known flows: {', '.join(flows)}",
        )
    calls = await asyncio.to_thread(_api, chosen.token, chosen.api_url)
    options = Options(chosen.bot, start=chosen.start, flow=chosen.flow, secrets=settings.secrets)
    channel = TelegramChannel(front, store, calls, options, clock)
    path, secret = hook_names(chosen.token, settings.secrets[0])
    hook = Webhook(channel.take, path, secret) if chosen.by_hook(settings.public_url) else None
    messenger = TelegramMessenger(calls, Tokens(settings.secrets), settings.public_url)
    lease = Lease(store, CHANNEL) if settings.redis_url and hook is None else None
    running = _Running(calls, channel, hook, settings.public_url, languages, lease=lease)
    return Telegram(messenger, hook.routes() if hook is not None else (), running.start, running.stop, messenger.close)


def _api(token: str, url: str) -> Calls:
    from bot.channels.telegram.api import TelegramApi  # noqa: PLC0415 - loads the client library, 200 ms

    return TelegramApi(token, url)


class _Running:
    def __init__(
        self,
        calls: Calls,
        channel: TelegramChannel,
        hook: Webhook | None,
        public_url: str,
        languages: Sequence[str],
        *,
        lease: Lease | None,
    ) -> None:
        self._calls, self._channel, self._hook, self._lease = calls, channel, hook, lease
        self._public_url, self._languages = public_url, languages
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="Telegram")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._channel.asides.close()

    async def _run(self) -> None:
        while True:
            try:
                return await self._serve()
            except Exception:
                log.critical("Telegram stopped being served; it begins again in %d s", LONGEST_PAUSE, exc_info=True)
            await asyncio.sleep(LONGEST_PAUSE)

    async def _serve(self) -> None:
        await self._until_done(self._who)
        if self._lease is None:
            await self._receive()
        else:
            await self._lease.run(self._receive)

    async def _receive(self) -> None:
        await self._until_done(self._source)
        naming = asyncio.create_task(self._until_done(self._name_commands), name="Telegram's commands")
        try:
            if self._hook is None:
                await Poller(self._calls, self._channel.take, patience=0 if self._lease is None else CONFLICTS).run()
            await naming
        finally:
            naming.cancel()

    async def _who(self) -> None:
        me = await self._calls.me()
        self._channel.options = replace(self._channel.options, bot=me.id, username=me.username)

    async def _source(self) -> None:
        if self._hook is None:
            await self._calls.drop_hook()
        else:
            await self._calls.set_hook(f"{self._public_url}{self._hook.path}", self._hook.secret)
        how = "long polling" if self._hook is None else "web hook"
        log.info("Telegram: @%s answers, by %s", self._channel.options.username, how)

    async def _name_commands(self) -> None:
        """In each language of the flows that we have words in; in the first one for everybody else."""
        spoken = [language for language in self._languages if language in LANGUAGES] or ["en"]
        names = [name for name in COMMANDS if name != "language" or len(self._languages) > 1]
        for language in ("", *spoken):
            listed = [(name, words(f"/{name}", language or spoken[0])) for name in names]
            await self._calls.set_commands(listed, language)

    @staticmethod
    async def _until_done(work: Callable[[], Awaitable[None]]) -> None:
        pause, told = 1.0, ""
        while True:
            try:
                return await work()
            except DeliveryError as error:
                refused = isinstance(error, TokenRefused)
                if str(error) != told:
                    log.log(logging.ERROR if refused else logging.WARNING, "%s", error)
                told = str(error)
                await asyncio.sleep(REFUSED_PAUSE if refused else pause)
                pause = min(pause * 2, LONGEST_PAUSE)
