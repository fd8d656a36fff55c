"""What the jobs do: one small handler a kind. A writer is a kind of its own (`write.<name>`), hence a lane of its own.

    response       the chats' newest revisions into the records, one transaction a batch, then a job a writer, and one
                   for the desk where there is one
    record         those that could not be recorded then (`bot.work_recording`)
    write.<name>   the newest revision to one writer (`bot.writing`)
    timer          a chat's own timer, back into the runtime
    deliver.<name> what is new in a chat to a messaging channel (`bot.deliver`)
    desk, case     of those at the desk; without a desk they are done at once
    presence       a page came or went in a handoff: a job for the desk

The record is ours, so it is tried until it works (`work_recording`). Where there is a writer besides local files,
responses and writes are urgent: a score is at its writers within a tenth of a second.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType

from bot.changes import deliver_kind, desk_job, write_kind
from bot.crm.base import FileWriter, Writer
from bot.deliver import Delivering
from bot.jobs import Handler
from bot.model import Job
from bot.obs import Meters
from bot.records.base import Records
from bot.store.base import Done, Settlement, Store
from bot.work_recording import Recording, Target
from bot.writing import Writing
from bot.writing_alarms import Alarms, Silent
from bot.writing_figures import Figures

RESPONSES = 256
TIMERS = 64


def handlers(
    store: Store,
    records: Records,
    writers: Sequence[Writer],
    fire: Callable[[Job], Awaitable[Settlement]],
    *,
    clock: Callable[[], int],
    jitter: Callable[[], float],
    desk: Mapping[str, Handler] = MappingProxyType({}),
    delivering: Sequence[Delivering] = (),
    meters: Meters | None = None,
    alarms: Alarms | None = None,
) -> dict[str, Handler]:
    """The handlers of this process. `fire` runs a timer (`Runtime.fire`); `desk` those of the kinds `desk` and `case`,
    empty where no desk is configured; `delivering` one a messaging channel; `alarms` are told of writers that need a
    person."""
    meters = meters or Meters()

    async def timers(jobs: Sequence[Job]) -> Sequence[Settlement]:
        return await asyncio.gather(*(fire(job) for job in jobs))

    async def nothing(jobs: Sequence[Job]) -> Sequence[Settlement]:
        return [Done()] * len(jobs)

    async def presence(jobs: Sequence[Job]) -> Sequence[Settlement]:
        return [Done((desk_job(job.payload["chat"], clock()),)) for job in jobs]

    table = {
        "timer": Handler(timers, TIMERS),
        **recording(store, records, writers, clock, desk=bool(desk), meters=meters),
        **{kind: Handler(nothing, RESPONSES) for kind in ("desk", "case", "presence")},
        **desk,
    }
    if desk:
        table["presence"] = Handler(presence, RESPONSES)
    writings = [
        Writing(store, records, one, clock=clock, jitter=jitter, meters=meters, alarms=alarms or Silent())
        for one in writers
    ]
    for writing in writings:
        table[write_kind(writing.name)] = writing.handler(urgent=prompt(writers))
    if writings:
        Figures(store, {writing.name: writing.gate for writing in writings}, clock, meters)
    for one in delivering:
        table[deliver_kind(one.name)] = one.handler()
    return table


def prompt(writers: Sequence[Target]) -> bool:
    """Whether somebody waits for a score: a writer that is no local file."""
    return not all(isinstance(writer, FileWriter) for writer in writers)


def recording(
    store: Store,
    records: Records,
    writers: Sequence[Target],
    clock: Callable[[], int],
    *,
    desk: bool = False,
    meters: Meters | None = None,
) -> dict[str, Handler]:
    """The handlers of responses alone, for a command that runs what waits of them."""
    made = Recording(store, records, writers, clock, desk=desk, meters=meters or Meters())
    return {
        "response": Handler(made.run, RESPONSES, urgent=prompt(writers)),
        "record": Handler(made.late, RESPONSES, gate=made.gate),
    }
