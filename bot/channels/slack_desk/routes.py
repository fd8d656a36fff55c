"""Files that a card links to: the calendar file of a wished call, at an address that only the card knows."""

from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from bot.channels.verify import Tokens
from bot.errors import StoreUnavailable, Unknown

REF = "desk/call.ics"
"""What the signature covers beside the chat."""

Calendar = Callable[[str], Awaitable[bytes]]
"""The file of a case; raises Unknown where no call was wished."""


def address(public_url: str, tokens: Tokens, chat: str) -> str:
    return f"{public_url}/desk/{chat}/{tokens.signature(chat, REF)}/call.ics"


def routes(tokens: Tokens, calendar: Calendar) -> Sequence[web.RouteDef]:
    async def call(request: web.Request) -> web.Response:
        chat = request.match_info["chat"]
        if not tokens.signed(request.match_info["signature"], chat, REF):
            return web.Response(status=404, text="There is no such file.\n")
        try:
            body = await calendar(chat)
        except Unknown:
            return web.Response(status=404, text="No call is wished here any more.\n")
        except StoreUnavailable:
            return web.Response(status=503, headers={"Retry-After": "2"}, text="Try again in a moment.\n")
        headers = {
            "Cache-Control": "private, no-store",
            "Content-Disposition": 'attachment; filename="call.ics"',
            "X-Content-Type-Options": "nosniff",
            "X-Robots-Tag": "noindex",
        }
        return web.Response(body=body, content_type="text/calendar", charset="utf-8", headers=headers)

    return (web.get("/desk/{chat}/{signature}/call.ics", call),)
