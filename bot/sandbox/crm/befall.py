"""How a trouble befalls a request that has come in."""

import asyncio
from collections.abc import Callable

from aiohttp import web

from bot.sandbox.crm.exchange import Exchange
from bot.sandbox.crm.trouble import MALFORMED, Trouble


async def befall(
    request: web.Request,
    exchange: Exchange,
    trouble: Trouble,
    *,
    answer: web.StreamResponse | None,
    refusal: Callable[[int, str], web.Response],
    leaving: asyncio.Event,
) -> web.StreamResponse:
    """What is answered instead of `answer`, which is what the request came to where it was applied. What is returned
    for a connection that is cut goes nowhere. `leaving` ends what hangs."""
    transport = request.transport
    found = answer or web.Response()
    match trouble.kind:
        case "none":
            return found
        case "status":
            body = trouble.body or refusal(trouble.status, "trouble").body
            return web.Response(
                status=trouble.status, headers={"content-type": "application/json", **trouble.headers}, body=body
            )
        case "echo":
            said = [exchange.path, *exchange.query.values(), exchange.body.decode(errors="replace")]
            return refusal(trouble.status, f"refused: {' '.join(said)}")
        case "malformed":
            return web.Response(body=MALFORMED, content_type="application/json")
        case "reset_in_body":
            head = f"HTTP/1.1 {found.status} OK\r\ncontent-type: application/json\r\ncontent-length: 4096\r\n\r\n"
            if transport is not None:
                transport.write(head.encode() + b'{"id": "0')
                transport.close()
            return found
        case "hang":
            await leaving.wait()
    if transport is not None:
        transport.abort()
    return found
