"""A web chat while a person is on the line: what the page sees, what it may say, and who is there."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.channels.base import Reply
from bot.model import Inbound
from tests.channels.service import Chat, Service, serve
from tests.channels.test_web_events import follow
from tests.harness.flows import ATTENDED
from tests.harness.working import until


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with serve(tmp_path, ATTENDED, desk=True) as running:
        yield running


async def in_a_handoff(service: Service) -> Chat:
    chat = await service.open()
    await chat.send(value=3, fence=1)
    said = await chat.send(text="it broke", fence=2)
    assert (said.body["status"], said.body["ask"]) == ("handoff", None)
    return chat


async def agent(chat: Chat, act: str, text: str = "", ref: str = "") -> Reply:
    inbound = Inbound(f"{act}-{text}", chat.service.clock.now, "agent", act, text, name="Maya", ref=ref)
    return await chat.service.runtime.receive(chat.chat, inbound)


async def test_an_agent_s_lines_reach_the_page_at_once(service: Service) -> None:
    chat = await in_a_handoff(service)
    async with follow(chat, cursor=chat.state["cursor"]) as stream:
        await stream.event()
        await agent(chat, "say", "Helo", "1.1")
        await agent(chat, "edit", "Hello", "1.1")
        seen: list[dict[str, object]] = []
        while len(seen) < 3:
            now = await stream.event()
            assert isinstance(now["entries"], list)
            seen += now["entries"]
            assert (now["status"], now["ask"]) == ("handoff", None)
    joined, said, edited = seen
    assert (joined["author"], joined["name"]) == ("bot", "Maya")
    assert (said["author"], said["name"], said["text"]) == ("agent", "Maya", "Helo")
    assert (edited["text"], edited["replaces"]) == ("Hello", said["seq"])


async def test_the_page_sees_the_handoff_begin_and_end(service: Service) -> None:
    chat = await service.open()
    await chat.send(value=3, fence=1)
    async with follow(chat) as stream:
        assert (await stream.event())["status"] == "open"
        await chat.send(action="skip")
        assert (await stream.event())["status"] == "handoff"
        await agent(chat, "leave")
        assert (await stream.event())["status"] == "ended"


@pytest.mark.parametrize(
    "message",
    [{"text": "are you there?"}, {"text": "and now?", "fence": 1}, {"action": "human"}],
    ids=["words", "words with the fence of an older question", "an action that is only words here"],
)
async def test_whatever_is_said_is_for_the_agent(service: Service, message: dict[str, object]) -> None:
    chat = await in_a_handoff(service)
    said = await chat.send(**message)
    assert (said.status, said.body["status"], said.body["ask"]) == (200, "handoff", None)
    assert isinstance(said.body["entries"], list)
    assert [entry["author"] for entry in said.body["entries"]] == ["visitor"]
    assert await service.store.job(f"{chat.chat}:desk") is not None


async def test_stop_ends_the_chat_also_then(service: Service) -> None:
    chat = await in_a_handoff(service)
    assert (await chat.send(action="stop")).body["status"] == "ended"


async def told_of_presence(chat: Chat) -> bool:
    """Whether a job for the desk was made since it was last asked; it is taken away."""
    return await chat.service.store.drop_job(f"{chat.chat}:presence")


async def test_the_desk_hears_when_the_page_comes_and_when_it_has_gone(service: Service) -> None:
    chat = await in_a_handoff(service)
    assert not await told_of_presence(chat)
    async with follow(chat) as stream:
        await stream.event()
        await until(lambda: told_of_presence(chat))
        assert await service.runtime.present(chat.chat)
        async with follow(chat) as other:
            await other.event()
        await agent(chat, "say", "Hello", "1.1")
        await stream.event()
        assert not await told_of_presence(chat), "another tab makes no difference"
    await until(lambda: told_of_presence(chat), 10)
    assert not await service.runtime.present(chat.chat)


async def test_a_chat_without_a_handoff_tells_nobody(service: Service) -> None:
    chat = await service.open()
    async with follow(chat) as stream:
        await stream.event()
        await chat.send(value=3, fence=1)
        await stream.event()
    await until(lambda: service.runtime.listening == 0, 10)
    assert not await told_of_presence(chat)
