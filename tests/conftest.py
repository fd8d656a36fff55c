"""`make test` tries the same examples each time, to tell of a change and not of its luck; `make soak` tries others."""

from hypothesis import settings

from tests.harness.soak import SOAK

settings.register_profile("few", derandomize=True)
if not SOAK:
    settings.load_profile("few")
