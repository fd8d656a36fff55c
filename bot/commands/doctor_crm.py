"""The checks of the CRM writers, and the comparison of what is stored with what the CRMs have. Both only read."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Literal

from msgspec import Struct

from bot.app_opening import opened
from bot.app_writers import config_of
from bot.changes import response_of
from bot.commands.data import clock, has_data
from bot.commands.doctor_types import Check
from bot.crm.base import FileWriter, Parcel, Reconciling, Writer
from bot.crm.table import make, page_of
from bot.errors import DeliveryError, UserMistake
from bot.model import Response
from bot.records.base import Filters
from bot.records.sql import SqlRecords
from bot.settings import Settings
from bot.settings_types import WriterSettings
from bot.store.base import Store

AT_ONCE = 200
"""Responses that a CRM is asked for in one go."""
NAMED = 20
"""Chats in one line to type."""


class Finding(Struct, frozen=True):
    """One response that does not stand in the CRM as it should."""

    writer: str
    chat: str
    what: Literal["missing", "doubled", "drifted"]
    fields: tuple[str, ...] = ()
    """That drifted."""
    waits: bool = False
    """Whether its delivery is still to come: then there is nothing to do."""


class Compared(Struct, frozen=True):
    """What became of one writer."""

    writer: str
    compared: int = 0
    findings: tuple[Finding, ...] = ()
    wrong: str = ""
    """Why it could not be compared."""
    asked: bool = True
    """False: it is none that can be asked, which is nothing that somebody could mend."""


def is_set(settings: Settings) -> bool:
    return bool(_meant(settings, ""))


async def checks(settings: Settings, writer: str = "") -> Sequence[Check]:
    meant = _meant(settings, writer)
    if not meant:
        return [Check("writers", "!!", "no CRM writer is set", "docs/crm.md says how one is")]
    return await asyncio.gather(*(_check(one, settings) for one in meant))


def _meant(settings: Settings, writer: str) -> Sequence[WriterSettings]:
    """That one, or all that have another side."""
    if writer and writer not in {one.name for one in settings.writers}:
        names = ", ".join(one.name for one in settings.writers)
        raise UserMistake(f'there is no writer "{writer}" in the settings', f"writers there: {names}")
    return [one for one in settings.writers if (one.name == writer if writer else one.kind != "jsonl")]


async def _check(one: WriterSettings, settings: Settings) -> Check:
    writer = make(config_of(one, settings), clock)
    try:
        wrong = await writer.check()
    finally:
        await writer.close()
    found = "it answers and knows us" if one.connection.base_url else "it can be written"
    return Check(one.name, "error", wrong, page_of(one.kind)) if wrong else Check(one.name, "ok", found)


def reconcile(settings: Settings, filters: Filters, writer: str = "") -> Sequence[Compared]:
    """The stored responses of that time against each CRM that can be asked. Raises UserMistake without any data, and
    where a writer was named that cannot be asked."""
    if not has_data(settings):
        raise UserMistake(f"there is no data in {settings.data_dir} yet", "start the service first, or set DATA_DIR")
    return asyncio.run(_reconcile(settings, filters, writer))


async def _reconcile(settings: Settings, filters: Filters, name: str) -> Sequence[Compared]:
    store = await opened(settings, clock, serves=False, patience=0)
    records = SqlRecords(settings.database_url)
    try:
        found = []
        for one in _meant(settings, name):
            writer = make(config_of(one, settings), clock)
            try:
                if isinstance(writer, Reconciling):
                    found.append(await _compare(writer, store, records.responses(filters)))
                elif name or not isinstance(writer, FileWriter):
                    wrong = f"a writer of kind {one.kind} cannot be asked what it has"
                    found.append(Compared(one.name, wrong=wrong, asked=bool(name)))
            except DeliveryError as error:
                found.append(Compared(one.name, wrong=str(error)))
            finally:
                await writer.close()
        return found
    finally:
        await records.close()
        await store.close()


async def _compare(writer: Reconciling, store: Store, responses: Iterator[Response]) -> Compared:
    compared, findings = 0, list[Finding]()
    waiting = {view.job.payload.get("chat") for view in await store.jobs(None, f"write.{writer.name}", 1_000_000)}
    while some := list(islice(responses, AT_ONCE)):
        parcels = [one for response in some if (one := await _parcel(writer, store, response)) is not None]
        compared += len(parcels)
        stored = await writer.stored(parcels) if parcels else ()
        for parcel, there in zip(parcels, stored, strict=True):
            chat = parcel.response.chat
            waits = chat in waiting
            if there.count == 0:
                findings.append(Finding(writer.name, chat, "missing", waits=waits))
            elif there.count > 1:
                findings.append(Finding(writer.name, chat, "doubled", waits=waits))
            elif there.drifted:
                findings.append(Finding(writer.name, chat, "drifted", there.drifted, waits))
    return Compared(writer.name, compared, tuple(findings))


async def _parcel(writer: Writer, store: Store, response: Response) -> Parcel | None:
    """As it would be written now, with what the writer noted of it; None for a response that it does not want."""
    from bot.writing_remote import KIND, remote_id, remote_of  # noqa: PLC0415 - only where something is compared

    news = tuple(writer.wants(response)) if writer.samples or not response.sample else ()
    if not news:
        return None
    if writer.transcript:
        chat = await store.load_id(response.chat)
        response = response_of(chat, await store.entries(chat.id)) if chat is not None else response
    notes = remote_of(await store.doc(KIND, remote_id(writer.name, response.chat))).notes
    return Parcel(response, f"resp_{response.chat}_{response.revision}", news, notes)


def told(found: Sequence[Compared]) -> str:
    """For people: what differs, and what to type."""
    lines = []
    for one in found:
        lines.append(f"{one.writer}")
        if one.wrong:
            lines.append(f"  {'error' if one.asked else '!!':5}  {one.wrong}")
            continue
        sound = one.compared - len(one.findings)
        lines.append(
            f"  {'ok' if sound == one.compared else 'error':5}  {sound:,} of {one.compared:,} are as they should be"
        )
        for finding in one.findings:
            fields = f"  {', '.join(finding.fields)}" if finding.fields else ""
            waits = "  (its delivery waits: chatsurvey jobs)" if finding.waits else ""
            lines.append(f"  {finding.what:8} {finding.chat}{fields}{waits}")
        lines += _next(one)
    return "\n".join(lines)


def _next(one: Compared) -> Iterator[str]:
    """What to type."""
    for what, option in (("missing", " --anew"), ("drifted", "")):
        chats = [finding.chat for finding in one.findings if finding.what == what and not finding.waits]
        for at in range(0, len(chats), NAMED):
            yield f"  type   chatsurvey crm send{option} {one.writer} {' '.join(chats[at : at + NAMED])}"
    if any(finding.what == "doubled" for finding in one.findings):
        yield f"  do     look for the chat's id in {one.writer}, and delete all records of it but the newest"
    if any(finding.waits for finding in one.findings):
        yield f"  type   chatsurvey jobs list --kind write.{one.writer}"


def failed(found: Sequence[Compared]) -> bool:
    return any(one.findings or (one.wrong and one.asked) for one in found)
