"""What Slack refuses in blocks and views, as far as a survey and a desk can run into it: counts, lengths, what must be
there. Numbers as in Slack's reference of Block Kit (docs.slack.dev/reference/block-kit) and of its Web API.

A stricter check can be given to the stand-in; this one is always on. It says where and what, never the words.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from bot.sandbox.slack.types import Json

TEXT = 40_000
"""Characters of a message's text: beyond it chat.postMessage answers msg_too_long."""
UPDATED_TEXT = 4_000
"""Characters of text that chat.update takes."""
BLOCKS = {"message": 50, "modal": 100, "home": 100}
ALL_WORDS = 13_200
"""Characters of text in all blocks of a message: beyond it Slack answers msg_blocks_too_long."""
ITEMS = {
    "actions": ("elements", 25),
    "context": ("elements", 10),
    "section": ("fields", 10),
    "static_select": ("options", 100),
    "multi_static_select": ("options", 100),
    "overflow": ("options", 5),
    "radio_buttons": ("options", 10),
    "checkboxes": ("options", 10),
}
TEXTS = {
    ("section", "text"): 3000,
    ("section", "fields"): 2000,
    ("header", "text"): 150,
    ("input", "label"): 2000,
    ("input", "hint"): 2000,
    ("button", "text"): 75,
    ("modal", "title"): 24,
    ("modal", "submit"): 24,
    ("modal", "close"): 24,
    ("option", "text"): 75,
    ("option", "description"): 75,
}
STRINGS = {
    "block_id": 255,
    "action_id": 255,
    "callback_id": 255,
    "private_metadata": 3000,
    "url": 3000,
    "image_url": 3000,
    "alt_text": 2000,
}
VALUES = {"button": 2000, "option": 150}
NEEDS = {
    "actions": ("elements",),
    "context": ("elements",),
    "rich_text": ("elements",),
    "header": ("text",),
    "input": ("label", "element"),
    "image": ("alt_text",),
    "button": ("text",),
    "overflow": ("options",),
    "radio_buttons": ("options",),
    "checkboxes": ("options",),
    "modal": ("title", "blocks"),
    "home": ("blocks",),
    "option": ("text", "value"),
}
KNOWN = (
    *("section", "actions", "context", "divider", "header", "image", "input", "markdown", "rich_text", "video"),
    *("file", "table", "context_actions"),
)


# Any: a piece of Block Kit, of whatever shape the app sent.
def faults_of_blocks(blocks: Any, where: str = "message") -> list[str]:
    """What Slack has against these blocks; nothing where they can be shown."""
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        return ["blocks: not a list of objects"]
    found = [f"blocks: {len(blocks)} of at most {BLOCKS[where]}"] if len(blocks) > BLOCKS[where] else []
    for number, block in enumerate(blocks):
        at = f"blocks/{number}"
        kind = block.get("type", "")
        if kind not in KNOWN:
            found.append(f"{at}: unknown type {kind!r}")
        elif kind == "section" and not (block.get("text") or block.get("fields")):
            found.append(f"{at}: a section needs text or fields")
        elif kind == "input" and where == "home" and not block.get("dispatch_action"):
            found.append(f"{at}: an input in a home needs dispatch_action")
        found += _faults(block, at, str(kind))
    found += _twice([block.get("block_id", "") for block in blocks], "block_id")
    return found


def faults_of_view(view: Json) -> list[str]:
    """What Slack has against this modal or home."""
    kind = view.get("type", "")
    if kind not in ("modal", "home"):
        return [f"view: unknown type {kind!r}"]
    found = faults_of_blocks(view.get("blocks", []), kind)
    found += _faults({name: value for name, value in view.items() if name != "blocks"} | {"blocks": [0]}, "view", kind)
    asks = any(isinstance(block, dict) and block.get("type") == "input" for block in view.get("blocks", []))
    if asks and kind == "modal" and not view.get("submit"):
        found.append("view: a modal with an input needs submit")
    return found


def words_of_blocks(blocks: Sequence[Json]) -> int:
    """Characters of text in all of them."""
    return sum(len(text) for text in _texts(list(blocks)))


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from ([node["text"]] if isinstance(node.get("text"), str) else [])
        yield from (text for value in node.values() for text in _texts(value))
    elif isinstance(node, list):
        yield from (text for one in node for text in _texts(one))


def _faults(node: Any, at: str, kind: str) -> Iterator[str]:
    if isinstance(node, list):
        for number, one in enumerate(node):
            yield from _faults(one, f"{at}/{number}", kind)
    if not isinstance(node, dict):
        return
    yield from (f"{at}: {name} is missing" for name in NEEDS.get(kind, ()) if not node.get(name))
    name, most = ITEMS.get(kind, ("", 0))
    if name and len(node.get(name) or ()) > most:
        yield f"{at}/{name}: {len(node[name])} of at most {most}"
    if kind == "actions":
        yield from _twice([one.get("action_id", "") for one in node.get("elements", ())], f"{at}: action_id")
    yield from _long(node, at, kind)
    for inner, value in node.items():
        if inner in ("options", "initial_options") or inner == "initial_option":
            yield from _faults(value, f"{at}/{inner}", "option")
        elif inner in ("elements", "element", "accessory") and kind != "rich_text":
            for number, one in enumerate(value if isinstance(value, list) else [value]):
                yield from _faults(one, f"{at}/{inner}/{number}", one.get("type", ""))


def _long(node: Json, at: str, kind: str) -> Iterator[str]:
    limits = [(name, most) for (owner, name), most in TEXTS.items() if owner == kind]
    for name, most in limits:
        given = node.get(name)
        for one in given if isinstance(given, list) else [given] if given else []:
            text = one.get("text", "") if isinstance(one, dict) else None
            if text is None:
                yield f"{at}/{name}: not a text object"
            elif not 0 < len(text) <= most:
                yield f"{at}/{name}: {len(text)} characters of 1 to {most}"
    for name, most in [*STRINGS.items(), ("value", VALUES.get(kind, 2000))]:
        if isinstance(node.get(name), str) and len(node[name]) > most:
            yield f"{at}/{name}: {len(node[name])} characters of at most {most}"


def _twice(names: list[str], what: str) -> Iterator[str]:
    given = [name for name in names if name]
    if len(given) != len(set(given)):
        yield f"{what} given twice"
