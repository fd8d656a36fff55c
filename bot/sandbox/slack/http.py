"""Events, interactivity and commands of the stand-in as HTTP requests, signed as Slack signs them.

The signature's time is the machine's own and not the moved clock's: the app compares it with its own.
"""

import asyncio
import hashlib
import hmac
import json
import time
from urllib.parse import urlencode

from aiohttp import ClientError, ClientSession, ClientTimeout

from bot.sandbox.slack.delivery import Ack, Kind
from bot.sandbox.slack.types import Json


def signed(secret: str, body: bytes, at: int) -> dict[str, str]:
    """The headers that prove where `body` comes from: v0 of Slack's request signing."""
    digest = hmac.new(secret.encode(), b"v0:%d:%s" % (at, body), hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": str(at), "X-Slack-Signature": f"v0={digest}"}


class Requests:
    """`url` takes all three kinds, as bolt's one path does."""

    def __init__(self, url: str, secret: str) -> None:
        self.url = url
        self.secret = secret
        self._session = ClientSession()

    open = True
    """That nobody answers at the address counts as an attempt."""

    async def send(self, kind: Kind, payload: Json, attempt: int, reason: str, within: float) -> Ack:
        form = {"interactive": {"payload": json.dumps(payload)}, "slash_commands": payload}.get(kind)
        body = urlencode(form).encode() if form is not None else json.dumps(payload).encode()
        headers = signed(self.secret, body, int(time.time()))
        headers["Content-Type"] = "application/x-www-form-urlencoded" if form is not None else "application/json"
        headers["User-Agent"] = "Slackbot 1.0 (+https://api.slack.com/robots)"
        if attempt:
            headers |= {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason}
        return await self.post(body, headers, within)

    async def post(self, body: bytes, headers: dict[str, str], within: float = 3.0) -> Ack:
        """As it is, whatever the headers prove."""
        since = asyncio.get_running_loop().time()
        try:
            async with self._session.post(
                self.url, data=body, headers=headers, timeout=ClientTimeout(total=within)
            ) as answer:
                said = await answer.text()
                again = answer.headers.get("X-Slack-No-Retry") != "1"
                ok, kind = 200 <= answer.status < 300, answer.content_type
        except TimeoutError:
            return Ack(ok=False, seconds=_since(since), reason="http_timeout")
        except (ClientError, OSError):
            return Ack(ok=False, seconds=_since(since), reason="connection_failed")
        document = json.loads(said) if said and kind == "application/json" else {"text": said} if said else None
        return Ack(ok=ok, seconds=_since(since), body=document, reason="" if ok else "http_error", again=again)

    async def close(self) -> None:
        await self._session.close()


def _since(since: float) -> float:
    return asyncio.get_running_loop().time() - since
