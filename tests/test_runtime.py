"""The runtime on the real store: one load and one commit a turn, races, repeats, versions that outlive a reload."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.errors import StoreUnavailable, Unknown
from bot.flows.load import load
from bot.model import Address, Job, Start
from bot.runtime import TRIES
from bot.store.base import Again, Done
from tests.harness.flows import OTHER, SMALL
from tests.harness.world import BEGIN, HOUR, World, a_world, said


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path) as made:
        yield made


async def test_a_chat_opens_with_its_first_question(world: World) -> None:
    reply = await world.runtime.open(Start("", Address("web", ""), world.now), "nps")
    assert said(reply.entries) == ["bot: How likely are you to recommend Acme?"]
    assert reply.ask is not None
    assert (reply.ask.step, reply.ask.fence, len(reply.ask.options)) == ("score", 1, 11)
    chat = reply.conversation
    assert (len(chat.id), chat.address, chat.version) == (26, Address("web", chat.id), 1)
    assert world.woken == 1


async def test_ids_of_chats_sort_by_time(world: World) -> None:
    ids = []
    for _ in range(5):
        ids.append(await world.open())
        world.now += 1
    assert ids == sorted(ids)
    assert len(set(ids)) == 5


async def test_a_flow_that_does_not_exist_is_unknown(world: World) -> None:
    with pytest.raises(Unknown):
        await world.runtime.open(Start("", Address("web", ""), world.now), "csat")


async def test_the_same_id_opens_one_chat(world: World) -> None:
    start = Start("invited-1", Address("telegram", "4711"), world.now)
    first = await world.runtime.open(start)
    again = await world.runtime.open(start)
    assert (first.ignored, again.ignored) == ("", "repeated")
    assert (again.conversation, again.entries) == (first.conversation, first.entries)


async def test_a_turn_is_one_load_and_one_commit(world: World) -> None:
    chat = await world.open()
    reply = await world.score(chat, 3)
    assert said(reply.entries) == ["visitor: 3", "bot: What is the reason?"]
    assert world.store.calls == {"load": 1, "commit": 1}


async def test_only_a_client_that_is_behind_costs_a_read_of_the_log(world: World) -> None:
    chat = await world.open()
    reply = await world.score(chat, 3, after=0)
    assert len(reply.entries) == 3
    assert world.store.calls == {"load": 1, "commit": 1, "entries": 1}


async def test_a_client_that_claims_to_be_ahead_gets_nothing_twice(world: World) -> None:
    chat = await world.open()
    assert [entry.seq for entry in (await world.score(chat, 3, after=2)).entries] == [3]


async def test_the_same_inbound_again_changes_nothing_and_answers_the_same(world: World) -> None:
    chat = await world.open()
    first = await world.score(chat, 3)
    again = await world.score(chat, 3)
    assert (again.entries, again.ask, again.ignored) == (first.entries, first.ask, "repeated")
    assert again.conversation == first.conversation


async def test_of_two_answers_at_once_one_is_taken_and_the_other_is_stale(world: World) -> None:
    chat = await world.open()
    replies = await asyncio.gather(world.score(chat, 3, "tab-1"), world.score(chat, 9, "tab-2"))
    assert sorted(reply.ignored for reply in replies) == ["", "stale"]
    stale = next(reply for reply in replies if reply.ignored)
    taken = next(reply for reply in replies if not reply.ignored)
    assert (stale.conversation, stale.ask) == (taken.conversation, taken.ask)
    assert world.meters.races.values == {(): 1}


async def test_the_loser_of_a_race_runs_the_step_again(world: World) -> None:
    chat = await world.open()
    world.store.losses = 3
    assert (await world.score(chat, 3)).conversation.score == 3
    assert world.store.calls == {"load": 4, "commit": 4}


async def test_a_race_that_is_never_won_ends_as_unavailable(world: World) -> None:
    chat = await world.open()
    world.store.losses = TRIES
    with pytest.raises(StoreUnavailable):
        await world.score(chat, 3)
    assert (await world.runtime.look(chat)).conversation.score is None


async def test_an_unknown_chat_is_unknown(world: World) -> None:
    for call in (world.score("nobody", 3), world.runtime.look("nobody"), world.runtime.follow("nobody", "a/b", 1)):
        with pytest.raises(Unknown):
            await call


async def test_looking_shows_the_chat_as_it_stands(world: World) -> None:
    chat = await world.open()
    taken = await world.score(chat, 3)
    whole = await world.runtime.look(chat)
    assert (len(whole.entries), whole.ask) == (3, taken.ask)
    assert (await world.runtime.look(chat, 3)).entries == ()


async def test_a_running_chat_stays_on_its_version_after_a_reload_and_a_restart(world: World) -> None:
    chat = await world.open()
    world.catalog.add(load(OTHER))
    other = await world.runtime.open(Start("", Address("web", ""), world.now))
    assert other.entries[0].text.startswith("On a scale")
    world.restart(OTHER)
    replies = await asyncio.gather(world.score(chat, 3), world.runtime.look(chat))
    assert {reply.conversation.flow_version for reply in replies} == {load(SMALL).version}
    assert world.catalog.live.version == load(OTHER).version


@pytest.mark.parametrize(
    ("kept", "said"), [(None, "the store has not the text"), ("[this, is, no, flow]", "cannot be run")]
)
async def test_a_version_that_cannot_be_read_is_told_once_and_leaves_the_chat_unharmed(
    world: World, kept: str | None, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    unkept = SMALL.replace("Thank you.", "Thanks.")
    world.restart(unkept)
    chat = await world.open()
    if kept is not None:
        await world.store.keep_flow(load(unkept).version, kept)
    world.restart(SMALL)
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await world.score(chat, 3)
    (line,) = caplog.messages
    assert said in line
    assert f"version {load(unkept).version[:7]} of the flows" in line
    world.catalog.add(load(unkept))
    assert (await world.score(chat, 3)).conversation.answers


async def test_a_click_is_recorded_once_and_leads_to_the_target(world: World) -> None:
    chat = await world.open()
    assert (await world.score(chat, 10)).conversation.status == "ended"
    for _ in range(2):
        assert await world.runtime.follow(chat, "review/shop", world.now) == "https://reviews.example/acme"
    assert [click.link for click in (await world.runtime.look(chat)).conversation.clicks] == ["shop"]
    with pytest.raises(Unknown):
        await world.runtime.follow(chat, "review/elsewhere", world.now)


async def test_a_timer_reminds_once_then_abandons(world: World) -> None:
    chat = await world.open()
    world.now += 20 * HOUR
    assert isinstance(await world.runtime.fire(await world.timer()), Done)
    reminded = (await world.runtime.look(chat)).conversation
    assert (reminded.reminded, reminded.outcome) == (1, "")
    world.now = BEGIN + 72 * HOUR
    assert isinstance(await world.runtime.fire(Job(f"{chat}:timer", "timer", world.now, {"chat": chat}, 2)), Done)
    ended = (await world.runtime.look(chat)).conversation
    assert (ended.outcome, ended.status) == ("abandoned", "ended")
    assert isinstance(await world.runtime.fire(Job(f"{chat}:timer", "timer", world.now, {"chat": chat}, 3)), Done)


async def test_a_timer_that_fires_early_moves_after_the_chat(world: World) -> None:
    chat = await world.open()
    world.now += 19 * HOUR
    await world.score(chat, 3)
    world.now += HOUR
    job = await world.timer()
    assert await world.runtime.fire(job) == Again(BEGIN + 39 * HOUR)


async def test_a_timer_of_a_chat_that_is_gone_is_done(world: World) -> None:
    assert await world.runtime.fire(Job("gone:timer", "timer", 1, {"chat": "gone"})) == Done()


async def test_who_listens_to_a_chat_is_hinted_by_its_turns(world: World) -> None:
    chat, other = await world.open(), await world.open()
    with world.runtime.listen(chat) as hint, world.runtime.listen(other) as elsewhere:
        assert world.runtime.listening == 2
        await world.score(chat, 3)
        assert await hint.wait(5) is True
        assert await hint.wait(0) is False
        assert await elsewhere.wait(0) is False
    assert world.runtime.listening == 0


async def test_turns_are_counted_by_what_became_of_them(world: World) -> None:
    chat = await world.open()
    await world.score(chat, 3)
    await world.score(chat, 3)
    await world.score(chat, 3, "late")
    assert world.meters.turns.values == {("taken",): 1, ("repeated",): 1, ("stale",): 1}
    assert sum(world.meters.turn_seconds.buckets) == 3
