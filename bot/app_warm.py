"""What is looked at soon after the start, so that nobody waits for it: what is loaded after the first questions, before
their answers. A writer that could not deliver is told now and not when the first response waits."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from bot.crm.base import FileWriter, Writer
from bot.errors import Retryable
from bot.flows.answers.warm import warm
from bot.flows.catalog import Catalog
from bot.records.base import Filters, Records
from bot.records.sql import SqlRecords
from bot.settings_types import Settings
from bot.work import prompt

log = logging.getLogger(__name__)

AFTER = 1.0
"""Seconds after the start."""
ALONG = "to take them along: chatsurvey store records --to database"


async def warm_up(
    settings: Settings, catalog: Catalog, records: SqlRecords, writers: Sequence[Writer], *, tells: bool
) -> None:
    """The readers of typed answers; where a score goes out at once, the records and the writers with their log-ins.
    Records on a server are looked for in any case: a password that is wrong is told now. `tells`: of several processes
    this is the one that says what all find."""
    await asyncio.sleep(AFTER)
    kinds = {step.kind for flow in catalog.live.flows.values() for step in flow.steps.values()}
    await asyncio.to_thread(warm, kinds)
    with suppress(Retryable):  # records that are away are told, and looked for from now on
        if prompt(writers) or records.remote:
            await records.ready()
        if tells:
            await _tell_left(settings, records)
    if not prompt(writers):
        return
    for writer in writers:
        if not isinstance(writer, FileWriter) and (problem := await writer.check()):
            log.warning("writer %s: %s", writer.name, problem)


async def _tell_left(settings: Settings, records: Records) -> None:
    """Where DATABASE_URL was set beside a file that has responses: they are not lost, but nothing shows them."""
    before = replace(settings, database="").records_file
    if before is None or before == settings.records_file or not before.is_file():
        return
    left = SqlRecords(f"sqlite:///{before}")
    try:
        if await asyncio.to_thread(_any, left) and not await asyncio.to_thread(_any, records):
            log.warning("%s has responses, the database of DATABASE_URL none; %s", before, ALONG)
    finally:
        await left.close()


def _any(records: Records) -> bool:
    return any(True for _ in records.responses(Filters()))
