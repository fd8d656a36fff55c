"""The pieces of Block Kit that a survey is made of. Pure.

Whatever stands in a message, the flow's words, an agent's or a customer's, goes into `rich_text` or `plain_text`, where
nothing is markup: no name can mention a channel and no answer can make a link. What is longer than Slack takes is cut.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

Block: TypeAlias = Mapping[str, object]

PIECE = 2_900
"""Characters of one block of text."""
LABEL = 75
"""Of a button and of an option."""
URL = re.compile(r"https?://[^\s<>|\"]*[^\s<>|\".,;:!?)\]}'»”]")


class Tapped(Struct, frozen=True):
    """What a control carries: `chat:fence:value`, so that an old one is known as old."""

    chat: str
    fence: int
    value: str


def encode(chat: str, fence: int, value: int | str) -> str:
    return f"{chat}:{fence}:{value}"


def decode(carried: str) -> Tapped | None:
    """None for what no control of ours carries."""
    chat, _, rest = carried.partition(":")
    fence, colon, value = rest.partition(":")
    if not chat or not colon or not fence.isascii() or not fence.isdigit() or len(fence) > 9:
        return None
    return Tapped(chat, int(fence), value)


def cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def escape(text: str) -> str:
    """For mrkdwn: https://docs.slack.dev/messaging/formatting-message-text#escaping"""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain(text: str, most: int = LABEL) -> Block:
    return {"type": "plain_text", "text": cut(text.strip() or "…", most), "emoji": False}


def button(action: str, label: str, value: str, url: str = "", style: str = "") -> Block:
    """`action` must be the only one of its name in a message."""
    found: dict[str, object] = {"type": "button", "action_id": action, "value": value, "text": plain(label)}
    return found | ({"url": url} if url else {}) | ({"style": style} if style else {})


def actions(elements: Sequence[Block]) -> Block:
    return {"type": "actions", "elements": list(elements)}


def quiet(text: str) -> Block:
    """A small grey line."""
    return {"type": "context", "elements": [plain(text, 2_000)]}


def text_blocks(text: str, name: str = "") -> Iterator[Block]:
    """Words as they were written, after the name of who says them. Web addresses lead where they say."""
    for at in range(0, len(text), PIECE):
        head = [{"type": "text", "text": f"{name}\n", "style": {"bold": True}}] if name and not at else []
        section = {"type": "rich_text_section", "elements": [*head, *_pieces(text[at : at + PIECE])]}
        yield {"type": "rich_text", "elements": [section]}


def _pieces(text: str) -> Iterator[Block]:
    behind = 0
    for found in URL.finditer(text):
        if found.start() > behind:
            yield {"type": "text", "text": text[behind : found.start()]}
        yield {"type": "link", "url": found[0]}
        behind = found.end()
    if behind < len(text):
        yield {"type": "text", "text": text[behind:]}
