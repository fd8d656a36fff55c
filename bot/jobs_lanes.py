"""What the worker runs: how one kind of job is done, and the lane that it is done in."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from bot.model import Job
from bot.store.base import Settlement

Run: TypeAlias = Callable[[Sequence[Job]], Awaitable[Sequence[Settlement]]]


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


@dataclass(slots=True)
class Lane:
    handler: Handler
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def room(self) -> int:
        return self.handler.batch * (self.handler.parallel - len(self.tasks))
