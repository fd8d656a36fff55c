"""Keeps requests to configured addresses away from private networks (server-side request forgery).

A name is checked where it is resolved, and the connection goes to exactly the addresses that were checked, so a name
that changes its address in between (DNS rebinding) gains nothing. One forbidden address among several forbids all.
"""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver

NAT64 = IPv6Network("64:ff9b::/96")


class Forbidden(OSError):
    """The name leads to an address that must not be asked."""


def is_public(address: str) -> bool:
    """Whether it is an address of the public internet: not loopback, private, link- or site-local, shared, multicast,
    reserved or unspecified - nor an IPv6 address that stands for such an IPv4 one."""
    found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        within = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        if within is None and found in NAT64:
            within = IPv4Address(int(found) & 0xFFFF_FFFF)
        if within is not None:
            found = within
        elif found.is_site_local:
            return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def anywhere(_address: str) -> bool:
    """The rule of a receiver that may be in one's own network."""
    return True


class Resolver(AbstractResolver):
    """Resolves names; raises Forbidden for one with an address that `permitted` refuses."""

    def __init__(self, permitted: Callable[[str], bool]) -> None:
        self._inner: AbstractResolver | None = None  # wants a running loop, so it is made when it is used
        self._permitted = permitted

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self._inner = self._inner or DefaultResolver()
        found = await self._inner.resolve(host, port, family)
        if not all(self._permitted(one["host"]) for one in found):
            raise Forbidden("it leads to a private address")
        return found

    def refuses(self, host: str) -> bool:
        """Whether the host is itself an IP address, which is never resolved, and a forbidden one."""
        try:
            ip_address(host)
        except ValueError:
            return False
        return not self._permitted(host)

    async def close(self) -> None:
        if self._inner is not None:
            await self._inner.close()
