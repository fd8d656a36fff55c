"""A process as its supervisor (`serve_many.py`) sees it, and when that has had enough of it."""

import socket
from dataclasses import dataclass
from subprocess import Popen

SILENCE = 60.0
"""Seconds after which a process whose event loop says nothing stands still for good; it says something every few."""


@dataclass(slots=True, eq=False)
class Child:
    """Times are of the monotonic clock."""

    number: int
    slot: int
    process: Popen[bytes]
    line: socket.socket
    kill_at: float
    """A child that is ready and stays has none (0)."""
    began: float
    instead_of: "Child | None" = None
    ready: bool = False
    mistaken: bool = False
    going: bool = False
    said: bytes = b""
    heard: float = 0.0
    """When it said something last."""

    def fault(self, now: float) -> str:
        """Why it has to be killed; empty where it has not."""
        if self.kill_at:
            late = "does not end" if self.ready or self.going else "does not become ready"
            return late if now >= self.kill_at else ""
        return f"has stood still for {SILENCE:.0f} s" if now >= self.heard + SILENCE else ""
