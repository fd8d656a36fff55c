"""Every writer through a day without its CRM (`tests/harness/crm_outage.py`).

`OUTAGE_CHATS` says how many responses (20 in `make test`, 2,000 in `make soak`). In a run that is bounded
(`tests/harness/soak.py`) each writer begins with 40, and goes through another day with up to four times as many
for as long as its share allows.
"""

import os
import sys
import time
from math import isinf
from pathlib import Path

import pytest

from tests.crm.cases import CASES
from tests.harness.crm_outage import a_day_without
from tests.harness.crm_trial import Case
from tests.harness.soak import SOAK, done, share

FEW = 20
CHATS = int(os.environ.get("OUTAGE_CHATS", FEW))
SECONDS = share("outages") / len(CASES)
"""For one writer."""


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_a_day_without_the_crm_loses_and_doubles_nothing(
    case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    until = time.monotonic() + SECONDS
    chats = CHATS if isinf(SECONDS) else min(CHATS, FEW)
    while chats:
        began = time.monotonic()
        folder = tmp_path / str(chats)
        folder.mkdir()
        figures = await a_day_without(case, folder, chats)
        assert figures["attempts while away"] < 24 * 12 * 3 + chats
        took = time.monotonic() - began
        told = ", ".join(f"{value} {name}" for name, value in figures.items())
        done.append(f"a day without {request.node.callspec.id}: {told}, {took:.0f} s")
        if SOAK:
            with capsys.disabled():
                sys.stdout.write(f"\n{done[-1]}\n")
        chats = more_than(chats, took, until - time.monotonic())


def more_than(chats: int, took: float, left: float) -> int:
    """How many responses the next day has; 0 for no other. A day takes at most as many times as long."""
    more = int(min(CHATS, 4 * chats, chats * left / took))
    return more if more == CHATS > chats or more >= 2 * chats else 0
