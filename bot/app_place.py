"""Where a process stands among those of one `serve --workers`."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """As it is: a process of its own."""

    number: int = 0
    """Never given twice by one supervisor; 0 without one."""
    of: int = 1
    """How many processes there are to be."""
    sockets: tuple[int, ...] = ()
    """File descriptors of the listening sockets that it inherits; without any it binds its own."""
    folder: Path | None = None
    """Where the processes leave their figures for each other."""

    @property
    def first(self) -> bool:
        """Whether it is the one that tells what all of them find at a start."""
        return self.number <= 1


ALONE = Place()
