"""What `bot/store/base.py` promises about turns, on every store."""

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from bot.model import Address, Answer, Change, Click, Fact, Job, Link
from bot.store.base import Commit, Store
from tests.store.stores import HOUR, Clock, a_chat, a_turn, lines

TELEGRAM = Address("telegram", "4711")


async def test_a_committed_chat_comes_back_whole(store: Store) -> None:
    chat = replace(
        a_chat("a", 1, 2),
        context={"page_url": "https://shop.example/é?x=1"},
        contact={"email": Fact("a@b.example", proven=True)},
        answers={
            "score": Answer("score", 9, "9", "nps", 5),
            "why": Answer("reason", "très bien 🎉", "très bien 🎉", "text", 6),
            "topics": Answer("topics", ("price", "speed"), "Price, Speed", "choices", 7),
        },
        trail=("score", "why"),
        suggest=(7, "call"),
        prefill=0,
        score=0,
        seen=("m1", "m2"),
        clicks=(Click("review", "google", 8),),
    )
    entries = (lines(1, 1)[0], replace(lines(2, 2)[0], link=Link("Review us", "review/google"), name="Ann"))
    assert await store.commit(Change(chat, 0, entries)) is Commit.DONE
    assert await store.load_id("a") == chat
    assert await store.load(chat.address) == chat
    assert await store.entries("a") == entries


async def test_what_was_committed_is_there_after_opening_again(store: Store, reopen: Callable[[], Store]) -> None:
    job = Job("a:timer", "timer", 50, {"chat": "a"})
    await store.commit(a_turn("a", jobs=[job], aliases=["slack:1"], event="e1"))
    await store.keep_flow("f00d", "version: 1")
    await store.close()
    again = reopen()
    assert await again.load_id("a") == a_chat("a", 1, 1)
    assert await again.entries("a") == lines(1, 1)
    assert await again.resolve("slack:1") == "a"
    assert await again.flow("f00d") == "version: 1"
    assert [claimed.payload for claimed in await again.claim(50, 5, 100)] == [{"chat": "a"}]
    assert await again.commit(a_turn("b", event="e1")) is Commit.REPEATED


async def test_nothing_is_known_of_a_stranger(store: Store) -> None:
    assert await store.load_id("nobody") is None
    assert await store.load(TELEGRAM) is None
    assert await store.entries("nobody") == ()
    assert await store.resolve("nobody") is None
    assert await store.flow("none") is None
    assert await store.due() == {}
    assert await store.job("none") is None
    assert await store.jobs() == ()


async def test_a_chat_is_created_once(store: Store) -> None:
    assert await store.commit(a_turn("a")) is Commit.DONE
    assert await store.commit(a_turn("a", says=2)) is Commit.LOST
    assert await store.entries("a") == lines(1, 1)


@pytest.mark.parametrize("version", [1, 2, 4, 9])
async def test_only_the_next_version_is_taken(store: Store, version: int) -> None:
    await store.commit(a_turn("a", 1))
    await store.commit(a_turn("a", 2))
    assert await store.commit(a_turn("a", version)) is Commit.LOST
    assert await store.load_id("a") == a_chat("a", 2, 2)


async def test_a_chat_that_was_never_created_cannot_go_on(store: Store) -> None:
    assert await store.commit(a_turn("ghost", 2)) is Commit.LOST
    assert await store.load_id("ghost") is None


async def test_of_many_tasks_racing_for_a_version_one_wins(store: Store) -> None:
    await store.commit(a_turn("a", 1))
    verdicts = await asyncio.gather(*(store.commit(a_turn("a", 2, says=1 + n)) for n in range(40)))
    assert Counter(verdicts) == {Commit.DONE: 1, Commit.LOST: 39}
    winner = verdicts.index(Commit.DONE)
    assert await store.entries("a") == lines(1, 2 + winner)


async def test_racing_tasks_that_load_and_try_again_all_get_through(store: Store) -> None:
    await store.commit(a_turn("a", 1))

    async def add_one() -> None:
        while True:
            chat = await store.load_id("a")
            assert chat is not None
            if await store.commit(a_turn("a", chat.version + 1)) is Commit.DONE:
                return

    await asyncio.gather(*(add_one() for _ in range(25)))
    assert await store.load_id("a") == a_chat("a", 26, 26)
    assert await store.entries("a") == lines(1, 26)


async def test_many_chats_at_once_do_not_disturb_each_other(store: Store) -> None:
    for version in (1, 2, 3):
        verdicts = await asyncio.gather(*(store.commit(a_turn(f"c{n:03}", version)) for n in range(300)))
        assert set(verdicts) == {Commit.DONE}
    for n in range(300):
        assert await store.load_id(f"c{n:03}") == a_chat(f"c{n:03}", 3, 3)
        assert await store.entries(f"c{n:03}") == lines(1, 3)


async def test_a_lost_race_leaves_nothing_behind(store: Store) -> None:
    await store.commit(a_turn("a", aliases=["old"], jobs=[Job("a:timer", "timer", 5)]))
    lost = a_turn("a", 3, jobs=[Job("a:x", "x", 1)], cancel=["a:timer"], aliases=["new"], event="e9")
    assert await store.commit(lost) is Commit.LOST
    assert await store.entries("a") == lines(1, 1)
    assert await store.resolve("new") is None
    assert [view.job.id for view in await store.jobs()] == ["a:timer"]
    assert await store.commit(a_turn("b", event="e9")) is Commit.DONE


async def test_a_bad_change_fails_alone(store: Store) -> None:
    await store.commit(a_turn("a"))
    gap = a_turn("a", 2, before=5)
    outcomes = await asyncio.gather(
        store.commit(a_turn("b")), store.commit(gap), store.commit(a_turn("c")), return_exceptions=True
    )
    assert outcomes[0] is outcomes[2] is Commit.DONE
    assert isinstance(outcomes[1], ValueError)
    assert await store.load_id("a") == a_chat("a", 1, 1)


async def test_a_due_time_beyond_64_bits_fails_alone(store: Store) -> None:
    outcomes = await asyncio.gather(
        store.commit(a_turn("a")),
        store.commit(a_turn("b", jobs=[Job("b:x", "x", 1 << 70)])),
        store.commit(a_turn("c")),
        return_exceptions=True,
    )
    assert outcomes[0] is outcomes[2] is Commit.DONE
    assert isinstance(outcomes[1], OverflowError)
    assert await store.load_id("b") is None


@pytest.mark.parametrize(
    "change",
    [
        replace(a_turn("a"), conversation=a_chat("a", 2, 1)),
        replace(a_turn("a"), conversation=a_chat("a", 1, 2)),
        replace(a_turn("a", says=3), entries=(lines(1, 1)[0], lines(3, 3)[0])),
    ],
    ids=["version is not the next", "seq is not the last entry", "a gap between the entries"],
)
async def test_a_malformed_change_is_refused(store: Store, change: Change) -> None:
    with pytest.raises(ValueError, match=r"version|entries"):
        await store.commit(change)
    assert await store.load_id("a") is None


async def test_the_log_is_dense_and_read_from_any_place(store: Store) -> None:
    await store.commit(a_turn("a", 1, says=2))
    await store.commit(a_turn("a", 2, says=0, before=2))
    await store.commit(a_turn("a", 3, says=3, before=2))
    await store.commit(a_turn("other", 1, says=4))
    await store.commit(a_turn("a", 4, says=1, before=5))
    for after in range(8):
        assert await store.entries("a", after) == lines(after + 1, 6)


async def test_the_newest_chat_of_an_address_is_loaded(store: Store) -> None:
    await store.commit(a_turn("z-first", address=TELEGRAM))
    await store.commit(a_turn("a-second", address=TELEGRAM))
    await store.commit(a_turn("other", address=Address("slack", "4711")))
    await store.commit(a_turn("z-first", 2, address=TELEGRAM))
    newest = await store.load(TELEGRAM)
    assert newest is not None
    assert newest.id == "a-second"
    assert await store.load(Address("telegram", "z-first")) is None


async def test_the_newest_alias_wins(store: Store) -> None:
    await store.commit(a_turn("a", aliases=["t:1", "t:2"]))
    await store.commit(a_turn("b", aliases=["t:1"]))
    assert (await store.resolve("t:1"), await store.resolve("t:2")) == ("b", "a")
    await store.commit(a_turn("a", 2, aliases=["t:1"]))
    assert await store.resolve("t:1") == "a"


async def test_an_alias_is_no_address(store: Store) -> None:
    await store.commit(a_turn("a", address=TELEGRAM, aliases=["telegram:4711"]))
    assert await store.resolve("4711") is None
    assert await store.load(Address("telegram", "telegram:4711")) is None


async def test_an_event_is_taken_once_within_a_day_and_where_the_clock_jumps_by_another(
    store: Store, clock: Clock
) -> None:
    assert await store.commit(a_turn("a", event="update-1")) is Commit.DONE
    assert await store.commit(a_turn("b", event="update-1")) is Commit.REPEATED
    assert await store.load_id("b") is None
    clock.now += 48 * HOUR - 1
    assert await store.commit(a_turn("b", event="update-1")) is Commit.REPEATED
    clock.now += 1
    assert await store.commit(a_turn("b", event="update-1")) is Commit.DONE
    assert await store.commit(a_turn("c", event="update-1")) is Commit.REPEATED


async def test_a_repeated_event_is_told_from_a_lost_race(store: Store) -> None:
    await store.commit(a_turn("a", event="update-1"))
    assert await store.commit(a_turn("a", event="update-1")) is Commit.REPEATED


async def test_of_many_commits_with_one_event_one_is_taken(store: Store) -> None:
    verdicts = await asyncio.gather(*(store.commit(a_turn(f"c{n}", event="same")) for n in range(20)))
    assert Counter(verdicts) == {Commit.DONE: 1, Commit.REPEATED: 19}


async def test_a_flow_is_kept_under_its_version(store: Store) -> None:
    await store.keep_flow("v1", "first: 1\n")
    await asyncio.gather(store.keep_flow("v1", "first: 1\n"), store.keep_flow("v2", "é"))
    assert (await store.flow("v1"), await store.flow("v2")) == ("first: 1\n", "é")


async def test_two_stores_on_the_same_data_see_each_other(store: Store, reopen: Callable[[], Store]) -> None:
    other = reopen()
    await store.commit(a_turn("a", 1))
    assert await other.commit(a_turn("a", 2)) is Commit.DONE
    assert await store.commit(a_turn("a", 2)) is Commit.LOST
    assert await store.load_id("a") == a_chat("a", 2, 2)


async def test_a_working_store_is_writable_and_may_be_closed_twice(store: Store) -> None:
    assert await store.writable()
    await store.close()
    await store.close()
    assert not await store.writable()


async def test_closing_finishes_what_was_asked(store: Store, reopen: Callable[[], Store]) -> None:
    waiting = [asyncio.ensure_future(store.commit(a_turn(f"c{n}"))) for n in range(20)]
    await asyncio.sleep(0)
    await store.close()
    assert {await commit for commit in waiting} == {Commit.DONE}
    assert await reopen().load_id("c19") == a_chat("c19", 1, 1)
