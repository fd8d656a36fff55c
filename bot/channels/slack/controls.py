"""The control under a question: score buttons, options, a menu where there are many, a window for long texts. Pure.

An action id says what a tap means; what is behind its last `/` only keeps the ids of one message apart.
"""

from collections.abc import Iterator

from bot.channels.slack.kit import Block, actions, button, encode, plain, quiet
from bot.channels.slack.words import word
from bot.limits import SLACK
from bot.model import Ask, Choice

NUMBER, KEY, COMMAND, WRITE, LINK = "survey_number", "survey_key", "survey_command", "survey_write", "survey_link"
"""A point of a scale; the key of an option; back or skip; open the window; follow a link (nothing to do)."""
MODAL, INPUT = "survey_text", "text"
"""The window's callback id; its one field."""

LONGEST_TEXT = 3_000
"""Characters of a plain-text input."""
LONG = ("text",)
"""Kinds of questions that may need more than a line."""


def under(ask: Ask, locale: str) -> Iterator[Block]:
    """The quiet lines between words and control: what the ends of the scale mean, the note of the step."""
    if ask.low and ask.high and ask.options:
        first, last = ask.options[0].label, ask.options[-1].label
        yield quiet(f"{first}: {ask.low} · {last}: {ask.high} · {word('typed', locale)}")
    if ask.note:
        yield quiet(ask.note)


def controls(chat: str, ask: Ask, locale: str) -> Iterator[Block]:
    """Near misses first; then the options; then what else can be done."""
    offered = list(ask.suggest)
    prefill = ask.prefill
    if isinstance(prefill, int | str) and prefill != "" and not ask.options and not offered:
        offered = [Choice(prefill, str(prefill))]
    near = [
        button(f"{_kind(one)}/near/{at}", one.label, encode(chat, ask.fence, one.value), style="primary")
        for at, one in enumerate(offered[: SLACK.buttons_row])
        if _fits(one, chat, ask.fence, 2_000)
    ]
    if near:
        yield actions(near)
    if len(ask.options) > SLACK.buttons:
        yield actions([*_menus(chat, ask, locale)])
    elif ask.options:
        yield actions(
            [
                button(
                    f"{_kind(one)}/{at}",
                    one.label,
                    encode(chat, ask.fence, one.value),
                    style="primary" if one.value == prefill else "",
                )
                for at, one in enumerate(ask.options)
            ]
        )
    more = list(_more(chat, ask, locale))
    if more:
        yield actions(more)


def window(chat: str, fence: int, question: str, locale: str) -> Block:
    """A modal for an answer of several lines."""
    return {
        "type": "modal",
        "callback_id": MODAL,
        "private_metadata": encode(chat, fence, locale),
        "title": plain(word("title", locale), 24),
        "submit": plain(word("send", locale), 24),
        "close": plain(word("cancel", locale), 24),
        "blocks": [
            {
                "type": "input",
                "block_id": INPUT,
                "label": plain(question, 2_000),
                "element": {
                    "type": "plain_text_input",
                    "action_id": INPUT,
                    "multiline": True,
                    "max_length": LONGEST_TEXT,
                },
            }
        ],
    }


def _more(chat: str, ask: Ask, locale: str) -> Iterator[Block]:
    if ask.kind in LONG:
        yield button(WRITE, word("write", locale), encode(chat, ask.fence, locale))
    if ask.skip:
        yield button(f"{COMMAND}/skip", word("skip", locale), encode(chat, ask.fence, "skip"))
    if ask.back:
        yield button(f"{COMMAND}/back", word("back", locale), encode(chat, ask.fence, "back"))


def _menus(chat: str, ask: Ask, locale: str) -> Iterator[Block]:
    """Mostly one: more than a menu takes go into further ones."""
    options: list[Block] = [
        {"text": plain(one.label), "value": encode(chat, ask.fence, one.value)}
        for one in ask.options
        if _fits(one, chat, ask.fence, 150)
    ]
    parts = [options[at : at + SLACK.options] for at in range(0, len(options), SLACK.options)]
    for number, part in enumerate(parts):
        yield {
            "type": "static_select",
            "action_id": f"{_kind(ask.options[0])}/menu/{number}",
            "placeholder": plain(ask.placeholder or word("choose", locale), 150),
            "options": part,
        }


def _kind(choice: Choice) -> str:
    return NUMBER if isinstance(choice.value, int) else KEY


def _fits(choice: Choice, chat: str, fence: int, most: int) -> bool:
    return len(encode(chat, fence, choice.value)) <= most
