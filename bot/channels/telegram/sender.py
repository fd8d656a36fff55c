"""The sending side: implements `channels.base.Messenger` on the calls of the Bot API.

The id of a message is its number, with a mark where it needs another way to be settled (`telegram_render.sent_as`).
"""

from collections.abc import Sequence
from typing import Protocol
from urllib.parse import quote

import msgspec

from bot.channels.base import Asked, Post
from bot.channels.telegram import render
from bot.channels.telegram.words import words
from bot.channels.verify import Tokens
from bot.errors import Permanent
from bot.model import Entry

OVER = ("unchanged", "lost")
"""Refusals of an edit that are no error: the message is as it shall be, or cannot be edited any more."""


class Me(msgspec.Struct, frozen=True):
    """The bot itself."""

    id: int
    username: str = ""


class Calls(Protocol):
    """See `telegram_api.TelegramApi`."""

    async def send(self, peer: str, send: render.Send) -> int: ...

    async def edit(self, peer: str, edit: render.Edit) -> None: ...

    async def delete(self, peer: str, message: int) -> None: ...

    async def answer(self, query: str, text: str = "") -> None: ...

    async def updates(self, offset: int, wait: int) -> Sequence[msgspec.Raw]: ...

    async def me(self) -> Me: ...

    async def set_hook(self, url: str, secret: str) -> None: ...

    async def drop_hook(self) -> None: ...

    async def set_commands(self, commands: Sequence[tuple[str, str]], language: str = "") -> None: ...

    async def close(self) -> None: ...


class TelegramMessenger:
    """`public_url` is where the service's own links lead through, so that a click is recorded."""

    name = "telegram"

    def __init__(self, calls: Calls, tokens: Tokens, public_url: str) -> None:
        self._calls, self._tokens, self._public_url = calls, tokens, public_url

    async def post(self, peer: str, post: Post) -> str:
        message = ""
        for send in render.posts(post, self._url):
            number = await self._calls.send(peer, send)
            message = render.sent_as(number, send, asks=post.ask is not None)
        return message

    async def settle(self, peer: str, asked: Asked) -> None:
        call = render.settled(asked)
        if isinstance(call, render.Send):
            await self._calls.send(peer, call)
        elif call is not None:
            await self._edit(peer, call)

    async def tidy(self, peer: str, message: str) -> None:
        call = render.tidied(message)
        if call is not None:
            await self._edit(peer, call)

    async def revise(self, peer: str, message: str, entry: Entry, locale: str) -> None:
        number = render.number_of(message)
        if number and entry.text:
            first = next(render.agents(entry))
            await self._edit(peer, render.Edit(number, first.text, first.html))
        elif number:
            await self._take_back(peer, number, locale)

    async def close(self) -> None:
        await self._calls.close()

    async def _take_back(self, peer: str, message: int, locale: str) -> None:
        """Deleted; where that is refused (it is two days old), its words go."""
        try:
            await self._calls.delete(peer, message)
        except Permanent as error:
            if error.code == "gone":
                raise
            await self._edit(peer, render.Edit(message, words("taken_back", locale)))

    async def _edit(self, peer: str, edit: render.Edit) -> None:
        try:
            await self._calls.edit(peer, edit)
        except Permanent as error:
            if error.code not in OVER:
                raise

    def _url(self, chat: str, ref: str) -> str:
        return f"{self._public_url}/l/{chat}/{self._tokens.signature(chat, ref)}/{quote(ref)}"
