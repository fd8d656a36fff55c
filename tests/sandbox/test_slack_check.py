"""What the stand-in finds in blocks by itself, beside what the vendor's contracts find in the same blocks."""

from typing import Any

import pytest

from bot.sandbox.slack.check import faults_of_blocks, faults_of_view, words_of_blocks
from tests.harness.contracts import not_checked
from tests.harness.slack_contract import faults_of

Json = dict[str, Any]


def plain(length: int) -> Json:
    return {"type": "plain_text", "text": "x" * length}


def mrkdwn(length: int) -> Json:
    return {"type": "mrkdwn", "text": "x" * length}


def button(**more: Any) -> Json:
    return {"type": "button", "action_id": "a", "text": plain(5), "value": "v"} | more


def menu(kind: str, count: int, **more: Any) -> Json:
    options = [{"text": plain(5), "value": f"v{number}"} for number in range(count)]
    return {"type": kind, "action_id": "m", "options": options} | more


def option(text: int = 5, value: int = 5) -> Json:
    return {"text": plain(text), "value": "v" * value}


def section(**more: Any) -> Json:
    return {"type": "section", "text": mrkdwn(5)} | more


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def field(**more: Any) -> Json:
    return {"type": "input", "label": plain(5), "element": {"type": "plain_text_input", "action_id": "t"}} | more


def modal(*blocks: Json, **more: Any) -> Json:
    return {"type": "modal", "title": plain(24), "submit": plain(24), "blocks": list(blocks)} | more


QUOTE = {"type": "rich_text_quote", "elements": [{"type": "text", "text": "x" * 5000}]}


@pytest.mark.parametrize(
    "blocks",
    [
        [section(text=mrkdwn(3000))] * 50,
        [section(fields=[mrkdwn(2000)] * 10)],
        [{"type": "header", "text": plain(150)}, {"type": "divider"}],
        [actions(*[button(action_id=f"a{number}") for number in range(25)])],
        [actions(button(text=plain(75), value="v" * 2000, style="danger", url="https://a.example"))],
        [section(accessory=menu("overflow", 5)), actions(menu("static_select", 100, placeholder=plain(150)))],
        [{"type": "context", "elements": [mrkdwn(5)] * 10}],
        [{"type": "rich_text", "elements": [QUOTE]}],
        [actions({"type": "users_select", "action_id": "u", "placeholder": plain(20)})],
        [field(hint=plain(2000)), field(element=menu("radio_buttons", 10), label=plain(2000), optional=True)],
    ],
)
def test_what_slack_shows(blocks: list[Json]) -> None:
    assert faults_of_blocks(blocks) == []
    assert faults_of("chat.update", {"channel": "C1", "ts": "1.1", "blocks": blocks}) == []


@pytest.mark.parametrize(
    ("block", "where"),
    [
        (section(text=mrkdwn(3001)), "blocks/0/text"),
        (section(text=mrkdwn(0)), "blocks/0/text"),
        ({"type": "section"}, "blocks/0"),
        (section(fields=[mrkdwn(5)] * 11), "blocks/0/fields"),
        (section(block_id="b" * 256), "blocks/0/block_id"),
        ({"type": "header", "text": plain(151)}, "blocks/0/text"),
        ({"type": "context", "elements": [mrkdwn(5)] * 11}, "blocks/0/elements"),
        ({"type": "context", "elements": []}, "blocks/0"),
        (actions(), "blocks/0"),
        (actions(*[button(action_id=f"a{number}") for number in range(26)]), "blocks/0/elements"),
        (actions(button(text=plain(76))), "blocks/0/elements/0/text"),
        (actions(button(value="v" * 2001)), "blocks/0/elements/0/value"),
        (actions(button(action_id="a" * 256)), "blocks/0/elements/0/action_id"),
        (actions(button(url="https://" + "u" * 3000)), "blocks/0/elements/0/url"),
        (section(accessory=menu("overflow", 6)), "blocks/0/accessory/0/options"),
        (actions(menu("static_select", 101)), "blocks/0/elements/0/options"),
        (actions(menu("radio_buttons", 11)), "blocks/0/elements/0/options"),
        (actions(menu("overflow", 0)), "blocks/0/elements/0"),
        (actions(menu("static_select", 1, options=[option(text=76)])), "blocks/0/elements/0/options/0/text"),
        (actions(menu("static_select", 1, options=[option(value=151)])), "blocks/0/elements/0/options/0/value"),
        (field(label=plain(2001)), "blocks/0/label"),
        ({"type": "picture"}, "blocks/0"),
    ],
)
def test_what_slack_refuses_in_a_block(block: Json, where: str) -> None:
    assert [fault.partition(":")[0] for fault in faults_of_blocks([block])][:1] == [where]
    assert faults_of("chat.update", {"channel": "C1", "ts": "1.1", "blocks": [block]}) or not_checked


@pytest.mark.parametrize(
    ("view", "words"),
    [
        (modal(title=plain(25)), "view/title: 25 characters"),
        (modal(submit=plain(25)), "view/submit: 25 characters"),
        (modal(section(), private_metadata="x" * 3001), "view/private_metadata: 3001 characters"),
        (modal(section(), callback_id="x" * 256), "view/callback_id: 256 characters"),
        (modal(*[section()] * 101), "blocks: 101 of at most 100"),
        ({"type": "modal", "title": plain(5), "blocks": [field()]}, "needs submit"),
        ({"type": "modal", "blocks": [section()]}, "title is missing"),
    ],
)
def test_what_slack_refuses_in_a_view(view: Json, words: str) -> None:
    assert any(words in fault for fault in faults_of_view(view)), faults_of_view(view)
    assert faults_of("views.open", {"trigger_id": "1.1", "view": view}) or not_checked


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        ([section()] * 51, "51 of at most 50"),
        ([actions(button(), button())], "action_id given twice"),
        ([section(block_id="b"), section(block_id="b")], "block_id given twice"),
        ({"type": "section"}, "not a list"),
    ],
)
def test_what_slack_refuses_in_many(blocks: Any, words: str) -> None:
    assert any(words in fault for fault in faults_of_blocks(blocks))


def test_all_words_of_a_message_count() -> None:
    assert words_of_blocks([section(text=mrkdwn(3000)), actions(button(text=plain(75)))]) == 3075


def test_a_fault_never_tells_the_words() -> None:
    secret = "my number is 0612345678 " * 200
    assert "0612345678" not in str(faults_of_blocks([section(text={"type": "mrkdwn", "text": secret})]))
