"""Which workspaces the app is installed in, and with which token.

With SLACK_BOT_TOKEN there is one. With SLACK_CLIENT_ID and _SECRET every workspace installs the app by itself (OAuth)
and its installation is a document of our own store, read through `Installs`; it goes when the workspace uninstalls the
app or revokes its token. Nothing is remembered beside the store, so what another process wrote counts at once.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from bot.errors import DeliveryError, Permanent

if TYPE_CHECKING:
    from bot.channels.slack.api import SlackApi  # loads the library

KIND = "slack.install"
"""Of the document; its id is the workspace."""


class Install(msgspec.Struct, frozen=True):
    """The app in one workspace."""

    team: str
    token: str
    bot: str = ""
    """The app's bot id (B...)."""
    user: str = ""
    """Its user id (U...)."""
    name: str = ""
    scopes: tuple[str, ...] = ()
    at: int = 0

    def __repr__(self) -> str:
        return f"Install(team={self.team!r})"


class Installs(Protocol):
    """Where installations are kept. Each call may raise StoreUnavailable."""

    async def find(self, team: str) -> bytes | None: ...

    async def save(self, team: str, body: bytes) -> None: ...

    async def drop(self, team: str) -> None: ...

    async def teams(self) -> Sequence[str]:
        """Every workspace."""


class Workspaces:
    """Finds the installation of a workspace; `token` alone, where one was set, serves whatever has none of its own."""

    def __init__(self, installs: Installs | None = None, token: str = "") -> None:
        self._installs = installs
        self._own = Install("", token) if token else None

    async def find(self, team: str) -> Install | None:
        if self._installs is None or not team:
            return self._own
        body = await self._installs.find(team)
        return self._own if body is None else msgspec.json.decode(body, type=Install)

    async def token(self, team: str) -> str:
        """Where no workspace is named: the one token, and never that of an installation, which anybody may have made.
        Raises Permanent where the app is not installed there (any more)."""
        found = await self.find(team)
        if found is None:
            raise Permanent("the app is not installed in this Slack workspace", "not_installed")
        return found.token

    async def save(self, install: Install) -> None:
        if self._installs is None:
            raise Permanent("this service keeps no installations", "not_installed")
        await self._installs.save(install.team, msgspec.json.encode(install))

    async def drop(self, team: str, at: int) -> None:
        """Forget a workspace that left at `at` (ms since the epoch), unless it has come back since: Slack may tell of
        the one after the other. Its chats stay; nothing is sent to them any more."""
        body = None if self._installs is None else await self._installs.find(team)
        if self._installs is not None and body is not None and msgspec.json.decode(body, type=Install).at <= at:
            await self._installs.drop(team)

    async def introduce(self, api: "SlackApi") -> str:
        """Ask Slack who the one token speaks for, so that our own messages are told from those of people; why not,
        where Slack cannot say it now (they are known by their bot_id all the same)."""
        if self._own is None:
            return ""
        try:
            said = await api.call_with(self._own.token, "auth.test")
        except DeliveryError as error:
            return str(error)
        word = {key: str(said.get(key, "")) for key in ("team_id", "bot_id", "user_id", "team")}
        self._own = Install(word["team_id"], self._own.token, word["bot_id"], word["user_id"], word["team"])
        return ""
