"""The event stream of a chat."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from aiohttp import ClientResponse, web

from bot.channels.base import Reply
from bot.channels.web.channel import WebChannel
from bot.channels.web.options import WebOptions
from bot.errors import StoreUnavailable
from bot.http import CHANNEL
from bot.model import Job
from bot.runtime import Runtime
from tests.channels.service import SECRETS, Chat, Service, running, serve


class Reader:
    """Reads a stream as the widget does: events by their id and data, and comments."""

    def __init__(self, response: ClientResponse) -> None:
        self._response = response

    async def block(self) -> str:
        """The next event or comment; empty at the end of the stream."""
        async with asyncio.timeout(10):
            lines = []
            while line := await self._response.content.readline():
                if line == b"\n":
                    break
                lines.append(line.decode())
            return "".join(lines)

    async def event(self) -> dict[str, object]:
        while (block := await self.block()).startswith(":"):
            pass
        first, second = block.splitlines()
        data: dict[str, object] = json.loads(second.removeprefix("data: "))
        assert first == f"id: {data['cursor']}"
        return data


@asynccontextmanager
async def follow(chat: Chat, cursor: object = None, **headers: str) -> AsyncIterator[Reader]:
    query = "" if cursor is None else f"?cursor={cursor}"
    url = f"/api/v1/chats/{chat.chat}/events{query}"
    async with chat.service.client.get(url, headers={**chat.headers, **headers}) as response:
        assert response.status == 200, await response.text()
        assert response.headers["Content-Type"] == "text/event-stream"
        assert response.headers["X-Accel-Buffering"] == "no"
        assert response.headers["Cache-Control"] == "no-store"
        yield Reader(response)


async def test_it_says_where_the_chat_stands_and_then_what_comes(service: Service) -> None:
    chat = await service.open()
    async with follow(chat) as stream:
        assert await stream.event() == {name: chat.state[name] for name in ("cursor", "entries", "ask", "status")}
        said = await chat.send(value=3, fence=1)
        assert await stream.event() == said.body


async def test_it_goes_on_after_the_last_event(service: Service) -> None:
    chat = await service.open()
    await chat.send(value=3, fence=1)
    async with follow(chat, cursor=0, **{"Last-Event-ID": "2"}) as stream:
        now = await stream.event()
        assert isinstance(now["entries"], list)
        assert [entry["seq"] for entry in now["entries"]] == [3]
    async with follow(chat, cursor=3) as stream:
        assert (await stream.event())["entries"] == []


async def test_a_timer_reaches_an_open_page(tmp_path: Path) -> None:
    flow = """
version: 1
brand: {name: Acme}
languages: [en]
flows:
  nps:
    timers: {remind_after: 1h, remind_max: 1, abandon_after: 3d}
    start: score
    steps:
      score: {kind: nps, say: "How likely?", then: bye}
      bye: {kind: message, say: "Thank you.", end: completed}
"""
    async with serve(tmp_path, flow) as service:
        chat = await service.open()
        async with follow(chat, cursor=1) as stream:
            await stream.event()
            service.clock.pass_by(3601)
            await service.runtime.fire(Job(f"{chat.chat}:timer", "timer", 0, {"chat": chat.chat}))
            now = await stream.event()
            assert isinstance(now["entries"], list)
            assert {entry["author"] for entry in now["entries"]} == {"bot"}


async def test_it_ends_with_the_chat(service: Service) -> None:
    chat = await service.open()
    async with follow(chat) as stream:
        await stream.event()
        await chat.send(action="stop")
        assert (await stream.event())["status"] == "ended"
        assert await stream.block() == ""
    async with follow(chat, cursor=chat.state["cursor"]) as stream:
        ended = await stream.event()
        assert (ended["status"], ended["ask"], ended["entries"]) == ("ended", None, [])
        assert await stream.block() == ""


async def test_a_chat_has_six_streams_at_most(service: Service) -> None:
    chat = await service.open()
    url = f"/api/v1/chats/{chat.chat}/events"
    async with AsyncExitStack() as stack:
        for _ in range(5):
            await stack.enter_async_context(follow(chat))
        async with follow(chat):
            refused = await service.get(url, headers=chat.headers)
            assert (refused.status, refused.headers["Retry-After"]) == (429, "15")
            assert (await refused.json(content_type=None))["code"] == "streams"
        # The reader has gone; what is written next finds that out.
        status = 429
        async with asyncio.timeout(10):
            while status == 429:
                service.clock.pass_by(1)
                await chat.send(text="?")
                async with service.client.get(url, headers=chat.headers) as response:
                    status = response.status
        assert status == 200


class Elsewhere(Runtime):
    """Another process on the same store: it hears no hint of this one, and its store is away at its second look."""

    looks = 0

    async def look(self, chat: str, after: int = 0) -> Reply:
        self.looks += 1
        if self.looks == 2:
            raise StoreUnavailable("away")
        return await super().look(chat, after)


async def test_a_lost_hint_and_an_absent_store_lose_nothing(service: Service) -> None:
    chat = await service.open()
    front = Elsewhere(service.store, service.catalog, service.clock.ms, lambda _: None)
    channel = WebChannel(front, WebOptions(tick=0.02), SECRETS, service.clock.ms)
    app = web.Application()
    app[CHANNEL] = channel
    app.add_routes(channel.routes())
    async with running(app) as client:
        other = replace(chat, service=replace(service, client=client))
        async with follow(other) as stream:
            await stream.event()
            assert await stream.block() == ": still here\n"
            await chat.send(value=3, fence=1)
            assert (await stream.event())["cursor"] == 3
            assert front.looks > 2
            channel.close()
            assert await stream.block() == ""


async def test_a_stop_ends_the_streams(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        async with serve(tmp_path) as service:
            chat = await service.open()
            await (await stack.enter_async_context(follow(chat))).event()
            assert service.runtime.listening == 1
        assert service.runtime.listening == 0
