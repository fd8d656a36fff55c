"""A web hook receiver on a real socket, as a customer would write it with the `standardwebhooks` package.

It refuses what is not signed or breaks the contract, keeps what it took, and can misbehave in every way that a
receiver does: `receiver.answers` holds how it answers next, one entry a request; when it is empty it answers 204.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import msgspec
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from tests.harness.contracts import Operation
from tests.harness.service import within

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CONTRACT = Operation("standard-webhooks/openapi.json", "/{endpoint}", "post")


@dataclass(frozen=True)
class Event:
    id: str
    type: str
    # Any: the receiver's own view of the JSON that came.
    data: dict[str, Any]
    body: bytes
    signatures: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    raw: bytes | None = None
    """Sent instead of any HTTP; then the connection is closed."""
    hang: bool = False
    """Never answer."""


class Receiver:
    """`async with Receiver() as receiver:` listens on a free port of 127.0.0.1."""

    def __init__(self, secret: str = SECRET) -> None:
        self._webhook = Webhook(secret)
        self._runner: web.AppRunner | None = None
        self._leaving = asyncio.Event()
        self._news = asyncio.Condition()
        self.port = 0
        self.answers: list[Answer] = []
        self.events: list[Event] = []
        """What was taken: verified, and answered with 2xx."""
        self.requests = 0
        self.faults: list[str] = []
        """What was wrong with requests that were refused."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def __aenter__(self) -> "Receiver":
        await self.up()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.down()

    async def up(self) -> None:
        """Listen (again), on the same port."""
        self._leaving.clear()
        app = web.Application()
        app.router.add_post("/hook", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]

    async def down(self) -> None:
        """Refuse connections."""
        self._leaving.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def until(
        self, condition: Callable[["Receiver"], bool], seconds: float = 40.0, what: str = "what the receiver shall get"
    ) -> None:
        """Wait until the condition holds; longer than a lease, for a job may have been in a killed process's hand.
        Fails with `what`."""
        async with within(seconds, what), self._news:
            await self._news.wait_for(lambda: condition(self))

    async def _take(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        await self._tell()
        try:
            return await self._answer(request)
        finally:
            await self._tell()

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        answer = self.answers.pop(0) if self.answers else Answer()
        body = await request.read()
        if answer.hang:
            await self._leaving.wait()
        if answer.raw is not None:
            transport = request.transport
            if transport is not None:
                transport.write(answer.raw)
                transport.close()
            raise web.HTTPBadRequest
        faults = [*CONTRACT.faults(request.headers, body), *self._signature_faults(request, body)]
        if len(body) >= 20_000:
            faults.append(f"{len(body)} bytes")
        if faults:
            self.faults += faults
            return web.Response(status=400)
        if 200 <= answer.status < 300:
            self.events.append(self._event(request, body))
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

    def _signature_faults(self, request: web.Request, body: bytes) -> list[str]:
        try:
            self._webhook.verify(body, dict(request.headers))
        except WebhookVerificationError as error:
            return [str(error)]
        return []

    @staticmethod
    def _event(request: web.Request, body: bytes) -> Event:
        found = msgspec.json.decode(body)
        signatures = tuple(request.headers["webhook-signature"].split())
        return Event(request.headers["webhook-id"], found["type"], found["data"], body, signatures)
