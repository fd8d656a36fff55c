"""The web chat over HTTP: translates requests to the port and back, and nothing else.

A chat's token proves the right to it, without a look-up. Limits and origins are checked before anything is read. The
routes hold no middleware and no state but the buckets: what a request needs is decoded once and encoded once.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias
from urllib.parse import quote, urlsplit

import msgspec
from aiohttp import web

from bot.channels import verify
from bot.channels.base import Front, Reply
from bot.channels.limits import Buckets, Callers
from bot.channels.verify import Tokens
from bot.channels.web import types as web_types
from bot.channels.web import wire as web_wire
from bot.channels.web.answer import answer
from bot.channels.web.cors import JSON_HEADERS, Origins
from bot.channels.web.errors import FOREIGN, Overtaken, Refused, answer_to
from bot.channels.web.events import Streams
from bot.channels.web.options import WebOptions
from bot.channels.web.reading import read, take
from bot.channels.web.shortcut import CHATS, Handle, chat_of, shortcut
from bot.channels.web.types import SAFE
from bot.model import Address, Fact, Inbound, Start

_Answer: TypeAlias = tuple[int, bytes]
Observe: TypeAlias = Callable[[str, int, float], None]
_Guarded: TypeAlias = Callable[[web.Request, Mapping[str, str]], Awaitable[web.StreamResponse]]
"""A handler, given the headers of an answer to the request's Origin."""


class WebChannel:
    """`clock` gives milliseconds since the epoch; `ticks` seconds that never go back, for the limits.

    `observe` is told the route, status and seconds of each request that is not a stream.
    """

    def __init__(
        self,
        front: Front,
        options: WebOptions,
        secrets: tuple[str, ...],
        clock: Callable[[], int],
        *,
        ticks: Callable[[], float] = time.monotonic,
        observe: Observe = lambda _route, _status, _seconds: None,
    ) -> None:
        self._front = front
        self._clock = clock
        self._patience = options.patience
        self._observe = observe
        self.callers = Callers(options.trusted_proxies)
        self._tokens = Tokens(secrets)
        self._identity_keys = (*secrets, *options.identity_keys)
        self._origins = Origins(options.origins, options.public_url)
        self._own_host = urlsplit(options.public_url).netloc.lower()
        self._chats = Buckets(options.messages, ticks)
        self._addresses = Buckets(options.new_chats, ticks)
        self._streams = Streams(front, self._tokens, options.tick)
        self._last = False
        self._new_chat = msgspec.json.Decoder(web_types.NewChat)
        self._message = msgspec.json.Decoder(web_types.Message)
        self._opening, self._answering = self._answer("chats", self._open), self._answer("messages", self._receive)

    def routes(self) -> list[web.RouteDef]:
        messages, events = f"{CHATS}/{{chat}}/messages", f"{CHATS}/{{chat}}/events"
        return [
            web.post(messages, self._answering),
            web.post(CHATS, self._opening),
            web.get(events, self._guard(self._events), allow_head=False),
            *(web.options(path, self._preflight) for path in (CHATS, messages, events)),
            web.get("/l/{chat}/{signature}/{step}/{key}", self._guard(self._follow), allow_head=False),
            web.head("/l/{chat}/{signature}/{step}/{key}", _head),
        ]

    def shortcut(self, otherwise: Handle) -> Handle:
        """Serves what has a route here without looking for it; all the rest goes to `otherwise`."""
        return shortcut(self._opening, self._answering, otherwise)

    def close(self) -> None:
        """End the event streams and, behind their next answers, the connections; called when the service begins to
        stop."""
        self._last = True
        self._streams.close()

    def _answer(self, route: str, handle: Callable[[web.Request], Awaitable[_Answer]]) -> Handle:
        """A handler of JSON, which is timed."""
        observe, clock = self._observe, time.perf_counter

        async def run(request: web.Request) -> web.StreamResponse:
            began = clock()
            origin = request.headers.get("Origin")
            headers = JSON_HEADERS if origin is None else self._origins.headers(origin, _host(request))
            try:
                if headers is None:
                    raise FOREIGN
                status, body = await handle(request)
                response = answer(request, status, body, headers, last=self._last)
            except Exception as error:  # noqa: BLE001 - `answer_to` logs what it does not know
                response = answer_to(error, headers)
            if self._last:  # also where it began to stop while this was answered
                response.force_close()
            observe(route, response.status, clock() - began)
            return response

        return run

    def _guard(self, handle: _Guarded) -> Handle:
        """The same for a handler that makes its own response."""

        async def run(request: web.Request) -> web.StreamResponse:
            headers = self._origins.headers(request.headers.get("Origin"), _host(request))
            try:
                if headers is None:
                    raise FOREIGN
                return await handle(request, headers)
            except Exception as error:  # noqa: BLE001 - `answer_to` logs what it does not know
                return answer_to(error, headers)

        return run

    async def _open(self, request: web.Request) -> _Answer:
        body = web_wire.decode(self._new_chat, await read(request, self._patience))
        if body.chat:
            return 200, web_wire.encode(web_wire.chat(await self._resume(body), self._tokens))
        for address in self.callers.of(request.remote or "127.0.0.1", request.headers):
            take(self._addresses, address)
        reply = await self._front.open(self._start(request, body), body.flow)
        return 201, web_wire.encode(web_wire.chat(reply, self._tokens))

    def _start(self, request: web.Request, body: web_types.NewChat) -> Start:
        now = self._clock()
        contact: dict[str, Fact] = web_wire.claims(body.contact)
        if body.identity:
            try:
                contact.update(verify.identity(body.identity, self._identity_keys, now))
            except verify.NotProven as error:
                raise Refused(401, "identity", str(error)) from None
        return Start(
            "",  # the service makes the id, and on the web the chat is its own address
            Address("web", ""),
            now,
            locale=web_wire.locale(body.locale, request.headers.get("Accept-Language", "")),
            timezone=web_wire.timezone(body.timezone),
            visitor=body.visitor[:64],
            context=web_wire.context(body.page),
            contact=contact,
            sample=body.page is not None and web_wire.is_demo(body.page.url, (_host(request), self._own_host)),
            prefill=None if body.prefill is None else web_wire.value(body.prefill.value),
        )

    async def _resume(self, body: web_types.NewChat) -> Reply:
        """The chat of a token; another language than it has is a change of language, as asked for by the visitor."""
        chat = self._tokens.chat_of(body.chat or "")
        if not chat:
            raise Refused(401, "token", "This is no token of a chat.")
        take(self._chats, chat)
        reply = await self._front.look(chat, body.cursor)
        conversation, asked = reply.conversation, web_wire.locale(body.locale, "")
        if not asked or conversation.ended or _language(asked) == _language(conversation.locale):
            return reply
        # With the version in its id, the same request again is the same inbound, and a change back is another.
        key = f"language:{_language(asked)}:{conversation.version}"
        return await self._front.receive(chat, Inbound(key, self._clock(), "language", value=asked), body.cursor)

    async def _receive(self, request: web.Request) -> _Answer:
        chat = self._chat(request)
        message = web_wire.decode(self._message, await read(request, self._patience))
        reply = await self._front.receive(chat, web_wire.inbound(message, self._clock()), message.cursor)
        state = web_wire.state(reply, self._tokens)
        if reply.ignored in ("stale", "ended"):
            raise Overtaken(reply.ignored, state)
        return 200, web_wire.encode(state)

    async def _events(self, request: web.Request, headers: Mapping[str, str]) -> web.StreamResponse:
        chat = self._chat(request)
        cursor = _cursor(request.query.get("cursor", "0"))
        if last := request.headers.get("Last-Event-ID"):
            cursor = _cursor(last)
        return await self._streams.serve(request, chat, cursor, headers)

    async def _preflight(self, request: web.Request) -> web.StreamResponse:
        allowed = self._origins.preflight(request.headers.get("Origin"), _host(request))
        return allowed or answer_to(FOREIGN)

    async def _follow(self, request: web.Request, _headers: Mapping[str, str]) -> web.StreamResponse:
        match = request.match_info
        chat, ref = match["chat"], f"{match['step']}/{match['key']}"
        if not self._tokens.signed(match["signature"], chat, ref):
            raise Refused(404, "unknown", "There is no such link.")
        take(self._chats, chat)
        target = await self._front.follow(chat, ref, self._clock())
        if urlsplit(target).scheme not in ("https", "http", "mailto", "tel"):
            raise Refused(404, "unknown", "This link leads nowhere.")
        location = quote(target, safe=":/?#[]@!$&'()*+,;=%~")
        return web.Response(status=302, headers={**_LINK_HEADERS, "Location": location})

    def _chat(self, request: web.Request) -> str:
        """The chat in the path, once its token is there and it has not said too much."""
        chat = chat_of(request)
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._tokens.belongs(token.strip(), chat):
            raise Refused(401, "token", "Send the token of this chat as `Authorization: Bearer <token>`.")
        take(self._chats, chat)
        return chat


_LINK_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


async def _head(_request: web.Request) -> web.StreamResponse:
    """For those who try links before they show them: nothing is looked up and no click is recorded."""
    return web.Response(headers=_LINK_HEADERS)


def _host(request: web.Request) -> str:
    """Not `request.host`, which asks the resolver, and waits for it, where a client sends no Host."""
    return request.headers.get("Host", "").lower()


def _cursor(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and int(text) <= SAFE):
        raise Refused(400, "malformed", "`cursor` and Last-Event-ID are whole numbers from 0.")
    return int(text)


def _language(locale: str) -> str:
    """The language of a tag: `fr` of `fr-CA`."""
    return locale.replace("_", "-").partition("-")[0].lower()
