"""The sending side: what Slack answers decides what becomes of a message, and nothing is sent twice that arrived."""

from collections.abc import AsyncIterator

import pytest

from bot.channels.base import Asked, Found, Post
from bot.channels.slack.api import SlackApi
from bot.channels.slack.send import MOST, SlackMessenger
from bot.errors import DeliveryError, Permanent, Retryable, Throttled
from bot.model import Ask, Choice, Entry
from bot.sandbox.slack.quirks import Quirk, broken, lost, refused, throttled
from bot.sandbox.slack.server import Slack
from tests.channels.slack.service import Service
from tests.harness.working import until

HELLO = Post("c1", "en", (Entry(1, 0, "bot", "Hello"),))


@pytest.fixture
async def messenger(slack: Slack) -> AsyncIterator[SlackMessenger]:
    async def token(_team: str) -> str:
        return slack.bot_token

    api = SlackApi(slack.api_url, token, seconds=2)
    yield SlackMessenger(api, lambda chat, ref: f"https://s.example/l/{chat}/{ref}")
    await api.close()


@pytest.fixture
def nadia(slack: Slack) -> str:
    person = slack.user("nadia")
    return f"{person.team}:{person.id}"


async def test_a_message_is_named_by_its_channel_and_time(messenger: SlackMessenger, slack: Slack, nadia: str) -> None:
    name = await messenger.post(nadia, HELLO)
    (message,) = slack.messages("dm", "nadia")
    assert name == f"{message.channel}:{message.ts}"
    await messenger.post(nadia, HELLO)
    assert len(slack.calls("conversations.open")) == 1


async def test_a_message_whose_answer_was_lost_is_found_again(
    messenger: SlackMessenger, slack: Slack, nadia: str
) -> None:
    assert await messenger.find(nadia, "c1") is None
    slack.quirks.order("chat.postMessage", lost())
    asking = Post("c1", "en", (Entry(4, 0, "bot", "Why?"),), Ask("why", 3, "text"))
    with pytest.raises(Retryable):
        await messenger.post(nadia, asking)
    (message,) = slack.messages("dm", "nadia")
    slack.says("nadia", "dm", "Because")
    await messenger.post(nadia, Post("c2", "en", (Entry(9, 0, "bot", "Another chat"),)))
    assert await messenger.find(nadia, "c1") == Found(f"{message.channel}:{message.ts}", 4, "why", 3)


async def test_lines_too_many_for_one_message_go_out_in_order(
    messenger: SlackMessenger, slack: Slack, nadia: str
) -> None:
    entries = tuple(Entry(seq, 0, "bot", f"{seq} " + "x" * 2_500) for seq in range(1, 8))
    name = await messenger.post(nadia, Post("c1", "en", entries))
    said = slack.messages("dm", "nadia")
    assert [message.shown[0] for message in said] == ["1", "4", "7"]
    assert name.endswith(said[-1].ts)


@pytest.mark.parametrize(
    ("method", "quirk", "kind", "code"),
    [
        ("conversations.open", refused("user_not_found"), Permanent, "gone"),
        ("conversations.open", refused("user_disabled"), Permanent, "gone"),
        ("conversations.open", refused("cannot_dm_bot"), Permanent, "gone"),
        ("chat.postMessage", refused("channel_not_found"), Permanent, "gone"),
        ("chat.postMessage", refused("is_archived"), Permanent, "gone"),
        ("chat.postMessage", refused("token_revoked"), Permanent, "token_revoked"),
        ("chat.postMessage", refused("account_inactive"), Permanent, "account_inactive"),
        ("chat.postMessage", refused("msg_too_long"), Permanent, "msg_too_long"),
        ("chat.postMessage", throttled(3), Throttled, None),
        ("conversations.open", throttled(3), Throttled, None),
        ("chat.postMessage", broken(502), Retryable, None),
        ("chat.postMessage", lost(), Retryable, None),
    ],
    ids=str,
)
async def test_what_slack_answers(
    *, messenger: SlackMessenger, slack: Slack, nadia: str, method: str, quirk: Quirk, kind: type, code: str | None
) -> None:
    slack.quirks.order(method, quirk)
    with pytest.raises(DeliveryError) as failed:
        await messenger.post(nadia, HELLO)
    assert type(failed.value) is kind
    assert code is None or getattr(failed.value, "code", "") == code


@pytest.mark.parametrize(
    "code", ["message_not_found", "cant_update_message", "edit_window_closed", "channel_not_found"]
)
async def test_a_message_that_cannot_be_changed_any_more_stays(
    messenger: SlackMessenger, slack: Slack, nadia: str, code: str
) -> None:
    name = await messenger.post(nadia, HELLO)
    slack.quirks.order("chat.update", refused(code), refused(code))
    slack.quirks.order("chat.delete", refused("message_not_found"))
    await messenger.settle(nadia, Asked("c1", "en", name, "Hello", "Hi", change=False))
    await messenger.revise(nadia, name, Entry(2, 0, "agent", "Better", name="Maya", replaces=1), "en")
    await messenger.revise(nadia, name, Entry(2, 0, "agent", "", name="Maya", replaces=1), "en")
    assert slack.quirks.left == 0


async def test_an_agents_line_is_changed_and_taken_back(messenger: SlackMessenger, slack: Slack, nadia: str) -> None:
    name = await messenger.post(nadia, Post("c1", "en", (Entry(1, 0, "agent", "Helo", name="Maya"),)))
    await messenger.revise(nadia, name, Entry(2, 0, "agent", "Hello", name="Maya", replaces=1), "en")
    assert slack.messages("dm", "nadia")[0].shown == "Maya\nHello"
    await messenger.revise(nadia, name, Entry(3, 0, "agent", "", name="Maya", replaces=1), "en")
    assert slack.messages("dm", "nadia") == []


async def test_only_so_many_channels_are_remembered(messenger: SlackMessenger, slack: Slack, nadia: str) -> None:
    messenger._direct.update({f"T:{number}": "D" for number in range(MOST)})
    await messenger.post(nadia, HELLO)
    assert len(messenger._direct) == MOST
    assert nadia in messenger._direct


async def test_throttled_and_broken_sends_are_made_up_for_in_order(service: Service) -> None:
    service.slack.quirks.order("chat.postMessage", throttled(1))
    await service.invites("nadia")
    question = await service.asked("nadia", "How likely")
    service.slack.quirks.order("chat.update", throttled(1))
    await service.slack.presses("nadia", question, "survey_number/9")
    await service.asked("nadia", "Thank you.")
    said = [message.shown.split("\n")[0] for message in service.shown("nadia")]
    assert said == ["How likely are you to recommend Acme?", "Would you tell others?"]


async def test_whoever_cannot_be_reached_any_more_is_let_go(service: Service) -> None:
    service.slack.quirks.order("conversations.open", refused("user_disabled"))
    await service.invites("nadia")

    async def ended() -> bool:
        chat = await service.chat("nadia")
        return chat is not None and bool(chat.ended)

    await until(ended)
    chat = await service.chat("nadia")
    assert chat is not None
    assert chat.outcome == "unreachable"


async def test_the_newest_post_of_a_chat_is_found_with_the_question_under_it(
    messenger: SlackMessenger, slack: Slack, nadia: str
) -> None:
    assert await messenger.find(nadia, "c1") is None
    await messenger.post(nadia, HELLO)
    entries = tuple(Entry(seq, 0, "bot", f"{seq} " + "x" * 2_500) for seq in range(2, 8))
    name = await messenger.post(nadia, Post("c1", "en", entries, Ask("score", 3, "nps", (Choice(9, "9"),))))
    await messenger.post(nadia, Post("c2", "en", (Entry(9, 0, "bot", "Another chat"),)))
    assert await messenger.find(nadia, "c1") == Found(name, 7, "score", 3)
    assert await messenger.find(nadia, "c3") is None


async def test_a_post_whose_answer_got_lost_is_found(messenger: SlackMessenger, slack: Slack, nadia: str) -> None:
    slack.quirks.order("chat.postMessage", lost())
    with pytest.raises(Retryable) as error:
        await messenger.post(nadia, HELLO)
    assert error.value.doubt
    found = await messenger.find(nadia, "c1")
    (message,) = slack.messages("dm", "nadia")
    assert found == Found(f"{message.channel}:{message.ts}", 1)
