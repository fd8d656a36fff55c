"""The buttons under a question. Pure.

`callback_data` is `chat:fence:value` within 64 bytes; a value that does not fit, or reads like a word of ours, travels
as its hash (`#`), and is looked up among what the question offers.
"""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TypeAlias

from bot.channels.telegram.words import words
from bot.model import Ask, Choice

LONGEST_DATA = 64
WIDE = 17.0
"""Two labels of this width share the row of a phone; a wider one has a row of its own. In digits: see `_width`."""
NARROW = frozenset(" .,:;'’!|()[]iIjlt\u202f\xa0")
LABEL = 64
MANY = 12
"""More options than these come by pages (times of a callback)."""
PAGE = 8
"""Options of a page."""

Button: TypeAlias = dict[str, str | bool]
Rows: TypeAlias = list[list[Button]]
Markup: TypeAlias = Mapping[str, Rows | str | bool]


def keyboard(chat: str, locale: str, ask: Ask, page: int = 0, whole: bool = False) -> Rows:
    """The rows of buttons of a question: near misses first (unless `whole`), else its options, else none."""

    def button(choice: Choice) -> Button:
        kept = choice.value == ask.prefill and bool(ask.options)
        label = choice.label if len(choice.label) <= LABEL else f"{choice.label[: LABEL - 1].rstrip()}…"
        return {"text": f"✓ {label}" if kept else label, "callback_data": data(chat, ask, choice)}

    def word(key: str, value: str) -> Button:
        return {"text": words(key, locale), "callback_data": f"{chat}:{ask.fence}:{value}"}

    if ask.suggest and not whole:
        rows = rows_of([button(choice) for choice in ask.suggest])
        more = [word("all", "all")] if ask.options else []
        if len(rows) == 1 and all(_width(b) <= WIDE for b in rows[0]):
            rows[0] += more
        elif more:
            rows.append(more)
    elif len(ask.options) > MANY and not is_scale(ask):
        count = -(-len(ask.options) // PAGE)
        shown = ask.options[page % count * PAGE :][:PAGE]
        rows = [*rows_of([button(choice) for choice in shown]), [word("more", f"more{(page + 1) % count}")]]
    elif is_scale(ask):
        half = len(ask.options) if len(ask.options) <= 6 else (len(ask.options) + 1) // 2
        buttons = [button(choice) for choice in ask.options]
        rows = [row for row in (buttons[:half], buttons[half:]) if row]
    else:
        rows = rows_of([button(choice) for choice in ask.options])
    return [*rows, [word("skip", "skip")]] if ask.skip else rows


def is_scale(ask: Ask) -> bool:
    """Numbers to tap, which make one or two rows of narrow buttons."""
    return len(ask.options) > 2 and all(isinstance(c.value, int) and len(c.label) <= 3 for c in ask.options)


def data(chat: str, ask: Ask, choice: Choice) -> str:
    """`chat:fence:value`, which `read.py` takes apart again."""
    plain = f"{chat}:{ask.fence}:{choice.value}"
    known = isinstance(choice.value, int) or not re.match(r"-?\d+$|#|skip$|back$|all$|more\d+$", choice.value)
    return plain if known and len(plain.encode()) <= LONGEST_DATA else f"{chat}:{ask.fence}:#{hashed(choice.value)}"


def hashed(value: int | str) -> str:
    return sha256(str(value).encode("utf-8", "replace")).hexdigest()[:12]


def rows_of(buttons: Sequence[Button]) -> Rows:
    """Three short labels a row, or two of middle length; a long one stands alone."""
    rows: Rows = []
    width = 3 if all(len(str(button["text"])) <= 4 for button in buttons) else 2
    joins = False
    for button in buttons:
        short = _width(button) <= WIDE
        if joins and short and len(rows[-1]) < width:
            rows[-1].append(button)
        else:
            rows.append([button])
        joins = short
    return rows


def _width(button: Button) -> float:
    """Of its label, where a digit is 1: half as much for what is narrow in every font."""
    text = str(button["text"])
    return len(text) - sum(character in NARROW for character in text) / 2


def contact(locale: str, ask: Ask) -> Markup:
    """The keyboard that shares the person's own number; what its other buttons say is a command when typed."""
    others: list[Button] = [
        {"text": words(key, locale)} for key, offered in (("back", ask.back), ("skip", ask.skip)) if offered
    ]
    rows: Rows = [[{"text": words("share", locale), "request_contact": True}], *([others] if others else [])]
    hint = {"input_field_placeholder": ask.placeholder[:64]} if ask.placeholder else {}
    return {"keyboard": rows, "resize_keyboard": True, "one_time_keyboard": True, **hint}
