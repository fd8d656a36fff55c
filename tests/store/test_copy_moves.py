"""When a move may be made, what is refused meanwhile and afterwards, and what is left of one that was cut off."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as changed

from bot.errors import StoreUnavailable, UserMistake
from bot.model import Doc, DocChange, Job
from bot.store.base import Commit, Store
from bot.store.copy_marks import Marker, put_marker, refuse_moved
from bot.store.copy_rows import ChatRow, Copyable, Row
from bot.store.copying import End, reopen
from tests.store.stores import Clock, a_chat, a_turn
from tests.store.test_copy import end, moved

CHATS = 30


class Cut(Exception):
    """The process was killed."""


@pytest.fixture
async def ends(tmp_path: Path, clock: Clock) -> AsyncIterator[tuple[End, End, End]]:
    """A folder with chats, an empty Redis, and another folder."""
    async with AsyncExitStack() as stack:
        kinds = ("sqlite", "redis", "sqlite")
        found = [await stack.enter_async_context(end(kind, tmp_path / str(n), clock)) for n, kind in enumerate(kinds)]
        folder, redis, other = (replace(one, place=name) for one, name in zip(found, ("A", "R", "B"), strict=True))
        for n in range(CHATS):
            await folder.store.commit(a_turn(f"chat{n}", jobs=[Job(f"chat{n}:x", "x", n)], aliases=[f"name{n}"]))
        yield folder, redis, other


class Taking:
    """Rows that are taken in another way."""

    def __init__(self, rows: Copyable, take: Callable[[Sequence[Row]], Awaitable[None]]) -> None:
        self._rows = rows
        self.take = take

    def __getattr__(self, name: str) -> object:
        return getattr(self._rows, name)


def taking(one: End, take: Callable[[Sequence[Row]], Awaitable[None]]) -> End:
    return replace(one, rows=Taking(one.rows, take))  # type: ignore[arg-type] # what it has not the rows have


def breaks_after(one: End, pages: int) -> End:
    """The same, but it takes that many pages only."""
    left = [None] * pages

    async def some(rows: Sequence[Row]) -> None:
        if not left:
            raise Cut
        left.pop()
        await one.rows.take(rows)

    return taking(one, some)


async def chats(store: Store) -> int:
    return len(await store.versions([f"chat{n}" for n in range(CHATS)]))


async def refusal(store: Store) -> str:
    """Why it must not be served, if so."""
    try:
        await refuse_moved(store)
    except UserMistake as mistake:
        return str(mistake)
    return ""


@pytest.mark.parametrize("pages", [0, 1, 2])
async def test_a_move_that_was_cut_off_is_refused_to_a_service_and_starts_over(
    ends: tuple[End, End, End], clock: Clock, pages: int
) -> None:
    folder, redis, _ = ends
    with pytest.raises(Cut):
        await moved(folder, breaks_after(redis, pages), clock)
    assert "half of a move from A" in await refusal(redis.store)
    assert await refusal(folder.store) == "", "it has all chats"
    await folder.store.drop_job("chat3:x")  # served again for a while
    assert await folder.store.commit(a_turn("chat0", 2)) is Commit.DONE
    await moved(folder, redis, clock)
    assert await refusal(redis.store) == ""
    assert "moved from here to R" in await refusal(folder.store)
    assert await redis.store.load_id("chat0") == a_chat("chat0", 2, 2)
    assert await redis.store.job("chat3:x") is None


async def test_there_and_back_replaces_what_is_older_and_keeps_a_copy(ends: tuple[End, End, End], clock: Clock) -> None:
    folder, redis, _ = ends
    await moved(folder, redis, clock)
    assert await redis.store.commit(a_turn("chat0", 2)) is Commit.DONE
    kept: list[str] = []

    def keep_aside() -> str:
        kept.append("a copy")
        return kept[-1]

    await moved(redis, replace(folder, keep_aside=keep_aside), clock)
    assert kept == ["a copy"]
    assert await refusal(folder.store) == ""
    assert "moved from here to A" in await refusal(redis.store)
    assert await folder.store.load_id("chat0") == a_chat("chat0", 2, 2)
    await moved(folder, redis, clock)
    assert await chats(redis.store) == CHATS
    assert await refusal(redis.store) == ""


async def test_a_move_that_was_carried_through_is_not_made_again(ends: tuple[End, End, End], clock: Clock) -> None:
    folder, redis, _ = ends
    await moved(folder, redis, clock)
    assert await redis.store.commit(a_turn("chat0", 2)) is Commit.DONE
    await moved(folder, redis, clock)
    assert await redis.store.load_id("chat0") == a_chat("chat0", 2, 2), "as it is now"


async def test_killed_between_the_two_last_words_neither_is_served_and_the_move_is_repeated(
    ends: tuple[End, End, End], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, redis, _ = ends

    async def cut(store: Store, marker: Marker) -> None:
        if store is redis.store and marker.came and marker.came.whole:
            raise Cut
        await put_marker(store, marker)

    with monkeypatch.context() as patched:
        patched.setattr("bot.store.copying.put_marker", cut)
        with pytest.raises(Cut):
            await moved(folder, redis, clock)
    assert await refusal(folder.store)
    assert await refusal(redis.store)
    await moved(folder, redis, clock)
    assert await refusal(redis.store) == ""
    assert await chats(redis.store) == CHATS


async def test_what_arrived_otherwise_than_it_was_sent_is_found(ends: tuple[End, End, End], clock: Clock) -> None:
    folder, redis, _ = ends

    async def one_less(rows: Sequence[Row]) -> None:
        await redis.rows.take(rows[1:] if isinstance(rows[0], ChatRow) else rows)

    with pytest.raises(StoreUnavailable, match="of 30 chats 29 arrived"):
        await moved(folder, taking(redis, one_less), clock)
    assert "half of a move" in await refusal(redis.store)
    assert await refusal(folder.store) == ""


async def served(one: End) -> None:
    await one.store.mark("processes", "host:1", b"{}", 60_000)


async def moving(one: End) -> None:
    await one.store.mark("moving", "another host", b"1", 60_000)


async def full(one: End) -> None:
    await one.store.commit(a_turn("theirs"))


async def keyed(one: End) -> None:
    """Nobody chatted yet, but somebody was given a key."""
    await one.store.put(DocChange(Doc("key", "k", 1, b"hash"), 0))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (served, "R is served by 1 process"),
        (moving, "being moved already"),
        (full, "R is not empty: it has 1 chats"),
        (keyed, "R is not empty"),
    ],
)
async def test_a_target_that_is_in_use_is_not_touched(
    ends: tuple[End, End, End], clock: Clock, spoil: Callable[[End], Awaitable[None]], words: str
) -> None:
    folder, redis, _ = ends
    await spoil(redis)
    with pytest.raises(UserMistake, match=re.escape(words)):
        await moved(folder, redis, clock)
    assert await chats(redis.store) == 0
    assert await refusal(folder.store) == ""


async def test_what_a_start_leaves_behind_is_no_data(ends: tuple[End, End, End], clock: Clock) -> None:
    folder, redis, _ = ends
    await redis.store.keep_flow("v0", "steps: {}")
    await redis.store.put(DocChange(Doc("lease", "telegram", 1, b"somebody"), 0, jobs=(Job("system:y", "y", 1),)))
    await moved(folder, redis, clock)
    assert await redis.store.flow("v0") is None
    assert await redis.store.job("system:y") is None


async def test_flow_versions_that_chats_need_and_nobody_has_are_told(ends: tuple[End, End, End], clock: Clock) -> None:
    folder, redis, _ = ends
    for id_, version in (("one", "v1"), ("other", "v2"), ("another", "v2")):
        turn = a_turn(id_)
        await folder.store.commit(changed(turn, conversation=changed(turn.conversation, flow_version=version)))
    await folder.store.keep_flow(a_chat("chat0").flow_version, "steps: {}")
    await folder.store.keep_flow("v1", "steps: {}")
    assert (await moved(folder, redis, clock)).unkept == {"v2": 2}


async def test_a_second_store_cannot_be_made_of_one(ends: tuple[End, End, End], clock: Clock) -> None:
    """Half a move is no source, one that was moved away neither, and what came from elsewhere is not replaced."""
    folder, redis, other = ends
    with pytest.raises(Cut):
        await moved(folder, breaks_after(redis, 2), clock)
    with pytest.raises(UserMistake, match="R holds half of a move from A"):
        await moved(redis, other, clock)
    with pytest.raises(UserMistake, match="R holds half of a move from A"):
        await moved(other, redis, clock)
    with pytest.raises(UserMistake, match="R holds half of a move from A"):
        await reopen(redis)
    await moved(folder, redis, clock)
    with pytest.raises(UserMistake, match="the chats of A were moved to R"):
        await moved(folder, other, clock)
    with pytest.raises(UserMistake, match="R is not empty"):
        await moved(other, redis, clock)


async def test_what_was_moved_away_can_be_opened_again(ends: tuple[End, End, End], clock: Clock) -> None:
    folder, redis, other = ends
    assert await reopen(folder) is None
    await moved(folder, redis, clock)
    gone = await reopen(folder)
    assert gone is not None
    assert gone.place == "R"
    assert await refusal(folder.store) == ""
    with pytest.raises(UserMistake, match="A is not empty"):
        await moved(redis, folder, clock)
    await moved(redis, other, clock)
    assert await chats(other.store) == CHATS


async def test_nothing_starts_on_either_end_while_a_move_runs(ends: tuple[End, End, End], clock: Clock) -> None:
    folder, redis, _ = ends
    await moved(folder, redis, clock)
    refused: list[str] = []

    async def look(rows: Sequence[Row]) -> None:
        refused.extend([await refusal(redis.store), await refusal(folder.store)])
        await folder.rows.take(rows)

    await moved(redis, taking(folder, look), clock)
    assert "being moved from or to here just now" in refused[0]
    assert "half of a move from R" in refused[1]
