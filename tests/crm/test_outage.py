"""Every writer through a day without its CRM (`tests/harness/crm_outage.py`).

`OUTAGE_CHATS` says how many responses (40 in `make test`, 2,000 in `make soak`); `SOAK_SECONDS` bounds a long run of
everything: half as many responses as seconds keep each writer within a twentieth of it.
"""

import os
import sys
import time
from pathlib import Path

import pytest

from tests.crm.cases import CASES
from tests.harness.crm_outage import a_day_without
from tests.harness.crm_trial import Case

SECONDS = float(os.environ.get("SOAK_SECONDS", "0")) or float("inf")
CHATS = int(min(float(os.environ.get("OUTAGE_CHATS", "40")), SECONDS / 2))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_a_day_without_the_crm_loses_and_doubles_nothing(
    case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    began = time.monotonic()
    figures = await a_day_without(case, tmp_path, CHATS)
    assert figures["attempts while away"] < 24 * 12 * 3 + CHATS
    if CHATS > 100:
        with capsys.disabled():
            told = ", ".join(f"{value} {name}" for name, value in figures.items())
            sys.stdout.write(f"\n{request.node.callspec.id}: {told}, {time.monotonic() - began:.0f} s\n")
