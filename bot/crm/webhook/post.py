"""One POST to a receiver whose address somebody typed, and what its answer means."""

import asyncio
import ssl
from collections.abc import Callable

import aiohttp
from yarl import URL

from bot.crm.config import Connection
from bot.crm.http.answer import seconds
from bot.crm.http.guard import Forbidden, Resolver
from bot.crm.http.proxy import proxy_of
from bot.errors import DeliveryError, Permanent, Retryable, Throttled, Unauthorized

TIMEOUT = 15.0
"""Seconds that a receiver has to answer; with RESOLVE it stays below the worker's limit for a batch."""
RESOLVE = 5.0
"""Seconds to find out where a name leads."""
AGAIN = (408, 409, 425)
SLOWER = (429, 502, 503, 504)
PASSING = (302, 303, 307)
INSIDE = "it leads to a private address; allow_private permits that"


class Post:
    """`permitted` says of an address whether it may be asked."""

    def __init__(
        self, url: URL, connection: Connection, permitted: Callable[[str], bool], clock: Callable[[], int]
    ) -> None:
        self._url, self._connection, self._permitted, self._clock = url, connection, permitted, clock
        self._timeout = min(connection.timeout, TIMEOUT)
        self._session: aiohttp.ClientSession | None = None
        self._resolver: Resolver | None = None

    async def send(self, body: bytes, headers: dict[str, str]) -> None:
        """Raises DeliveryError where it did not arrive."""
        if fault := self._fault():
            raise Permanent(fault, "address")
        try:
            proxy, proven = proxy_of(self._url, self._connection.proxy)
            if proxy is not None and await self._leads_inside(self._url):
                raise Permanent("the receiver's name leads to a private address", "address")
            if self._url.scheme == "http":  # without a tunnel the proxy reads the request itself
                headers = {**headers, **proven}
            async with self._open(proxied=proxy is not None).post(
                self._url, data=body, headers=headers, allow_redirects=False, proxy=proxy, proxy_headers=proven or None
            ) as answer:
                await self._judge(answer)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise self._failure(error) from None

    async def check(self) -> str:
        """What is wrong with the address; nothing is sent."""
        return self._fault() or (INSIDE if await self._leads_inside(self._url) else "")

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
        if self._resolver is not None:
            await self._resolver.close()

    def _fault(self) -> str:
        if self._url.scheme not in {"http", "https"} or not self._url.host:
            return "the URL is not a web address"
        if self._url.scheme != "https" and not self._connection.allow_private:
            return "the URL is not https, which only allow_private permits"
        if self._names().refuses(self._url.host):
            return "the URL is a private address, which only allow_private permits"
        return ""

    def _failure(self, error: Exception) -> DeliveryError:
        match error:
            case aiohttp.InvalidURL():
                return Permanent("the URL is not a web address", "address")
            case aiohttp.ClientHttpProxyError():
                return Retryable(f"the proxy answered {error.status}")
            case aiohttp.ClientProxyConnectionError():
                return Retryable("no connection to the proxy")
            case aiohttp.ClientConnectorDNSError() if isinstance(error.os_error, Forbidden):
                return Permanent("the receiver's name leads to a private address", "address")
            case aiohttp.ClientConnectorDNSError():
                return Retryable("the receiver's name is unknown")
            case aiohttp.ClientSSLError():
                return Retryable(f"no trusted connection: {type(error).__name__}")
            case TimeoutError():
                return Retryable(f"no answer within {self._timeout:g} s")
            case aiohttp.ClientConnectionError() | OSError():
                return Retryable(f"no connection: {type(error).__name__}")
        return Retryable(f"not understood: {type(error).__name__}")  # whatever came back was no HTTP

    async def _judge(self, answer: aiohttp.ClientResponse) -> None:
        status = answer.status
        if 200 <= status < 300:
            return
        said = f"the receiver answered {status}"
        if status in SLOWER:
            raise Throttled(said, seconds(answer.headers.get("retry-after", ""), self._clock()))
        if status == 401:
            raise Unauthorized(f"{said}: it does not know our signature; give both sides the same `secret`")
        if status == 410:
            raise Unauthorized(f"{said}: it wants no more; remove this writer, or give it the `url` of now")
        if 300 <= status < 400:
            if status in PASSING and not await self._points_inside(answer):
                raise Retryable(f"{said}, a redirect, which is not followed")
            raise Permanent(f"{said}, a redirect, which is not followed: configure the final address", "redirect")
        if 400 <= status < 500 and status not in AGAIN:
            raise Permanent(said, f"status_{status}")
        raise Retryable(said)

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

    def _open(self, *, proxied: bool) -> aiohttp.ClientSession:
        """One session for good: whether there is a proxy is decided by the settings and the environment, once."""
        if self._session is None:
            ca = self._connection.ca
            try:
                trusted = ssl.create_default_context(cafile=ca) if ca is not None else True
            except OSError as error:
                raise Retryable(f"the bundle of certificates {ca} cannot be read: {type(error).__name__}") from None
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=None if proxied else self._names(),
                    ttl_dns_cache=60,
                    ssl=trusted,
                ),
                timeout=aiohttp.ClientTimeout(total=self._timeout),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session
