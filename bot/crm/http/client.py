"""The HTTP client that the writers share: sessions, proxies, certificates, time-outs, renewal, and one way to fail.

- Nothing but a 2xx comes back from `send`. All else is raised as one of the closed list, with `.request` masked and
  the other side's words free of what it was sent (`http/mask.py`).
- Certificates are always verified; plain http and addresses that are not public need `allow_private` (behind a proxy,
  which resolves names itself, only written addresses are looked at). Redirects are never followed. An answer's body is
  at most LARGEST bytes. Proxies come from the settings or from HTTPS_PROXY, HTTP_PROXY and NO_PROXY; nothing else of
  the environment (`.netrc`) is read.
- Whether a request was out when the connection broke is known from aiohttp's own trace: its head was written. Before
  that nothing can have happened; after it the request is in doubt, unless the call says that it is `safe` to repeat.
"""

import ssl
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType, SimpleNamespace
from typing import Protocol, runtime_checkable
from urllib.parse import quote, urlencode

import aiohttp
import msgspec
from yarl import URL

from bot import __version__
from bot.crm.config import Connection
from bot.crm.http.answer import Answer, Judge, judged, seconds
from bot.crm.http.batch import one_by_one
from bot.crm.http.guard import Forbidden, Resolver, is_public
from bot.crm.http.mask import Asked
from bot.crm.http.proxy import proxy_of
from bot.errors import DeliveryError, Permanent, Retryable, Unauthorized

__all__ = ["Answer", "Client", "Fixed", "Judge", "Token", "judged", "one_by_one", "segment"]

LARGEST = 5_000_000
CONNECTIONS = 8
CONNECT = 8.0
"""Seconds to reach the other side."""
INSIDE = "the address is a private one, which only allow_private permits"
NOTHING: Mapping[str, str] = MappingProxyType({})


class Token(Protocol):
    """What proves who we are."""

    async def headers(self) -> Mapping[str, str]:
        """Of a request from now on; logs in where needed, once for all who wait. Raises Unauthorized, Retryable,
        Throttled."""

    def renew(self) -> None:
        """Forget what there is: it was refused."""


@runtime_checkable
class Closing(Protocol):
    async def close(self) -> None: ...


class Fixed:
    """A key that never changes, such as a private app's: `Fixed({"authorization": f"Bearer {key}"})`."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = dict(headers)

    async def headers(self) -> Mapping[str, str]:
        return self._headers

    def renew(self) -> None:
        """There is no other."""


def segment(value: str) -> str:
    """A value as one segment of a path. Raises Permanent for one that would be none (empty, or dots)."""
    if value in {"", ".", ".."}:
        raise Permanent("a part of the address would be empty or lead elsewhere", "address")
    try:
        return quote(value, safe="")
    except UnicodeEncodeError:
        raise Permanent("a part of the address cannot be written in UTF-8", "address") from None


class Client:
    """One other side. `secrets` never show in anything that is raised; those that the token sends need not be named."""

    def __init__(
        self,
        connection: Connection,
        *,
        name: str,
        clock: Callable[[], int],
        token: Token | None = None,
        headers: Mapping[str, str] = NOTHING,
        judge: Judge = judged,
        secrets: Collection[str] = (),
        connections: int = CONNECTIONS,
    ) -> None:
        self.name = name
        self._connection, self._clock, self._token, self._judge = connection, clock, token, judge
        self._headers = {"user-agent": f"chatsurvey/{__version__}", "accept": "application/json", **headers}
        self._secrets = tuple(secrets)
        self._connections = connections
        self._sessions: dict[Resolver | None, aiohttp.ClientSession] = {}
        self._guard = None if connection.allow_private else Resolver(is_public)

    async def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | Sequence[tuple[str, str]] | None = None,
        json: object = None,
        form: Mapping[str, str] | Sequence[tuple[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        safe: bool = False,
        personal: Collection[str] = (),
    ) -> Answer:
        """Ask once, and once more with a renewed token where the first was refused. `path` is joined to `base_url`
        (values in it by `segment`); a whole URL is taken as it is. `safe`: asking twice does no harm. `personal` are
        values in the path that say who somebody is, to be masked."""
        url = path if path.startswith(("http://", "https://")) else f"{self._connection.base_url}/{path.lstrip('/')}"
        try:
            if params:
                url += ("&" if "?" in url else "?") + urlencode(params, quote_via=quote)
            if form is not None:
                kind, body = "application/x-www-form-urlencoded", urlencode(form).encode()
            else:
                kind, body = "application/json", b"" if json is None else msgspec.json.encode(json)
        except (UnicodeEncodeError, msgspec.MsgspecError, TypeError) as error:
            failed = Permanent(f"it cannot be written for {self.name}: {type(error).__name__}", "json")
            raise Asked(method, url, secrets=self._secrets).noted(failed) from None
        sent = {**self._headers, **({"content-type": kind} if body else {}), **(headers or {})}
        asked = Asked(method, url, body, form is not None, self._secrets, personal)
        return await self._with_token(asked, sent, safe)

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()
        if self._guard is not None:
            await self._guard.close()
        token: object = self._token
        if isinstance(token, Closing):
            await token.close()

    async def _with_token(self, asked: Asked, headers: Mapping[str, str], safe: bool) -> Answer:
        token = self._token
        if token is None:
            return await self._once(asked, headers, safe)
        used = await token.headers()
        try:
            return await self._once(_knowing(asked, used), {**headers, **used}, safe)
        except Unauthorized:
            # Another request may have renewed it meanwhile: then what there is has not been refused yet.
            if await token.headers() == used:
                token.renew()
            again = await token.headers()
            if again == used:
                raise
        return await self._once(_knowing(asked, again), {**headers, **again}, safe)

    async def _once(self, asked: Asked, headers: Mapping[str, str], safe: bool) -> Answer:
        out = SimpleNamespace(out=False)
        try:
            answer = await self._ask(asked, headers, safe, out)
        except DeliveryError as error:
            raise asked.noted(error) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise asked.noted(self._failure(error, bool(out.out) and not safe)) from None
        fault = self._judge(answer) or judged(answer)
        if fault is not None:
            raise asked.told(fault)
        return answer

    async def _ask(self, asked: Asked, headers: Mapping[str, str], safe: bool, out: SimpleNamespace) -> Answer:
        url = URL(asked.url, encoded=True)
        if url.scheme != "https" and not (url.scheme == "http" and self._connection.allow_private):
            raise Permanent("the address is not https, which only allow_private permits", "address")
        if self._guard is not None and self._guard.refuses(url.host or ""):
            raise Permanent(INSIDE, "address")
        proxy, proven = proxy_of(url, self._connection.proxy)
        if url.scheme == "http":  # without a tunnel the proxy reads the request itself
            headers = {**headers, **proven}
        async with self._open(self._guard if proxy is None else None).request(
            asked.method, url, data=asked.body or None, headers=headers, allow_redirects=False,
            proxy=proxy, proxy_headers=proven or None, trace_request_ctx=out,
        ) as answer:  # fmt: skip
            wait = seconds(answer.headers.get("retry-after", ""), self._clock())
            body = bytearray()
            async for chunk in answer.content.iter_chunked(65_536):
                body += chunk
                if len(body) > LARGEST:
                    raise Retryable(f"the answer is longer than {LARGEST} bytes", doubt=not safe)
            return Answer(answer.status, answer.headers, bytes(body), wait, safe, asked)

    def _failure(self, error: Exception, doubt: bool) -> DeliveryError:
        match error:
            case aiohttp.InvalidURL():
                return Permanent("the address is not a web address", "address")
            case aiohttp.ClientHttpProxyError():
                return Retryable(f"the proxy answered {error.status}")
            case aiohttp.ClientProxyConnectionError():
                return Retryable("no connection to the proxy")
            case aiohttp.ClientConnectorDNSError() if isinstance(error.os_error, Forbidden):
                return Permanent(INSIDE, "address")
            case aiohttp.ClientConnectorDNSError():
                return Retryable(f"the name {error.host} is unknown")
            case aiohttp.ClientSSLError() | ssl.SSLError():
                return Retryable(f"no trusted connection: {type(error).__name__}")
            case TimeoutError():
                return Retryable(f"no answer within {self._connection.timeout:g} s", doubt=doubt)
            case aiohttp.ClientConnectorError():
                return Retryable(f"no connection to {error.host}")
            case aiohttp.ClientError() | OSError():
                return Retryable(f"the connection broke: {type(error).__name__}", doubt=doubt)
        # aiohttp refuses a header with a line break in it, before anything is sent.
        return Permanent("what was to be sent is not fit for a header or an address", "header")

    def _open(self, resolver: Resolver | None) -> aiohttp.ClientSession:
        if resolver not in self._sessions:
            ca = self._connection.ca
            try:
                trusted = ssl.create_default_context(cafile=ca) if ca is not None else True
            except OSError as error:
                raise Retryable(f"the bundle of certificates {ca} cannot be read: {type(error).__name__}") from None
            trace = aiohttp.TraceConfig()
            trace.on_request_headers_sent.append(_is_out)
            self._sessions[resolver] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, ssl=trusted, resolver=resolver),
                timeout=aiohttp.ClientTimeout(total=self._connection.timeout, sock_connect=CONNECT),
                cookie_jar=aiohttp.DummyCookieJar(),
                trace_configs=[trace],
                trust_env=False,
            )
        return self._sessions[resolver]


async def _is_out(
    _session: aiohttp.ClientSession, context: SimpleNamespace, _params: aiohttp.TraceRequestHeadersSentParams
) -> None:
    context.trace_request_ctx.out = True


def _knowing(asked: Asked, headers: Mapping[str, str]) -> Asked:
    """The request that also hides what these headers prove us by."""
    words = (value.rpartition(" ")[2] for value in headers.values())
    return replace(asked, secrets=(*asked.secrets, *words))
