"""What makes a run long: `make soak` sets SOAK; `make test` does a few of everything."""

import os

SOAK = bool(os.environ.get("SOAK"))


def examples(few: int) -> int:
    """How many examples a property is tried on."""
    return 20 * few if SOAK else few
