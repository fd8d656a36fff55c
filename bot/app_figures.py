"""The figures of several processes as those of one: whichever of them is asked answers for all.

Each keeps a snapshot in a folder of theirs, `<number>.json`, replaced whole once a second and before it answers itself:
so what somebody has been told is on file, and no counter falls when the teller dies. Of a process that has ended, what
it counted is folded into `ended.json`; its own file goes one fold later, for those who read at this moment.
Counters and histograms are summed, gauges where their meaning allows it (`Gauge.adds`), else the teller's own count.
"""

import asyncio
import logging
import os
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from bot.obs import Count, Gauge, Meters, Times, families

if TYPE_CHECKING:
    from prometheus_client.core import Metric

log = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds between snapshots."""
TRIES = 10
_ENDED = "ended.json"
_SUMMED = ("process_virtual_memory_bytes", "process_resident_memory_bytes", "process_open_fds")


class Counted(msgspec.Struct, frozen=True):
    name: str
    text: str
    labels: tuple[str, ...]
    values: list[tuple[tuple[str, ...], float]]


class Timed(msgspec.Struct, frozen=True):
    name: str
    text: str
    labels: dict[str, str]
    buckets: list[int]
    total: float


class Snapshot(msgspec.Struct, frozen=True):
    """What one process, or all that have ended, counted."""

    pid: int = 0
    cpu: float = 0.0
    """Seconds."""
    counts: list[Counted] = []
    times: list[Timed] = []
    gauges: list[Counted] = []
    folded: list[int] = []
    """Numbers of the ended processes whose own files may still be there."""


_read = msgspec.json.Decoder(Snapshot).decode


def snapshot(meters: Meters) -> Snapshot:
    return Snapshot(
        os.getpid(),
        time.process_time(),
        [Counted(c.name, c.text, c.labels, list(c.values.items())) for c in meters.counts],
        [Timed(t.name, t.text, dict(t.labels), list(t.buckets), t.total) for t in meters.times],
        [Counted(g.name, g.text, g.labels, list(g.read().items())) for g in meters.gauges if g.adds],
    )


def fold(folder: Path, number: int) -> None:
    """Process `number` has ended: keep what it counted. Whatever fails is logged: figures stop nothing."""
    try:
        before = _file(folder / _ENDED)
        for old in before.folded:
            (folder / f"{old}.json").unlink(missing_ok=True)
        both = (before, _file(folder / f"{number}.json"))
        kept = Snapshot(
            cpu=sum(one.cpu for one in both), counts=_listed(_counts(both)), times=_timed(both), folded=[number]
        )
        _write(folder / _ENDED, kept)
    except (OSError, msgspec.MsgspecError):
        log.exception("the figures of an ended process are lost")


class SharedMeters:
    """The figures of process `number`, and of those beside it in `folder`."""

    def __init__(self, meters: Meters, folder: Path, number: int) -> None:
        self._meters, self._folder = meters, folder
        self._own = folder / f"{number}.json"

    async def keep(self) -> None:
        """Until cancelled; then once more."""
        try:
            while True:
                self._save()
                await asyncio.sleep(EVERY)
        finally:
            self._save()

    async def scrape(self) -> bytes:
        """As `Meters.scrape`, of all; where the folder cannot be used, of this one."""
        await self._meters.ask()
        return self._text(await asyncio.to_thread(self._all)) if self._save() else self._meters.text()

    def _save(self) -> bool:
        try:
            _write(self._own, snapshot(self._meters))
        except OSError as error:
            log.warning("the figures cannot be shared now: %s", error.strerror)
            return False
        return True

    def _all(self) -> Sequence[Snapshot]:
        """Those that have ended first. Read again where one ended meanwhile: its file may have gone."""
        for _ in range(TRIES):
            ended = _file(self._folder / _ENDED)
            names = {path for path in self._folder.glob("[0-9]*.json") if int(path.stem) not in ended.folded}
            found = [ended, *map(_file, names)]
            if _file(self._folder / _ENDED) == ended:
                break
        return found

    def _text(self, found: Sequence[Snapshot]) -> bytes:
        from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 - as in bot.obs

        gauges = [g for g in self._meters.gauges if not g.adds]
        gauges += [_gauge(one) for one in _listed(_sums([g for one in found for g in one.gauges]))]
        times = [_times(one) for one in _timed(found)]

        class All:
            def collect(self) -> Iterable["Metric"]:
                yield from families(_counts(found), times, gauges)
                yield from _processes(found)

        registry = CollectorRegistry(auto_describe=False)
        registry.register(All())
        return generate_latest(registry)


def _file(path: Path) -> Snapshot:
    """An empty one where there is none (yet, or any more)."""
    try:
        return _read(path.read_bytes())
    except FileNotFoundError:
        return Snapshot()


def _write(path: Path, found: Snapshot) -> None:
    draft = path.with_suffix(".new")
    draft.write_bytes(msgspec.json.encode(found))
    draft.replace(path)


def _sums(found: Sequence[Counted]) -> list[Count]:
    sums: dict[str, Count] = {}
    for one in found:
        count = sums.setdefault(one.name, Count(one.name, one.text, one.labels))
        for labels, value in one.values:
            count.values[labels] = count.values.get(labels, 0) + value
    return list(sums.values())


def _counts(found: Sequence[Snapshot]) -> list[Count]:
    return _sums([count for one in found for count in one.counts])


def _listed(counts: Sequence[Count]) -> list[Counted]:
    return [Counted(c.name, c.text, c.labels, list(c.values.items())) for c in counts]


def _timed(found: Sequence[Snapshot]) -> list[Timed]:
    sums: dict[tuple[str, tuple[str, ...]], Timed] = {}
    for one in (times for each in found for times in each.times):
        key = one.name, tuple(one.labels.values())
        known = sums.get(key)
        if known is not None and len(known.buckets) == len(one.buckets):
            buckets = [a + b for a, b in zip(known.buckets, one.buckets, strict=True)]
            sums[key] = Timed(one.name, one.text, one.labels, buckets, known.total + one.total)
        else:
            sums[key] = one
    return list(sums.values())


def _times(one: Timed) -> Times:
    made = Times(one.name, one.text, one.labels)
    made.buckets, made.total = one.buckets, one.total
    return made


def _gauge(one: Counted) -> Gauge:
    return Gauge(one.name, one.text, one.labels, lambda: dict(one.values), adds=True)


def _processes(found: Sequence[Snapshot]) -> Iterable["Metric"]:
    """`process_*` of all: what is in use is summed, of the limits the least; the time of ended ones stays counted."""
    from prometheus_client import ProcessCollector  # noqa: PLC0415 - as in bot.obs

    sums: dict[str, Metric] = {}
    for pid in (one.pid for one in found if one.pid):
        with suppress(OSError):  # it ended meanwhile
            for metric in ProcessCollector(pid=partial(int, pid), registry=None).collect():
                known = sums.setdefault(metric.name, metric)
                if known is not metric:
                    a, b = known.samples[0].value, metric.samples[0].value
                    value = a + b if metric.name in _SUMMED else min(a, b)
                    known.samples[0] = known.samples[0]._replace(value=value)
    cpu = sums.get("process_cpu_seconds")
    if cpu is not None:
        cpu.samples[0] = cpu.samples[0]._replace(value=sum(one.cpu for one in found))
    return sums.values()
