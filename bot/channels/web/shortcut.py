"""The two requests of which there are most, past aiohttp's routing: opening a chat, and an answer in it.

The router cuts a path at each slash, matches a pattern and prepares what middleware and sub-applications may want: a
twentieth of a turn, and nothing of it is used here. Whatever is not plainly one of the two takes the long way and
finds the same handlers there.
"""

from collections.abc import Awaitable, Callable
from typing import TypeAlias
from urllib.parse import unquote

from aiohttp import hdrs, web

CHATS = "/api/v1/chats"
_BEGIN, _END = f"{CHATS}/", "/messages"
_CHAT = slice(len(_BEGIN), -len(_END))
_BEFORE = _BEGIN.count("/")
"""Slashes before the chat."""

Handle: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


def shortcut(opening: Handle, answering: Handle, otherwise: Handle) -> Handle:
    """A handler for a server whose requests `otherwise` would handle all."""

    def handle(request: web.Request) -> Awaitable[web.StreamResponse]:
        if request.method == hdrs.METH_POST and hdrs.EXPECT not in request.headers:
            path = request.rel_url.raw_path
            if path.endswith(_END) and path.startswith(_BEGIN):
                if path[_CHAT].isalnum():  # as every id of ours is; with all else the router has its own ways
                    return answering(request)
            elif path == CHATS:
                return opening(request)
        return otherwise(request)

    return handle


def chat_of(request: web.Request) -> str:
    """The chat in the path of one of its own routes."""
    chat = request.rel_url.raw_path.split("/", _BEFORE + 1)[_BEFORE]
    return unquote(chat) if "%" in chat else chat
