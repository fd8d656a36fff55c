"""A stand-in for Slack on a real socket: Web API, Events API, Socket Mode, interactivity, OAuth, and the people.

Use, in a test or behind a page::

    async with Slack() as slack:
        maya = slack.add_user("maya", real_name="Maya Roy", email="maya@acme.example")
        slack.add_channel("nps-alerts", "maya")             # the app is in it; app=False: it is not
        ... start an app with SLACK_API_URL=slack.api_url, slack.bot_token, slack.app_token (Socket Mode)
        await slack.connected()                             # a connection of the app is open
        slack.use_http("http://127.0.0.1:8080/slack/events")  # or: signed HTTP requests with slack.signing_secret

        slack.says("maya", "dm", "hello")                   # who, where ("#channel", id, "dm"), what, thread_ts, files
        card = await slack.message("#nps-alerts", "2 of 10")    # waits for it
        ack = await slack.presses("maya", card, "case_claim")   # Ack(ok, seconds, body, reason)
        await slack.chooses("maya", card, "case_more", "link")
        form = await slack.opened("maya")                   # the modal, waits for it
        await slack.submits("maya", {"outcome": "recovered", "note": "Called."})    # by action_id
        await slack.runs_command("maya", "/survey", "nps");  await slack.shortcut("maya", "start_survey")
        slack.edits("maya", said, "other words");  slack.deletes("maya", said);  slack.unfurls(said)
        slack.reacts("maya", said, "eyes");  slack.joins("tom", "#nps-alerts");  slack.opens_home("maya")

        slack.messages("#nps-alerts")    slack.thread(card)    slack.now(card)    slack.ephemerals("maya")
        slack.modal("maya")    slack.home("maya")    message.shown / .buttons / .elements / .reactions / .metadata
        await slack.wait_for(lambda: ..., "what is awaited")    await slack.settled()    # all events acknowledged

        slack.quirks.order("chat.postMessage", throttled(2), broken(503), lost(), refused("msg_too_long"), slow(1))
        slack.dispatcher.twice(); .twice(fresh_id=True); .lose_acks(); .deliver(slack.dispatcher.events[0]); .hurry()
        with slack.dispatcher.backwards(): ...              # told in reverse order at the end
        slack.revoke(); slack.scopes("chat:write"); slack.uninstalls(); slack.archives("#x"); slack.leaves("nadia")
        await slack.sockets.refresh(); await slack.sockets.cut()

        slack.calls("chat.postMessage")    slack.requests    slack.faults    slack.dispatcher.deliveries

`check(method, args)` is asked about every request to the Web API: what it says is answered `invalid_arguments` and kept
in `faults`, beside answers of the app that Slack could not use. Functions for quirks are in quirks.py.
"""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from aiohttp import web

from bot.sandbox.slack.answers import Answers
from bot.sandbox.slack.delivery import Dispatcher
from bot.sandbox.slack.http import Requests
from bot.sandbox.slack.method import Refused
from bot.sandbox.slack.oauth import Installs
from bot.sandbox.slack.quirks import Quirks
from bot.sandbox.slack.socket import Sockets
from bot.sandbox.slack.state import APP_ID, World
from bot.sandbox.slack.types import Json
from bot.sandbox.slack.web import Check, Request, Special, WebApi
from bot.sandbox.slack.workspace import Workspace


def clock() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


class Slack(Workspace):
    """One app, installed in one workspace (`team`) at the start; more come with `add_team`."""

    def __init__(self, now: Callable[[], int] = clock, *, check: Check | None = None) -> None:
        self.app_token = f"xapp-1-{APP_ID}-sandbox"
        self.signing_secret = f"signing-{APP_ID}-0123456789"
        self.client_id = "4711.0815"
        self.client_secret = f"client-{APP_ID}-0123456789"
        world = World(now)
        self.sockets = Sockets(world.bell)
        installs = Installs(world, self.client_id, self.client_secret)
        super().__init__(world, Dispatcher(world, self.sockets), installs)
        self.web = WebApi(world, Special(self._connect, installs.access), self.app_token, self.dispatcher.emit)
        self.web.check = check
        self.answers = Answers(world, self.dispatcher.emit, self.web.requests.append)
        self.consenting = ""
        """Who answers the page at /oauth/v2/authorize (id or name)."""
        self.port = 0
        self.http: Requests | None = None
        """Set by `use_http`."""
        self._runner: web.AppRunner | None = None

    # -- the server

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> Self:
        """Listen; port 0 takes a free one."""
        app = web.Application(client_max_size=50 * 2**20)
        app.router.add_route("*", "/api/{method}", self.web.handle)
        app.router.add_get("/link", self.sockets.handle)
        app.router.add_post("/response/{name}", self.answers.handle)
        app.router.add_get("/oauth/v2/authorize", self._consent)
        app.router.add_get("/files/{id}/{name}", self._file)
        app.router.add_post("/upload/{id}", self._upload)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]
        self.url = self.answers.origin = f"http://{host}:{self.port}"
        return self

    async def stop(self) -> None:
        await self.dispatcher.close()
        await self.sockets.close()
        if self.http:
            await self.http.close()
        if self._runner:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def api_url(self) -> str:
        """What SLACK_API_URL is set to."""
        return f"{self.url}/api/"

    # -- the app

    def use_http(self, url: str) -> Requests:
        """From now on events and interactions are HTTP requests to this address."""
        self.http = Requests(url, self.signing_secret)
        self.dispatcher.line = self.http
        self.world.bell.ring()
        return self.http

    async def connected(self, count: int = 1) -> None:
        """Until the app holds that many connections (Socket Mode)."""
        await self.wait_for(lambda: len(self.sockets.connections) >= count, "the app to connect")

    # -- what came

    @property
    def quirks(self) -> Quirks:
        return self.web.quirks

    @property
    def requests(self) -> list[Request]:
        """Every request to the Web API and to response_urls, in order."""
        return self.web.requests

    def calls(self, method: str) -> list[Json]:
        """The arguments of the calls of this method that were answered ok."""
        return [request.args for request in self.requests if request.method == method and not request.error]

    @property
    def faults(self) -> list[str]:
        """What the checker had against requests, and what was wrong with the app's answers."""
        return [*self.web.faults, *self.answers.faults]

    def forgive(self) -> list[str]:
        """The faults up to now, which are forgotten."""
        found = self.faults
        self.web.faults.clear()
        self.answers.faults.clear()
        return found

    # -- small routes

    def _connect(self) -> str:
        return f"ws://{self.url.removeprefix('http://')}/link?ticket={self.sockets.ticket()}&app_id={APP_ID}"

    async def _consent(self, request: web.Request) -> web.StreamResponse:
        try:
            raise web.HTTPFound(self.installs.consent(self.user(self.consenting), dict(request.query)))
        except Refused as refused:
            raise web.HTTPBadRequest(text=refused.error) from None

    async def _file(self, request: web.Request) -> web.StreamResponse:
        found = self.world.files.get(request.match_info["id"])
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if found is None or token not in self.world.grants:
            raise web.HTTPNotFound
        return web.Response(body=found[1], content_type=found[0]["mimetype"])

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        found = self.world.files.get(request.match_info["id"])
        if found is None:
            raise web.HTTPNotFound
        self.world.files[request.match_info["id"]] = (found[0], await request.read())
        return web.Response(text="OK")
