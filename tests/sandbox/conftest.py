"""The stand-ins, each held to its vendor's contract."""

from tests.harness.slack import slack
from tests.harness.telegram import bot, telegram

__all__ = ["bot", "slack", "telegram"]
