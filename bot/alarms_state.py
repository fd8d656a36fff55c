"""What is kept of a writer's alarm, and what people read of it."""

from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from bot.desk.alarms import Alarm
from bot.store.base import Store


class State(Struct, frozen=True):
    """What is kept of a writer's alarm."""

    raised: int = 0
    """When it was raised; 0 while nothing is wrong. The message's key holds it."""
    place: str = ""
    shown: bytes = b""
    """The message as it was last shown."""
    parked: int = 0
    """Since when nobody lets the writer in; 0 while they do."""
    error: str = ""
    """What the other side said to that."""
    by: str = ""
    """Who had everything sent again last."""
    replayed: int = 0
    """When that was."""


decode = msgspec.msgpack.Decoder(State).decode
encode = msgspec.msgpack.Encoder().encode


async def look(store: Store, writer: str) -> tuple[State, int]:
    """The state and its version; a new one of version 0 where there is none."""
    doc = await store.doc("alarm", writer)
    return (decode(doc.body), doc.version) if doc is not None and doc.body else (State(), doc.version if doc else 0)


async def states(store: Store) -> Sequence[tuple[str, State]]:
    """All writers that something was wrong with once."""
    return [(doc.id, decode(doc.body)) for doc in await store.docs("alarm") if doc.body]


def alarm_of(writer: str, state: State, dead: int, last: str, *, trying: bool = False) -> Alarm:
    """What people read. `trying`: somebody has just had everything sent again."""
    many: Literal["", "s"] = "" if dead == 1 else "s"
    if state.parked:
        waiting = f" {dead} response{many} were given up before." if dead else ""
        return Alarm(
            writer,
            f"{writer} does not let us in any more; its responses wait.{waiting}",
            error=state.error,
            hint="Put that right, most often by a new key; the rest goes out by itself within five minutes then. "
            f"Whether it works: chatsurvey doctor crm --writer {writer}",
            button="Try now",
            by=state.by,
        )
    if dead:
        return Alarm(
            writer,
            f"{dead} response{many} did not get into {writer}.",
            error=last,
            hint=f"Put it right, then send again. Which: chatsurvey jobs --state dead --kind write.{writer}",
            button="Replay",
            by=state.by,
        )
    if trying:
        return Alarm(writer, f"What did not get into {writer} is sent again.", by=state.by)
    return Alarm(writer, f"{writer} has everything again.", by=state.by, over=True)
