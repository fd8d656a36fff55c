"""What is too long for `make test` altogether."""

from tests.harness.soak import SOAK

collect_ignore = [] if SOAK else ["test_faults.py", "test_takeover.py"]
