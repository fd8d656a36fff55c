"""Calls to Slack's Web API: one pool of connections, one error for each way in which a call can fail.

Every call is made once. The library's own retries are off: what cannot be asked again without harm (chat.postMessage
takes no key) is its caller's to decide. What Slack said of an error is its code alone, so no token, address or text of
a person reaches an exception or a log.

    429, ok: false with ratelimited         Throttled, with Retry-After
    5xx, no answer, no connection, and the
    codes by which Slack says "not now"     Retryable
    every other ok: false                   Permanent, with Slack's code (token_revoked, channel_not_found ...)

Sources: https://docs.slack.dev/apis/web-api/ and https://docs.slack.dev/apis/web-api/rate-limits
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, cast

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.channels.slack.log import library_log
from bot.errors import DeliveryError, Permanent, Retryable, Throttled

SECONDS = 10.0
"""Of one call, from asking for a connection to the last byte of the answer."""

NOT_NOW = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})
TOO_FAST = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})


class Call(Protocol):
    """One call of the library, as it stands on its client."""

    def __call__(self, **arguments: object) -> Awaitable[AsyncSlackResponse]: ...


class SlackApi:
    """Calls as any of the workspaces that the app is installed in. Used from one event loop."""

    def __init__(
        self, url: str, token: Callable[[str], Awaitable[str]], seconds: float = SECONDS, connections: int = 100
    ) -> None:
        """`token` gives the bot token of a workspace; it raises Permanent where the app is not installed there."""
        self._url = url
        self._token = token
        self._seconds = seconds
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def call(self, team: str, method: str, **arguments: object) -> Mapping[str, object]:
        """Call `chat.postMessage` and the like with the token of that workspace; the answer as Slack gave it."""
        return await self.call_with(await self._token(team), method, **arguments)

    async def call_with(self, token: str, method: str, **arguments: object) -> Mapping[str, object]:
        """The same with a token that is at hand."""
        answer = await self._answer(token, method, arguments)
        return answer.data if isinstance(answer.data, dict) else {}

    async def may(self, token: str) -> tuple[Mapping[str, object], frozenset[str]]:
        """Who a token speaks for (auth.test), and its scopes."""
        answer = await self._answer(token, "auth.test", {})
        scopes = next((value for name, value in answer.headers.items() if name.lower() == "x-oauth-scopes"), "")
        told = answer.data if isinstance(answer.data, dict) else {}
        return told, frozenset(filter(None, scopes.replace(" ", "").split(",")))

    async def _answer(self, token: str, method: str, arguments: Mapping[str, object]) -> AsyncSlackResponse:
        # The client has a method for each of Slack's, which knows how its arguments travel.
        call = cast("Call", getattr(self.client(), method.replace(".", "_")))
        try:
            return await call(token=token, **arguments)
        except SlackApiError as error:
            raise _error(method, error.response) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # Nothing of the library's exception is kept: it names addresses and arguments.
            reached = not isinstance(error, aiohttp.ClientConnectorError)
            raise Retryable(f"Slack does not answer {method}: {type(error).__name__}", doubt=reached) from None
        except (SlackClientError, ValueError) as error:
            raise Retryable(f"Slack's answer to {method} cannot be read: {type(error).__name__}", doubt=True) from None

    def client(self) -> AsyncWebClient:
        """A client of the library on the shared connections, without a token."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._seconds),
                connector=aiohttp.TCPConnector(limit=self._connections),
            )
        return AsyncWebClient(
            base_url=self._url,
            timeout=int(self._seconds),
            session=self._session,
            retry_handlers=[],
            logger=library_log(),
        )

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()
            await asyncio.sleep(0)  # lets the transports say that they are closed


def _error(method: str, response: object) -> DeliveryError:
    """The library hands over its own response; where the body was no JSON, that of aiohttp."""
    status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0))
    headers: Mapping[str, str] = getattr(response, "headers", {})
    data = getattr(response, "data", None)
    code = str(data.get("error", "")) if isinstance(data, dict) else ""
    if status == 429 or code in TOO_FAST:
        return Throttled(f"Slack: too many calls of {method}", _seconds(headers))
    if status >= 500 or code in NOT_NOW or (status == 200 and not code):
        return Retryable(f"Slack cannot do {method} now: {code or status}")
    word = code if code.replace("_", "").isalnum() else f"http_{status}"
    return Permanent(f"Slack refuses {method}: {word}", word)


def _seconds(headers: Mapping[str, str]) -> float:
    value = headers.get("Retry-After", "")
    return float(value) if value.isdigit() else 0.0
