"""Socket Mode: Slack reaches us through a socket that we open, so no public address is needed.

The library opens it, answers pings and opens it again when Slack or the network closes it. Three things are added. It
is opened beside the start of the service and not before it. While it stays down its one-time address is thrown away,
for the library would knock at an old one for ever. And a stop lets what was begun be acknowledged.
"""

import asyncio
import logging
from contextlib import suppress
from typing import Protocol, cast

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.channels.slack.api import SlackApi
from bot.channels.slack.log import library_log

log = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds that a stop waits for listeners; what is not acknowledged then comes again."""
LOOK = 5.0
"""Seconds between two looks whether the socket is up; also the library's between two pings and two tries."""


class _Handler(AsyncSocketModeHandler):
    """Knows which requests are in hand."""

    def __init__(self, app: AsyncApp, api: SlackApi, token: str, look: float) -> None:
        super().__init__(app, token, logger=library_log(), web_client=api.client(), ping_interval=look)
        self.in_hand: set[asyncio.Task[object]] = set()

    async def handle(self, client: AsyncBaseSocketModeClient, req: SocketModeRequest) -> None:
        task = asyncio.current_task()
        if task is not None:
            self.in_hand.add(task)
            task.add_done_callback(self.in_hand.discard)
        await super().handle(client, req)  # type: ignore[arg-type]  # the library's own types disagree about the client


class Line(Protocol):
    """What the library's handler does, with the types that it leaves out."""

    async def connect_async(self) -> None: ...

    async def close_async(self) -> None: ...


class Socket:
    """Events of one app through one socket."""

    def __init__(self, app: AsyncApp, api: SlackApi, app_token: str) -> None:
        self._app, self._api, self._token, self._look = app, api, app_token, LOOK
        self._line: Line | None = None
        self._in_hand: set[asyncio.Task[object]] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._up = False

    @property
    def up(self) -> bool:
        """Whether it was open at the last look."""
        return self._up

    async def start(self) -> None:
        """Returns at once."""
        handler = _Handler(self._app, self._api, self._token, self._look)
        self._in_hand = handler.in_hand
        self._line = cast("Line", handler)
        self._tasks = [
            asyncio.create_task(self._line.connect_async(), name="slack socket"),
            asyncio.create_task(self._watch(handler), name="slack socket watch"),
        ]

    async def _watch(self, handler: AsyncSocketModeHandler) -> None:
        while True:
            up = await handler.client.is_connected()
            if up != self._up:
                log.info("the Slack socket is %s", "open" if up else "closed: it will be opened again")
            elif not up:
                handler.client.wss_uri = None
            self._up = up
            await asyncio.sleep(self._look)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        if self._in_hand:
            await asyncio.wait(set(self._in_hand), timeout=PATIENCE)
        if self._line is not None:
            await self._line.close_async()
            await asyncio.sleep(0)  # lets the library's own tasks see that they were cancelled
