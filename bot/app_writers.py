"""The writers that the settings ask for, in the order in which they are told of a response."""

from collections.abc import Callable

from bot.crm.base import Writer
from bot.crm.config import Connection, WriterConfig
from bot.crm.table import make
from bot.settings import Settings


def configs(settings: Settings) -> tuple[WriterConfig, ...]:
    """What each writer is made from."""
    jsonl = (WriterConfig("jsonl", "jsonl", settings.data_dir, samples=True),) if settings.jsonl else ()
    hooks = (
        WriterConfig(
            "webhook",
            hook.name,
            settings.data_dir,
            options={"url": hook.url},
            secrets={"secret": hook.secrets},
            connection=Connection(allow_private=hook.allow_private),
            samples=hook.samples,
            transcript=hook.transcript,
        )
        for hook in settings.webhooks
    )
    return (*jsonl, *hooks)


def writers(settings: Settings, clock: Callable[[], int]) -> tuple[Writer, ...]:
    return tuple(make(config, clock) for config in configs(settings))
