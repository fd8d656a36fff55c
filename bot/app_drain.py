"""How a process leaves without an answer getting lost: first nobody new is sent to it, then it goes.

`Departure.begin` makes `/readyz` say that the service stops, ends the event streams (their readers go elsewhere) and
closes each connection behind its next answer. For some seconds new connections are still served, for a load balancer
that has not looked yet; then none is taken any more, and those that are open have a last moment. A connection that said
nothing all that time is closed by the stop that follows.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from aiohttp import web

GLANCE = 0.02


@dataclass(slots=True)
class Departure:
    """Whether this process is leaving, and who wants to know when it begins to."""

    begun: bool = False
    hooks: list[Callable[[], None]] = field(default_factory=list)

    def begin(self) -> None:
        """A second call does nothing."""
        if not self.begun:
            self.begun = True
            for hook in self.hooks:
                hook()

    async def close_behind(self, _request: web.Request, response: web.StreamResponse) -> None:
        """For aiohttp's `on_response_prepare`."""
        if self.begun:
            response.headers["Connection"] = "close"
            response.force_close()


@dataclass(frozen=True, slots=True)
class Drain:
    """Of one running server. `sites` are its listening ends."""

    departure: Departure
    runner: web.AppRunner
    sites: Sequence[web.SockSite]
    handles: Sequence[int]
    """File descriptors of the listening sockets."""

    async def __call__(self, accept: float, linger: float) -> None:
        """Serve new connections for `accept` seconds, then those that are open until they have closed, for `linger`
        seconds at most. With 0 and 0 it only begins."""
        self.departure.begin()
        if accept:
            await asyncio.sleep(accept)
        loop = asyncio.get_running_loop()
        # The loop takes a connection in one round and begins to serve it in the next: it may not find its server
        # closed in between, which would reset it.
        for handle in self.handles:
            loop.remove_reader(handle)
        await asyncio.sleep(GLANCE)
        for site in self.sites:
            await site.stop()
        until = loop.time() + linger
        while self.runner.server is not None and self.runner.server.connections:
            if loop.time() >= until:
                break
            await asyncio.sleep(GLANCE)
