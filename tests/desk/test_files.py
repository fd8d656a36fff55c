"""The calendar file that a card links to."""

from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from bot.channels.slack_desk.routes import address, routes
from bot.channels.verify import Tokens
from bot.errors import StoreUnavailable, Unknown

Client = Callable[[web.Application], Awaitable[TestClient[web.Request, web.Application]]]
TOKENS = Tokens(("k" * 32,))


async def calendar(chat: str) -> bytes:
    match chat:
        case "c1":
            return b"BEGIN:VCALENDAR"
        case "full":
            raise StoreUnavailable("the disk is full")
        case _:
            raise Unknown("no call was wished")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (address("", TOKENS, "c1"), 200),
        (address("", TOKENS, "c2"), 404),
        (address("", TOKENS, "full"), 503),
        ("/desk/c1/made-up/call.ics", 404),
        (address("", TOKENS, "c2").replace("c2", "c1"), 404),
        (address("", Tokens(("x" * 32,)), "c1"), 404),
    ],
)
async def test_only_the_card_knows_the_address(aiohttp_client: Client, path: str, status: int) -> None:
    app = web.Application()
    app.add_routes(routes(TOKENS, calendar))
    answer = await (await aiohttp_client(app)).get(path)
    assert answer.status == status
    if status == 200:
        assert answer.content_type == "text/calendar"
        assert answer.headers["Cache-Control"] == "private, no-store"
