"""What `bot/store/base.py` promises about documents, on every store."""

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from bot.model import Change, Doc, DocChange, Job
from bot.store.base import Again, Commit, Done, Retry, Settlement, Store
from tests.store.stores import HOUR, Clock, a_turn


def a_put(body: bytes, over: int = 0, id: str = "a", kind: str = "case", event: str = "") -> DocChange:
    """The commit that takes a document from version `over` to the next."""
    return DocChange(Doc(kind, id, over + 1, body), over, events=(event,) if event else ())


def a_turn_with(*docs: Doc, id: str = "chat", version: int = 1) -> Change:
    return replace(a_turn(id, version), docs=docs)


async def bodies(store: Store, kind: str = "case") -> dict[str, bytes]:
    return {doc.id: doc.body for doc in await store.docs(kind)}


async def test_a_document_comes_back_as_it_was_put(store: Store, reopen: Callable[[], Store]) -> None:
    assert await store.put(a_put(b"\x00\xff{}")) is Commit.DONE
    assert await store.doc("case", "a") == Doc("case", "a", 1, b"\x00\xff{}")
    await store.close()
    assert await reopen().doc("case", "a") == Doc("case", "a", 1, b"\x00\xff{}")


async def test_a_document_that_was_never_put_is_not_there(store: Store) -> None:
    await store.put(a_put(b"x"))
    assert await store.doc("case", "b") is None
    assert await store.doc("card", "a") is None
    assert await store.docs("card") == ()


@pytest.mark.parametrize(("over", "verdict"), [(0, Commit.LOST), (1, Commit.LOST), (2, Commit.DONE), (3, Commit.LOST)])
async def test_only_the_next_version_is_taken(store: Store, over: int, verdict: Commit) -> None:
    await store.put(a_put(b"one"))
    await store.put(a_put(b"two", 1))
    assert await store.put(a_put(b"three", over)) is verdict
    assert (await bodies(store))["a"] == (b"three" if verdict is Commit.DONE else b"two")


async def test_of_many_agents_who_claim_at_once_one_does(store: Store) -> None:
    await store.put(a_put(b"open"))
    verdicts = await asyncio.gather(*(store.put(a_put(b"agent %d" % n, 1)) for n in range(20)))
    assert Counter(verdicts) == {Commit.DONE: 1, Commit.LOST: 19}
    assert (await bodies(store))["a"] == b"agent %d" % verdicts.index(Commit.DONE)


async def test_two_agents_in_two_processes_never_both_claim(store: Store, reopen: Callable[[], Store]) -> None:
    other = reopen()
    await store.put(a_put(b"open"))
    verdicts = await asyncio.gather(store.put(a_put(b"Ann", 1)), other.put(a_put(b"Ben", 1)))
    assert set(verdicts) == {Commit.DONE, Commit.LOST}


async def test_an_empty_document_is_not_there_and_its_name_is_free(store: Store) -> None:
    await store.put(a_put(b"x"))
    assert await store.put(a_put(b"", 1)) is Commit.DONE
    assert await store.doc("case", "a") is None
    assert await store.put(a_put(b"x", 2)) is Commit.LOST
    assert await store.put(a_put(b"y")) is Commit.DONE
    assert await store.doc("case", "a") == Doc("case", "a", 1, b"y")


async def test_documents_of_a_kind_come_by_id_in_pages(store: Store) -> None:
    for id_ in ("b", "a", "é", "c"):
        await store.put(a_put(id_.encode(), id=id_))
    await store.put(a_put(b"other", id="aa", kind="key"))
    assert [doc.id for doc in await store.docs("case")] == ["a", "b", "c", "é"]
    assert [doc.id for doc in await store.docs("case", after="a", limit=2)] == ["b", "c"]
    assert await store.docs("case", after="é") == ()


async def test_jobs_aliases_and_events_land_with_the_document(store: Store) -> None:
    await store.commit(a_turn("chat", jobs=[Job("chat:old", "x", 1)]))
    change = replace(
        a_put(b"x", event="click-1"),
        jobs=(Job("a:case", "case", 5, {"chat": "a"}),),
        cancel=("chat:old",),
        aliases=(("slack:T1:C1:1.2", "chat"),),
    )
    assert await store.put(change) is Commit.DONE
    assert [(view.job.id, view.job.payload) for view in await store.jobs()] == [("a:case", {"chat": "a"})]
    assert await store.resolve("slack:T1:C1:1.2") == "chat"
    assert await store.put(a_put(b"y", 1, event="click-1")) is Commit.REPEATED
    assert await store.commit(a_turn("chat", 2, event="click-1")) is Commit.REPEATED
    assert await bodies(store) == {"a": b"x"}


async def test_a_lost_put_leaves_nothing_behind(store: Store) -> None:
    await store.put(a_put(b"x"))
    lost = replace(a_put(b"y", event="e"), jobs=(Job("j", "x", 1),), aliases=(("name", "chat"),))
    assert await store.put(lost) is Commit.LOST
    assert (await store.jobs(), await store.resolve("name")) == ((), None)
    assert await store.put(a_put(b"z", 1, event="e")) is Commit.DONE


async def test_a_put_without_a_document_is_a_commit_of_jobs(store: Store) -> None:
    change = replace(a_put(b""), jobs=(Job("chat:desk", "desk", 1),))
    for _ in range(2):
        assert await store.put(change) is Commit.DONE
    assert await store.doc("case", "a") is None
    assert [view.job.id for view in await store.jobs()] == ["chat:desk"]


async def test_a_put_that_skips_a_version_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="version"):
        await store.put(DocChange(Doc("case", "a", 5, b"x"), 1))


async def test_an_event_is_taken_once_by_turn_or_put(store: Store, clock: Clock) -> None:
    verdicts = await asyncio.gather(store.commit(a_turn("chat", event="same")), store.put(a_put(b"x", event="same")))
    assert Counter(verdicts) == {Commit.DONE: 1, Commit.REPEATED: 1}
    clock.now += 48 * HOUR
    assert await store.put(a_put(b"x", event="same")) is Commit.DONE


async def test_a_turn_puts_its_documents_whatever_was_there(store: Store) -> None:
    await store.put(a_put(b"first", kind="optout"))
    await store.commit(a_turn_with(Doc("optout", "a", 0, b"again"), Doc("optout", "b", 7, b"new")))
    assert await store.doc("optout", "a") == Doc("optout", "a", 2, b"again")
    assert await store.doc("optout", "b") == Doc("optout", "b", 1, b"new")
    await store.commit(a_turn_with(Doc("optout", "a", 0, b""), version=2))
    assert await bodies(store, "optout") == {"b": b"new"}


async def test_a_lost_turn_puts_no_document(store: Store) -> None:
    await store.commit(a_turn("chat"))
    assert await store.commit(a_turn_with(Doc("optout", "a", 0, b"x"))) is Commit.LOST
    assert await bodies(store, "optout") == {}


async def test_turns_and_puts_of_one_chat_at_one_moment_are_judged_in_their_order(store: Store) -> None:
    verdicts = await asyncio.gather(
        store.put(a_put(b"one", id="chat")),
        store.commit(a_turn_with(Doc("case", "chat", 0, b"two"))),
        store.put(a_put(b"three", 1, id="chat")),
        store.put(a_put(b"three", 2, id="chat")),
        store.commit(a_turn("other")),
    )
    assert list(verdicts) == [Commit.DONE, Commit.DONE, Commit.LOST, Commit.DONE, Commit.DONE]
    assert await store.doc("case", "chat") == Doc("case", "chat", 3, b"three")
    assert await store.load_id("other") is not None


async def test_many_documents_at_once_do_not_disturb_each_other(store: Store) -> None:
    for over in range(3):
        verdicts = await asyncio.gather(*(store.put(a_put(b"%d" % over, over, id=f"{n:03}")) for n in range(200)))
        assert set(verdicts) == {Commit.DONE}
    assert await bodies(store) == {f"{n:03}": b"2" for n in range(200)}


@pytest.mark.parametrize(
    "settlement",
    [
        Done(docs=(Doc("sent", "chat", 0, b"after"),)),
        Again(90, docs=(Doc("sent", "chat", 0, b"after"),)),
        Retry(90, "no", docs=(Doc("sent", "chat", 0, b"after"),)),
    ],
    ids=["done", "again", "retry"],
)
async def test_a_settlement_puts_its_documents(store: Store, settlement: Settlement) -> None:
    await store.commit(a_turn_with(Doc("sent", "chat", 0, b"before")))
    await store.commit(a_turn("chat", 2, jobs=[Job("chat:deliver", "deliver.telegram", 1)]))
    claimed = await store.claim(1, 5, HOUR)
    await store.settle([(job, settlement) for job in claimed], 2)
    assert await store.doc("sent", "chat") == Doc("sent", "chat", 2, b"after")


async def test_a_settlement_that_comes_late_still_puts_what_was_sent(store: Store) -> None:
    await store.commit(a_turn("chat", jobs=[Job("chat:deliver", "deliver.telegram", 1)]))
    (job,) = await store.claim(1, 5, HOUR)
    await store.commit(a_turn("chat", 2, jobs=[Job("chat:deliver", "deliver.telegram", 1)]))
    await store.settle([(job, Done(docs=(Doc("sent", "chat", 0, b"1"),)))], 2)
    assert await bodies(store, "sent") == {"chat": b"1"}
    assert [view.state for view in await store.jobs()] == ["waiting"]


async def test_settlements_of_one_commit_put_the_last_of_a_document(store: Store) -> None:
    await store.commit(a_turn("chat", jobs=[Job("a", "x", 1), Job("b", "x", 2)]))
    first, second = await store.claim(2, 5, HOUR)
    gone, kept = Doc("sent", "chat", 0, b""), Doc("sent", "chat", 0, b"kept")
    await store.settle([(first, Done(docs=(gone,))), (second, Done(docs=(kept,)))], 3)
    assert await bodies(store, "sent") == {"chat": b"kept"}


async def test_a_settlement_behind_its_lease_overwrites_nothing_that_was_noted_since(store: Store) -> None:
    """Both began with no document; the quick one was given the job when the slow one's lease had ended."""
    await store.commit(a_turn("a", jobs=[Job("a:w", "w", 1)]))
    (slow,) = await store.claim(1, 9, 5)
    (quick,) = await store.claim(9, 9, HOUR)
    await store.settle([(quick, Done(docs=(Doc("remote", "a", 1, b"told 1 and 2"),)))], 10)
    await store.settle([(slow, Done(docs=(Doc("remote", "a", 1, b"told 1"),)))], 11)
    assert await store.doc("remote", "a") == Doc("remote", "a", 1, b"told 1 and 2")


async def test_of_two_settlements_in_one_commit_the_first_over_a_version_stands(store: Store) -> None:
    await store.commit(a_turn("a", jobs=[Job("a:v", "v", 1), Job("a:w", "w", 1)]))
    one, two = await store.claim(1, 9, HOUR)
    documents = [Done(docs=(Doc("remote", "a", 1, body),)) for body in (b"first", b"second")]
    await store.settle(list(zip((one, two), documents, strict=True)), 2)
    assert await bodies(store, "remote") == {"a": b"first"}
