"""The HTTP side of the service, put together: the web chat, the widget, our pages, and what operators ask.

There is no middleware, for each would be paid by every answer: handlers make their own problems, and a last route
answers what no other does, so that 404 and 405 are problems too.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from hmac import compare_digest
from typing import cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from bot import __version__, resources
from bot.app_drain import Departure
from bot.channels.assets.assets import Assets, Brand, Site
from bot.channels.base import Front
from bot.channels.limits import Rate, is_near
from bot.channels.web.channel import Observe, WebChannel
from bot.channels.web.errors import Refused, problem
from bot.channels.web.invitations import Invitations
from bot.channels.web.options import LARGEST_BODY, WebOptions
from bot.channels.web.wire import encode
from bot.flows.spec import Book
from bot.settings_types import Settings

_NO_HTTP = (HttpProcessingError, web.RequestPayloadError)
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {framed_by}"
)


CHANNEL = web.AppKey("CHANNEL", WebChannel)
"""Whose requests take the shortcut when the application is run."""


async def _no_key(_key: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Inside:
    """What the HTTP side asks of the rest of the service."""

    front: Front
    book: Callable[[], Book]
    """The live flow file."""
    ready: Callable[[], Awaitable[Mapping[str, str]]]
    """Each part by name: empty where it can serve, else why not."""
    metrics: Callable[[], Awaitable[bytes]]
    """Prometheus text."""
    clock: Callable[[], int]
    observe: Observe = lambda _route, _status, _seconds: None
    """Told the route, status and seconds of each request of the chat."""
    ticks: Callable[[], float] = time.monotonic
    """Seconds for the limits; never go back."""
    knows_key: Callable[[str], Awaitable[bool]] = _no_key
    """Whether this is an API key of ours."""
    messaging: Collection[str] = ()
    """Names of the messaging channels that are configured."""
    notes: Callable[[], Mapping[str, str]] = dict
    """Parts without which it serves all the same, told like those of `ready`."""


def application(
    inside: Inside, settings: Settings, routes: Sequence[web.RouteDef] = (), departure: Departure | None = None
) -> web.Application:
    """The whole application, with the routes of other channels; its `on_shutdown` ends the event streams, and so does
    `departure`, from whose begin on each connection is closed behind its next answer."""
    options = WebOptions(
        public_url=settings.public_url,
        origins=settings.web.origins,
        trusted_proxies=settings.trusted_proxies,
        identity_keys=settings.web.identity_keys,
        messages=Rate(settings.web.chat_limit.burst, settings.web.chat_limit.per_second),
        new_chats=Rate(settings.web.address_limit.burst, settings.web.address_limit.per_second),
    )
    channel = WebChannel(
        inside.front, options, settings.secrets, inside.clock, ticks=inside.ticks, observe=inside.observe
    )
    invitations = Invitations(
        inside.front, options, inside.knows_key, inside.messaging, inside.clock, ticks=inside.ticks
    )
    framed_by = " ".join(("'self'", *settings.web.origins))
    assets = Assets(resources.widget(), _Sites(inside.book, settings), _page_headers(), _page_headers(framed_by))
    operators = _Operators(inside, channel, settings.web.metrics_token)
    app = web.Application(client_max_size=LARGEST_BODY)
    app[CHANNEL] = channel
    app.add_routes([*channel.routes(), *invitations.routes(), *assets.routes(), *operators.routes(), *routes])
    app.router.add_route("*", "/{anything:.*}", _nothing_here)

    async def stop(_app: web.Application) -> None:
        channel.close()

    app.on_shutdown.append(stop)
    if departure is not None:
        departure.hooks.append(channel.close)
        app.on_response_prepare.append(departure.close_behind)
    return app


async def running(app: web.Application) -> web.AppRunner:
    """Set up as it is meant, and to be given its sites: the chat's own requests take the shortcut; no access log; a
    stop that lets requests in hand finish within 10 s; an idle connection is kept a little longer than proxies keep
    theirs; what still comes of a body that was refused is read for 2 s, so that its sender reads the refusal; bodies
    are not unpacked, for no client of ours packs them."""
    runner = web.AppRunner(
        app,
        access_log=None,
        logger=_server_log(),
        shutdown_timeout=10.0,
        keepalive_timeout=75.0,
        lingering_time=2.0,
        auto_decompress=False,
    )
    await runner.setup()
    server, channel = runner.server, app.get(CHANNEL)
    if server is None or channel is None:  # no chat in it
        return runner
    # An application's server makes a `Request` of each, where a server in general makes a `BaseRequest`.
    quick = channel.shortcut(server.request_handler)
    server.request_handler = cast("Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]", quick)
    return runner


def _server_log() -> logging.Logger:
    """The library logs a traceback for bytes that are no HTTP. Anyone can send those, so they are not worth a line."""
    server = logging.getLogger("bot.http.server")
    server.filters = [lambda record: not (record.exc_info and isinstance(record.exc_info[1], _NO_HTTP))]
    return server


def _page_headers(framed_by: str = "'self'") -> Mapping[str, str]:
    return {
        "Content-Security-Policy": _CSP.format(framed_by=framed_by),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "X-Content-Type-Options": "nosniff",
    }


class _Sites:
    """The live flow file as the pages and the loader see it; made once a version."""

    def __init__(self, book: Callable[[], Book], settings: Settings) -> None:
        self._book, self._days = book, (settings.web.hide_closed, settings.web.hide_answered)
        self._site: Site | None = None

    def __call__(self) -> Site:
        book = self._book()
        if self._site is None or self._site.version != book.version:
            brand = Brand(book.brand.name, book.brand.color, book.brand.privacy)
            flows = {name: {} if flow.invite is None else flow.invite.by_language for name, flow in book.flows.items()}
            self._site = Site(book.version, brand, book.languages, flows, *self._days)
        return self._site


class _Operators:
    """Alive, ready, figures, and the contract itself."""

    def __init__(self, inside: Inside, channel: WebChannel, token: str) -> None:
        self._inside, self._channel, self._token = inside, channel, token
        self._openapi = b""

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/healthz", self._health),
            web.get("/readyz", self._ready),
            web.get("/metrics", self._metrics),
            web.get("/api/v1/openapi.json", self._contract),
        ]

    async def _health(self, _request: web.Request) -> web.StreamResponse:
        return _json({"status": "ok"})

    async def _ready(self, _request: web.Request) -> web.StreamResponse:
        parts = await self._inside.ready()
        ready = not any(parts.values())
        said = {name: why or "ok" for name, why in (*parts.items(), *self._inside.notes().items())}
        return _json({"ready": ready, "parts": said}, 200 if ready else 503)

    async def _metrics(self, request: web.Request) -> web.StreamResponse:
        """For loopback and private addresses; a proxy there that names a public client counts as that client."""
        given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode("utf-8", "replace")
        callers = self._channel.callers.of(request.remote or "127.0.0.1", request.headers)
        if not all(map(is_near, callers)) and not (self._token and compare_digest(given, self._token.encode())):
            return problem(Refused(401, "token", "From a public address, send the metrics token of the settings."))
        return web.Response(
            body=await self._inside.metrics(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )

    async def _contract(self, _request: web.Request) -> web.StreamResponse:
        if not self._openapi:
            from bot.channels.web import openapi  # noqa: PLC0415 - no start needs it

            self._openapi = encode(openapi.document(__version__))
        headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"}
        return web.Response(body=self._openapi, headers={"Content-Type": "application/json", **headers})


def _json(value: object, status: int = 200) -> web.Response:
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return web.Response(status=status, body=encode(value), headers=headers)


async def _nothing_here(request: web.Request) -> web.StreamResponse:
    """No route has this path, or those that have it know other methods."""
    allowed: set[str] = set()
    for resource in request.app.router.resources():
        if resource.canonical != "/{anything}":
            _, methods = await resource.resolve(request)
            allowed |= methods
    if not allowed:
        return problem(Refused(404, "unknown", "There is nothing at this address."))
    methods_known = ", ".join(sorted(allowed))
    return problem(Refused(405, "method", f"Here: {methods_known}."), {"Allow": methods_known})
