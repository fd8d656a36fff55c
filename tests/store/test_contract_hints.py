"""What `bot/store/base.py` promises about words, marks and the look whether a chat has moved, on every store."""

import asyncio
from collections.abc import Callable

import pytest

from bot.store.base import Store
from tests.store.stores import a_turn


async def until(holds: Callable[[], bool], meanwhile: Callable[[], None] = lambda: None) -> None:
    """Look again and again, for 10 s at most."""
    async with asyncio.timeout(10):
        while not holds():
            meanwhile()
            await asyncio.sleep(0.01)


async def test_a_word_is_heard_by_everybody_who_listens(store: Store) -> None:
    first: list[str] = []
    second: list[str] = []
    store.hear(first.append)
    store.hear(second.append)
    await until(lambda: "chat:é" in first and "chat:é" in second, lambda: store.tell("chat:é"))


async def test_a_listener_that_fails_does_not_keep_words_from_others(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []

    def broken(word: str) -> None:
        raise RuntimeError(word)

    store.hear(broken)
    store.hear(heard.append)
    await until(lambda: "once" in heard, lambda: store.tell("once"))
    await until(lambda: "again" in heard, lambda: store.tell("again"))
    assert "RuntimeError: again" in caplog.text


async def test_a_closed_store_tells_nothing_and_fails_nobody(store: Store) -> None:
    store.hear(lambda _: None)
    await store.close()
    store.tell("late")


async def test_versions_tell_which_chats_have_moved(store: Store) -> None:
    for n in range(1, 8):
        for version in range(1, n + 1):
            await store.commit(a_turn(f"c{n}", version))
    asked = [f"c{n}" for n in range(1, 8)]
    assert await store.versions([*asked, "nobody"]) == {f"c{n}": n for n in range(1, 8)}
    assert await store.versions([]) == {}


async def test_marks_are_kept_by_group_and_name_until_they_are_taken_away(store: Store) -> None:
    await store.mark("here:a", "one", b"1", 60_000)
    await store.mark("here:a", "two", b'{"pid": 7}\n\x00\xff', 60_000)
    await store.mark("here:b", "one", b"3", 60_000)
    await store.mark("here:a", "one", b"4", 60_000)
    assert await store.marks("here:a") == {"one": b"4", "two": b'{"pid": 7}\n\x00\xff'}
    await store.unmark("here:a", "one")
    await store.unmark("here:a", "never there")
    assert await store.marks("here:a") == {"two": b'{"pid": 7}\n\x00\xff'}
    assert await store.marks("here:b") == {"one": b"3"}
    assert await store.marks("nowhere") == {}


async def test_a_mark_that_is_not_prolonged_vanishes_and_others_of_its_group_stay(store: Store) -> None:
    await store.mark("processes", "dead", b"x", 30)
    await store.mark("processes", "living", b"y", 30)
    await store.mark("processes", "living", b"z", 60_000)
    for _ in range(1_000):
        if await store.marks("processes") == {"living": b"z"}:
            return
        await asyncio.sleep(0.01)
    pytest.fail("the dead mark stays")
