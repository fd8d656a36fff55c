"""A messaging channel that writes down what it is told, and fails, hangs or dies when it is told to."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.channels.base import Asked, Found, Post
from bot.model import Entry


class Killed(BaseException):
    """The process was killed at this place."""


@dataclass
class Messenger:
    """`told` reads like the person's screen: one line a call that took effect."""

    name: str = "telegram"
    told: list[str] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    settled: list[Asked] = field(default_factory=list)
    answers: list[BaseException | None] = field(default_factory=list)
    """What the next calls answer instead, one a call; None for nothing special."""
    late: list[BaseException | None] = field(default_factory=list)
    """The same, after the call took effect."""
    hang: Callable[[str], asyncio.Event | None] = lambda _peer: None
    """What a call to this person waits for."""
    calls: int = 0

    async def post(self, peer: str, post: Post) -> str:
        words = " | ".join(entry.text for entry in post.entries)
        control = f" [{post.ask.step} {post.ask.fence}]" if post.ask is not None else ""
        names = {entry.name for entry in post.entries if entry.author == "agent"}
        await self._call(peer, f"{peer} << {''.join(f'{name}: ' for name in names)}{words}{control}")
        self.posts.append(post)
        return f"m{len(self.told)}"

    async def settle(self, peer: str, asked: Asked) -> None:
        what = f" chose {asked.chosen}" if asked.chosen else " again" if asked.again else ""
        await self._call(peer, f"{peer} settled {asked.message}{what}{' (change)' if asked.change else ''}")
        self.settled.append(asked)

    async def revise(self, peer: str, message: str, entry: Entry, locale: str) -> None:
        await self._call(peer, f"{peer} {message} now {entry.text or 'taken back'}")

    async def close(self) -> None: ...

    async def _call(self, peer: str, line: str) -> None:
        self.calls += 1
        event = self.hang(peer)
        if event is not None:
            await event.wait()
        first = self.answers.pop(0) if self.answers else None
        if first is not None:
            raise first
        self.told.append(line)
        late = self.late.pop(0) if self.late else None
        if late is not None:
            raise late


class Bare(Messenger):
    """One whose questions have no control that could be settled."""

    async def post(self, peer: str, post: Post) -> str:
        await super().post(peer, post)
        return ""


class Tidy(Messenger):
    """One that can take a Change button away."""

    async def tidy(self, peer: str, message: str) -> None:
        await self._call(peer, f"{peer} {message} without change")


@dataclass
class Asking(Messenger):
    """One that can be asked what it was sent; `trouble` is raised instead, once."""

    trouble: list[Exception] = field(default_factory=list)
    asked: int = 0
    there: list[Found] = field(default_factory=list)

    async def post(self, peer: str, post: Post) -> str:
        step, fence = (post.ask.step, post.ask.fence) if post.ask is not None else ("", 0)
        before = len(self.told)
        try:
            return await super().post(peer, post)
        finally:
            if len(self.told) > before:
                self.there.append(Found(f"m{len(self.told)}", post.entries[-1].seq, step, fence))

    async def find(self, peer: str, chat: str) -> Found | None:
        self.asked += 1
        if self.trouble:
            raise self.trouble.pop(0)
        return self.there[-1] if self.there else None
