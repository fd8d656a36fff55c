"""`POST /api/v1/invitations`: begin a chat with a person on a messaging channel, for whoever holds an API key.

The same `key` begins a chat with this person once, however often it is sent. Facts are taken as proven, since a key is
the owner's own. Nothing here is meant for a page: no answer carries CORS headers.
"""

import time
from collections.abc import Awaitable, Callable, Collection

import msgspec
from aiohttp import web

from bot.channels.base import Front
from bot.channels.limits import Buckets, Callers, Rate
from bot.channels.web import types as web_types
from bot.channels.web import wire as web_wire
from bot.channels.web.cors import JSON_HEADERS
from bot.channels.web.errors import Refused, answer_to
from bot.channels.web.options import WebOptions
from bot.channels.web.reading import read, take
from bot.errors import Refused as NotInvited
from bot.errors import Unknown
from bot.model import Address, Fact, Start

INVITATIONS = Rate(120, 20.0)
"""Of one API key: above this a messaging platform would only make them wait."""


class Invitations:
    """`known` tells whether a text is a valid API key; `channels` are the messaging channels that are configured."""

    def __init__(
        self,
        front: Front,
        options: WebOptions,
        known: Callable[[str], Awaitable[bool]],
        channels: Collection[str],
        clock: Callable[[], int],
        *,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._front = front
        self._known = known
        self._channels = frozenset(channels)
        self._clock = clock
        self._patience = options.patience
        self._callers = Callers(options.trusted_proxies)
        self._keys = Buckets(INVITATIONS, ticks)
        self._strangers = Buckets(options.new_chats, ticks)
        self._invitation = msgspec.json.Decoder(web_types.Invitation)

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/api/v1/invitations", self._answer)]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        try:
            status, chat = await self._invite(request)
            return web.Response(status=status, body=web_wire.encode(web_types.Invited(chat)), headers=JSON_HEADERS)
        except Exception as error:  # noqa: BLE001 - `answer_to` logs what it does not know
            return answer_to(error)

    async def _invite(self, request: web.Request) -> tuple[int, str]:
        """The status and the chat."""
        await self._charge(request)
        body = web_wire.decode(self._invitation, await read(request, self._patience))
        if body.channel not in self._channels:
            raise Unknown("this messaging channel is not configured")
        start = Start(
            "",
            Address(body.channel, body.peer),
            self._clock(),
            locale=web_wire.locale(body.locale, ""),
            timezone=web_wire.timezone(body.timezone),
            context=web_wire.named(body.context),
            contact={name: Fact(text, proven=True) for name, text in web_wire.named(body.contact).items()},
        )
        try:
            reply = await self._front.invite(start, body.flow, body.key)
        except NotInvited as refused:
            raise Refused(409, refused.code, str(refused)) from None
        return 200 if reply.ignored else 201, reply.conversation.id

    async def _charge(self, request: web.Request) -> None:
        """Raises Refused without a valid key, and where one is used too often."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        key = key.strip()
        if scheme.lower() == "bearer" and key and await self._known(key):
            return take(self._keys, key)
        for address in self._callers.of(request.remote or "127.0.0.1", request.headers):
            take(self._strangers, address)
        raise Refused(401, "key", "Send an API key as `Authorization: Bearer <key>`; `chatsurvey keys` makes one.")
