"""A process that dies between any two steps: nobody's line is lost or doubled, and there is one card."""

import asyncio
from pathlib import Path

import pytest

from bot.desk.base import Line, Verdict
from tests.desk.room import CHAT, MAYA, Room, a_room

MOST = 200
"""More steps than the story has."""
TOGETHER = 10


async def the_story(room: Room) -> None:
    await room.opens(name="Nadia Benali")
    await room.taps(2)
    await room.says("broken stems")
    await room.surely(lambda: room.cases.claim(CHAT, MAYA, ("e1",)))
    await room.works()
    await room.says("Hello?")
    await room.surely(lambda: room.cases.line(CHAT, Line("say", MAYA, "10.1", "Hello Nadia"), ("e2",)))
    await room.works()
    await room.surely(lambda: room.cases.line(CHAT, Line("note", MAYA, "10.2", "// third time"), ("e3",)))
    await room.works()
    await room.says("A new one please")
    verdict = Verdict("replaced", "delivery", "New fern sent.", tell=True)
    await room.surely(lambda: room.cases.resolve(CHAT, MAYA, verdict, ("e4",)))
    await room.works()


async def as_it_must_be(room: Room) -> None:
    assert room.board.card.state == "resolved"
    assert room.board.quotes == ["Hello?", "A new one please"]
    assert len(room.board.remarks) == 2
    assert sorted(room.board.marks) == [("10.1", "reached"), ("10.2", "internal")]
    assert room.board.whispers == []
    assert await room.lines() == [
        "Maya from support joined.",
        "Hello Nadia",
        "Maya has marked this as settled. Not so? Just answer here.",
        "Maya from support left.",
    ]
    chat = await room.chat()
    assert chat.outcome == "completed"
    assert chat.case is not None
    assert (chat.case.state, chat.case.outcome, chat.case.counts) == ("resolved", "replaced", "recovered")
    assert (chat.case.owner, chat.case.cause, chat.case.note) == ("Maya Roy", "delivery", "New fern sent.")
    assert await room.real.docs("line") == ()


def a_folder(inside: Path, at: int) -> Path:
    found = inside / str(at)
    found.mkdir()
    return found


async def one_kill(folder: Path, at: int) -> bool:
    """Whether the process died at all."""
    async with a_room(folder, at) as room:
        await the_story(room)
        await as_it_must_be(room)
        return room.mortal.died


async def test_the_story_survives_a_kill_after_each_of_its_steps(tmp_path: Path) -> None:
    for first in range(1, MOST, TOGETHER):
        steps = range(first, first + TOGETHER)
        if not all(await asyncio.gather(*(one_kill(a_folder(tmp_path, at), at) for at in steps))):
            return
    pytest.fail(f"the story has more than {MOST} steps")
