"""What `/metrics` says of writers, and that one of them that is away is no other's business."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from bot.crm.base import Parcel, Receipt
from bot.errors import Permanent, Retryable, StoreUnavailable, Throttled, Unauthorized
from bot.jobs import Worker
from bot.store.base import Backlog
from tests.harness.responses import a_scored_chat
from tests.harness.working import MINUTE, SECOND, until
from tests.harness.writing import Setting, Trip, Writer, a_setting


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Setting]:
    async with a_setting(tmp_path) as found:
        yield found


async def shown(here: Setting) -> dict[str, float]:
    """The figures of writers, by name with labels."""
    lines = (await here.meters.scrape()).decode().splitlines()
    wanted = ("chatsurvey_writer_", "chatsurvey_deliveries_total", "chatsurvey_write_seconds_count")
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line.startswith(wanted))}


async def test_a_writer_says_how_far_it_is_behind(here: Setting) -> None:
    trip = Trip(here, Writer(answers=[Receipt(), Permanent("no", "field"), Retryable("down"), Throttled("slower", 9)]))
    for n in range(5):
        await trip.say(a_scored_chat(f"c{n}"))
        here.clock.now += SECOND
    for _ in range(4):
        await trip.step(limit=1)
    here.clock.now += MINUTE
    found = await shown(here)
    assert found == {
        'chatsurvey_deliveries_total{outcome="delivered",writer="crm"}': 1,
        'chatsurvey_deliveries_total{outcome="dead",writer="crm"}': 1,
        'chatsurvey_deliveries_total{outcome="retrying",writer="crm"}': 2,
        'chatsurvey_write_seconds_count{writer="crm"}': 4,
        'chatsurvey_writer_lag_seconds{writer="crm"}': 63,
        'chatsurvey_writer_waiting{writer="crm"}': 3,
        'chatsurvey_writer_dead{writer="crm"}': 1,
        'chatsurvey_writer_state{state="open",writer="crm"}': 0,
        'chatsurvey_writer_state{state="held",writer="crm"}': 1,
        'chatsurvey_writer_state{state="broken",writer="crm"}': 0,
        'chatsurvey_writer_state{state="parked",writer="crm"}': 0,
    }


async def test_a_writer_with_nothing_to_do_is_not_behind(here: Setting) -> None:
    here.table(Writer())
    found = await shown(here)
    assert found['chatsurvey_writer_lag_seconds{writer="crm"}'] == 0
    assert found['chatsurvey_writer_state{state="open",writer="crm"}'] == 1


async def test_figures_go_on_where_the_store_cannot_be_read(here: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    async def backlogs(_: Sequence[str]) -> dict[str, Backlog]:
        raise StoreUnavailable("disk I/O error")

    here.table(Writer())
    monkeypatch.setattr(here.store, "backlogs", backlogs)
    found = await shown(here)
    assert found['chatsurvey_writer_state{state="open",writer="crm"}'] == 1


class Hanging(Writer):
    """Never answers."""

    async def write(self, parcels: Sequence[Parcel]) -> Sequence[Receipt]:
        self.seen += parcels
        await asyncio.Event().wait()
        return ()


@pytest.mark.parametrize(
    "trouble",
    [
        Writer("away", answers=[Retryable("down")] * 999),
        Writer("away", answers=[Throttled("slower", 3_600)] * 999),
        Writer("away", answers=[Unauthorized("who?")] * 999),
        Writer("away", answers=[ValueError("a bug")] * 999),
        Hanging("away"),
    ],
    ids=["down", "throttled", "not let in", "broken", "hanging"],
)
async def test_a_writer_in_trouble_delays_no_other(here: Setting, trouble: Writer) -> None:
    well = Writer("well")
    worker = Worker(here.store, here.table(trouble, well), here.clock, lambda: 0.5, pace=0.001)
    running = asyncio.create_task(worker.run())
    trip = Trip(here, Writer())
    try:
        for n in range(60):
            await trip.say_to(a_scored_chat(f"c{n:02}"), "away", "well")
        worker.wake(soon=True)
        await until(lambda: len(well.written) == 60)
    finally:
        await worker.stop(0.01)
        await running
    assert trouble.written == []
    assert trouble.seen
