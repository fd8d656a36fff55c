"""How a played chat looks in a terminal: at most 78 columns, the machine's remarks at the right, quietly."""

import os
import re
import textwrap
from typing import TextIO

from bot.model import Ask, Choice, Conversation, Say, Turn

WIDTH = 78
SHOWN = 8
"""Options listed one by one; of more (the times of a slot), so many are shown."""

_UNITS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class Page:
    """Writes to a terminal or a pipe. Colour says nothing alone: a pipe and NO_COLOR get the same text."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._color = out.isatty() and "NO_COLOR" not in os.environ

    def line(self, text: str, head: bool = False) -> None:
        if head:
            text = f"{text}    :back :skip :stop :lang :wait :state :save"
        self._out.write(text + "\n")
        self._out.flush()

    def remark(self, text: str) -> None:
        """At the right, in quiet colour."""
        padded = text[:WIDTH].rjust(WIDTH)
        self.line(f"\033[2m{padded}\033[0m" if self._color else padded)

    def turn(self, turn: Turn, ask: Ask | None) -> None:
        """What the bot and an agent say, then what can be answered."""
        for effect in turn.effects:
            if isinstance(effect, Say) and effect.entry.author == "agent":
                self._wrapped(f"{effect.entry.name}: {effect.entry.text}", [])
            if isinstance(effect, Say) and effect.entry.author == "bot":
                entry = effect.entry
                text = f"-> {entry.text}  ({entry.link.ref})" if entry.link else entry.text
                self._wrapped(text, entry.text.splitlines() if not entry.link else [])
        if ask is not None:
            self._controls(ask)

    def changed(self, before: Conversation, now: Conversation) -> None:
        if now.score != before.score and now.score is not None:
            self.remark(f"score {now.score}, {now.segment}, saved")
        if now.handoff != before.handoff:
            told = {"waiting": "somebody was asked for", "joined": "a person is on the line: the bot is silent"}
            self.remark(told.get(now.handoff, "the bot goes on"))
        if now.locale != before.locale:
            self.remark(f"now in {now.locale}")

    def _controls(self, ask: Ask) -> None:
        skip = "[skip]" if ask.skip else ""
        if ask.suggest and ask.kind == "text":
            self._row([f"[{n}] {one.label}" for n, one in enumerate(ask.suggest, 1)] + [skip])
        elif ask.suggest:
            self._row([*(f"[{one.label}]" for one in ask.suggest), skip])
        elif ask.low or ask.high:
            self.line(
                f"  {ask.options[0].value} {ask.low.lower()}{' ·' * 9} {ask.options[-1].value} {ask.high.lower()}"
            )
        elif ask.options:
            self._row([*_numbered(ask.options), skip])
        elif skip:
            self._row([skip])
        if ask.prefill is not None:
            self.remark(f"filled in, not saved: {str(ask.prefill)[:50]}")
        if ask.note:
            self._wrapped(f"({ask.note})", [])

    def _row(self, parts: list[str]) -> None:
        """Side by side as far as there is room; an option is not broken unless it fills a line alone."""
        row = ""
        for part in filter(None, parts):
            if row and len(row) + 3 + len(part) > WIDTH - 2:
                self._wrapped(row, [])
                row = ""
            row = f"{row}   {part}" if row else part
        if row:
            self._wrapped(row, [])

    def _wrapped(self, text: str, lines: list[str]) -> None:
        for line in lines or [text]:
            for part in textwrap.wrap(line, WIDTH - 2, break_on_hyphens=False, expand_tabs=False) or [""]:
                self.line(f"  {part}")


def parse_length(text: str) -> int:
    """Milliseconds of `20h`, `3d`, `1h30m`; 0 where it is none, or more than a year."""
    text = text.replace(" ", "")
    if not re.fullmatch(r"(?:[0-9]{1,6}[smhd])+", text):
        return 0
    total = sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"([0-9]+)([smhd])", text))
    return total if total <= 366 * _UNITS["d"] else 0


def length_of(length: int) -> str:
    """`20 h`, `3 d`, `1 h 30 min`; below a minute `30 s`."""
    minutes = length // 60_000
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else "", f"{rest} min" if rest else ""]
    return " ".join(part for part in parts if part) or f"{length // 1000} s"


def _numbered(options: tuple[Choice, ...]) -> list[str]:
    shown = [f"[{number}] {one.label}" for number, one in enumerate(options[:SHOWN], 1)]
    return shown if len(options) <= SHOWN else [*shown, f"... and {len(options) - SHOWN} more"]
