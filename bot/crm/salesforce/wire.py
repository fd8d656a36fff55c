"""The `requests` session that simple-salesforce speaks through, and what its failures mean. Imported with it, late.

- simple-salesforce has no time-out of its own: every call here is given one for connecting and for each piece, and the
  whole answer has `deadline` seconds and at most LARGEST bytes, however slowly it drips.
- Nothing of the environment is read but HTTPS_PROXY, HTTP_PROXY and NO_PROXY: requests would else let an entry of
  `.netrc` take the place of our token. Redirects are not followed, no cookies are kept.
"""

import logging
import ssl
import time
from collections.abc import Iterator, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import (
    ConnectTimeout,
    InvalidHeader,
    InvalidProxyURL,
    InvalidURL,
    JSONDecodeError,
    ProxyError,
    RequestException,
    SSLError,
    Timeout,
)
from urllib3.exceptions import NameResolutionError, NewConnectionError, ProtocolError
from urllib3.response import HTTPResponse
from yarl import URL

from bot.crm.config import Connection
from bot.crm.http.proxy import proxy_of
from bot.errors import DeliveryError, Permanent, Retryable

LARGEST = 20_000_000
"""Bytes of an answer: a description of a large object has several million."""
PIECE = 65_536

logging.getLogger("urllib3").setLevel(logging.INFO)  # at DEBUG it writes addresses, which hold queries with e-mails


class Bounded:
    """An answer's body that ends with an error where it is too long or takes too long."""

    def __init__(self, raw: HTTPResponse, deadline: float) -> None:
        self._raw, self._until = raw, time.monotonic() + deadline

    def stream(self, _amount: int = PIECE, decode_content: bool = True) -> Iterator[bytes]:
        size = 0
        while chunk := self._raw.read1(PIECE, decode_content=decode_content):
            size += len(chunk)
            if size > LARGEST or time.monotonic() > self._until:
                self._raw.close()
                raise ProtocolError("the answer is too long, or takes too long")
            yield chunk

    def close(self) -> None:
        self._raw.close()

    def release_conn(self) -> None:
        self._raw.release_conn()


class Adapter(HTTPAdapter):
    def __init__(self, deadline: float, proxy: Mapping[str, str]) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1)
        self._deadline, self._proxy = deadline, proxy

    def proxy_headers(self, _proxy: str) -> dict[str, str]:
        """Of the request for a tunnel."""
        return dict(self._proxy)

    # Any: the signature is that of requests.
    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        answer = super().send(request, *args, **kwargs)
        answer.raw = cast("Any", Bounded(answer.raw, self._deadline))
        return answer


class Wire:
    """One session: for one call at a time."""

    def __init__(self, connection: Connection, instance: str) -> None:
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        proxy, password = proxy_of(URL(instance), connection.proxy)
        if proxy is not None:
            self.session.proxies = {"http": str(proxy), "https": str(proxy)}
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, Adapter(connection.timeout, password))
        if instance.startswith("http://"):  # without a tunnel the request itself is the proxy's
            self.session.headers.update(password)
        bundle = str(connection.ca) if connection.ca is not None else ssl.get_default_verify_paths().cafile
        self.session.verify = bundle or True
        self.session.hooks["response"].append(self._note)
        self.headers: Mapping[str, str] = {}
        """Of the last answer."""

    # Any: requests gives its hooks whatever the call was made with.
    def _note(self, answer: requests.Response, *_args: Any, **_kwargs: Any) -> None:
        self.headers = answer.headers


def failure(error: OSError, timeout: float) -> DeliveryError:
    """No answer, or none that is one. Every request of ours may be repeated, so nothing is in doubt."""
    if not isinstance(error, RequestException):
        return Retryable("the bundle of trusted certificates cannot be read")
    reason = getattr(error.args[0], "reason", None) if error.args else None
    host = (URL(error.request.url).host if error.request is not None and error.request.url else None) or "it"
    if isinstance(error, InvalidURL | InvalidHeader | InvalidProxyURL):
        return Permanent("the address is not a web address, or a value does not fit into a header", "address")
    if isinstance(error, JSONDecodeError):
        return Retryable("the answer was not understood")
    if isinstance(error, ProxyError):
        return Retryable("no connection through the proxy")
    if isinstance(error, SSLError):
        return Retryable("no trusted connection")
    if isinstance(reason, NameResolutionError):
        return Retryable(f"the name {host} is unknown")
    if isinstance(error, ConnectTimeout) or isinstance(reason, NewConnectionError):
        return Retryable(f"no connection to {host}")
    if isinstance(error, Timeout) or "Read timed out" in str(reason or error):
        return Retryable(f"no answer within {timeout:g} s")
    return Retryable(f"the connection broke: {type(error).__name__}")
