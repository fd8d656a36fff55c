"""Responses to a web hook receiver, signed as Standard Webhooks (https://www.standardwebhooks.com) asks.

- One POST a revision: `{type, timestamp, data}`, under 20 kB (`webhook/event.py`; docs/webhook.schema.json). `data` is
  always the whole response (`shape.py`): quick answers may share one event, and the newest revision wins.
- `webhook-id` is the same for a chat and revision at every attempt. With several secrets every one signs.
- What an answer means is a table: 2xx arrived; 408, 409, 425 and 5xx are tried again; 429, 502, 503 and 504 too, but
  not before Retry-After; 401 (a signature that it does not know) and 410 (it wants no more) park the receiver until a
  person mends that; a lasting redirect and every other 4xx are refused for good. Redirects are never followed: a
  passing one (302, 303, 307) is tried again, unless it points into a private network.
- The receiver must be https on a public address. `allow_private` permits private addresses and plain http, for a
  receiver in one's own network (or on localhost). Behind a proxy, which resolves names itself, the receiver's name is
  looked up here too, where that is possible.
- An answer's body is never read; its head is bounded by aiohttp (8 kB a line).
"""

import asyncio
import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec
from yarl import URL

from bot import __version__
from bot.crm.base import EVENTS, Event, Parcel, Receipt
from bot.crm.config import WriterConfig
from bot.crm.http.guard import anywhere, is_public
from bot.crm.http.mask import Asked
from bot.crm.spec import Fault, Key, Spec
from bot.crm.webhook.event import event_of
from bot.crm.webhook.post import Post
from bot.errors import DeliveryError, Permanent
from bot.model import Response

SPEC = Spec(
    "webhook",
    "a web hook",
    keys=(
        Key("url", "url", required=True, example="https://example.com/hook"),
        Key("secret", "secrets", required=True, example="${HOOK_SECRET}"),
    ),
    fields=False,
    selects=True,
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
        permitted: Callable[[str], bool] | None = None,
    ) -> None:
        import standardwebhooks  # noqa: PLC0415 - only where a web hook is configured

        self.name, self.samples, self.transcript = config.name, config.samples, config.transcript
        self._mapping = config.mapping
        url = URL(config.text("url"))
        allowed = anywhere if config.connection.allow_private else is_public
        self._post = Post(url, config.connection, permitted or allowed, clock)
        self._told = f"{url.origin()}/" if url.is_absolute() else ""
        """Its path may hold a key."""
        secrets = config.secrets.get("secret", ())
        self._signers: Sequence[standardwebhooks.Webhook] = [standardwebhooks.Webhook(one) for one in secrets]
        self._clock = clock

    def wants(self, response: Response) -> Sequence[Event]:
        """Every revision, unless the settings select: the receiver decides what it is interested in."""
        every = self._mapping.on == EVENTS and self._mapping.when is None
        return self._mapping.wants(response) or (("answered",) if every else ())

    async def write(self, parcels: Sequence[Parcel]) -> Sequence[Receipt]:
        return await asyncio.gather(*(self._write(parcel) for parcel in parcels))

    async def _write(self, parcel: Parcel) -> Receipt:
        body = b""
        try:
            try:
                body = event_of(parcel.response)
            except (UnicodeEncodeError, msgspec.MsgspecError) as error:
                raise Permanent("it cannot be written as JSON", "json") from error
            await self._post.send(body, self._headers(parcel.key.replace(".", "-"), body))
        except DeliveryError as error:
            return Receipt(error=Asked("POST", self._told, body).told(error))
        return Receipt()

    async def check(self) -> str:
        return await self._post.check()

    async def close(self) -> None:
        await self._post.close()

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


def make(config: WriterConfig, clock: Callable[[], int]) -> WebhookWriter:
    return WebhookWriter(config, clock)
