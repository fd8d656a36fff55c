"""What arrived from Slack, as the survey understands it."""

import pytest

from bot.channels.slack import read
from bot.channels.slack.kit import Tapped

SAID = {"type": "message", "channel_type": "im", "channel": "D1", "user": "U1", "ts": "1.2", "text": "8"}


def event(**changes: object) -> dict[str, object]:
    return {"type": "event_callback", "event_id": "Ev1", "event": SAID | changes}


@pytest.mark.parametrize(
    ("sent", "typed"),
    [
        ("9 &amp; &lt;more&gt;", "9 & <more>"),
        (":nine: of :keycap_ten:", "9 of 10"),
        (":+1::skin-tone-3: :tada:", "👍 :tada:"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("<tel:+33612345678|06 12 34 56 78>", "06 12 34 56 78"),
        ("see <https://a.example/x?a=1&amp;b=2|the page>", "see https://a.example/x?a=1&b=2"),
        ("<@U1> in <#C1|general> <!here>", "@U1 in general !here"),
        ("1 &lt;@U1&gt;", "1 <@U1>"),
        ("a\0b", "ab"),
        ("x" * 9_000, "x" * 4_000),
    ],
)
def test_words_as_they_were_typed(sent: str, typed: str) -> None:
    assert read.spoken(sent) == typed


def test_a_direct_message_has_two_names() -> None:
    assert read.words(event()) == read.Words("U1", "D1", "1.2", "Ev1", "8")
    heard = read.words(event(subtype="file_share", files=[{"name": "a.png", "permalink": "https://s.example/a"}]))
    assert heard is not None
    assert heard.files == ("a.png https://s.example/a",)
    assert heard.events == ("slack:D1:1.2", "slack:Ev1")


@pytest.mark.parametrize(
    "changes",
    [
        {"channel_type": "channel"},
        {"bot_id": "B1"},
        {"subtype": "message_changed"},
        {"subtype": "message_deleted"},
        {"subtype": "bot_message"},
        {"subtype": "channel_join"},
        {"hidden": True},
        {"user": "USLACKBOT"},
        {"user": None},
        {"ts": 1.2},
        {"type": "reaction_added"},
    ],
    ids=str,
)
def test_what_is_nothing_to_a_survey(changes: dict[str, object]) -> None:
    assert read.words(event(**changes)) is None


@pytest.mark.parametrize(
    ("action", "value", "command"),
    [
        ({"action_id": "survey_number/7", "value": "c1:2:7"}, 7, False),
        ({"action_id": "survey_number/near/0", "value": "c1:2:-1"}, -1, False),
        ({"action_id": "survey_key/0", "value": "c1:2:call:me"}, "call:me", False),
        (
            {"action_id": "survey_key/menu", "selected_option": {"value": "c1:2:2026-11-24T10:00"}},
            "2026-11-24T10:00",
            False,
        ),
        ({"action_id": "survey_command/skip", "value": "c1:2:skip"}, "skip", True),
    ],
)
def test_a_tap(action: dict[str, object], value: int | str, command: bool) -> None:
    tap = read.tap({"user": {"id": "U1"}, "actions": [action | {"action_ts": "5.6"}]})
    assert tap is not None
    assert (tap.tapped.chat, tap.tapped.fence, tap.value, tap.command) == ("c1", 2, value, command)
    assert tap.id == f"slack:U1:5.6:{action['action_id']}"


@pytest.mark.parametrize(
    "action",
    [
        {"action_id": "survey_number/7", "value": "c1:2:seven"},
        {"action_id": "survey_number/7", "value": "c1:x:7"},
        {"action_id": "survey_number/7", "value": "7"},
        {"action_id": "survey_command/x", "value": "c1:2:erase"},
        {"action_id": "case_claim", "value": "c1:2:7"},
        {},
    ],
    ids=str,
)
def test_what_is_no_tap_of_ours(action: dict[str, object]) -> None:
    assert read.tap({"user": {"id": "U1"}, "actions": [action | {"action_ts": "5.6"}]}) is None


def test_what_was_written_in_the_window() -> None:
    view = {"id": "V1", "private_metadata": "c1:3:fr", "state": {"values": {"text": {"text": {"value": "Long"}}}}}
    sent = read.written({"user": {"id": "U1"}, "view": view})
    assert sent == read.Written("U1", "slack:view:V1", Tapped("c1", 3, "fr"), "Long")
    assert read.written({"user": {"id": "U1"}, "view": {}}) is None


@pytest.mark.parametrize(
    ("text", "flow", "locale"),
    [
        ("", "", ""),
        ("nps", "nps", ""),
        ("nps fr", "nps", "fr"),
        ("fr", "", "fr"),
        ("pt-BR nps", "nps", "pt-BR"),
        ("es", "es", ""),
        ("npss", "npss", ""),
    ],
)
def test_a_wish(text: str, flow: str, locale: str) -> None:
    wish = read.wish({"user_id": "U1", "user_name": "ann", "trigger_id": "t1", "text": text}, ("nps", "es"))
    assert wish == read.Wish("U1", "slack:wish:t1", flow, locale, "ann")
