"""What every request of the HTTP API passes: its body is read within bounds, and its sender has not sent too many."""

import asyncio

from aiohttp import web

from bot.channels.limits import Buckets
from bot.channels.web.errors import Refused
from bot.channels.web.options import LARGEST_BODY


async def read(request: web.Request, patience: float) -> bytes:
    """The body, waited for `patience` seconds at most. Raises Refused."""
    content = request.content
    if content.is_eof() and content.total_bytes <= LARGEST_BODY and not content.exception():
        # It came with the head, as nearly every answer does: taken as it is, which spares the turns of `read`.
        return content.read_nowait()
    try:
        async with asyncio.timeout(patience):
            return await request.read()
    except TimeoutError:
        raise Refused(408, "slow", "The body did not arrive in time.") from None
    except web.HTTPRequestEntityTooLarge:
        raise Refused(413, "size", f"A request may have {LARGEST_BODY:,} bytes.") from None
    except (web.RequestPayloadError, ConnectionError):  # most often the client has gone, and nobody reads this
        raise Refused(400, "malformed", "The body cannot be read as its headers say.") from None


def take(buckets: Buckets, key: str) -> None:
    """Raises Refused where `key` has sent too many."""
    wait = buckets.take(key)
    if wait:
        raise Refused(429, "limit", "Too many at once; send the same again after Retry-After.", wait=wait)
