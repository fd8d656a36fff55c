"""The stand-ins, each held to its vendor's contract; what could not be checked is told at the end."""

import pytest

from tests.harness.contracts import FOLDER, not_checked
from tests.harness.telegram import bot, telegram

__all__ = ["bot", "telegram"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for name in sorted(not_checked):
        terminalreporter.write_line(f"NOT CHECKED against the contract {name}: it is not in {FOLDER} (CONTRACTS_DIR)")
