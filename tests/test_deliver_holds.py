"""Who waits after a platform said that it is too much: one chat, or the whole channel."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.deliver_holds import SEVERAL, Holds
from bot.errors import Throttled
from tests.harness.delivering import Scene, a_scene
from tests.harness.responses import NOON


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with a_scene(tmp_path) as made:
        yield made


async def test_throttled_for_several_holds_the_whole_channel_until_it_may_go_on(scene: Scene) -> None:
    people = ("ann", "ben", "cem", "dot", "eve")
    for peer in people:
        await scene.hears("hi", peer)
    scene.messenger.answers = [Throttled("too fast", 30)] * SEVERAL
    await scene.deliver()
    assert (scene.messenger.calls, scene.told) == (SEVERAL, [])
    scene.world.now += 29_000
    await scene.hears("9", "eve")
    await scene.deliver()
    assert scene.messenger.calls == SEVERAL, "a new message does not get round the wait"
    scene.world.now += 2_000
    await scene.deliver()
    assert len(scene.told) == len(people)


async def test_whoever_makes_the_bot_answer_too_fast_holds_up_nobody_else(scene: Scene) -> None:
    await scene.hears("hi", "ann")
    scene.messenger.answers = [Throttled("too fast", 30)]
    await scene.deliver()
    await scene.hears("again", "ann")
    await scene.hears("hi", "ben")
    await scene.deliver()
    assert [said.partition(" ")[0] for said in scene.told] == ["ben"]
    scene.world.now += 31_000
    await scene.deliver()
    assert [said.partition(" ")[0] for said in scene.told] == ["ben", "ann"]


def test_a_clock_that_was_set_back_holds_nobody() -> None:
    holds = Holds()
    for chat in "abc":
        holds.add(chat, NOON, NOON + 30_000)
    assert holds.until("other", NOON) == NOON + 30_000
    assert holds.until("a", NOON - 7_200_000) == 0
    holds.add("b", NOON - 7_200_000, NOON - 7_190_000)
    assert (holds.until("a", NOON - 7_200_000), holds.until("b", NOON - 7_200_000)) == (0, NOON - 7_190_000)
