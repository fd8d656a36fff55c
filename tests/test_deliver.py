"""What reaches a person on a messaging channel: the log in its order, nothing lost, nothing twice that was settled."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.deliver import sent_to
from bot.deliver_plan import LINES
from bot.errors import Permanent, Retryable, Throttled
from bot.jobs import Worker
from bot.model import Address, CaseFacts
from bot.store.base import Again, Dead, Done, Retry
from tests.harness.delivering import Scene, a_scene
from tests.harness.messenger import Bare, Killed, Tidy
from tests.harness.working import until
from tests.harness.world import HOUR

MINUTE = 60_000
Q1 = "ann << How likely are you to recommend Acme? [score 1]"
Q2 = "ann << What is the reason? [reason 2]"


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with a_scene(tmp_path) as made:
        yield made


async def test_a_question_goes_out_with_its_control_and_is_settled_before_the_next(scene: Scene) -> None:
    await scene.hears("hi")
    assert set(map(type, (await scene.deliver()).values())) == {Done}
    await scene.hears("3")
    await scene.deliver()
    assert scene.told == [Q1, "ann settled m1 chose 3 (change)", Q2]
    assert (scene.messenger.settled[0].text, scene.messenger.settled[0].fence) == (
        "How likely are you to recommend Acme?",
        2,
    )
    assert await scene.job() == ""


async def test_nothing_is_sent_twice(scene: Scene) -> None:
    await scene.hears("hi")
    await scene.deliver()
    assert await scene.deliver() == {}
    await scene.again()
    assert set(map(type, (await scene.deliver()).values())) == {Done}
    assert scene.told == [Q1]


async def test_a_question_that_is_asked_once_more_moves_its_control(scene: Scene) -> None:
    await scene.hears("hi")
    await scene.deliver()
    await scene.hears("seven and a half")
    await scene.deliver()
    assert scene.told[1] == "ann settled m1 again"
    assert scene.told[2].endswith("[score 1]")
    await scene.hears("7")
    await scene.deliver()
    assert scene.told[3] == "ann settled m3 chose 7 (change)"


async def test_what_was_behind_goes_out_as_one_message_with_one_control(scene: Scene) -> None:
    await scene.hears("hi")
    await scene.hears("3")
    await scene.deliver()
    assert scene.told == ["ann << How likely are you to recommend Acme? | What is the reason? [reason 2]"]


async def test_a_change_button_goes_when_it_works_no_more(scene: Scene) -> None:
    """After the message that is news."""
    scene.messenger = Tidy()
    scene.restart()
    for words in ("hi", "3", "what?"):
        await scene.hears(words)
        await scene.deliver()
    assert scene.told == [
        Q1,
        "ann settled m1 chose 3 (change)",
        Q2,
        "ann settled m3 chose what?",
        "ann << Somebody will be with you.",
        "ann m1 without change",
    ]


async def test_a_question_without_a_control_is_never_settled(scene: Scene) -> None:
    scene.messenger = Bare()
    scene.restart()
    for words in ("hi", "3", "stop"):
        await scene.hears(words)
        await scene.deliver()
    assert scene.told == [Q1, Q2, "ann << Understood, we won't ask again."]


async def test_a_change_button_whose_edit_was_refused_is_let_be(scene: Scene) -> None:
    tidy = scene.messenger = Tidy()
    scene.restart()
    for words in ("hi", "3"):
        await scene.hears(words)
        await scene.deliver()
    tidy.answers = [None, None, Permanent("too old", "lost")]
    await scene.hears("stop")
    assert set(map(type, (await scene.deliver()).values())) == {Done}
    await scene.again()
    await scene.deliver()
    assert not any("without change" in line for line in scene.told)


async def test_a_skipped_question_is_settled_without_an_answer(scene: Scene) -> None:
    for words in ("hi", "3", "skip"):
        await scene.hears(words)
        await scene.deliver()
    assert scene.told[3] == "ann settled m3"


async def test_a_chat_that_ends_in_silence_leaves_no_live_button(scene: Scene) -> None:
    await scene.hears("hi")
    await scene.deliver()
    await scene.wait(100 * HOUR)
    await scene.deliver()
    assert scene.told == [Q1, "ann settled m1"]
    assert [asked.over for asked in scene.messenger.settled] == [True]


async def test_who_stops_is_told_so_in_words(scene: Scene) -> None:
    for words in ("hi", "stop"):
        await scene.hears(words)
        await scene.deliver()
    assert [asked.over for asked in scene.messenger.settled] == [False]


async def test_links_stand_above_and_the_words_of_the_question_below_them(scene: Scene) -> None:
    await scene.hears("hi")
    await scene.deliver()
    await scene.hears("10")
    await scene.deliver()
    (_, end) = scene.messenger.posts
    assert [entry.text for entry in end.entries] == ["Would you tell others?", "Review us", "Thank you."]
    assert (end.locale, end.ask) == ("en", None)


async def in_a_handoff(scene: Scene) -> None:
    for words in ("hi", "3", "late"):
        await scene.hears(words)
        await scene.deliver()
    await scene.agent("join")
    await scene.deliver()
    scene.told.clear()


async def test_an_agent_s_lines_are_messages_of_their_own(scene: Scene) -> None:
    await in_a_handoff(scene)
    await scene.agent("say", "Hello", "1.1")
    await scene.agent("say", "How can I help?", "1.2")
    await scene.hears("it broke")
    await scene.deliver()
    assert scene.told == ["ann << Maya: Hello", "ann << Maya: How can I help?"]
    assert [post.ask for post in scene.messenger.posts[-2:]] == [None, None]


@pytest.mark.parametrize(
    ("before", "after", "seen"),
    [
        ([("say", "Helo", "1.1")], [("edit", "Hello", "1.1")], ["ann << Maya: Helo", "ann m1 now Hello"]),
        ([("say", "Helo", "1.1")], [("delete", "", "1.1")], ["ann << Maya: Helo", "ann m1 now taken back"]),
        (
            [("say", "a", "1.1"), ("say", "b", "1.2")],
            [("edit", "c", "1.1"), ("edit", "d", "1.1"), ("delete", "", "1.2")],
            ["ann << Maya: a", "ann << Maya: b", "ann m1 now c", "ann m1 now d", "ann m2 now taken back"],
        ),
        ([], [("say", "Helo", "1.1"), ("edit", "Hello", "1.1")], ["ann << Maya: Hello"]),
        ([], [("say", "Wrong chat", "1.1"), ("delete", "", "1.1"), ("say", "Hi", "1.2")], ["ann << Maya: Hi"]),
    ],
    ids=["edited", "taken back", "edited twice", "edited before it was sent", "taken back before it was sent"],
)
async def test_an_agent_s_changes_follow(
    scene: Scene, before: list[tuple[str, str, str]], after: list[tuple[str, str, str]], seen: list[str]
) -> None:
    await in_a_handoff(scene)
    for lines in (before, after):
        for act, text, ref in lines:
            await scene.agent(act, text, ref)
        await scene.deliver()
    assert scene.told == seen


async def test_the_messages_of_the_last_lines_are_known(scene: Scene) -> None:
    await in_a_handoff(scene)
    for n in range(LINES + 1):
        await scene.agent("say", f"line {n}", f"1.{n}")
        await scene.deliver()
    scene.told.clear()
    await scene.agent("edit", "first", "1.1")
    await scene.deliver()
    assert scene.told == ["ann m2 now first"]


async def test_what_a_case_says_is_not_for_the_person(scene: Scene) -> None:
    await in_a_handoff(scene)
    await scene.case(CaseFacts("claimed", "handoff", 1, 2, "Maya"))
    assert await scene.job() == ""


@pytest.mark.parametrize(
    ("trouble", "settlement"),
    [
        (Retryable("HTTP 502"), Retry),
        (Throttled("too fast", 30), Again),
        (Permanent("chat not found here", "refused"), Dead),
    ],
    ids=["5xx", "429", "refused"],
)
async def test_what_became_of_a_send_that_failed(scene: Scene, trouble: Exception, settlement: type[object]) -> None:
    await scene.hears("hi")
    scene.messenger.answers = [trouble]
    (outcome,) = (await scene.deliver()).values()
    assert isinstance(outcome, settlement)
    assert scene.told == []


@pytest.mark.parametrize(("asked", "waits"), [(30, 30_000), (5 * 3_600, 5 * HOUR), (1e12, 24 * HOUR), (0, 1_000)])
async def test_a_platform_that_asks_to_wait_is_left_alone_for_so_long(scene: Scene, asked: float, waits: int) -> None:
    await scene.hears("hi")
    scene.messenger.answers = [Throttled("too fast", asked)]
    (outcome,) = (await scene.deliver()).values()
    assert isinstance(outcome, Again)
    assert outcome.at == scene.clock + waits


async def test_after_a_failed_send_all_goes_out_in_order(scene: Scene) -> None:
    await in_a_handoff(scene)
    for n in range(3):
        await scene.agent("say", f"line {n}", f"1.{n}")
    scene.messenger.answers = [None, Retryable("HTTP 502")]
    await scene.deliver()
    assert scene.told == ["ann << Maya: line 0"]
    scene.world.now += HOUR
    await scene.deliver()
    assert scene.told == [f"ann << Maya: line {n}" for n in range(3)]
    assert scene.world.meters.in_doubt.values == {}


async def test_an_edit_that_is_refused_is_let_go(scene: Scene) -> None:
    await scene.hears("hi")
    await scene.deliver()
    await scene.hears("3")
    scene.messenger.answers = [Permanent("the message is too old", "old")]
    (outcome,) = (await scene.deliver()).values()
    assert isinstance(outcome, Done)
    assert scene.told == [Q1, Q2]


async def test_whoever_cannot_be_reached_ends_the_chat(scene: Scene) -> None:
    await scene.hears("hi")
    scene.messenger.answers = [Permanent("the bot was blocked", "gone")]
    await scene.deliver()
    chat = await scene.world.store.load(Address("telegram", "ann"))
    assert chat is not None
    assert (chat.outcome, chat.status) == ("unreachable", "ended")
    await scene.deliver()
    assert (scene.messenger.calls, await scene.job()) == (1, "")
    assert [view.job.kind for view in await scene.world.store.jobs()] == []
    await scene.hears("/start")
    await scene.deliver()
    assert scene.told == [Q1], "whoever comes back is asked anew"


async def test_a_line_that_reached_nobody_does_not_count_as_sent(scene: Scene) -> None:
    await in_a_handoff(scene)
    (line,) = (entry for entry in (await scene.agent("say", "Hello", "1.1")).entries if entry.author == "agent")
    scene.messenger.answers = [Permanent("the bot was blocked", "gone")]
    await scene.deliver()
    chat = await scene.world.store.load(Address("telegram", "ann"))
    assert chat is not None
    assert await sent_to(scene.world.store, chat.id) < line.seq
    await scene.late("I am back")
    await scene.deliver()
    assert scene.told[0] == "ann << Maya: Hello"
    assert await sent_to(scene.world.store, chat.id) > line.seq


@pytest.mark.parametrize("place", ["before the effect", "after the effect"])
async def test_what_a_kill_left_in_doubt_is_counted_noted_and_sent_again(scene: Scene, place: str) -> None:
    chat = (await scene.hears("hi")).conversation.id
    if place == "before the effect":
        scene.messenger.answers = [Killed()]
    else:
        scene.messenger.late = [Killed()]
    await scene.deliver_and_die()
    await scene.deliver()
    assert scene.told == ([Q1] if place == "before the effect" else [Q1, Q1])
    assert scene.world.meters.in_doubt.values == {("telegram",): 1}
    noted = await asyncio.to_thread(scene.records.deliveries, chat)
    assert [(one.writer, one.state) for one in noted] == [("telegram", "in_doubt")]
    await scene.deliver()
    assert scene.world.meters.in_doubt.values == {("telegram",): 1}


async def test_a_kill_leaves_one_message_in_doubt_at_most(scene: Scene) -> None:
    await in_a_handoff(scene)
    for n in range(3):
        await scene.agent("say", f"line {n}", f"1.{n}")
    scene.messenger.late = [None, Killed()]
    await scene.deliver_and_die()
    await scene.deliver()
    assert scene.told == [f"ann << Maya: line {n}" for n in (0, 1, 1, 2)]


async def test_a_kill_after_everything_was_settled_leaves_no_doubt(scene: Scene) -> None:
    await scene.hears("hi")
    await scene.deliver()
    await scene.hears("3")
    scene.messenger.answers = [Killed()]
    await scene.deliver_and_die()
    await scene.deliver()
    assert scene.told == [Q1, "ann settled m1 chose 3 (change)", Q2]


async def test_an_answer_that_got_lost_is_in_doubt_and_one_that_never_came_is_not(scene: Scene) -> None:
    await scene.hears("hi")
    scene.messenger.late = [Retryable("no answer within 10 s", doubt=True)]
    await scene.deliver()
    assert scene.world.meters.in_doubt.values == {("telegram",): 1}
    scene.messenger.answers = [Retryable("no connection")]
    scene.world.now += HOUR
    await scene.deliver()
    assert scene.world.meters.in_doubt.values == {("telegram",): 1}


async def test_a_delivery_that_another_process_has_taken_over_stops(scene: Scene) -> None:
    await in_a_handoff(scene)
    for n in range(3):
        await scene.agent("say", f"line {n}", f"1.{n}")
    (job,) = await scene.claim()
    stuck, reached = asyncio.Event(), asyncio.Event()

    def second_call(_: str) -> asyncio.Event | None:
        if scene.told == ["ann << Maya: line 0"] and not reached.is_set():
            reached.set()
            return stuck
        return None

    scene.messenger.hang = second_call
    running = asyncio.ensure_future(scene.delivering.run((job,)))
    async with asyncio.timeout(5):
        await reached.wait()
    scene.world.now += MINUTE
    await scene.deliver()
    assert scene.told == [f"ann << Maya: line {n}" for n in range(3)]
    stuck.set()
    assert [type(outcome) for outcome in await running] == [Again]
    assert scene.told[3:] == ["ann << Maya: line 1"]
    assert scene.world.meters.in_doubt.values == {("telegram",): 1}


async def test_a_person_who_is_slow_to_reach_holds_up_nobody(scene: Scene) -> None:
    for peer in ("ann", "ben", "cleo"):
        await scene.hears("hi", peer)
    stuck = asyncio.Event()
    scene.messenger.hang = lambda peer: stuck if peer == "ann" else None
    handler = scene.delivering.handler()
    worker = Worker(scene.world.store, {"deliver.telegram": handler}, lambda: scene.clock, lambda: 0.5, pace=0.001)
    running = asyncio.ensure_future(worker.run())
    await until(lambda: _idle(scene, "ben", "cleo"))
    assert (sorted(scene.told), await scene.job("ann")) == (
        [Q1.replace("ann", "ben"), Q1.replace("ann", "cleo")],
        "running",
    )
    stuck.set()
    await until(lambda: _idle(scene, "ann"))
    await worker.stop()
    await running


async def test_a_delivery_cut_off_when_the_service_stops_is_in_doubt(scene: Scene) -> None:
    await scene.hears("hi")
    scene.messenger.hang = lambda _peer: asyncio.Event()
    handler = scene.delivering.handler()
    worker = Worker(scene.world.store, {"deliver.telegram": handler}, lambda: scene.clock, lambda: 0.5, pace=0.001)
    running = asyncio.ensure_future(worker.run())
    await until(lambda: scene.messenger.calls == 1)
    await worker.stop(0)
    await running
    scene.messenger.hang = lambda _peer: None
    await scene.deliver()
    assert scene.told == [Q1]
    assert scene.world.meters.in_doubt.values == {("telegram",): 1}


async def _idle(scene: Scene, *peers: str) -> bool:
    return not any([await scene.job(peer) for peer in peers])
