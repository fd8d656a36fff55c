"""A stand-in for Telegram: the Bot API over real sockets, and the people on the other side.

    async with Telegram() as telegram:                     # telegram.url, telegram.token
        nadia = telegram.person("Nadia", "fr")
        telegram.starts(nadia, "nps")
        question = await telegram.message(nadia, "How likely")
        telegram.presses(nadia, "7")
        await telegram.until(lambda: telegram.last(nadia).text == "Thank you.", "the end")

What it guarantees: requests are read as the platform reads them (query, form, multipart, JSON) and refused in its own
words; the bot cannot write to who never started it or blocked it; updates have rising ids and stay until they are
confirmed; nothing that a person does is lost by `down()`, after which `up()` answers on the same port. Every call is
kept in `calls`. `check` may name faults of a call: it is then refused with 400 and the faults are kept in `faults`.

What it is not: rate limits come only by `fails(..., throttled(2))`; files, inline mode, payments and MarkdownV2 are not
there. A callback query can be answered for as long as the stand-in runs.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self, TypeVar

from aiohttp import web

from bot.sandbox.bell import PATIENCE
from bot.sandbox.telegram import wire as telegram_wire
from bot.sandbox.telegram.errors import Refusal, bad
from bot.sandbox.telegram.methods import Bot, perform
from bot.sandbox.telegram.people import People
from bot.sandbox.telegram.troubles import HTML, Trouble, Troubles
from bot.sandbox.telegram.types import Message, User
from bot.sandbox.telegram.updates import FIRST, Updates
from bot.sandbox.telegram.wire import Call
from bot.sandbox.telegram.world import World

__all__ = ["Call", "Message", "Telegram", "User"]

T = TypeVar("T")

TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"  # noqa: S105 - made up, as in the platform's own manual
KEPT = 10_000
"""Calls that are remembered."""


def clock() -> int:
    return time.time_ns() // 1_000_000


class Telegram(People):
    """`port` 0 takes a free one. `now` gives ms since the epoch and dates the messages. Updates are numbered from
    `first`, messages from 1, or from `first` too where it is given: a bot that kept what an earlier stand-in told it
    needs numbers that are new."""

    def __init__(
        self,
        token: str = TOKEN,
        *,
        username: str = "chatsurvey_bot",
        port: int = 0,
        now: Callable[[], int] = clock,
        check: Callable[[Call], Sequence[str]] | None = None,
        first: int = 0,
    ) -> None:
        me = User(
            id=int(token.partition(":")[0]),
            is_bot=True,
            first_name="chatsurvey",
            username=username,
            can_join_groups=True,
            can_read_all_group_messages=False,
            supports_inline_queries=False,
        )
        world = World(me, now, first)
        super().__init__(world, Updates(world.bell, first or FIRST))
        self.token = token
        self.port = port
        self.bot = Bot(world, self.updates, {})
        self.check = check
        self.calls: deque[Call] = deque(maxlen=KEPT)
        self.served = 0
        """Calls since the beginning."""
        self.faults: list[str] = []
        self.troubles = Troubles()
        self.revoked = False
        """Whether the token was taken back."""
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """For TELEGRAM_API_URL."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        await self.up()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.down()
        await self.updates.close()

    async def up(self) -> None:
        """Listen (again), on the same port."""
        app = web.Application()
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]

    async def down(self) -> None:
        """Refuse connections. What people do meanwhile waits."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def fails(self, method: str, trouble: Trouble, times: int = 1) -> None:
        """Let the next calls of this method ("*": of any but getUpdates) go wrong like this."""
        self.troubles.add(method, trouble, times)
        self.world.bell.ring()

    def called(self, method: str) -> list[Call]:
        """The calls of this method so far, oldest first, refused ones too."""
        return [call for call in self.calls if call.method == method]

    def messages(self, user: User) -> list[Message]:
        """What the bot has written to this person, as it stands now, oldest first."""
        return [one for one in self.room(user).messages if one.from_.id == self.world.bot.id]

    def last(self, user: User) -> Message | None:
        """The bot's newest message to this person."""
        found = self.messages(user)
        return found[-1] if found else None

    async def until(self, look: Callable[[], T | None], what: str, seconds: float = PATIENCE) -> T:
        """What `look` gives, as soon as that is true; it is asked after everything that happens here. Raises
        TimeoutError, naming `what` was awaited."""
        return await self.world.bell.until(look, what, seconds)

    async def message(self, user: User, words: str, seconds: float = PATIENCE) -> Message:
        """The bot's newest message to this person that contains these words, as soon as there is one."""

        def look() -> Message | None:
            return next((one for one in reversed(self.messages(user)) if words in one.text), None)

        return await self.until(look, f"{words!r} to {user.first_name}", seconds)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        call = Call(request.match_info["method"], self.world.now(), "", {}, {})
        try:
            call = await telegram_wire.read(request, call.method, call.at)
            return await self._answer(request, call)
        except Refusal as refusal:
            call.answer, call.description = refusal.status, refusal.description
            return web.json_response(refusal.body(), status=refusal.status)
        finally:
            self.calls.append(call)
            self.served += 1
            self.world.bell.ring()

    async def _answer(self, request: web.Request, call: Call) -> web.StreamResponse:
        if request.match_info["token"] != self.token or self.revoked:
            raise Refusal(401, "Unauthorized")
        faults = self.check(call) if self.check else ()
        if faults:
            self.faults += [f"{call.method}: {fault}" for fault in faults]
            raise bad(f"against the contract: {'; '.join(faults)}")
        trouble = self.troubles.next(call.method) or Trouble(effect=True)
        if trouble.gate is not None:
            await trouble.gate.wait()
        body = telegram_wire.encode(await perform(self.bot, call)) if trouble.effect else b""
        if trouble.silent:
            if request.transport is not None:
                request.transport.close()
            return web.Response()
        if trouble.refusal is not None:
            call.answer, call.description = trouble.refusal.status, trouble.refusal.description
            if trouble.html:
                return web.Response(status=call.answer, text=HTML, content_type="text/html")
            return web.json_response(trouble.refusal.body(), status=call.answer)
        call.answer = 200
        return web.Response(body=body, content_type="application/json")
