"""Which pages may use the web chat: those without Origin, our own, and the listed ones (WHATWG Fetch, CORS)."""

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

JSON_HEADERS = CIMultiDictProxy(
    CIMultiDict(
        {
            "Content-Type": "application/json",
            "Cache-Control": "no-store",
            "Vary": "Origin",
            "X-Content-Type-Options": "nosniff",
        }
    )
)
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID",
    "Access-Control-Max-Age": "7200",  # the most that Chromium keeps one
    "Vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
}


class Origins:
    """`listed` holds origins such as `https://shop.example`, `https://*.shop.example`, or `*` for every page."""

    __slots__ = ("_all", "_headers", "_own", "_wild")

    def __init__(self, listed: Collection[str], public_url: str) -> None:
        self._own = urlsplit(public_url).netloc.lower()
        self._all = "*" in listed
        self._wild = tuple(_halves(origin) for origin in listed if "://*." in origin)
        exact = [origin.rstrip("/").lower() for origin in listed if "*" not in origin]
        self._headers = {origin: _with(origin) for origin in exact}

    def headers(self, origin: str | None, host: str) -> Mapping[str, str] | None:
        """The headers of an answer to this Origin; None where that page may not use the service. `host` in lower case.

        Our own pages are known by their host alone, since a proxy in front may have ended TLS.
        """
        if origin is None:
            return JSON_HEADERS
        name = origin.lower()
        known = self._headers.get(name)
        if known is not None:
            return known
        netloc = name.partition("://")[2]
        if netloc and netloc in (self._own, host):
            return JSON_HEADERS
        if self._all or any(name.startswith(head) and name.endswith(tail) for head, tail in self._wild):
            return _with(origin)
        return None

    def preflight(self, origin: str | None, host: str) -> web.Response | None:
        """The answer to OPTIONS; None where the page may not use the service."""
        headers = self.headers(origin, host)
        if headers is None:
            return None
        allowed = CIMultiDict(_PREFLIGHT)
        if origin is not None:
            allowed["Access-Control-Allow-Origin"] = origin
        return web.Response(status=204, headers=allowed)


def _with(origin: str) -> CIMultiDictProxy[str]:
    headers = CIMultiDict(JSON_HEADERS)
    headers["Access-Control-Allow-Origin"] = origin
    headers["Access-Control-Expose-Headers"] = "Retry-After"
    return CIMultiDictProxy(headers)


def _halves(origin: str) -> tuple[str, str]:
    scheme, _, rest = origin.lower().rstrip("/").partition("*")
    return scheme, rest
