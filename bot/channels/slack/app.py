"""The bolt app: what arrives from Slack, whichever way it comes, and when it is acknowledged.

`process_before_response` makes bolt run the listener before it answers, over HTTP and over the socket alike. So a
listener parses and commits, and returns; it never calls an API. What it raises leaves the event unacknowledged, and
Slack sends it again. Bolt runs the first listener that matches: `register` functions say with matchers what is theirs
(direct messages belong to the survey channel, threads of channels to the desk). What nobody takes is acknowledged.

An API call that cannot wait for a job (a modal lives 3 s from the click) is an errand: it runs after the listener, is
bounded, and may be lost.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import TypeAlias, cast

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.response import BoltResponse

from bot.channels.slack.api import SlackApi
from bot.channels.slack.install import Workspaces
from bot.channels.slack.log import app_log
from bot.errors import DeliveryError

log = logging.getLogger(__name__)

Register: TypeAlias = Callable[[AsyncApp], None]
"""Adds listeners. Each returns once what it heard is committed; views, actions and commands call `ack` themselves."""

ANYTHING = re.compile(".*", re.DOTALL)
GONE = ("app_uninstalled", "tokens_revoked")


def build(
    api: SlackApi,
    workspaces: Workspaces,
    registers: Sequence[Register],
    *,
    signing_secret: str = "",
    oauth: AsyncOAuthFlow | None = None,
) -> AsyncApp:
    """The app with all its listeners. Over HTTP every request must carry a signature made with `signing_secret`; the
    routes are only there where it is set (`http.py`), for an empty one could be signed by anybody."""
    app = AsyncApp(
        name="chatsurvey",
        logger=app_log(),
        client=api.client(),
        signing_secret=signing_secret,
        authorize=cast(
            "Callable[..., Awaitable[AuthorizeResult]]", _Identity(workspaces)
        ),  # a class bolt takes as well
        before_authorize=_installed(workspaces),
        oauth_flow=oauth,
        process_before_response=True,
    )
    app.error(_failed)
    _forget(app, workspaces)
    for register in registers:
        register(app)
    _leave(app)
    return app


class _Identity(AsyncAuthorize):
    """Says who we are in a workspace, so that bolt drops what we said ourselves. It gives no token: a listener calls no
    API."""

    def __init__(self, workspaces: Workspaces) -> None:
        self._workspaces = workspaces

    async def __call__(
        self,
        *,
        context: AsyncBoltContext,
        enterprise_id: str | None,
        team_id: str | None,
        user_id: str | None,
        actor_enterprise_id: str | None = None,
        actor_team_id: str | None = None,
        actor_user_id: str | None = None,
    ) -> AuthorizeResult | None:
        found = await self._workspaces.find(team_id or "")
        if found is None:
            return None
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=team_id,
            user_id=user_id,
            bot_id=found.bot or None,
            bot_user_id=found.user or None,
        )


def _installed(workspaces: Workspaces) -> Callable[..., Awaitable[BoltResponse | None]]:
    """Lets through what comes from a workspace of ours, and answers the rest at once: bolt itself would call Slack."""

    async def installed(
        context: AsyncBoltContext, body: Mapping[str, object], next_: Callable[[], Awaitable[BoltResponse | None]]
    ) -> BoltResponse | None:
        if body.get("type") == "url_verification" or await workspaces.find(context.team_id or "") is not None:
            return await next_()
        log.warning("an event of a Slack workspace that the app is not installed in was dropped")
        return BoltResponse(status=200, body="")

    return installed


async def _failed(error: Exception, body: Mapping[str, object]) -> BoltResponse:
    """The event stays unacknowledged, over HTTP by this status, over the socket since nothing is sent."""
    event = body.get("event")
    kind = event.get("type") if isinstance(event, dict) else body.get("type") or "command"
    facts = {"event": kind if isinstance(kind, str) and kind.replace("_", "").isalnum() else "?"}
    log.error("an event from Slack was not taken; Slack may send it again", exc_info=error, extra={"facts": facts})
    return BoltResponse(status=503, body="")


def _forget(app: AsyncApp, workspaces: Workspaces) -> None:
    """A workspace that uninstalls the app, or revokes its bot token, is no longer ours."""

    async def gone(context: AsyncBoltContext, event: Mapping[str, object], body: Mapping[str, object]) -> None:
        tokens, seconds = event.get("tokens"), body.get("event_time")
        if event.get("type") == "tokens_revoked" and isinstance(tokens, dict) and not tokens.get("bot"):
            return
        # Slack's clock counts whole seconds.
        await workspaces.drop(context.team_id or "", seconds * 1000 + 999 if isinstance(seconds, int) else 0)

    for name in GONE:
        app.event(name)(gone)


def _leave(app: AsyncApp) -> None:
    """What nobody has a listener for would be answered with 404, and sent again."""

    async def nothing(ack: AsyncAck) -> None:
        await ack()

    for taken in (app.event, app.action, app.view, app.shortcut, app.command):
        taken(ANYTHING)(nothing)


class Errands:
    """Calls that go out right after a listener. `most` at once: more are refused, and whoever clicked clicks again."""

    def __init__(self, most: int = 100, seconds: float = 10.0) -> None:
        self._most, self._seconds = most, seconds
        self._running: set[asyncio.Task[None]] = set()

    def run(self, name: str, errand: Coroutine[None, None, object]) -> bool:
        """Start it; False where too many run. What fails is logged by name."""
        if len(self._running) >= self._most:
            errand.close()
            log.warning("too many calls to Slack at once: one was dropped", extra={"facts": {"errand": name}})
            return False
        task = asyncio.create_task(self._one(name, errand), name=f"slack {name}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return True

    async def _one(self, name: str, errand: Coroutine[None, None, object]) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                await errand
        except (DeliveryError, TimeoutError) as error:
            log.warning("a call to Slack failed", exc_info=error, extra={"facts": {"errand": name}})

    async def close(self) -> None:
        """Wait for those that run; each is bounded."""
        while self._running:
            await asyncio.wait(self._running)
