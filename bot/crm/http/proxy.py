"""Which proxy a request takes: that of the settings, or HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the environment."""

import urllib.request
from collections.abc import Callable, Mapping
from typing import TypeAlias

import aiohttp
from yarl import URL

# Both have been public in all but the type stubs since Python 3.0; what they read is the environment alone.
_Bypassed: TypeAlias = Callable[[str, Mapping[str, str]], bool]
_bypassed: _Bypassed = getattr(urllib.request, "proxy_bypass_environment")  # noqa: B009 - see above


def proxy_of(url: URL, configured: str) -> tuple[URL | None, Mapping[str, str]]:
    """The proxy without its password, and the header that holds that; no proxy where the way is straight. Raises
    ValueError for what is no address."""
    found = configured
    if not found:
        proxies = urllib.request.getproxies_environment()
        found = proxies.get(url.scheme, "")
        if found and _bypassed(f"{url.host}:{url.port}", proxies):
            found = ""
    if not found:
        return None, {}
    proxy = URL(found if "://" in found else f"http://{found}")
    if not proxy.user and not proxy.password:
        return proxy, {}
    return proxy.with_user(None), {
        "proxy-authorization": aiohttp.encode_basic_auth(proxy.user or "", proxy.password or "")
    }
