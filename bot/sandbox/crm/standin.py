"""What all stand-ins of CRMs share: a server on a real socket, log-ins, troubles on demand, what was exchanged.

`async with Salesforce() as crm:` listens on a free port of 127.0.0.1. The order in which a request is judged: the
contract (`check`, given by tests), whether its token is known, the next trouble, then the vendor's own handler. What
is kept is bounded: the last KEPT exchanges, the last TOKENS tokens.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Self, TypeAlias

import msgspec
from aiohttp import web
from multidict import CIMultiDict

from bot.crm.config import WriterConfig
from bot.sandbox.crm.befall import befall
from bot.sandbox.crm.exchange import Exchange
from bot.sandbox.crm.table import Table
from bot.sandbox.crm.trouble import (
    Trouble,
    echo,
    hang,
    lost,
    malformed,
    passes,
    reset,
    reset_in_body,
    status,
)

__all__ = [
    "EXCHANGE", "Check", "Exchange", "StandIn", "Table", "Trouble", "echo", "hang", "lost", "malformed", "passes",
    "reset", "reset_in_body", "status",
]  # fmt: skip

KEPT = 2_000
TOKENS = 100
LARGEST = 16_000_000

Check: TypeAlias = Callable[[Exchange], Sequence[str]]
"""What a contract has against a request."""
Next: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
EXCHANGE = web.RequestKey("exchange", Exchange)


def nothing(_exchange: Exchange) -> Sequence[str]:
    return ()


class StandIn(ABC):
    title = ""
    """As the vendor writes it."""
    login_path = ""
    """Of the token endpoint; empty where a key is all there is."""
    prefix = ""
    """What its tokens begin with."""
    life = 3600
    """Seconds that a token lives, as the token endpoint says."""

    def __init__(self, check: Check = nothing, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.check = check
        self.host, self.port = host, port
        self.exchanges: deque[Exchange] = deque(maxlen=KEPT)
        """Log-ins are not among them."""
        self.logins: deque[Exchange] = deque(maxlen=KEPT)
        self.faults: list[str] = []
        """What the contract had against requests, and what broke in the stand-in itself. A test ends with none."""
        self.locked = False
        self._tokens: deque[str] = deque(maxlen=TOKENS)
        self._given = 0
        self._troubles: list[tuple[str, str, Trouble]] = []
        self._leaving = asyncio.Event()
        self._news = asyncio.Condition()
        self._runner: web.AppRunner | None = None

    # What a vendor's file says.

    @abstractmethod
    def routes(self) -> Sequence[web.RouteDef]:
        """Its API without the token endpoint; a handler has the request's Exchange in `request[EXCHANGE]`."""

    @abstractmethod
    def tables(self) -> Sequence[Table]: ...

    @abstractmethod
    def settings(self) -> str:
        """YAML of `writers: {name: ...}` that leads to this stand-in, with the demo mapping."""

    def environment(self) -> Mapping[str, str]:
        """The variables that `settings` refers to."""
        return {}

    def learn(self, config: WriterConfig) -> None:  # noqa: B027 - most have nothing to learn
        """Have what this writer's settings name and its API makes no fields for, as its owner made it by hand."""

    def knows(self, exchange: Exchange) -> bool:
        """Whether the request proves who sends it. Those with a key of their own say so here."""
        scheme, _, token = exchange.headers.get("authorization", "").partition(" ")
        return scheme in {"Bearer", "OAuth"} and token in self._tokens

    def refusal(self, code: int, words: str) -> web.Response:
        """An error in the vendor's form."""
        return web.json_response({"message": words}, status=code)

    def login_fault(self, form: Mapping[str, str]) -> str:
        """The OAuth error word for a log-in that is refused; empty for one that is right."""
        return "" if form.get("grant_type") else "invalid_request"

    def granted(self) -> Mapping[str, str]:
        """What the token endpoint answers beside the token."""
        return {}

    # What tests and the page do.

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def fails(self, *troubles: Trouble, at: str = "", method: str = "") -> None:
        """The next requests meet these, one each; log-ins are spared. With `at` only requests whose path holds it,
        with `method` only those."""
        self._troubles += [(method, at, one) for one in troubles]

    @property
    def troubles_left(self) -> int:
        """Ordered and not met yet; a test that ends with some has not tested them."""
        return len(self._troubles)

    def mends(self) -> None:
        """Nothing more goes wrong."""
        self._troubles.clear()

    def expire(self) -> None:
        """Every token given so far is refused."""
        self._tokens.clear()

    def lock_out(self, on: bool) -> None:
        """Every token and every log-in is refused, until it is taken back."""
        self.locked = on

    async def __aenter__(self) -> Self:
        await self.up()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.down()

    async def up(self) -> None:
        """Listen (again), on the same port."""
        if self._runner is not None:
            return
        self._leaving.clear()
        app = web.Application(middlewares=[self._middleware], client_max_size=LARGEST)
        app.add_routes(self.routes())
        if self.login_path:
            app.add_routes([web.post(self.login_path, self._log_in)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.host, self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]

    async def down(self) -> None:
        """Refuse connections, and cut those that there are. What is stored stays."""
        self._leaving.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def until(self, condition: Callable[[], bool], seconds: float = 20.0) -> None:
        """Wait until the condition holds; it is looked at after each exchange. Raises TimeoutError."""
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(condition)

    async def rung(self) -> None:
        """Return after the next exchange."""
        async with self._news:
            await self._news.wait()

    # How a request is answered.

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Next) -> web.StreamResponse:
        exchange = Exchange(
            request.method, request.path, dict(request.query), CIMultiDict(request.headers), await request.read(),
            request.raw_path.partition("?")[0], tuple(request.query.items()),
        )  # fmt: skip
        request[EXCHANGE] = exchange
        login = bool(self.login_path) and exchange.path == self.login_path
        (self.logins if login else self.exchanges).append(exchange)
        try:
            answer = await self._judged(request, exchange, handler, login)
        finally:
            async with self._news:
                self._news.notify_all()
        exchange.status = answer.status
        exchange.answer = answer.body if isinstance(answer, web.Response) and isinstance(answer.body, bytes) else b""
        return answer

    async def _judged(self, request: web.Request, exchange: Exchange, handler: Next, login: bool) -> web.StreamResponse:
        if faults := self.check(exchange):
            self.faults += [f"{exchange.method} {exchange.path}: {fault}" for fault in faults]
            return self.refusal(400, f"the contract refuses it: {faults[0]}")
        if login:
            return await self._handled(request, handler)
        if self.locked or not self.knows(exchange):
            return self.refusal(401, "not known")
        trouble = self._next(exchange)
        if trouble is None:
            return await self._handled(request, handler)
        exchange.trouble = trouble.kind
        answer = await self._handled(request, handler) if trouble.applied else None
        return await befall(request, exchange, trouble, answer=answer, refusal=self.refusal, leaving=self._leaving)

    async def _handled(self, request: web.Request, handler: Next) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as found:
            return self.refusal(found.status, found.reason)
        except msgspec.MsgspecError as error:
            return self.refusal(400, str(error))
        except Exception as error:
            self.faults.append(f"the stand-in broke: {type(error).__name__}: {error}")
            raise

    def _next(self, exchange: Exchange) -> Trouble | None:
        for place, (method, at, trouble) in enumerate(self._troubles):
            if method in ("", exchange.method) and at in exchange.path:
                del self._troubles[place]
                return trouble
        return None

    async def _log_in(self, request: web.Request) -> web.Response:
        fault = "invalid_client" if self.locked else self.login_fault(request[EXCHANGE].form())
        if fault:
            return web.json_response({"error": fault, "error_description": "log-in refused"}, status=400)
        self._given += 1
        token = f"{self.prefix}{self._given:06}-{type(self).__name__.lower()}-token"
        self._tokens.append(token)
        found = {"access_token": token, "token_type": "Bearer", "expires_in": self.life, **self.granted()}
        return web.json_response(found)
