"""Every writer to a CRM against everything that can go wrong on the way (`tests/harness/crm_checks.py`).

A writer's line in `cases.py` may leave a test out only with the reason why it means nothing for it.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bot.crm.table import KINDS
from tests.crm.cases import CASES
from tests.harness.crm_checks import CHECKS
from tests.harness.crm_trial import Case

RUNS = [
    pytest.param(case, check, id=f"{name}-{called}")
    for name, case in CASES.items()
    for called, check in CHECKS.items()
    if called not in case.leaves_out
]


@pytest.mark.parametrize(("case", "check"), RUNS)
async def test_every_writer(case: Case, check: Callable[[Case, Path], Awaitable[None]], tmp_path: Path) -> None:
    await check(case, tmp_path)


def test_what_is_left_out_is_a_test_and_has_a_reason() -> None:
    for case in CASES.values():
        assert set(case.leaves_out) <= set(CHECKS)
        assert all(case.leaves_out.values())


FILES = {"jsonl", "csv"}
"""Writers of local files: nothing can go wrong on the way, and their own tests say what else can."""


def test_no_writer_is_spared() -> None:
    assert set(KINDS) - FILES <= set(CASES)
