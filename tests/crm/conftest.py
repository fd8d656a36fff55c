import pytest

from tests.harness.contracts import FOLDER, not_checked


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for name in sorted(not_checked):
        terminalreporter.write_line(f"NOT CHECKED against the contract {name}: it is not in {FOLDER} (CONTRACTS_DIR)")
