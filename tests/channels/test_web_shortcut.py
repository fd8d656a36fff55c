"""What is plainly an answer or the opening of a chat skips the routing, and nobody can tell from outside."""

from dataclasses import replace

import pytest
from aiohttp import web
from yarl import URL

from bot.channels.web.channel import WebChannel
from bot.channels.web.options import WebOptions
from bot.http import CHANNEL
from tests.channels.service import SECRETS, Service, running

CHATS = "/api/v1/chats"


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("{chats}/{chat}/messages", {}, 200),
        ("{chats}/{chat}/messages?", {}, 200),
        ("{chats}/{chat}/messages?from=page", {}, 200),
        ("{chats}/{chat}/messages", {"Expect": "100-continue"}, 200),
        ("{chats}/%{first:02X}{rest}/messages", {}, 200),
        ("/api/v1/%63hats/{chat}/messages", {}, 200),
        ("{chats}/{chat}x/messages", {}, 401),
        ("{chats}/%7B{chat}%7D/messages", {}, 404),
        ("{chats}/{{{chat}}}/messages", {}, 404),
        ("{chats}//messages", {}, 404),
        ("{chats}/messages", {}, 404),
        ("{chats}/{chat}/more/messages", {}, 404),
        ("{chats}/{chat}%2Fmore/messages", {}, 401),
        ("{chats}/{chat}/messages/", {}, 404),
    ],
)
async def test_an_answer(service: Service, path: str, headers: dict[str, str], status: int) -> None:
    chat = await service.open()
    path = path.format(chats=CHATS, chat=chat.chat, first=ord(chat.chat[0]), rest=chat.chat[1:])
    url = URL(service.url + path, encoded=True)  # sent as it stands
    message = {"id": "m1", "cursor": chat.state["cursor"], "fence": chat.fence, "value": 3}
    said = await service.post(url, message, headers={**chat.headers, **headers})
    assert said.status == status
    assert (await chat.stored()).score == (3 if status == 200 else None)


@pytest.mark.parametrize("headers", [{}, {"Expect": "100-continue"}])
async def test_an_opening(service: Service, headers: dict[str, str]) -> None:
    chat = await service.open(headers)
    assert (await chat.stored()).state == "score"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
async def test_other_methods_are_refused_as_ever(service: Service, method: str) -> None:
    assert (await service.get(CHATS, method)).status == 405
    assert (await service.get(f"{CHATS}/x/messages", method)).status == 405


async def test_from_the_begin_of_a_stop_each_answer_ends_its_connection(service: Service) -> None:
    channel = WebChannel(service.runtime, WebOptions(), SECRETS, service.clock.ms)
    app = web.Application()
    app[CHANNEL] = channel
    app.add_routes(channel.routes())
    async with running(app) as client:
        chat = await replace(service, client=client).open()
        kept = await chat.send(fence=chat.fence, value=3)
        channel.close()
        last, refused = await chat.send(fence=chat.fence, value="slow"), await chat.send(cursor="none")
    assert (kept.status, kept.response.headers.get("Connection")) == (200, None)
    assert (last.status, last.response.headers.get("Connection")) == (200, "close")
    assert (refused.status, refused.response.headers.get("Connection")) == (400, "close")
