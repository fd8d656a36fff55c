"""One active chat at an address: what arrives on a messaging channel, invitations, opt-outs, presence."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.channels.base import Reply
from bot.errors import Refused, Unknown
from bot.model import Address, Fact, Inbound, Start
from tests.harness.world import HOUR, World, a_world, said

ANN = Address("telegram", "4711")
BEN = Address("telegram", "4712")


@dataclass
class Channel:
    """What a messaging channel does with what arrives: each message has an id of the platform."""

    world: World
    ids: Counter[str] = field(default_factory=Counter)

    def id(self, kind: str) -> str:
        self.ids[kind] += 1
        return f"{kind}-{self.ids[kind]}"

    def start(self, at: Address = ANN) -> Start:
        return Start("", at, self.world.now, locale="en")

    async def hears(self, text: str, at: Address = ANN, id: str = "", *, begins: bool = True) -> Reply:
        """A text; `begins` where any first message may begin a chat."""
        event = id or self.id("update")
        inbound = Inbound(event, self.world.now, "text", text=text)
        opening = self.start(at) if begins else None
        return await self.world.runtime.receive_at(at, inbound, events=(event,), opening=opening)

    async def invites(self, key: str, at: Address = ANN) -> Reply:
        return await self.world.runtime.invite(self.start(at), "nps", key)

    async def jobs(self) -> set[str]:
        return {view.job.kind for view in await self.world.store.jobs()}


@pytest.fixture
async def channel(tmp_path: Path) -> AsyncIterator[Channel]:
    async with a_world(tmp_path) as world:
        yield Channel(world)


async def test_the_first_message_begins_a_chat_and_is_no_answer(channel: Channel) -> None:
    reply = await channel.hears("9")
    assert said(reply.entries) == ["bot: How likely are you to recommend Acme?"]
    assert (reply.conversation.address, reply.conversation.score) == (ANN, None)
    assert await channel.jobs() == {"timer", "deliver.telegram"}


async def test_the_next_message_is_an_answer_in_it(channel: Channel) -> None:
    first = await channel.hears("hello")
    reply = await channel.hears("3")
    assert said(reply.entries) == ["visitor: 3", "bot: What is the reason?"]
    assert reply.conversation.id == first.conversation.id


async def test_an_answer_costs_one_commit(channel: Channel) -> None:
    await channel.hears("hello")
    channel.world.store.calls.clear()
    await channel.hears("3")
    assert channel.world.store.calls == {"commit": 1}


@pytest.mark.parametrize("when", ["begun", "answered", "over"])
async def test_the_same_event_again_changes_nothing(channel: Channel, when: str) -> None:
    await channel.hears("hello", id="first")
    if when != "begun":
        await channel.hears("3", id="second")
    if when == "over":
        await channel.hears("stop", id="third")
    before = await channel.hears("who?", id="first")
    again = await channel.hears("10", id="first")
    assert (again.ignored, again.conversation) == ("repeated", before.conversation)
    assert channel.world.meters.opened.values == {("nps",): 1}


async def test_many_first_messages_at_once_begin_one_chat(channel: Channel) -> None:
    replies = await asyncio.gather(*(channel.hears("hello") for _ in range(8)))
    assert len({reply.conversation.id for reply in replies}) == 1
    assert channel.world.meters.opened.values == {("nps",): 1}


async def test_a_message_and_an_invitation_at_once_begin_one_chat(channel: Channel) -> None:
    outcomes = await asyncio.gather(
        channel.invites("order-1"), channel.hears("hi"), channel.invites("order-2"), return_exceptions=True
    )
    assert channel.world.meters.opened.values == {("nps",): 1}
    begun = {outcome.conversation.id for outcome in outcomes if isinstance(outcome, Reply)}
    refused = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert len(begun) == 1
    assert all(isinstance(one, Refused) and one.code == "busy" for one in refused)


async def test_each_person_has_a_chat_of_their_own(channel: Channel) -> None:
    ann, ben = await channel.hears("hi", ANN), await channel.hears("hi", BEN)
    assert ann.conversation.id != ben.conversation.id
    assert {len(ann.conversation.id), len(ben.conversation.id)} == {26}


async def test_ids_depend_on_the_salt_of_the_installation(channel: Channel) -> None:
    other = channel.world.other(salt=b"another installation")
    here = await channel.hears("hi")
    await channel.hears("stop")
    there = await other.receive_at(BEN, Inbound("u", 1, "text"), opening=channel.start(BEN))
    mine = await channel.world.runtime.receive_at(ANN, Inbound("u", 1, "text"), opening=channel.start())
    assert len({here.conversation.id, there.conversation.id, mine.conversation.id}) == 3


async def test_after_the_end_a_new_start_begins_a_new_chat(channel: Channel) -> None:
    first = await channel.hears("hello")
    await channel.hears("stop")
    second = await channel.hears("/start")
    assert second.conversation.id != first.conversation.id
    assert (second.conversation.status, second.ask is not None) == ("open", True)


async def test_after_the_end_a_message_is_a_late_comment(channel: Channel) -> None:
    first = await channel.hears("hello")
    await channel.hears("10")
    reply = await channel.hears("you are great", begins=False)
    assert (reply.ignored, reply.conversation.id) == ("", first.conversation.id)
    assert (reply.conversation.commented, reply.entries[0].text) == (1, "you are great")
    assert "desk" in await channel.jobs()


async def test_a_stranger_who_may_not_begin_is_unknown(channel: Channel) -> None:
    with pytest.raises(Unknown):
        await channel.hears("hello", begins=False)
    with pytest.raises(Unknown):
        await channel.world.runtime.receive_at(
            ANN, Inbound("u", 1, "text"), opening=channel.start(), flow="no such flow"
        )


async def test_an_event_of_a_known_chat_is_taken_once(channel: Channel) -> None:
    world = channel.world
    chat = await world.open()
    said_once = Inbound("m1", world.now, "value", value=3, fence=1)
    first = await world.runtime.receive(chat, said_once, events=("e1",))
    again = await world.runtime.receive(chat, Inbound("m2", world.now, "text", text="slow"), events=("e1",))
    assert (first.ignored, again.ignored) == ("", "repeated")
    assert again.conversation == first.conversation


async def test_an_invitation_begins_a_chat_once(channel: Channel) -> None:
    start = Start("", ANN, channel.world.now, locale="en", contact={"plan": Fact("pro", proven=True)})
    first = await channel.world.runtime.invite(start, "nps", "order-1")
    again = await channel.invites("order-1")
    assert (first.ignored, again.ignored) == ("", "repeated")
    assert first.conversation.contact == {"plan": Fact("pro", proven=True)}
    assert again.conversation == first.conversation
    assert await channel.jobs() == {"timer", "deliver.telegram"}


async def test_a_key_stays_used_after_the_chat_and_belongs_to_the_person(channel: Channel) -> None:
    first = await channel.invites("order-1")
    await channel.hears("10")
    assert (await channel.invites("order-1")).conversation.id == first.conversation.id
    assert (await channel.invites("order-1", BEN)).ignored == ""
    assert (await channel.invites("order-2")).conversation.id != first.conversation.id


async def test_many_invitations_with_one_key_begin_one_chat(channel: Channel) -> None:
    replies = await asyncio.gather(*(channel.invites("order-1") for _ in range(8)))
    assert Counter(reply.ignored for reply in replies) == {"": 1, "repeated": 7}
    assert len({reply.conversation.id for reply in replies}) == 1


async def test_whoever_is_in_a_chat_is_not_invited_to_another(channel: Channel) -> None:
    await channel.hears("hello")
    with pytest.raises(Refused) as refused:
        await channel.invites("order-1")
    assert refused.value.code == "busy"


async def test_stop_opts_out_of_invitations_on_this_channel_alone(channel: Channel) -> None:
    await channel.hears("hello")
    await channel.hears("stop")
    with pytest.raises(Refused) as refused:
        await channel.invites("order-1")
    assert refused.value.code == "opted_out"
    assert (await channel.invites("order-1", BEN)).ignored == ""
    assert (await channel.invites("order-1", Address("slack", ANN.peer))).ignored == ""
    assert (await channel.hears("/start")).conversation.status == "open", "they may still come themselves"


async def test_a_name_leads_to_its_chat(channel: Channel) -> None:
    assert await channel.world.runtime.resolve("slack:T1:C1:1.2") is None


async def test_who_listens_is_present_and_the_desk_hears_of_coming_and_going(channel: Channel) -> None:
    world = channel.world
    chat = await world.open()
    assert not await world.runtime.present(chat)
    with world.runtime.listen(chat):
        assert await world.runtime.present(chat)
    assert not await world.runtime.present(chat)
    for _ in range(2):
        await world.runtime.came_or_went(chat)
    view = await world.store.job(f"{chat}:presence")
    assert view is not None
    assert (view.job.kind, world.now < view.job.due < world.now + HOUR) == ("presence", True)
