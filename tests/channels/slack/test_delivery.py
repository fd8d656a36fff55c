"""What Slack does with its events: twice, late, and while the store is slow or away."""

import asyncio
import logging

import pytest

from tests.channels.slack.service import SECRET, Service

SCORE = "How likely are you to recommend Acme?"


async def scored(service: Service) -> None:
    """Nadia is at the question for her reason."""
    await service.invites("nadia")
    await service.slack.presses("nadia", await service.asked("nadia", SCORE), "survey_number/3")
    await service.asked("nadia", "What is the reason?")


@pytest.mark.parametrize("fresh_id", [False, True], ids=["same event_id", "same channel and ts, another event_id"])
async def test_a_message_told_twice_counts_once(either: Service, fresh_id: bool) -> None:
    await scored(either)
    either.slack.dispatcher.twice(fresh_id=fresh_id)
    either.slack.says("nadia", "dm", "Slow")
    await either.slack.settled()
    await either.asked("nadia", "Shall we call you?")
    chat = await either.chat("nadia")
    assert chat is not None
    assert (chat.answers["reason"].value, "callback" in chat.answers, chat.retries) == ("Slow", False, 0)
    assert [delivery.ack.ok for delivery in either.slack.dispatcher.deliveries[-2:]] == [True, True]


async def test_a_message_whose_acknowledgement_was_lost_comes_again_and_changes_nothing(either: Service) -> None:
    await scored(either)
    either.slack.dispatcher.lose_acks()
    either.slack.says("nadia", "dm", "Slow")
    await either.slack.settled()
    chat = await either.chat("nadia")
    assert chat is not None
    assert (chat.answers["reason"].value, chat.state) == ("Slow", "callback")


async def test_what_could_not_be_stored_is_not_acknowledged_and_counts_when_it_comes_again(either: Service) -> None:
    await scored(either)
    either.store.failures = 1
    either.slack.says("nadia", "dm", "Slow")
    await either.asked("nadia", "Shall we call you?")
    await either.slack.settled()
    heard = [one for one in either.slack.dispatcher.deliveries if one.payload.get("event", {}).get("text") == "Slow"]
    assert [one.ack.ok for one in heard] == [False, True]


async def test_a_tap_that_could_not_be_stored_is_shown_as_failed(either: Service) -> None:
    await either.invites("nadia")
    question = await either.asked("nadia", SCORE)
    either.store.failures = 1
    assert not (await either.slack.presses("nadia", question, "survey_number/3")).ok
    assert (await either.slack.presses("nadia", question, "survey_number/3")).ok
    await either.asked("nadia", "What is the reason?")


async def test_acknowledged_only_after_the_commit_however_slow_the_disk(either: Service) -> None:
    await either.invites("nadia")
    question = await either.asked("nadia", SCORE)
    either.disk.hold()
    press = asyncio.create_task(either.slack.presses("nadia", question, "survey_number/3"))
    seen, _ = await asyncio.wait([press], timeout=0.3)
    assert not seen
    either.disk.release()
    assert (await press).ok
    chat = await either.chat("nadia")
    assert chat is not None
    assert chat.score == 3


async def test_an_old_button_changes_nothing(service: Service) -> None:
    await service.invites("nadia")
    question = await service.asked("nadia", SCORE)
    await service.slack.presses("nadia", question, "survey_number/3")
    await service.asked("nadia", "What is the reason?")
    assert (await service.slack.presses("nadia", question, "survey_number/9")).ok
    chat = await service.chat("nadia")
    assert chat is not None
    assert chat.score == 3


async def test_a_button_counts_for_the_one_it_was_sent_to(service: Service) -> None:
    await service.invites("nadia")
    question = await service.asked("nadia", SCORE)
    assert (await service.slack.presses("maya", question, "survey_number/0")).ok
    chat = await service.chat("nadia")
    assert chat is not None
    assert chat.score is None


async def test_edits_deletions_and_channels_are_nothing_to_the_survey(service: Service) -> None:
    await scored(service)
    said = service.slack.says("nadia", "dm", "Slow")
    await service.asked("nadia", "Shall we call you?")
    before = await service.chat("nadia")
    service.slack.edits("nadia", said, "call me")
    service.slack.deletes("nadia", said)
    service.slack.says("maya", "#nps-alerts", "call me")
    await service.slack.settled()
    assert await service.chat("nadia") == before
    assert await service.chat("maya") is None
    assert all(delivery.ack.ok for delivery in service.slack.dispatcher.deliveries)


async def test_a_reply_in_a_thread_is_an_answer(service: Service) -> None:
    await service.invites("nadia")
    question = await service.asked("nadia", SCORE)
    service.slack.says("nadia", "dm", "I would say 8", thread_ts=question.ts)
    await service.asked("nadia", "What is the reason?")
    chat = await service.chat("nadia")
    assert chat is not None
    assert chat.score == 8


async def test_neither_tokens_nor_words_of_people_reach_the_log(
    either: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    slack = either.slack
    await scored(either)
    either.store.failures = 1
    slack.says("nadia", "dm", "my secret reason")
    await slack.settled()
    slack.revoke()
    await either.invites("tom")
    await slack.wait_for(lambda: [one for one in slack.requests if one.error == "token_revoked"], "a refusal")
    logged = " ".join((caplog.text, *(record.getMessage() for record in caplog.records)))
    assert "an event from Slack was not taken" in logged
    for secret in (slack.bot_token, slack.app_token, slack.signing_secret, SECRET, "my secret"):
        assert secret not in logged
