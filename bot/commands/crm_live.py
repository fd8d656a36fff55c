"""`chatsurvey check --live`: the mappings against the CRMs' own descriptions of their fields. It only asks."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import cast

from bot.app_writers import config_of
from bot.commands.crm_fits import Fit, saved_in
from bot.commands.data import clock
from bot.crm.base import Describing
from bot.crm.link import link_of
from bot.crm.table import KINDS, make
from bot.errors import DeliveryError, Problem
from bot.flows.spec import Book
from bot.settings import Settings
from bot.settings_types import WriterSettings

IDS = 26
"""Characters of a chat's id."""


@dataclass(frozen=True, slots=True)
class Live:
    """What was found, and of which writers it is true that everything fits."""

    problems: tuple[Problem, ...] = ()
    fit: tuple[str, ...] = ()


def live(settings: Settings, book: Book | None) -> Live:
    """All writers whose CRM can say which fields it has, in the order of the settings file."""

    async def all_of() -> Sequence[tuple[Problem, ...] | None]:
        return await asyncio.gather(*(_asked(one, settings, book) for one in settings.writers))

    found = asyncio.run(all_of())
    problems = tuple(problem for several in found for problem in several or ())
    fit = (one.name for one, several in zip(settings.writers, found, strict=True) if several == ())
    return Live(problems, tuple(fit))


async def _asked(one: WriterSettings, settings: Settings, book: Book | None) -> tuple[Problem, ...] | None:
    """None for a writer that has nobody to ask."""
    writer = make(config_of(one, settings), clock)
    try:
        if not isinstance(writer, Describing):
            return None
        facts = await writer.describe()
        filled = cast("Mapping[str, tuple[str, ...]]", getattr(import_module(KINDS[one.kind]), "FILLED", {}))
        link = len(link_of(settings.public_url, "")("0" * IDS))
        fit = Fit(one.name, one.mapping, facts, writer.advice, one.mark, saved_in(book), link, filled)
        return tuple(sorted(fit.problems(), key=lambda p: (p.mark.line, p.mark.column)))
    except DeliveryError as error:
        hint = f"chatsurvey doctor crm --writer {one.name}  tells what to mend"
        return (Problem(one.mark, f"writers / {one.name}", f"it cannot be asked for its fields: {error}", hint),)
    finally:
        await writer.close()
