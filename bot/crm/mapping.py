"""The mapping of one writer: which responses at which moments, who is meant, and what goes where. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mapped:
    """See the settings file's `writers`."""
