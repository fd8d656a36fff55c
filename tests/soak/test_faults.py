"""Every fault at its length, again and again with other seeds: the short versions are in `tests/faults`.

`FAULT_ROUNDS` says how often all of them strike, as far as their share of a bounded run goes (`tests/harness/soak.py`);
where that is short, each strikes shorter. `SEED` repeats a run.
"""

import os
import random
import sys
import time
from pathlib import Path

import pytest

from tests.harness.faults import FAULTS, struck
from tests.harness.soak import done as parts
from tests.harness.soak import share

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "3"))
SEED = int(os.environ.get("SEED", "0")) or random.randrange(1, 10**6)
LENGTH = {"Redis paused": 30.0, "PostgreSQL away": 120.0, "SIGKILL": 60.0, "network slow": 30.0, "loop blocked": 5.0}
"""Seconds; the others strike for ten."""
AROUND = 6.5
"""Seconds that a run takes besides: it begins, recovers, and is read."""


async def test_every_fault_again_and_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    until = time.monotonic() + share("faults")
    most = max(1.0, share("faults") / len(FAULTS) - AROUND)
    lengths = {name: min(most, LENGTH.get(name, 10.0)) for name in FAULTS}
    done = 0
    while done < ROUNDS and (not done or time.monotonic() < until):
        seed = SEED + done
        async for result in struck(tmp_path / str(done), lengths, seed):
            parts.append(f"{lengths[result.fault]:.0f} s of {result}")
            with capsys.disabled():
                sys.stdout.write(f"\n{parts[-1]}\n")
            assert not result.wrong, result
        done += 1
