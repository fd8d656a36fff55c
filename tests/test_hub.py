"""Hints between processes: two of them on one store, each with its own runtime and its own pages."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from msgspec.structs import replace

from bot import hub_shared
from bot.channels.base import Hint
from bot.errors import StoreUnavailable
from bot.flows.catalog import Catalog
from bot.flows.load import load
from bot.model import Address, Inbound, InboundKind, Start
from bot.runtime import Runtime
from bot.runtime_after import awaited
from bot.store.sqlite import SqliteStore
from tests.harness.flows import ATTENDED
from tests.harness.responses import a_scored_chat
from tests.harness.working import Clock, until

NEVER, SOON = 3_600.0, 0.02


class Shared(SqliteStore):
    """The store of both processes. `deaf`: every word is lost; `away`: it cannot be asked."""

    deaf = away = False
    looks = 0
    words = 0

    def tell(self, word: str) -> None:
        self.words += 1
        if not self.deaf:
            super().tell(word)

    async def versions(self, chats: Sequence[str]) -> Mapping[str, int]:
        self.looks += 1
        if self.away:
            raise StoreUnavailable("away")
        return await super().versions(chats)

    async def mark(self, group: str, name: str, value: bytes, ttl: int) -> None:
        if self.away:
            raise StoreUnavailable("away")
        await super().mark(group, name, value, ttl)


class Two:
    """Processes `a` and `b`, and the chat of somebody whose page is at one of them."""

    def __init__(self, store: Shared) -> None:
        self.store = store
        catalog, clock = Catalog({}, "UTC", desk=True), Clock()
        catalog.add(load(ATTENDED))
        self.a, self.b = (Runtime(store, catalog, clock, lambda _: None, shared=name) for name in ("a", "b"))
        self.chat = ""
        self._count = 0

    async def opens(self, channel: str = "web") -> None:
        reply = await self.a.open(Start("", Address(channel, ""), 1, locale="en"))
        self.chat = reply.conversation.id

    async def says(self, at: Runtime, kind: InboundKind, value: int | None = None, text: str = "") -> None:
        self._count += 1
        fence = 1 if kind == "value" else None
        await at.receive(self.chat, Inbound(f"m{self._count}", 1, kind, value, text, fence))

    async def in_a_handoff(self) -> None:
        await self.says(self.a, "value", 3)
        await self.says(self.a, "text", text="it broke")

    async def an_agent_writes(self, at: Runtime) -> None:
        self._count += 1
        name = f"m{self._count}"
        await at.receive(self.chat, Inbound(name, 1, "agent", "say", "Hello", name="Maya", ref=name))

    async def page(self, stack: ExitStack, at: Runtime) -> Hint:
        """Opens, and reads the chat as it stands."""
        hint = stack.enter_context(at.listen(self.chat))
        await at.look(self.chat)
        return hint

    async def marks(self) -> list[str]:
        return sorted(await self.store.marks(f"here:{self.chat}"))


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Two]:
    store = Shared.open(tmp_path / "chats.db", Clock())
    assert isinstance(store, Shared)
    made = Two(store)
    await made.opens()
    yield made
    await made.a.close()
    await made.b.close()
    await store.close()


async def test_a_line_said_at_one_process_is_hinted_at_the_other_by_a_word(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_shared, "LOOK", NEVER)
    await two.in_a_handoff()
    with ExitStack() as stack:
        there, here = await two.page(stack, two.b), await two.page(stack, two.a)
        await two.an_agent_writes(two.a)
        assert await there.wait(5)
        assert await here.wait(5)
        assert not await here.wait(0.01), "its own word is no news to who told it"


@pytest.mark.parametrize("kind", ["value", "agent"])
async def test_a_lost_word_is_made_up_for_by_the_next_look(
    two: Two, kind: InboundKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_shared, "LOOK", SOON)
    two.store.deaf = True
    if kind == "agent":
        await two.in_a_handoff()
    with ExitStack() as stack:
        hint = await two.page(stack, two.b)
        assert not await hint.wait(5 * SOON), "what was there when they came is no news"
        await (two.an_agent_writes(two.a) if kind == "agent" else two.says(two.a, "value", 9))
        assert await hint.wait(5)


async def test_what_came_between_the_first_reading_and_the_first_look_is_not_missed(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_shared, "LOOK", SOON)
    two.store.deaf = True
    await two.in_a_handoff()
    with ExitStack() as stack:
        hint = await two.page(stack, two.b)
        await two.an_agent_writes(two.a)
        assert await hint.wait(5)
        late = await two.page(stack, two.b)
        await two.an_agent_writes(two.a)
        assert await hint.wait(5)
        assert await late.wait(5)


async def test_a_store_that_is_away_is_survived_and_the_look_resumes(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_shared, "LOOK", SOON)
    monkeypatch.setattr(hub_shared, "REFRESH", SOON)
    two.store.deaf = True
    await two.in_a_handoff()
    with ExitStack() as stack:
        hint = await two.page(stack, two.b)
        two.store.away = True
        await two.an_agent_writes(two.a)
        looks = two.store.looks
        await until(lambda: two.store.looks > looks + 2)
        two.store.away = False
        assert await hint.wait(5)
        await until(lambda: marked(two, ["b"]))


async def test_while_nobody_listens_nothing_is_asked(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_shared, "LOOK", SOON)
    with ExitStack() as stack:
        await two.page(stack, two.b)
        await two.page(stack, two.b)
        await until(lambda: two.store.looks > 0)
    await until(lambda: two.b._hub._keeping is None)  # type: ignore[attr-defined]  # of the hub for several
    looks = two.store.looks
    await asyncio.sleep(5 * SOON)  # in which somebody who listens would be looked for five times
    assert two.store.looks == looks
    with ExitStack() as stack:
        await two.page(stack, two.b)
        await until(lambda: two.store.looks > looks)


@pytest.mark.parametrize(
    ("channel", "handoff", "kind", "told"),
    [
        ("web", False, "value", False),
        ("web", False, "click", False),
        ("web", False, "timer", True),
        ("web", True, "text", True),
        ("web", True, "agent", True),
        ("telegram", True, "text", False),
        ("telegram", True, "agent", False),
    ],
)
def test_a_word_is_told_only_where_a_page_elsewhere_may_wait(
    channel: str, handoff: bool, kind: InboundKind, told: bool
) -> None:
    chat = replace(a_scored_chat("c"), address=Address(channel, "p"), handoff="")
    talking = replace(chat, handoff="joined") if handoff else chat
    inbound = Inbound("m", 1, kind)
    assert awaited(talking, talking, inbound) is told
    assert awaited(chat, talking, inbound) is awaited(talking, chat, inbound) is told, "as it begins, and as it ends"


async def test_an_ordinary_answer_tells_nobody(two: Two) -> None:
    await two.says(two.a, "value", 3)
    assert two.store.words == 0
    await two.says(two.a, "text", text="it broke")
    assert two.store.words == 1, "now a person is wanted"


async def test_a_page_at_one_process_is_known_at_the_other_while_a_person_is_wanted(two: Two) -> None:
    with ExitStack() as stack:
        hint = await two.page(stack, two.b)
        assert await two.marks() == [], "before a handoff nobody needs to know"
        await two.in_a_handoff()
        assert await hint.wait(5)
        await two.b.look(two.chat)
        await until(lambda: two.a.present(two.chat))
        assert await two.b.present(two.chat)
    await until(lambda: not_(two.a, two.chat))
    assert not await two.b.present(two.chat)


async def test_of_two_pages_at_two_processes_one_may_close(two: Two) -> None:
    await two.in_a_handoff()
    with ExitStack() as stay:
        await two.page(stay, two.b)
        with ExitStack() as stack:
            await two.page(stack, two.a)
            await until(lambda: marked(two, ["a", "b"]))
        await until(lambda: marked(two, ["b"]))
        assert await two.a.present(two.chat)
    await until(lambda: marked(two, []))


async def test_a_mark_is_put_again_before_it_ends_and_ends_with_a_stop(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"LOOK": SOON, "REFRESH": 0.05, "MARKED": 400}.items():
        monkeypatch.setattr(hub_shared, name, value)
    await two.in_a_handoff()
    with ExitStack() as stack:
        await two.page(stack, two.b)
        await until(lambda: marked(two, ["b"]))
        before = two.store.looks
        await until(lambda: two.store.looks > before + 25)
        assert await two.marks() == ["b"]
        await two.b.close()
        assert await two.marks() == []


async def not_(at: Runtime, chat: str) -> bool:
    return not await at.present(chat)


async def marked(two: Two, names: list[str]) -> bool:
    return await two.marks() == names


async def test_words_that_are_none_of_ours_are_passed_over(two: Two) -> None:
    with ExitStack() as stack:
        hint = await two.page(stack, two.b)
        wrong: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: wrong.append(context))
        ours = (f"chat:{two.chat}", f"chat:{two.chat}:new", f"try:{two.chat}:9", f"chat:{two.chat}:{'9' * 5_000}")
        for word in ("chat:", "chat:nobody:1", *ours):
            two.store.tell(word)
        assert not await hint.wait(0.02)
        assert wrong == []
