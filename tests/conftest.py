"""`make test` tries the same examples each time, to tell of a change and not of its luck; `make soak` tries others.

What the parts of a long run came to, and what a vendor's contract would have checked, had it been there, is told at the
end of a run.
"""

import pytest
from hypothesis import settings

from tests.harness.contracts import FOLDER, not_checked
from tests.harness.soak import SOAK, done

settings.register_profile("few", derandomize=True)
if not SOAK:
    settings.load_profile("few")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What one worker has to do alone begins first: begun last, the others would wait for it at the end."""
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in done if SOAK else ():
        terminalreporter.write_line(line)
    for name in sorted(not_checked):
        terminalreporter.write_line(f"NOT CHECKED against the contract {name}: it is not in {FOLDER} (CONTRACTS_DIR)")
