"""Slack, put together from the settings: what sends, what receives, and when each starts and stops.

Nothing here is imported, and no library loaded, where no token is set; the libraries are loaded in a thread. A start
never waits for Slack: who we are and the socket are asked for in the background until they stand.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

from aiohttp import web

from bot.channels.base import Front
from bot.channels.slack.install import KIND, Workspaces
from bot.channels.slack.manifest import SCOPES
from bot.channels.verify import Tokens
from bot.errors import StoreUnavailable, UserMistake
from bot.model import Doc, DocChange
from bot.settings_types import Settings
from bot.store.base import Commit, Store

if TYPE_CHECKING:
    from bot.channels.slack.api import SlackApi
    from bot.channels.slack.app import Errands, Register
    from bot.channels.slack.send import SlackMessenger
    from bot.channels.slack.socket import Socket

log = logging.getLogger(__name__)

Listeners: TypeAlias = "Callable[[SlackApi, Errands], Sequence[Register]]"
"""What else listens to the app (the desk)."""

TRIES = 20
LONGEST_PAUSE = 60.0


class StoredInstalls:
    """Installations as documents of our own store: implements `slack_install.Installs`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def find(self, team: str) -> bytes | None:
        found = await self._store.doc(KIND, team)
        return found.body if found is not None and found.body else None

    async def save(self, team: str, body: bytes) -> None:
        for _ in range(TRIES):
            known = await self._store.doc(KIND, team)
            version = known.version if known is not None else 0
            change = DocChange(Doc(KIND, team, version + 1, body), version)
            if await self._store.put(change) is Commit.DONE:
                return
        raise StoreUnavailable("an installation is written by too many at once")

    async def drop(self, team: str) -> None:
        if await self.find(team) is not None:
            await self.save(team, b"")

    async def teams(self) -> Sequence[str]:
        return [doc.id for doc in await self._store.docs(KIND)]


@dataclass(frozen=True, slots=True)
class Slack:
    """`messenger` is for the delivery jobs, `routes` for the HTTP side, before it starts. `start` returns at once;
    `stop` ends receiving, `close` what sends."""

    api: "SlackApi"
    errands: "Errands"
    workspaces: Workspaces
    messenger: "SlackMessenger"
    routes: Sequence[web.RouteDef]
    socket: "Socket | None"
    start: Callable[[], Awaitable[None]]
    stop: Callable[[], Awaitable[None]]
    close: Callable[[], Awaitable[None]]


async def slack(
    settings: Settings,
    front: Front,
    store: Store,
    clock: Callable[[], int],
    *,
    flows: Callable[[], Sequence[str]],
    listeners: Listeners = lambda _api, _errands: (),
) -> Slack:
    """`flows` names those of the live file, its first one first. Raises UserMistake."""
    chosen, known = settings.slack, flows()
    if chosen.flow and chosen.flow not in known:
        message = f'there is no flow "{chosen.flow}", which the settings name under slack'
        raise UserMistake(message, f"known flows: {', '.join(known)}")
    await asyncio.to_thread(_load)
    from bot.channels.slack import app as slack_app  # noqa: PLC0415 - half a second, only where it is used
    from bot.channels.slack import http as slack_http  # noqa: PLC0415 - half a second, only where it is used
    from bot.channels.slack import oauth as slack_oauth  # noqa: PLC0415 - half a second, only where it is used
    from bot.channels.slack.api import SlackApi  # noqa: PLC0415 - as above
    from bot.channels.slack.channel import SlackChannel, SlackOptions  # noqa: PLC0415 - as above
    from bot.channels.slack.send import SlackMessenger  # noqa: PLC0415 - as above
    from bot.channels.slack.socket import Socket  # noqa: PLC0415 - as above

    workspaces = Workspaces(StoredInstalls(store) if chosen.client_id else None, chosen.bot_token)
    api = SlackApi(chosen.api_url, workspaces.token)
    errands = slack_app.Errands()
    oauth = None
    if chosen.client_id:
        oauth = slack_oauth.flow(
            api,
            workspaces,
            client_id=chosen.client_id,
            client_secret=chosen.client_secret,
            scopes=SCOPES,
            api_url=chosen.api_url,
            public_url=settings.public_url,
            keys=settings.secrets,
            clock=clock,
        )
    options = SlackOptions(chosen.flow, chosen.first_message, chosen.command)
    channel = SlackChannel(front, api, errands, options, flows=flows, clock=clock)
    registers = [channel.register, *listeners(api, errands)]
    app = slack_app.build(api, workspaces, registers, signing_secret=chosen.signing_secret, oauth=oauth)
    socket = Socket(app, api, chosen.app_token) if chosen.app_token else None
    routes = slack_http.routes(app, chosen.signing_secret, oauth)
    running = _Running(api, errands, workspaces, socket)
    messenger = SlackMessenger(api, links(settings))
    return Slack(api, errands, workspaces, messenger, routes, socket, running.start, running.stop, api.close)


def links(settings: Settings) -> Callable[[str, str], str]:
    """The web address behind a link of a chat, through this service, so that the click is recorded."""
    tokens = Tokens(settings.secrets)
    return lambda chat, ref: f"{settings.public_url}/l/{chat}/{tokens.signature(chat, ref)}/{quote(ref)}"


def _load() -> None:
    import_module("bot.channels.slack.socket")


class _Running:
    def __init__(self, api: "SlackApi", errands: "Errands", workspaces: Workspaces, socket: "Socket | None") -> None:
        self._api, self._errands, self._workspaces, self._socket = api, errands, workspaces, socket
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._introduce(), name="Slack: who we are")
        if self._socket is not None:
            await self._socket.start()

    async def stop(self) -> None:
        if self._socket is not None:
            await self._socket.close()
        await self._errands.close()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _introduce(self) -> None:
        pause, told = 1.0, ""
        while why := await self._workspaces.introduce(self._api):
            if why != told:
                log.warning("Slack: %s", why)
            told = why
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
