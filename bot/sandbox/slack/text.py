"""What becomes of words that a person types in Slack before an app reads them."""

import re

from bot.sandbox.slack.state import World
from bot.sandbox.slack.types import Json

_LINK = re.compile(r"https?://[^\s<>]+[^\s<>.,;:!?)]")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.-]*\w")
_PHONE = re.compile(r"(?<![\w+])\+\d[\d ]{7,}\d")
_NAME = re.compile(r"(?<![\w.])@([\w.-]*\w)")
_HERE = ("here", "channel", "everyone")


def escaped(text: str) -> str:
    """The three characters that mean something in mrkdwn."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def typed(world: World, team: str, text: str) -> str:
    """As the app gets it: escaped, addresses, numbers and links wrapped, `@maya` and `@here` as mentions."""
    text = escaped(text)
    text = _LINK.sub(lambda found: f"<{found[0]}>", text)
    text = _EMAIL.sub(lambda found: f"<mailto:{found[0]}|{found[0]}>", text)
    text = _PHONE.sub(lambda found: f"<tel:{found[0].replace(' ', '')}|{found[0]}>", text)
    return _NAME.sub(lambda found: _mention(world, team, found), text)


def _mention(world: World, team: str, found: re.Match[str]) -> str:
    before = found.string[: found.start()]
    if before.count("<") > before.count(">"):
        return found[0]
    if found[1] in _HERE:
        return f"<!{found[1]}>"
    try:
        return f"<@{world.user(found[1], team).id}>"
    except LookupError:
        return found[0]


def as_blocks(text: str) -> Json:
    """The block that Slack's own clients put beside the text."""
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [section]}
