"""What the worker runs: how one kind of job is done, and the lane that it is done in."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from bot.model import Job
from bot.store.base import Settlement

Run: TypeAlias = Callable[[Sequence[Job]], Awaitable[Sequence[Settlement]]]


class Gate(Protocol):
    """Stands before a lane whose other side may be away. While it is shut nothing is claimed for the lane, so what
    waits there costs nothing."""

    @property
    def opens(self) -> int:
        """From when on the lane may be claimed for, in ms; in the past where it is open."""

    @property
    def cautious(self) -> bool:
        """Whether one job alone is let through, to see whether it works again."""

    def try_now(self) -> None:
        """Somebody says that it works again: let that one job through now."""


@dataclass(frozen=True, slots=True)
class Handler:
    """How one kind of job is done. `run` answers with one settlement a job, in order."""

    run: Run
    batch: int = 1
    """How many jobs one call takes at most."""
    parallel: int = 1
    """How many calls may run at once."""
    urgent: bool = False
    """Whether somebody waits for it: what is due is claimed without waiting for more to come."""
    gate: Gate | None = None
    """None: always open."""


@dataclass(slots=True)
class Lane:
    handler: Handler
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def room(self, now: int) -> int:
        """How many jobs may be claimed for it."""
        gate = self.handler.gate
        if gate is not None:
            if now < gate.opens:
                return 0
            if gate.cautious:
                return 0 if self.tasks else 1
        return self.handler.batch * (self.handler.parallel - len(self.tasks))

    def next(self, due: int, now: int) -> int | None:
        """When it is to be claimed for, where its next job is due at `due`; None where it has to end something first,
        and will wake the worker then."""
        opens = self.handler.gate.opens if self.handler.gate is not None else 0
        return max(due, opens) if now < opens or self.room(now) > 0 else None
