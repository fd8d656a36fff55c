"""Socket Mode of the stand-in: a WebSocket for each connection of the app, envelopes and their acknowledgements."""

import asyncio
import json
from itertools import count
from secrets import token_hex

from aiohttp import WSMsgType, web

from bot.sandbox.bell import Bell
from bot.sandbox.slack.delivery import Ack, Kind
from bot.sandbox.slack.state import APP_ID
from bot.sandbox.slack.types import Json

MOST = 10
"""Connections that one app may hold."""


class Sockets:
    """An envelope goes to one connection, in turn; when that one closes unacknowledged it has failed."""

    def __init__(self, bell: Bell) -> None:
        self._bell = bell
        self._tickets: set[str] = set()
        self._turn = count()
        self._awaited: dict[str, tuple[web.WebSocketResponse, asyncio.Future[Ack], float]] = {}
        self.connections: list[web.WebSocketResponse] = []
        self.unasked: list[str] = []
        """Acknowledgements of what was not open (any more)."""

    def ticket(self) -> str:
        """Lets one connection in, once."""
        name = token_hex(8)
        self._tickets.add(name)
        return name

    async def handle(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets or len(self.connections) >= MOST:
            raise web.HTTPForbidden
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse(heartbeat=30.0)
        await socket.prepare(request)
        debug = {"host": "sandbox", "build_number": 1, "approximate_connection_time": 18060}
        told = {"type": "hello", "num_connections": len(self.connections) + 1, "debug_info": debug}
        await socket.send_json(told | {"connection_info": {"app_id": APP_ID}})
        self.connections.append(socket)
        self._bell.ring()
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT and message.data:
                    self._heard(message.data)
        finally:
            self._left(socket)
        return socket

    def _heard(self, text: str) -> None:
        try:
            told = json.loads(text)
        except ValueError:
            return
        name = str(told.get("envelope_id", ""))
        found = self._awaited.pop(name, None)
        if found is None:
            self.unasked.append(name)
            return
        _, future, since = found
        if not future.done():
            future.set_result(Ack(ok=True, seconds=_now() - since, body=told.get("payload")))

    def _left(self, socket: web.WebSocketResponse) -> None:
        if socket in self.connections:
            self.connections.remove(socket)
        for name, (on, future, since) in list(self._awaited.items()):
            if on is socket and not future.done():
                del self._awaited[name]
                future.set_result(Ack(ok=False, seconds=_now() - since, reason="connection_closed"))
        self._bell.ring()

    @property
    def open(self) -> bool:
        return bool(self.connections)

    async def send(self, kind: Kind, payload: Json, attempt: int, reason: str, within: float) -> Ack:
        since = _now()
        if not self.connections:
            return Ack(ok=False, seconds=0.0, reason="no_connection")
        socket = self.connections[next(self._turn) % len(self.connections)]
        name = token_hex(16)
        told: Json = {"envelope_id": name, "type": kind, "payload": payload}
        told["accepts_response_payload"] = kind != "events_api"
        if kind == "events_api":
            told |= {"retry_attempt": attempt, "retry_reason": reason}
        future: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        self._awaited[name] = (socket, future, since)
        try:
            async with asyncio.timeout(within):
                await socket.send_json(told)
                return await future
        except TimeoutError:
            return Ack(ok=False, seconds=_now() - since, reason="timeout")
        except ConnectionError:
            return Ack(ok=False, seconds=_now() - since, reason="connection_closed")
        finally:
            self._awaited.pop(name, None)

    async def refresh(self, reason: str = "refresh_requested") -> None:
        """Ask every connection to come again, and close it, as Slack does every few hours."""
        for socket in list(self.connections):
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}})

    async def cut(self) -> None:
        """Every connection goes without a word."""
        for socket in list(self.connections):
            await socket.close()

    async def close(self) -> None:
        await self.cut()


def _now() -> float:
    return asyncio.get_running_loop().time()
