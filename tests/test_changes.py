"""The outbox: what each effect of a turn becomes in the one commit."""

import pytest
from msgspec.structs import replace

from bot.changes import GATHER, invitation_id, plan, response_of, write_job
from bot.model import (
    Address,
    Answer,
    Arm,
    Author,
    CaseFacts,
    Conversation,
    Desk,
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
        ((Report(), Report()), (Job("c1:response", "response", NOW + GATHER, {"chat": "c1"}, gathers=True),), ()),
        ((OptOut(), Disarm()), (), ("c1:timer",)),
        ((Desk(), Desk()), (Job("c1:desk", "desk", NOW, {"chat": "c1"}),), ()),
    ],
)
def test_effects_become_jobs_with_stable_ids(
    effects: tuple[Effect, ...], jobs: tuple[Job, ...], cancelled: tuple[str, ...]
) -> None:
    change = plan(Turn(CHAT, effects), 3, NOW)
    assert (change.jobs, change.cancel) == (jobs, cancelled)


@pytest.mark.parametrize(
    ("prompt", "scored", "wait"),
    [(True, NOW, 0), (True, NOW - 1, GATHER), (True, 0, GATHER), (False, NOW, GATHER)],
    ids=["a score", "a later answer", "no score yet", "nobody waits for it"],
)
def test_a_score_is_reported_at_once_where_somebody_waits_for_it(prompt: bool, scored: int, wait: int) -> None:
    (job,) = plan(Turn(replace(CHAT, scored=scored), (Report(),)), 3, NOW, prompt=prompt).jobs
    assert (job.due, job.gathers) == (NOW + wait, True)


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


TOLD = replace(CHAT, address=Address("telegram", "4711"))
DELIVER = Job("c1:deliver", "deliver.telegram", NOW, {"chat": "c1"})


def says(author: Author, text: str = "words") -> Say:
    return Say(Entry(1, NOW, author, text))


@pytest.mark.parametrize(
    ("chat", "effects", "jobs"),
    [
        (TOLD, (says("visitor"), says("bot")), (DELIVER,)),
        (TOLD, (says("agent"),), (DELIVER,)),
        (TOLD, (says("agent", ""),), (DELIVER,)),
        (TOLD, (says("visitor"),), ()),
        (TOLD, (), ()),
        (replace(TOLD, ended=NOW), (), (DELIVER,)),
        (replace(TOLD, ended=NOW, outcome="unreachable"), (), ()),
        (replace(TOLD, ended=NOW - 1), (), ()),
        (replace(TOLD, ended=NOW - 1), (says("visitor"), says("bot")), (DELIVER,)),
        (CHAT, (says("bot"),), ()),
        (replace(CHAT, ended=NOW), (says("bot"),), ()),
    ],
    ids=[
        *("an answer and the next question", "an agent's line", "a line taken back", "words for an agent", "a case"),
        *("an end in silence", "nobody there", "a click after the end", "a late comment"),
        *("on the web", "an end on the web"),
    ],
)
def test_a_messaging_channel_is_told_what_is_new(
    chat: Conversation, effects: tuple[Effect, ...], jobs: tuple[Job, ...]
) -> None:
    assert plan(Turn(chat, effects), 3, NOW).jobs == jobs


@pytest.mark.parametrize(("chat", "kept"), [(TOLD, [("optout", "telegram\n4711")]), (CHAT, [])])
def test_who_opts_out_is_remembered_by_address_on_messaging_channels(
    chat: Conversation, kept: list[tuple[str, str]]
) -> None:
    docs = plan(Turn(chat, (OptOut(),)), 3, NOW).docs
    assert [(doc.kind, doc.id) for doc in docs] == kept
    assert all(doc.body for doc in docs)


def test_the_ids_of_what_caused_a_turn_are_committed_with_it() -> None:
    assert plan(Turn(CHAT), 3, NOW, ("update-1", "C1:1.2")).events == ("update-1", "C1:1.2")
    assert plan(Turn(TOLD), 3, NOW, ("update-1",)).events == ("update-1",)


def test_a_response_says_what_its_case_says() -> None:
    case = CaseFacts("claimed", "handoff", NOW, NOW + 5, "Maya")
    assert response_of(replace(CHAT, case=case)).case == case


def test_the_name_of_an_invitation_depends_on_all_that_makes_it() -> None:
    people = [Address("telegram", "1"), Address("telegram", "2"), Address("slack", "1")]
    names = {invitation_id(address, key) for address in people for key in ("a", "b", "a" * 300)}
    assert len(names) == 9
    assert {len(name) for name in names} == {64}


@pytest.mark.parametrize(
    ("address", "visitor"), [(Address("web", "c1"), "browser-7"), (Address("telegram", "4711"), "4711")]
)
def test_a_response_names_who_could_be_invited_again(address: Address, visitor: str) -> None:
    assert response_of(replace(CHAT, address=address, visitor="browser-7")).visitor == visitor
