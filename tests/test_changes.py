"""The outbox: what each effect of a turn becomes in the one commit."""

import pytest
from msgspec.structs import replace

from bot.changes import GATHER, plan, response_of, write_job
from bot.model import (
    Address,
    Answer,
    Arm,
    Conversation,
    Disarm,
    Effect,
    Entry,
    Fact,
    Job,
    OptOut,
    Report,
    Say,
    Turn,
)

NOW = 1_800_000_000_000
CHAT = Conversation(
    id="c1",
    version=4,
    flow="nps",
    flow_version="abc",
    address=Address("web", "c1"),
    locale="en",
    state="improve",
    started=NOW - 9_000,
    updated=NOW,
)


@pytest.mark.parametrize(
    ("effects", "jobs", "cancelled"),
    [
        ((), (), ()),
        ((Arm(NOW + 5),), (Job("c1:timer", "timer", NOW + 5, {"chat": "c1"}),), ()),
        ((Arm(NOW + 5), Arm(NOW + 9)), (Job("c1:timer", "timer", NOW + 9, {"chat": "c1"}),), ()),
        ((Disarm(),), (), ("c1:timer",)),
        ((Arm(NOW + 5), Disarm()), (), ("c1:timer",)),
        ((Disarm(), Arm(NOW + 5)), (Job("c1:timer", "timer", NOW + 5, {"chat": "c1"}),), ()),
        ((Report(), Report()), (Job("c1:response", "response", NOW + GATHER, {"chat": "c1"}),), ()),
        ((OptOut(), Disarm()), (), ("c1:timer",)),
    ],
)
def test_effects_become_jobs_with_stable_ids(
    effects: tuple[Effect, ...], jobs: tuple[Job, ...], cancelled: tuple[str, ...]
) -> None:
    change = plan(Turn(CHAT, effects), 3, NOW)
    assert (change.jobs, change.cancel) == (jobs, cancelled)


def test_what_is_said_is_appended_in_order() -> None:
    first, second = Entry(3, NOW, "visitor", "3"), Entry(4, NOW, "bot", "What disappointed you?")
    assert plan(Turn(CHAT, (Say(first), Report(), Say(second))), 3, NOW).entries == (first, second)


@pytest.mark.parametrize("version", [3, 4, 9])
def test_a_commit_always_names_the_next_version(version: int) -> None:
    change = plan(Turn(replace(CHAT, version=version)), 3, NOW)
    assert (change.expected, change.conversation.version) == (3, 4)


def test_a_write_job_has_one_id_for_each_chat_and_writer() -> None:
    assert write_job("c1", "crm", NOW) == Job("c1:write.crm", "write.crm", NOW, {"chat": "c1"})


def test_a_response_holds_every_answer_that_stands_also_after_going_back() -> None:
    answers = {
        "score": Answer("score", 3, "3", "nps", NOW),
        "improve": Answer("improve", "speed", "speed", "text", NOW),
    }
    chat = replace(CHAT, trail=("score",), answers=answers, score=3, revision=2)
    chat = replace(chat, contact={"email": Fact("a@example.com", proven=True)}, skipped=("disappointed",))
    response = response_of(chat, (Entry(1, NOW, "bot", "Hi"),))
    assert [answer.key for answer in response.answers] == ["score", "improve"]
    assert (response.chat, response.revision, response.score, response.segment) == ("c1", 2, 3, "detractor")
    assert (response.channel, response.contact["email"].proven, len(response.transcript)) == ("web", True, 1)
