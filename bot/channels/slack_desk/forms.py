"""The windows of the desk in Slack, and an agent's home. Pure; as safe as its cards (`blocks.py`)."""

from collections.abc import Sequence

from bot.channels.slack.kit import Block, button, escape, plain
from bot.channels.slack_desk.blocks import HAND_OVER, OUTCOME, bold, context, moment, mrkdwn
from bot.desk.base import Choices, Home, HomeCase

OPEN = "home_open"
"""Leads to the card: there is nothing to do about it here."""


def form(chat: str, offered: Choices) -> Block:
    """The outcome form: all outcomes visible, one tap."""
    blocks: list[Block] = [
        {"type": "section", "text": mrkdwn(_strong(offered.head))},
        _input("outcome", "Outcome", {"type": "radio_buttons", "options": _options(offered.outcomes)}, optional=False),
    ]
    if offered.causes:
        menu = {"type": "static_select", "placeholder": plain("What caused it?"), "options": _options(offered.causes)}
        blocks.append(_input("cause", "Root cause", menu))
    note: Block = {"type": "plain_text_input", "multiline": True, "max_length": 2000}
    hint = "Never shown to the customer. Goes to the CRM with the case."
    blocks.append({**_input("note", "Note for the team", note), "hint": plain(hint, 2_000)})
    if offered.tell:
        # A description has 75 characters, so the sentence that they get stands above the box.
        blocks.append({"type": "context", "elements": [plain(f"“{offered.told}”", 2_000)]})
        boxes = {"type": "checkboxes", "options": _options((("tell", offered.tell),))}
        blocks.append(_input("tell", "Before you go", boxes))
    return _modal(OUTCOME, chat, ("How did it end?", "Resolve", "Not yet"), blocks)


def hand_over_form(chat: str) -> Block:
    people: Block = {"type": "users_select", "placeholder": plain("Somebody of the team")}
    return _modal(
        HAND_OVER, chat, ("Hand over", "Hand over", "Cancel"), [_input("to", "Who takes it?", people, optional=False)]
    )


def home(shown: Home, links: Sequence[str]) -> Block:
    """`links` are the addresses of the cards, those that wait first."""
    if shown.trouble:
        return {"type": "home", "blocks": [_header("Cases"), context(shown.trouble)]}
    waiting = len(shown.waiting) + shown.more
    head = f"{waiting or 'No'} case{'' if waiting == 1 else 's'} need{'s' if waiting == 1 else ''} somebody"
    blocks: list[Block] = [_header(head)]
    rows = [*shown.waiting, *shown.yours]
    lines = [_row(one, link) for one, link in zip(rows, links, strict=True)]
    blocks += lines[: len(shown.waiting)]
    if shown.more:
        blocks.append(context(f"and {shown.more} more"))
    blocks += [{"type": "divider"}, _header("Yours")]
    blocks += lines[len(shown.waiting) :] or [context("Nothing at the moment.")]
    blocks += [
        {"type": "divider"},
        {"type": "section", "text": mrkdwn(f"{_strong(shown.figure)}\n{escape(shown.shares)}".strip())},
        context(f"Updated {moment(shown.at)} · NPS is a number from −100 to +100"),
    ]
    return {"type": "home", "blocks": blocks}


def nothing() -> Block:
    """The home of somebody who is not at the desk."""
    return {"type": "home", "blocks": [context("Questions, and what you answered, are in the Messages tab.")]}


def _row(one: HomeCase, link: str) -> Block:
    score = "–" if one.score is None else str(one.score)
    section: dict[str, object] = {
        "type": "section",
        "text": mrkdwn(f"*{score}* · *{bold(one.name)}*\n{escape(one.when)}"),
    }
    if one.quote:
        section["text"] = mrkdwn(f"*{score}* · *{bold(one.name)}* · {escape(one.quote)}\n{escape(one.when)}")
    return section | ({"accessory": button(OPEN, "Open", one.place, url=link)} if link else {})


def _strong(line: str) -> str:
    """What comes first in bold: `*2 of 10* · Nadia`."""
    first, dot, rest = line.partition(" · ")
    return f"*{bold(first)}*{dot}{escape(' '.join(rest.split()))}"


def _modal(callback: str, chat: str, words: tuple[str, str, str], blocks: Sequence[Block]) -> Block:
    title, submit, close = words
    return {
        "type": "modal",
        "callback_id": callback,
        "private_metadata": chat,
        "title": plain(title, 24),
        "submit": plain(submit, 24),
        "close": plain(close, 24),
        "blocks": list(blocks),
    }


def _input(name: str, label: str, element: Block, optional: bool = True) -> Block:
    found: Block = {"type": "input", "block_id": name, "label": plain(label, 2_000), "optional": optional}
    return {**found, "element": {**element, "action_id": name}}


def _options(offered: Sequence[tuple[str, str]]) -> list[Block]:
    return [{"text": plain(label), "value": key} for key, label in offered]


def _header(text: str) -> Block:
    return {"type": "header", "text": plain(text, 150)}
