"""The writers that the settings ask for, in the order in which they are told of a response."""

from collections.abc import Callable
from dataclasses import replace

from bot.crm.base import Writer
from bot.crm.config import WriterConfig
from bot.crm.link import link_of
from bot.crm.mapping.check import check_mapping
from bot.crm.table import make
from bot.errors import Problem
from bot.flows.spec import Book
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


def unfit(settings: Settings, book: Book) -> tuple[Problem, ...]:
    """What of the writers' mappings does not fit these flows, in the order of the settings file."""
    desk = settings.desk if settings.has_desk else None
    return tuple(problem for one in settings.writers for problem in check_mapping(one.mapping, one.name, book, desk))


def warned(settings: Settings, book: Book) -> tuple[Problem, ...]:
    """The same for a server, which rather writes what it can than nothing."""
    return tuple(replace(problem, level="warning") for problem in unfit(settings, book))


def writers(settings: Settings, clock: Callable[[], int]) -> tuple[Writer, ...]:
    return tuple(make(config, clock) for config in configs(settings))
