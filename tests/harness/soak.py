"""What makes a run long: `make soak` sets SOAK; `make test` does a few of everything.

`SOAK_SECONDS` bounds a long run of everything (0: no bound). Each part that could go on for ever has a share of it;
what they leave is for the walks and the browser. What each part came to is told at the end of the run.
"""

import os

SOAK = bool(os.environ.get("SOAK"))
SECONDS = float(os.environ.get("SOAK_SECONDS", "0")) or float("inf")
SHARES = {"kills": 0.23, "stories": 0.17, "outages": 0.2, "faults": 0.25}

done: list[str] = []
"""A line a part."""


def share(part: str) -> float:
    """Seconds that a part may take."""
    return SECONDS * SHARES[part]


def examples(few: int) -> int:
    """How many examples a property is tried on."""
    return 20 * few if SOAK else few
