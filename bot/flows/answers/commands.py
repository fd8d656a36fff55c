"""Reads the commands that a person can type at any time, in every language."""

from dataclasses import dataclass

from bot.flows.answers.clean import bare, cut


@dataclass(frozen=True, slots=True)
class Command:
    """`action`: back, skip, stop, restart, help, human or language; `language` is the wanted one, empty if not said."""

    action: str
    language: str = ""


def read_command(text: str, locale: str) -> Command | None:
    """The command that the whole message is, or None. Never raises."""
    said = bare(cut(text))
    return Command(said) if said in ("back", "skip", "stop", "restart", "help", "human") else None
