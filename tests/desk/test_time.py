"""What happens at the desk as time goes by, and what happens beside the usual way; the clock is moved by hand."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.casework_board import GRACE, WATCH
from bot.desk.base import Line, Verdict
from bot.desk.policy import DAY, HOUR, MINUTE, Escalation, Policy, Rule
from bot.desk.remarks import LONGEST_QUOTE
from bot.errors import Permanent, Retryable, Throttled
from bot.jobs_retry import SECOND
from bot.settings_desk import DETRACTORS
from tests.desk.room import CHAT, MAYA, POLICY, TOM, Room, a_room

WATCHED = replace(
    POLICY,
    rules=(Rule("unhappy", "#alerts", "@here", when=DETRACTORS),),
    escalate=Escalation(30 * MINUTE, "#leads", "S0LEADS"),
)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with a_room(tmp_path, policy=WATCHED) as made:
        yield made


async def unhappy(room: Room, channel: str = "web") -> None:
    await room.opens(channel, name="Nadia Benali", phone="+33612345678")
    await room.taps(2)


async def on_the_line(room: Room, channel: str = "web") -> None:
    await unhappy(room, channel)
    await room.says("broken stems")
    await room.cases.claim(CHAT, MAYA)
    await room.works(kick=False)


async def test_a_case_that_nobody_takes_is_called_out(room: Room) -> None:
    await unhappy(room)
    assert room.board.card.mention == "@here"
    await room.later(22 * HOUR)
    assert room.board.remarks == ["Nobody has this yet: 2 h left."]
    before = room.board.card
    await room.later(2 * HOUR)
    assert (before.overdue, room.board.card.overdue) == (False, True)
    assert room.board.channel == []
    await room.later(30 * MINUTE)
    (to, _, notice) = room.board.channel[0]
    assert (to, notice.mention, notice.card) == ("#leads", "S0LEADS", room.board.place)
    assert room.board.card.told == "S0LEADS"
    assert room.board.remarks[1:] == ["Overdue. Nadia Benali still waits, and nobody has the case."]
    await room.later(9 * DAY)
    assert len(room.board.remarks) == 2
    assert len(room.board.channel) == 1


async def test_a_word_that_is_said_later_calls_those_who_watch_for_it(tmp_path: Path) -> None:
    rules = (Rule("threat", "", "@here", words=("lawyer",)), Rule("unhappy", "", when=DETRACTORS))
    async with a_room(tmp_path, policy=replace(POLICY, rules=rules)) as room:
        await unhappy(room)
        assert room.board.thread == []
        await room.says("My lawyer will call you.")
        await room.says("Hello?")
        (notice,) = [notice for _, notice in room.board.thread if "fits now" in notice.text]
        assert (notice.text, notice.mention) == ("Nadia Benali: the alert “threat” fits now.", "@here")
        assert notice.loud


async def test_its_holder_is_reminded_and_a_resolved_case_rests(room: Room) -> None:
    await unhappy(room)
    await room.cases.claim(CHAT, MAYA)
    await room.later(22 * HOUR)
    ((_, notice),) = room.board.thread
    assert (notice.mention, notice.text) == (MAYA, "2 h left to resolve this.")
    await room.cases.resolve(CHAT, MAYA, Verdict("explained"))
    await room.later(9 * DAY)
    assert len(room.board.thread) == 1


async def test_what_is_put_aside_comes_up_again(room: Room) -> None:
    await unhappy(room)
    await room.cases.snooze(CHAT, MAYA, "1h")
    await room.works(kick=False)
    aside = room.board.card
    await room.later(HOUR)
    assert (aside.state, room.board.card.state) == ("snoozed", "open")
    assert room.board.remarks == ["Snoozed until now: it is up again."]


async def test_a_mis_tap_opens_and_closes_a_case_by_itself(room: Room) -> None:
    await unhappy(room)
    await room.does("back")
    await room.taps(9)
    assert (room.board.card.state, room.board.card.outcome) == ("resolved", "Corrected: the score was changed")
    case = (await room.chat()).case
    assert case is not None
    assert (case.outcome, case.counts) == ("corrected", "no_action")


async def test_a_reload_is_no_absence_and_an_absence_is_told_once(room: Room) -> None:
    await on_the_line(room)
    room.here = False
    await room.works()
    await room.later(GRACE - 1_000)
    assert room.board.card.away == ""
    await room.later(2_000)
    assert room.board.card.away == "has left the page"
    (told,) = [text for text in room.board.remarks if "left" in text]
    assert "phone +33612345678" in told
    await room.cases.line(CHAT, Line("say", MAYA, "10.1", "Are you there?"))
    await room.works(kick=False)
    assert room.board.marks == []
    room.here = True
    await room.works()
    assert room.board.card.away == ""
    assert room.board.marks == [("10.1", "reached")]
    assert room.board.remarks[-1] == "Nadia is back on the page."


async def test_a_page_that_ended_with_its_process_is_missed_all_the_same(room: Room) -> None:
    """Nobody was there to tell that it went."""
    await on_the_line(room)
    room.here = False
    await room.rises()
    await room.later(WATCH)
    await room.later(GRACE)
    assert room.board.card.away == "has left the page"


async def test_a_page_that_comes_and_goes_calls_nobody_out_again(room: Room) -> None:
    """It can go on for as long as somebody likes."""
    await on_the_line(room)
    await room.later(DAY + HOUR)
    calls = len(room.board.channel)
    for _ in range(25):
        room.here = False
        await room.works()
        await room.later(2 * GRACE)
        room.here = True
        await room.works()
    assert room.board.remarks.count("Nadia is back on the page.") == 25
    assert (calls, len(room.board.channel)) == (1, 1)


async def test_lines_that_wait_together_go_into_the_thread_together(room: Room) -> None:
    """A channel takes a message a second, whoever writes faster."""
    await on_the_line(room)
    room.board.fails = [Throttled("too fast", 30)]
    for text in ("one", "two", "three", "x" * LONGEST_QUOTE):
        await room.says(text)
    await room.later(MINUTE)
    assert room.board.quotes == ["one\ntwo\nthree", "x" * LONGEST_QUOTE]


async def test_of_lines_that_wait_together_none_goes_out_twice(room: Room) -> None:
    await on_the_line(room)
    room.board.loses = [Retryable("no answer", doubt=True)]
    for text in ("one", "two"):
        await room.says(text)
    await room.later(MINUTE)
    assert room.board.quotes == ["one", "two"]


async def test_a_line_is_ticked_when_it_went_out(room: Room) -> None:
    await on_the_line(room, "telegram")
    room.sent = 0
    await room.cases.line(CHAT, Line("say", MAYA, "10.1", "Hello"))
    await room.works(kick=False)
    assert room.board.marks == []
    room.sent = 99
    await room.later(MINUTE)
    assert room.board.marks == [("10.1", "reached")]


async def test_that_it_is_settled_is_told_after_the_end_and_an_answer_opens_it_again(room: Room) -> None:
    await on_the_line(room, "telegram")
    await room.cases.release(CHAT, MAYA)
    await room.works(kick=False)
    assert (await room.chat()).outcome == "completed"
    await room.later(HOUR)
    await room.cases.resolve(CHAT, TOM, Verdict("explained", tell=True))
    await room.works(kick=False)
    assert (await room.lines())[-1] == "Tom has marked this as settled. Not so? Just answer here."
    await room.says("It is not!", late=True)
    assert room.board.card.state == "open"
    assert room.board.quotes == ["It is not!"]


async def test_on_the_web_nobody_is_told_after_the_end(room: Room) -> None:
    await on_the_line(room)
    await room.cases.release(CHAT, MAYA)
    await room.works(kick=False)
    offered = await room.cases.choices(CHAT, MAYA)
    assert not isinstance(offered, str)
    assert offered.tell == ""
    await room.cases.line(CHAT, Line("say", MAYA, "10.9", "One more thing"))
    await room.works(kick=False)
    assert room.board.marks == [("10.9", "undelivered")]
    assert "the chat with Nadia has ended. You can reach them by +33612345678." in room.board.remarks[-1]


async def test_a_holder_who_is_not_there_is_called_and_joins_by_writing(room: Room) -> None:
    await unhappy(room)
    await room.cases.claim(CHAT, MAYA)
    await room.says("broken stems")
    assert (await room.chat()).handoff == "waiting"
    assert room.board.remarks[-1] == "Nadia is in the chat now and waits for a person: write here."
    await room.cases.line(CHAT, Line("say", MAYA, "10.1", "Hello"))
    assert (await room.chat()).handoff == "joined"


async def test_who_writes_in_a_thread_that_nobody_has_takes_the_case(room: Room) -> None:
    await unhappy(room)
    await room.says("broken stems")
    await room.cases.line(CHAT, Line("say", TOM, "10.1", "Hello"))
    await room.works(kick=False)
    assert ((await room.case()).owner, (await room.chat()).agent) == (TOM, "Tom")


async def test_lines_of_an_agent_whose_name_cannot_be_asked_wait_in_order(room: Room) -> None:
    await unhappy(room)
    await room.says("broken stems")
    room.board.fails = [Retryable("Slack does not answer")]
    for ref, text in (("10.1", "Hello"), ("10.2", "Nadia")):
        await room.cases.line(CHAT, Line("say", MAYA, ref, text))
    await room.works(kick=False)
    assert await room.lines() == []
    await room.later(MINUTE)
    assert await room.lines() == ["Maya from support joined.", "Hello", "Nadia"]
    assert [ref for ref, mark in room.board.marks if mark == "reached"] == ["10.1", "10.2"]


@pytest.mark.parametrize(("wait", "error"), [(5, Throttled("slower", 5.0)), (60, Retryable("no answer"))])
async def test_a_board_that_is_slow_delays_no_words(room: Room, wait: int, error: Exception) -> None:
    await on_the_line(room)
    room.board.fails = [error]
    await room.says("Hello?")
    await room.cases.line(CHAT, Line("say", MAYA, "10.1", "Here I am"))
    assert (await room.lines())[-1] == "Here I am"
    await room.later(wait * 1_000 + 1_000)
    assert room.board.quotes == ["Hello?"]
    assert room.board.marks == [("10.1", "reached")]


async def test_an_answer_that_was_lost_doubles_nothing(room: Room) -> None:
    room.board.loses = [Retryable("no answer")]
    await unhappy(room)
    await room.later(MINUTE)
    assert len(room.board.cards) == 1
    await room.says("broken stems")
    room.board.loses = [Retryable("no answer")]
    await room.says("Hello?")
    await room.later(MINUTE)
    assert room.board.quotes == ["Hello?"]


async def test_a_customer_on_the_line_does_not_wait_for_slack_to_say_who_the_agent_is(room: Room) -> None:
    await unhappy(room)
    await room.does("human")
    room.board.nameless = True
    await room.cases.line(CHAT, Line("say", MAYA, "10.1", "Hello"))
    await room.works(kick=False)
    assert await room.lines() == []
    await room.later(6 * SECOND)
    assert await room.lines() == ["Somebody from support joined.", "Hello"]
    room.board.nameless = False
    await room.later(6 * SECOND)
    assert room.board.marks == [("10.1", "reached")]
    case = (await room.chat()).case
    assert case is not None
    assert case.owner == "Maya Roy"


async def test_while_a_customer_is_on_the_line_slack_is_tried_again_every_few_seconds(room: Room) -> None:
    await on_the_line(room)
    for words in ("Hello?", "Anybody?"):
        room.board.fails = [Retryable("no answer")] * 5
        await room.says(words)
        for _ in range(5):
            await room.later(6 * SECOND)
        assert room.board.quotes[-1] == words


async def test_a_card_that_was_deleted_is_put_up_again(room: Room) -> None:
    await unhappy(room)
    room.board.cards.clear()
    room.board.keys.clear()
    await room.says("broken stems")
    assert room.board.card.quotes == ("broken stems",)


@pytest.mark.parametrize("code", ["not_in_channel", "is_archived", "token_revoked"])
async def test_a_card_waits_until_people_have_put_slack_right(room: Room, code: str) -> None:
    room.board.fails = [Permanent(f"Slack refuses chat.postMessage: {code}", code)]
    await unhappy(room)
    (job,) = [one for one in await room.real.jobs() if one.job.kind == "desk"]
    assert (job.state, job.error.partition(":")[0]) == ("waiting", code)
    await room.later(MINUTE)
    assert room.board.card.score == 2


async def test_what_slack_will_never_take_is_a_dead_letter(room: Room) -> None:
    room.board.fails = [Permanent("Slack refuses chat.postMessage: invalid_blocks", "invalid_blocks")]
    await unhappy(room)
    (job,) = await room.real.jobs("dead")
    assert job.error.startswith("invalid_blocks")


async def test_a_second_channel_that_is_not_there_does_not_stop_the_case(room: Room) -> None:
    await on_the_line(room)
    room.board.closed.add("#leads")
    await room.later(24 * HOUR + 30 * MINUTE)
    assert room.board.remarks[-1] == "Overdue. Nadia Benali still waits. #leads could not be told: not_in_channel."
    assert room.board.channel == []


async def test_who_is_told_that_it_is_settled_and_writes_again_calls_somebody(room: Room) -> None:
    await on_the_line(room, "telegram")
    await room.cases.resolve(CHAT, MAYA, Verdict("explained", tell=True))
    await room.works(kick=False)
    await room.says("No, it is not!", late=True)
    assert room.board.card.state == "open"
    assert [(one.mention, one.loud) for _, one in room.board.thread if "needs somebody again" in one.text] == [
        ("@here", True)
    ]


async def test_no_rule_but_a_person_asked_for(tmp_path: Path) -> None:
    async with a_room(tmp_path, policy=Policy(to="#alerts", handoff_mention="@here")) as room:
        await room.opens()
        await room.does("human")
        card = room.board.card
        assert (card.rule, card.wish, card.mention, card.score) == (
            "handoff",
            "is waiting for a person now",
            "@here",
            None,
        )
        (notice,) = [notice for _, notice in room.board.thread if "waits for a person" in notice.text]
        assert (notice.mention, notice.loud) == ("@here", True)
        await room.nobody_comes(15 * MINUTE)
        assert (await room.chat()).handoff == ""
        assert room.board.remarks[-1] == "Nobody joined in time. A customer was told so, and the survey went on."
        assert (await room.case()).state == "open"


async def test_a_case_that_nobody_ever_opened(room: Room) -> None:
    await room.opens()
    assert (await room.cases.claim(CHAT, MAYA)).words == "This case is not there any more."
    assert await room.cases.choices(CHAT, MAYA) == "This case is not there any more."
    await room.taps(9)
    assert room.board.cards == {}
