"""Responses to a web hook receiver, signed as Standard Webhooks (https://www.standardwebhooks.com) asks.

- One POST a revision: `{type, timestamp, data}`, under 20 kB. `type` is response.scored (the first revision, with its
  score), response.updated, response.completed, response.abandoned, response.stopped or response.ended, then
  case.resolved where a case was opened. `data` is always the whole response (`shape.py`): quick answers may share one
  event, and the newest revision wins.
- `webhook-id` is the same for a chat and revision at every attempt. With several secrets every one signs.
- What an answer means is a table: 2xx arrived; 408, 409, 425 and 5xx are tried again; 429, 502, 503 and 504 too, but
  not before Retry-After; a lasting redirect, 410 and every other 4xx are refused for good. Redirects are never
  followed: a passing one (302, 303, 307) is tried again, unless it points into a private network.
- The receiver must be https on a public address. `allow_private` permits private addresses and plain http, for a
  receiver in one's own network (or on localhost).
- An answer's body is never read; its head is bounded by aiohttp (8 kB a line).
"""

import asyncio
import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
import msgspec
from yarl import URL

from bot import __version__
from bot.crm.base import Event, Parcel, Receipt
from bot.crm.config import WriterConfig
from bot.crm.guard import Forbidden, Resolver, anywhere, is_public
from bot.crm.spec import Fault, Key, Spec
from bot.crm.webhook_event import event_of
from bot.errors import DeliveryError, Permanent, Retryable, Throttled
from bot.model import Response

TIMEOUT = 15.0
RESOLVE = 5.0
"""Seconds to find out where a redirect leads; with TIMEOUT it stays below the worker's limit for a batch."""
AGAIN = (408, 409, 425)
SLOWER = (429, 502, 503, 504)
PASSING = (302, 303, 307)

SPEC = Spec(
    "webhook",
    "a web hook",
    keys=(
        Key("url", "url", required=True, example="https://example.com/hook"),
        Key("secret", "secrets", required=True, example="${HOOK_SECRET}"),
    ),
    fields=False,
    samples=True,
)


def faults(options: Mapping[str, str | int | bool], secrets: Mapping[str, tuple[str, ...]]) -> Sequence[Fault]:
    """What the settings file is told beside the types of keys."""
    hint = 'make one with:  echo "whsec_$(openssl rand -base64 32)"'
    message = "it is not a signing secret: whsec_ and 16 bytes or more in base64"
    return [Fault("secret", message, hint) for secret in secrets.get("secret", ()) if not _signs(secret)]


def _signs(secret: str) -> bool:
    try:
        return len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) >= 16
    except binascii.Error:
        return False


class WebhookWriter:
    """See `bot.crm.base.Writer`."""

    batch = 16
    parallel = 4

    def __init__(
        self,
        config: WriterConfig,
        clock: Callable[[], int],
        timeout: float = TIMEOUT,
        permitted: Callable[[str], bool] | None = None,
    ) -> None:
        import standardwebhooks  # noqa: PLC0415 - only where a web hook is configured

        self.name, self.samples, self.transcript = config.name, config.samples, config.transcript
        self._url = URL(config.text("url"))
        self._plain_http = config.connection.allow_private
        self._permitted = permitted or (anywhere if config.connection.allow_private else is_public)
        self._signers: Sequence[standardwebhooks.Webhook] = [
            standardwebhooks.Webhook(s) for s in config.secrets.get("secret", ())
        ]
        self._clock = clock
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None
        self._resolver: Resolver | None = None

    def wants(self, response: Response) -> Sequence[Event]:
        """Every revision: the receiver decides what it is interested in."""
        return ("answered",)

    async def write(self, parcels: Sequence[Parcel]) -> Sequence[Receipt]:
        return await asyncio.gather(*(self._write(parcel) for parcel in parcels))

    async def _write(self, parcel: Parcel) -> Receipt:
        try:
            await self._send(parcel)
        except DeliveryError as error:
            return Receipt(error=error)
        return Receipt()

    async def _send(self, parcel: Parcel) -> None:
        if fault := self._fault():
            raise Permanent(fault, "address")
        try:
            body = event_of(parcel.response)
        except (UnicodeEncodeError, msgspec.MsgspecError) as error:
            raise Permanent("it cannot be written as JSON", "json") from error
        await self._post(body, self._headers(parcel.key.replace(".", "-"), body))

    async def check(self) -> str:
        if fault := self._fault():
            return fault
        return (
            "it leads to a private address; allow_private permits that" if await self._leads_inside(self._url) else ""
        )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
        if self._resolver is not None:
            await self._resolver.close()

    def _fault(self) -> str:
        if self._url.scheme not in {"http", "https"} or not self._url.host:
            return "the URL is not a web address"
        if self._url.scheme != "https" and not self._plain_http:
            return "the URL is not https, which only allow_private permits"
        if self._names().refuses(self._url.host):
            return "the URL is a private address, which only allow_private permits"
        return ""

    def _headers(self, key: str, body: bytes) -> dict[str, str]:
        at = datetime.fromtimestamp(self._clock() // 1000, UTC)
        text = body.decode()
        return {
            "content-type": "application/json",
            "user-agent": f"chatsurvey/{__version__}",
            "webhook-id": key,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(signer.sign(key, at, text) for signer in self._signers),
        }

    async def _post(self, body: bytes, headers: dict[str, str]) -> None:
        try:
            async with self._open().post(self._url, data=body, headers=headers, allow_redirects=False) as answer:
                await self._judge(answer)
        except aiohttp.InvalidURL:
            raise Permanent("the URL is not a web address", "address") from None
        except aiohttp.ClientConnectorDNSError as error:
            if isinstance(error.os_error, Forbidden):
                raise Permanent("the receiver's name leads to a private address", "address") from None
            raise Retryable("the receiver's name is unknown") from None
        except aiohttp.ClientSSLError as error:
            raise Retryable(f"no trusted connection: {type(error).__name__}") from None
        except aiohttp.ClientConnectionError as error:
            raise Retryable(f"no connection: {type(error).__name__}") from None
        except TimeoutError:
            raise Retryable(f"no answer within {self._timeout:g} s") from None
        except (aiohttp.ClientError, ValueError) as error:
            # Whatever came back was no HTTP.
            raise Retryable(f"not understood: {type(error).__name__}") from None

    async def _judge(self, answer: aiohttp.ClientResponse) -> None:
        status = answer.status
        if 200 <= status < 300:
            return
        said = f"the receiver answered {status}"
        if status in SLOWER:
            raise Throttled(said, self._wait(answer.headers.get("retry-after", "")))
        if 300 <= status < 400:
            if status in PASSING and not await self._points_inside(answer):
                raise Retryable(f"{said}, a redirect, which is not followed")
            raise Permanent(f"{said}, a redirect, which is not followed: configure the final address", "redirect")
        if status == 410:
            raise Permanent(f"{said}: it wants no more", "gone")
        if 400 <= status < 500 and status not in AGAIN:
            raise Permanent(said, f"status_{status}")
        raise Retryable(said)

    def _wait(self, text: str) -> float:
        """Seconds from a Retry-After header: a number or a date; 0 for anything else."""
        text = text.strip()
        if text.isascii() and text.isdigit() and len(text) < 10:
            return float(text)
        try:
            at = parsedate_to_datetime(text)
        except ValueError:
            return 0.0
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return max(0.0, at.timestamp() - self._clock() / 1000)

    async def _points_inside(self, answer: aiohttp.ClientResponse) -> bool:
        try:
            target = self._url.join(URL(answer.headers.get("location", "")))
        except ValueError:
            return False
        return await self._leads_inside(target)

    async def _leads_inside(self, url: URL) -> bool:
        """Whether the URL is or resolves to an address that is not permitted. One that cannot be resolved is not."""
        host = (url.host or "").rstrip(".")
        if self._names().refuses(host):
            return True
        try:
            async with asyncio.timeout(RESOLVE):
                await self._names().resolve(host)
        except Forbidden:
            return True
        except (OSError, TimeoutError):
            return False
        return False

    def _names(self) -> Resolver:
        if self._resolver is None:
            self._resolver = Resolver(self._permitted)
        return self._resolver

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=self._names(), ttl_dns_cache=60),
                timeout=aiohttp.ClientTimeout(total=self._timeout),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session


def make(config: WriterConfig, clock: Callable[[], int]) -> WebhookWriter:
    return WebhookWriter(config, clock)
