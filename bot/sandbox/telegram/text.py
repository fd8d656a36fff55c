"""How the platform reads the text of a message: `parse_mode` HTML into plain text and entities, and its refusals.

Lengths and offsets count UTF-16 units. MarkdownV2 is not spoken here: it is refused by name.
"""

import html
import re

from bot.sandbox.telegram.errors import bad
from bot.sandbox.telegram.types import Entity

TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-spoiler": "spoiler",
}
TAG = re.compile(r"<([^>]*)>?")
HREF = re.compile(r"""href\s*=\s*["']?([^"'\s>]+)""")
MOST = 4_096


def units(text: str) -> int:
    """Its length in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def read(text: str, parse_mode: str) -> tuple[str, tuple[Entity, ...]]:
    """Plain text and entities as the message will have them. Raises the platform's refusals."""
    plain: str = text
    entities: tuple[Entity, ...] = ()
    if parse_mode.lower() == "html":
        plain, entities = _html(text)
    elif parse_mode:
        raise bad("unsupported parse_mode")
    if not plain.strip():
        raise bad("message text is empty")
    if units(plain) > MOST:
        raise bad("message is too long")
    return plain.rstrip(), entities


def _html(source: str) -> tuple[str, tuple[Entity, ...]]:
    out, entities = "", []
    opened: list[tuple[str, int, str]] = []
    at = 0
    for found in TAG.finditer(source):
        out += html.unescape(source[at : found.start()])
        at = found.end()
        place = f"at byte offset {len(source[: found.start()].encode())}"
        name = found[1].split()[0].lower() if found[1].strip() else ""
        if name.startswith("/"):
            if not opened or opened[-1][0] != name[1:]:
                raise bad(f"can't parse entities: Unexpected end tag {place}")
            tag, start, url = opened.pop()
            if units(out) > start and (url or TAGS[tag] != "text_link"):
                entities.append(Entity(TAGS[tag], start, units(out) - start, url))
        elif name not in TAGS:
            raise bad(f'can\'t parse entities: Unsupported start tag "{name}" {place}')
        else:
            href = HREF.search(found[1])
            opened.append((name, units(out), html.unescape(href[1]) if href else ""))
    if opened:
        raise bad(f"can't parse entities: Can't find end tag corresponding to start tag \"{opened[-1][0]}\"")
    return out + html.unescape(source[at:]), tuple(sorted(entities, key=lambda entity: entity.offset))
