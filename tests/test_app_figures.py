"""The figures of several processes as those of one: sums, what of the dead stays, and that no counter ever falls."""

import asyncio
import random
from functools import partial
from pathlib import Path

import pytest

from bot.app_figures import SharedMeters, fold
from bot.obs import Meters

TAKEN = 'chatsurvey_turns_total{result="taken"}'


async def told(meters: SharedMeters) -> dict[str, float]:
    rows = (line.rpartition(" ") for line in (await meters.scrape()).decode().splitlines() if line[0] != "#")
    return {name: float(value) for name, _, value in rows}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def a_process(folder: Path, number: int) -> tuple[Meters, SharedMeters]:
    meters = Meters()
    return meters, SharedMeters(meters, folder, number)


async def test_any_of_them_answers_for_all(tmp_path: Path) -> None:
    (one, first), (other, second) = a_process(tmp_path, 1), a_process(tmp_path, 2)
    one.turns.add("taken", by=3)
    one.turn_seconds.add(0.003)
    other.turns.add("taken", by=4)
    other.turns.add("stale")
    other.turn_seconds.add(3.0)
    for meters, streams in ((one, 2.0), (other, 5.0)):
        meters.gauge("chatsurvey_listeners", "", partial(float, streams), adds=True)
        meters.gauge("chatsurvey_processes", "", lambda: 2.0)
        meters.table("state", "", ("writer", "state"), lambda: {("crm", "open"): 1.0}, adds=True)
    await second.scrape()
    for found in (await told(first), await told(second)):
        assert found[TAKEN] == 7
        assert found['chatsurvey_turns_total{result="stale"}'] == 1
        assert found['chatsurvey_turn_seconds_bucket{le="0.005"}'] == 1
        assert found['chatsurvey_turn_seconds_bucket{le="+Inf"}'] == 2
        assert found["chatsurvey_turn_seconds_sum"] == pytest.approx(3.003)
        assert found["chatsurvey_listeners"] == 7
        assert found["chatsurvey_processes"] == 2
        assert found['state{state="open",writer="crm"}'] == 2
        assert found["process_resident_memory_bytes"] > 0


async def test_what_a_process_counted_outlives_it_and_what_it_held_does_not(tmp_path: Path) -> None:
    living, alive = a_process(tmp_path, 1)
    living.turns.add("taken")
    for number in (2, 3, 4):
        meters, shared = a_process(tmp_path, number)
        meters.turns.add("taken", by=10)
        meters.turn_seconds.add(0.1)
        meters.count("of_another_version", "", ("kind",)).add("x")
        meters.gauge("chatsurvey_listeners", "", lambda: 9.0, adds=True)
        before = (await told(shared))["process_cpu_seconds_total"]
        fold(tmp_path, number)
        found = await told(alive)
        assert found[TAKEN] == 1 + 10 * (number - 1)
        assert found["chatsurvey_turn_seconds_count"] == number - 1
        assert found['of_another_version_total{kind="x"}'] == number - 1
        assert found.get("chatsurvey_listeners") is None
        assert found["process_cpu_seconds_total"] >= before
    assert names(tmp_path) == ["1.json", "4.json", "ended.json"]


async def test_no_counter_falls_whoever_is_asked_and_whoever_dies(tmp_path: Path) -> None:
    dice, number, last = random.Random(7), 3, 0.0
    processes = {one: a_process(tmp_path, one) for one in (1, 2, 3)}
    for _ in range(150):
        at = dice.choice(list(processes))
        match dice.randrange(4):
            case 0:
                fold(tmp_path, at)  # it was killed: what it counted since it last said so is lost
                del processes[at]
                number += 1
                processes[number] = a_process(tmp_path, number)
            case 1:
                found = (await told(processes[at][1])).get(TAKEN, 0.0)
                assert found >= last
                last = found
            case _:
                processes[at][0].turns.add("taken", by=dice.randrange(5))
    assert last > 0


async def test_it_writes_by_itself_and_once_more_at_the_end(tmp_path: Path) -> None:
    meters, shared = a_process(tmp_path, 1)
    keeping = asyncio.create_task(shared.keep())
    await asyncio.sleep(0)  # it has begun, and waits now
    assert names(tmp_path) == ["1.json"]
    meters.turns.add("taken", by=5)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert (await told(a_process(tmp_path, 2)[1]))[TAKEN] == 5


async def test_figures_that_cannot_be_shared_stop_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    meters, shared = a_process(tmp_path / "gone", 1)
    meters.turns.add("taken")
    assert (await told(shared))[TAKEN] == 1
    assert "cannot be shared now: No such file or directory" in caplog.text
    (tmp_path / "2.json").write_text("{")
    fold(tmp_path, 2)
    assert "the figures of an ended process are lost" in caplog.text
    assert names(tmp_path) == ["2.json"]
