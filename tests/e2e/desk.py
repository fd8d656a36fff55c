"""An agent at the desk, without a desk: what they do goes into the service itself, as from whatever platform."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from unittest.mock import patch

from bot import app
from bot.flows.catalog import Catalog
from bot.flows.spec import OpenHours
from bot.model import Inbound
from tests.e2e.person import Did, Person
from tests.e2e.ways import DETRACTOR
from tests.harness.service import serving

CHAT_NOW: tuple[Did, ...] = (*DETRACTOR[:3], ("How should we put it right?", "tap", "Chat now"))


def _with_a_desk(hours: Mapping[str, OpenHours], timezone: str, _desk: bool = False) -> Catalog:
    return Catalog(hours, timezone, desk=True)


@asynccontextmanager
async def staffed(folder: Path, port: int = 0, now: Callable[[], int] = app.clock) -> AsyncIterator[app.Service]:
    """The shipped survey, where there is somebody to hand a chat over to."""
    with patch.object(app, "Catalog", _with_a_desk):
        async with serving(folder, None, now, PORT=str(port)) as service:
            yield service


class Agent:
    """Somebody at the desk who is in one chat."""

    def __init__(self, service: app.Service, chat: str, name: str = "Maya") -> None:
        self.service, self.chat, self.name = service, chat, name
        self._ids = count(1)

    async def _act(self, act: str, text: str = "", ref: str = "") -> None:
        inbound = Inbound(
            f"{self.name}-{next(self._ids)}", app.clock(), "agent", value=act, text=text, name=self.name, ref=ref
        )
        reply = await self.service.runtime.receive(self.chat, inbound)
        assert not reply.ignored, reply.ignored

    async def join(self) -> None:
        await self._act("join")

    async def say(self, text: str, ref: str = "") -> None:
        await self._act("say", text, ref)

    async def edit(self, ref: str, text: str) -> None:
        await self._act("edit", text, ref)

    async def take_back(self, ref: str) -> None:
        await self._act("delete", "", ref)

    async def leave(self) -> None:
        await self._act("leave")


async def asked_for_a_person(visitor: Person, service: app.Service, name: str = "Maya") -> Agent:
    """From the first question to where a person was asked for."""
    await visitor.walk(CHAT_NOW)
    await visitor.waiting()
    return Agent(service, await visitor.chat(), name)
