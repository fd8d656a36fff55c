"""The writers there are. A new one is a module with `make` and a line here; it is imported only where configured."""

from collections.abc import Callable
from importlib import import_module
from typing import Protocol, cast

from bot.crm.base import Writer
from bot.crm.config import WriterConfig

KINDS = {
    "adobe": "bot.crm.adobe.writer",
    "csv": "bot.crm.files.csv_file",
    "hubspot": "bot.crm.hubspot.writer",
    "jsonl": "bot.crm.files.jsonl",
    "salesforce": "bot.crm.salesforce.writer",
    "sellsy": "bot.crm.sellsy.writer",
    "sheets": "bot.crm.sheets.writer",
    "webhook": "bot.crm.webhook.writer",
}


PAGES = {"csv": "docs/files.md", "jsonl": "docs/files.md", "webhook": "docs/webhooks.md"}
"""Of kinds whose page is not docs/crm-<kind>.md."""


class _Module(Protocol):
    def make(self, config: WriterConfig, clock: Callable[[], int]) -> Writer: ...


def make(config: WriterConfig, clock: Callable[[], int]) -> Writer:
    """The writer that `config` describes. `clock` gives ms since the epoch. Raises KeyError for an unknown kind."""
    return cast("_Module", import_module(KINDS[config.kind])).make(config, clock)


def page_of(kind: str) -> str:
    """The page of the documentation that tells of it."""
    return PAGES.get(kind, f"docs/crm-{kind}.md")
