"""The writers that the settings ask for, in the order in which they are told of a response."""

from collections.abc import Callable

from bot.crm.base import Writer
from bot.crm.config import WriterConfig
from bot.crm.link import link_of
from bot.crm.table import make
from bot.settings_types import Settings, WriterSettings


def configs(settings: Settings) -> tuple[WriterConfig, ...]:
    """What each writer is made from."""
    return tuple(config_of(one, settings) for one in settings.writers)


def config_of(one: WriterSettings, settings: Settings) -> WriterConfig:
    return WriterConfig(
        one.kind,
        one.name,
        settings.data_dir,
        login=one.login,
        options=one.options,
        secrets=one.secrets,
        connection=one.connection,
        mapping=one.mapping,
        samples=one.samples,
        transcript=one.transcript,
        link=link_of(settings.public_url, settings.secrets[0]) if settings.secrets else str,
    )


def writers(settings: Settings, clock: Callable[[], int]) -> tuple[Writer, ...]:
    return tuple(make(config, clock) for config in configs(settings))
