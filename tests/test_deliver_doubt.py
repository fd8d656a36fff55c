"""A channel that can be asked what went out: a kill or a lost answer leaves nothing twice and nothing lost."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.errors import Permanent, Retryable, Throttled
from tests.harness.delivering import Scene, a_scene
from tests.harness.messenger import Asking, Killed
from tests.harness.world import HOUR

Q1 = "ann << How likely are you to recommend Acme? [score 1]"
Q2 = "ann << What is the reason? [reason 2]"


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with a_scene(tmp_path) as made:
        made.messenger = Asking()
        made.restart()
        yield made


def asking(scene: Scene) -> Asking:
    assert isinstance(scene.messenger, Asking)
    return scene.messenger


@pytest.mark.parametrize("arrived", [True, False])
async def test_after_a_kill_it_is_asked_and_nothing_comes_twice(scene: Scene, arrived: bool) -> None:
    await scene.hears("hi")
    if arrived:
        scene.messenger.late = [Killed()]
    else:
        scene.messenger.answers = [Killed()]
    await scene.deliver_and_die()
    await scene.deliver()
    assert (scene.told, asking(scene).asked) == ([Q1], 1)
    await scene.hears("3")
    await scene.deliver()
    assert scene.told == [Q1, "ann settled m1 chose 3 (change)", Q2]
    assert scene.world.meters.in_doubt.values == {}


async def test_the_question_in_doubt_is_settled_where_it_was_answered_meanwhile(scene: Scene) -> None:
    await scene.hears("hi")
    scene.messenger.late = [Killed()]
    await scene.deliver_and_die()
    await scene.hears("3")
    await scene.deliver()
    assert scene.told == [Q1, "ann settled m1 chose 3 (change)", Q2]
    assert scene.messenger.settled[0].text == "How likely are you to recommend Acme?"


async def test_an_answer_that_got_lost_is_asked_for(scene: Scene) -> None:
    await scene.hears("hi")
    scene.messenger.late = [Retryable("no answer", doubt=True)]
    await scene.deliver()
    scene.world.now += HOUR
    await scene.deliver()
    assert (scene.told, scene.world.meters.in_doubt.values) == ([Q1], {})


@pytest.mark.parametrize("trouble", [Retryable("HTTP 502"), Throttled("too fast", 30)], ids=["5xx", "429"])
async def test_it_stays_in_doubt_until_it_could_be_asked(scene: Scene, trouble: Exception) -> None:
    await scene.hears("hi")
    scene.messenger.late = [Killed()]
    await scene.deliver_and_die()
    asking(scene).trouble = [trouble]
    for _ in range(2):
        await scene.deliver()
        scene.world.now += HOUR
    assert (scene.told, asking(scene).asked) == ([Q1], 2)


async def test_where_it_may_not_be_asked_it_is_sent_again_and_counted(scene: Scene) -> None:
    await scene.hears("hi")
    scene.messenger.late = [Killed()]
    await scene.deliver_and_die()
    asking(scene).trouble = [Permanent("the scope is missing", "missing_scope")]
    await scene.deliver()
    assert scene.told == [Q1, Q1]
    assert scene.world.meters.in_doubt.values == {("telegram",): 1}


async def test_an_agent_s_line_that_was_in_doubt_can_still_be_changed(scene: Scene) -> None:
    for words in ("hi", "3", "late"):
        await scene.hears(words)
        await scene.deliver()
    await scene.agent("join")
    await scene.deliver()
    await scene.agent("say", "Helo", "1.1")
    scene.messenger.late = [Killed()]
    await scene.deliver_and_die()
    await scene.agent("edit", "Hello", "1.1")
    await scene.deliver()
    assert [line.partition(" now ")[2] for line in scene.told[-1:]] == ["Hello"]
    assert sum("Helo" in line for line in scene.told) == 1
