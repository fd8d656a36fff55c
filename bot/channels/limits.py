"""Token buckets in bounded memory, and whose address a request comes from.

A bucket is one number, the time at which it will be full again (GCRA, ITU-T I.371). After `burst / rate` idle seconds
a bucket is full, which is the same as none: so two generations of buckets are kept, the older is dropped whole, and
memory follows what happened in the last two windows, never the number of chats.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from multidict import MultiMapping

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
IPAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, then `per_second`."""

    burst: int
    per_second: float


class Buckets:
    """One bucket a key. `clock` gives seconds and never goes back."""

    __slots__ = ("_clock", "_interval", "_most", "_old", "_slack", "_turned", "_window", "_young")

    def __init__(self, rate: Rate, clock: Callable[[], float], most: int = 50_000) -> None:
        self._interval = 1.0 / rate.per_second
        self._slack = (rate.burst - 1) * self._interval
        self._window = rate.burst * self._interval
        self._clock = clock
        self._most = most
        self._young: dict[str, float] = {}
        self._old: dict[str, float] = {}
        self._turned = clock()

    def take(self, key: str) -> float:
        """0 where one more is allowed (and counted), else the seconds to wait."""
        now = self._clock()
        if now - self._turned > self._window or len(self._young) >= self._most:
            self._old = self._young if now - self._turned <= 2 * self._window else {}
            self._young = {}
            self._turned = now
        full = self._young.get(key) or self._old.get(key, 0.0)
        wait = full - now - self._slack
        if wait > 1e-9:
            return wait
        self._young[key] = max(now, full) + self._interval
        return 0.0

    def __len__(self) -> int:
        return len(self._young) + len(self._old)


class Callers:
    """Where requests come from. Loopback and the trusted proxies are believed when they name their client."""

    __slots__ = ("_trusted",)

    def __init__(self, trusted: Sequence[Network] = ()) -> None:
        self._trusted = tuple(trusted)

    def of(self, peer: str, headers: MultiMapping[str]) -> tuple[str, ...]:
        """The addresses to charge: none for loopback and trusted proxies themselves.

        Each forwarded header is read from the right, all its lines as one (RFC 9110, 5.3): a proxy may add a line of
        its own below a forged one. Hops that are trusted are passed over. Where a proxy speaks one of the two headers
        and lets a forged other one through, both clients are charged, so the forged one does not help.
        """
        if not self._is_trusted(peer):
            return (_key(peer),)
        if "X-Forwarded-For" not in headers and "Forwarded" not in headers:
            return ()
        found = []
        names = _forwarded_for(_lines(headers, "X-Forwarded-For")), _forwarded(_lines(headers, "Forwarded"))
        for hops in names:
            client = next((hop for hop in hops if not self._is_trusted(hop)), "")
            if client and _key(client) not in found:
                found.append(_key(client))
        return tuple(found)

    def _is_trusted(self, text: str) -> bool:
        address = _parse(text)
        if address is None:
            return False
        return address.is_loopback or any(address in network for network in self._trusted)


def is_near(key: str) -> bool:
    """Whether an address that `Callers.of` gave is private, i.e. of the operator's own network."""
    address = _parse(key.removesuffix("/64"))
    return address is not None and address.is_private


@lru_cache(maxsize=4096)
def _parse(text: str) -> IPAddress | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _key(text: str) -> str:
    """One IPv6 customer has a /64 at least, so that is what counts as one address there."""
    address = _parse(text)
    if address is None:
        return text[:64]
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _lines(headers: MultiMapping[str], name: str) -> str:
    return ",".join(headers.getall(name, ()))


def _forwarded_for(header: str) -> Iterator[str]:
    return (_bare(hop) for hop in reversed(header.split(",")))


_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*(?:"([^"]*)"|([^;\s]*))', re.IGNORECASE)


def _forwarded(header: str) -> Iterator[str]:
    """The `for=` of each hop (RFC 7239), the nearest first."""
    for hop in reversed(header.split(",")):
        match = _FOR.search(hop.strip())
        if match:
            yield _bare(match[1] or match[2] or "")


def _bare(hop: str) -> str:
    """Without port and brackets: `192.0.2.1:443`, `[2001:db8::1]:443`."""
    hop = hop.strip().strip('"')
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
