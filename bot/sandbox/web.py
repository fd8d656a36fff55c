"""The page's server: its files, a stream of what there is to see, and what a person does.

It listens on loopback and answers only to its own name, so that no page of another site can read or do anything here,
not even by a name that resolves to this machine: `Host` must be ours, a POST must be JSON and come from our own origin.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import msgspec
from aiohttp import web

from bot.sandbox.acts import Act, Move, decode
from bot.sandbox.bell import Bell
from bot.sandbox.slack.types import Json

FILES = Path(__file__).parent / "page"
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
QUIET = 0.03
"""Seconds in which changes are gathered before they are shown."""
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; frame-src {chat}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Rings(Protocol):
    """A bell, or what is like one."""

    async def rung(self) -> None: ...


class Page:
    """`bells` ring when there is something new to see. Runs until `stop`."""

    def __init__(
        self,
        take: Callable[[], Json],
        perform: Callable[[Act], Awaitable[None]],
        move: Callable[[int], Awaitable[None]],
        *,
        bells: Sequence[Rings],
    ) -> None:
        self._take, self._perform, self._move = take, perform, move
        self._bells = bells
        self._news = Bell()
        self._tasks: list[asyncio.Task[None]] = []
        self._runner: web.AppRunner | None = None
        self.port = 0
        self._chat = ""
        self._shown = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def names(self) -> tuple[str, ...]:
        """The origins under which it answers."""
        return self.url, f"http://localhost:{self.port}"

    def show(self, chat: str = "'none'") -> None:
        """Let in who waits for the page. `chat` is the origin of the service, whose chat is shown in a frame."""
        self._chat = chat
        self._shown.set()

    async def start(self, port: int) -> None:
        """Listen; who comes waits for `show`. Raises OSError where the port is taken."""
        app = web.Application(client_max_size=100_000)
        app.router.add_get("/api/events", self._events)
        app.router.add_post("/api/act", self._act)
        app.router.add_post("/api/clock", self._clock)
        app.router.add_get("/", self._file)
        app.router.add_get("/{name}", self._file)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]
        self._tasks = [asyncio.create_task(self._hear(bell)) for bell in self._bells]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()

    async def _hear(self, bell: Rings) -> None:
        while True:
            await bell.rung()
            self._news.ring()

    def _headers(self) -> dict[str, str]:
        return {
            "Content-Security-Policy": CSP.format(chat=self._chat),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }

    async def _let_in(self, request: web.Request) -> None:
        """Wait for `show`. Raises HTTPForbidden for what another site's page could have sent."""
        origin = request.headers.get("Origin")
        if f"http://{request.host}" not in self.names or (origin is not None and origin not in self.names):
            raise web.HTTPForbidden(text="this page is for the person at this machine")
        if request.method == "POST" and (origin is None or request.content_type != "application/json"):
            raise web.HTTPForbidden(text="only the page itself may do that")
        await self._shown.wait()

    async def _file(self, request: web.Request) -> web.StreamResponse:
        await self._let_in(request)
        file = FILES / (request.match_info.get("name") or "index.html")
        if file.parent != FILES or file.suffix not in KINDS or not file.is_file():
            raise web.HTTPNotFound
        return web.Response(
            text=file.read_text("utf-8"), content_type=KINDS[file.suffix], charset="utf-8", headers=self._headers()
        )

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """The whole of what there is to see, after each change."""
        await self._let_in(request)
        answer = web.StreamResponse(headers={**self._headers(), "Content-Type": "text/event-stream"})
        await answer.prepare(request)
        with suppress(ConnectionError):
            while True:
                news = asyncio.create_task(self._news.rung())
                try:
                    await asyncio.sleep(0)
                    await answer.write(b"data: " + msgspec.json.encode(self._take()) + b"\n\n")
                    await news
                finally:
                    news.cancel()
                await asyncio.sleep(QUIET)
        return answer

    async def _act(self, request: web.Request) -> web.StreamResponse:
        await self._let_in(request)
        try:
            await self._perform(decode(await request.read()))
        except (LookupError, ValueError, RuntimeError) as error:
            return web.json_response({"detail": str(error)}, status=409)
        self._news.ring()
        return web.json_response({})

    async def _clock(self, request: web.Request) -> web.StreamResponse:
        await self._let_in(request)
        try:
            await self._move(msgspec.json.decode(await request.read(), type=Move).by)
        except ValueError as error:
            return web.json_response({"detail": str(error)}, status=409)
        self._news.ring()
        return web.json_response({})
