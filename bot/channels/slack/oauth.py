"""Installing the app into a workspace (OAuth 2): bolt's own flow on our store, with a state that needs no memory.

The state is signed, lives ten minutes, and counts only in the browser that it was given to (bolt's cookie), so nobody
can be led into installing with somebody else's code.
"""

import hmac
import secrets
from collections.abc import Callable, Sequence
from urllib.parse import urljoin

from slack_bolt.error import BoltError
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_sdk.oauth.installation_store import Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore

from bot.channels.slack.api import SlackApi
from bot.channels.slack.install import Install, Workspaces
from bot.channels.slack.log import app_log

LIFE = 600
"""Seconds between the first click and Slack's answer."""


class States(AsyncOAuthStateStore):
    """`expiry.nonce.signature`, the expiry in seconds since the epoch."""

    def __init__(self, keys: Sequence[str], clock: Callable[[], int]) -> None:
        self._keys = tuple(key.encode() for key in keys)
        self._clock = clock

    async def async_issue(self, *_args: object, **_named: object) -> str:
        said = f"{self._clock() // 1000 + LIFE}.{secrets.token_urlsafe(16)}"
        return f"{said}.{_signature(self._keys[0], said)}"

    async def async_consume(self, state: str) -> bool:
        said, _, signature = state.rpartition(".")
        expiry = said.partition(".")[0]
        ours = any(hmac.compare_digest(signature.encode(), _signature(key, said).encode()) for key in self._keys)
        return ours and expiry.isdigit() and self._clock() // 1000 <= int(expiry)


class Kept(AsyncInstallationStore):
    """Where bolt puts an installation: one a workspace, with its bot token and nothing of who installed it. It is never
    asked for one, since `app.py` finds them itself."""

    def __init__(self, workspaces: Workspaces, clock: Callable[[], int]) -> None:
        self._workspaces = workspaces
        self._clock = clock

    async def async_save(self, installation: Installation) -> None:
        bot = installation.to_bot()
        if not bot.team_id or not bot.bot_token:
            raise BoltError("the app is installed into one workspace at a time, not into a whole organisation")
        if bot.bot_refresh_token:
            raise BoltError("token rotation is on in the app's settings: turn it off")
        scopes = tuple(bot.bot_scopes or ())
        name = bot.team_name or ""
        await self._workspaces.save(
            Install(bot.team_id, bot.bot_token, bot.bot_id, bot.bot_user_id or "", name, scopes, self._clock())
        )


def flow(
    api: SlackApi,
    workspaces: Workspaces,
    *,
    client_id: str,
    client_secret: str,
    scopes: Sequence[str],
    api_url: str,
    public_url: str,
    keys: Sequence[str],
    clock: Callable[[], int],
) -> AsyncOAuthFlow:
    """The pages /slack/install and /slack/oauth_redirect. `keys` sign the state: the first signs, each verifies."""
    settings = AsyncOAuthSettings(
        client_id=client_id,
        client_secret=client_secret,
        scopes=list(scopes),
        user_scopes=[],
        redirect_uri=f"{public_url}/slack/oauth_redirect",
        install_page_rendering_enabled=False,
        authorization_url=urljoin(api_url, "../oauth/v2/authorize"),
        installation_store=Kept(workspaces, clock),
        installation_store_bot_only=True,
        state_store=States(keys, clock),
        state_expiration_seconds=LIFE,
        logger=app_log(),
    )
    return AsyncOAuthFlow(client=api.client(), logger=app_log(), settings=settings)


def _signature(key: bytes, said: str) -> str:
    return hmac.digest(key, b"slack state " + said.encode(), "sha256").hex()
