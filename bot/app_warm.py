"""What is loaded soon after the start, so that nobody waits for it: after the first questions, before their answers.
A writer that could not deliver is told now and not when the first response waits."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

from bot.crm.base import FileWriter, Writer
from bot.errors import Retryable
from bot.flows.answers.warm import warm
from bot.flows.catalog import Catalog
from bot.records.sql import SqlRecords
from bot.work import prompt

log = logging.getLogger(__name__)

AFTER = 1.0
"""Seconds after the start."""


async def warm_up(catalog: Catalog, records: SqlRecords, writers: Sequence[Writer]) -> None:
    """The readers of typed answers; where a score goes out at once, the records and the writers with their log-ins.
    Records on a server are looked for in any case: a password that is wrong is told now."""
    await asyncio.sleep(AFTER)
    kinds = {step.kind for flow in catalog.live.flows.values() for step in flow.steps.values()}
    await asyncio.to_thread(warm, kinds)
    if prompt(writers) or records.remote:
        with suppress(Retryable):  # it is told, and the records are looked for from now on
            await records.ready()
    if not prompt(writers):
        return
    for writer in writers:
        if not isinstance(writer, FileWriter) and (problem := await writer.check()):
            log.warning("writer %s: %s", writer.name, problem)
