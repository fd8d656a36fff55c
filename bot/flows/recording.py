"""Writes a played chat down as a golden case that passes as it stands and that a person can edit."""

import json
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.flows.machine import zone_of
from bot.flows.stage import Opening, Stage, said_by_bot
from bot.model import Conversation, Turn

_PLAIN = ("wait", "does", "speaks", "agent")
"""Acts whose words are written without quotes."""


class Recording:
    """Take down the opening, then each act with what followed; `text` is the case at any moment."""

    def __init__(self, stage: Stage, opening: Opening) -> None:
        self._before = stage.chat
        zone = zone_of(opening.timezone, ZoneInfo("UTC"))
        at = datetime.fromtimestamp(stage.chat.started / 1000, zone)
        self._lines = [f"flow: {stage.program.flow}"]
        self._put("lang", opening.locale)
        self._put("timezone", opening.timezone)
        self._lines.append(f'at: "{at:%Y-%m-%d %H:%M:%S}"')
        if opening.channel != "web":
            self._put("channel", opening.channel)
        if stage.program.desk:
            self._lines.append("desk: true")
        if opening.contact:
            facts = ", ".join(f"{key}: {quoted(value)}" for key, value in opening.contact.items())
            self._lines.append(f"contact: {{{facts}}}")
        self._lines += [*_listed("opens", stage.opening, ""), "turns:"]

    def add_agent(self, part: str, words: str, turns: tuple[Turn, ...], chat: Conversation) -> None:
        """What an agent did: words of a line, or the name of who joins."""
        self.add("agent", "leave" if part == "leave" else f"{{{part}: {quoted(words)}}}", turns, chat)

    def add(self, does: str, words: str, turns: tuple[Turn, ...], chat: Conversation) -> None:
        self._lines.append(f"  - {does}: {words if does in _PLAIN else quoted(words)}")
        lines = [line for turn in turns for line in _texts(turn)]
        self._lines += _list("bot", lines, "    ")
        before = self._before
        if chat.state != before.state and chat.state:
            self._lines.append(f"    step: {chat.state}")
        if chat.score != before.score:
            self._lines.append(f"    score: {'-' if chat.score is None else chat.score}")
        if chat.outcome != before.outcome:
            self._lines.append(f"    ended: {chat.outcome}")
        self._before = chat

    @property
    def text(self) -> str:
        return "\n".join(self._lines) + "\n"

    def _put(self, key: str, value: str) -> None:
        if value:
            self._lines.append(f"{key}: {quoted(value)}")


def quoted(text: str) -> str:
    """A YAML text in double quotes; JSON's quoting is a part of YAML's. What cannot be seen is escaped."""
    shown = json.dumps(text, ensure_ascii=False)
    return "".join(char if char.isprintable() or char in "\u202f\u00a0" else f"\\U{ord(char):08x}" for char in shown)


def _texts(turn: Turn) -> list[str]:
    return [entry.text for entry in said_by_bot(turn)]


def _listed(key: str, turn: Turn, indent: str) -> list[str]:
    return _list(key, _texts(turn), indent)


def _list(key: str, texts: list[str], indent: str) -> list[str]:
    if len(texts) == 1:
        return [f"{indent}{key}: {quoted(texts[0])}"]
    return [f"{indent}{key}: []"] if not texts else [f"{indent}{key}:", *(f"{indent}  - {quoted(t)}" for t in texts)]
