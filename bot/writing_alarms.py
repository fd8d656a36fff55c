"""Who is told of a writer that needs a person (`bot.alarms` puts it up at the desk)."""

from typing import Protocol


class Alarms(Protocol):
    """None of these raises: a delivery must not fail for them."""

    async def dead(self, writer: str, error: str) -> None:
        """A delivery was given up."""

    async def parked(self, writer: str, error: str) -> None:
        """The other side does not know us any more: everything for it waits."""

    async def resumed(self, writer: str) -> None:
        """It works (again). Told once a process too, for one before may have said that it does not."""


class Silent:
    """Where nobody is to be told."""

    async def dead(self, writer: str, error: str) -> None: ...

    async def parked(self, writer: str, error: str) -> None: ...

    async def resumed(self, writer: str) -> None: ...
