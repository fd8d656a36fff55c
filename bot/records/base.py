"""The records' port: the read side. Responses come in by revision, so writing one again changes nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from bot.model import Response

DeliveryState: TypeAlias = Literal["delivered", "retrying", "dead", "in_doubt", "skipped", "parked"]
"""`in_doubt`: a message to a person may have gone out twice (the writer is then the messaging channel), or a writer's
other side takes no key and cannot be asked. `skipped`: there was nothing to write. `parked`: it waits for the person to
be known there, or for somebody to let us in."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How one response stands with one writer after an attempt at `at`."""

    writer: str
    chat: str
    revision: int
    """The revision of that attempt."""
    state: DeliveryState
    attempts: int
    """Of this revision, the last one included."""
    at: int
    error: str = ""
    remote: str = ""
    """The other side's id, where it names one."""
    delivered: int = 0
    """The newest revision that arrived; 0 for none."""
    request: str = ""
    """What was asked of the other side where it failed, masked."""
    doubt: str = ""
    """What may be there twice, or not at all; stays when later revisions arrive."""


def joined(old: Delivery, new: Delivery) -> Delivery:
    """What two notes of one writer and chat come to, `new` being the later one: what arrived stays known, and so does
    a doubt."""
    return Delivery(
        *(new.writer, new.chat, new.revision, new.state, new.attempts, new.at, new.error),
        remote=new.remote or old.remote,
        delivered=max(new.delivered, old.delivered),
        request=new.request,
        doubt=new.doubt or old.doubt,
    )


@dataclass(frozen=True, slots=True)
class Filters:
    """Which responses: all that is given must hold. Times are ms and are compared with when the chat was scored, or
    began where it has no score; `until` is exclusive."""

    since: int | None = None
    until: int | None = None
    flow: str = ""
    segment: str = ""
    channel: str = ""
    sample: bool | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """Responses by segment."""

    promoters: int = 0
    passives: int = 0
    detractors: int = 0

    @property
    def count(self) -> int:
        return self.promoters + self.passives + self.detractors


class Records(Protocol):
    """Every call but `keep` and `close` raises Retryable where the database cannot be used now; none blocks the event
    loop but where it says so, and none that may be awaited takes longer than 20 s."""

    async def upsert(self, responses: Sequence[Response], deliveries: Sequence[Delivery] = ()) -> None:
        """Keep these revisions, and note these deliveries, in one transaction. An older or equal revision than the one
        kept changes nothing. Raises Permanent where one of them cannot be kept, and none was then."""

    async def keep(self, deliveries: Sequence[Delivery]) -> None:
        """Note attempts, in one transaction. `Delivery.delivered` never falls. While the database cannot be used they
        are gathered in memory and written later."""

    async def open_cases(self, limit: int) -> Sequence[Response]:
        """Responses whose case is not resolved, soonest deadline first."""

    async def tally(self, since: int, until: int) -> Tally:
        """Scored responses of that time, without samples."""

    def responses(self, filters: Filters) -> Iterator[Response]:
        """Stream the matching responses in the order of their times (see Filters), without transcripts. Blocks; for
        commands."""

    def deliveries(self, chat: str) -> Sequence[Delivery]:
        """Where one response went. Blocks; for commands."""

    def doubts(self, limit: int) -> Sequence[Delivery]:
        """What may have been sent or written twice, the newest first. Blocks; for commands."""

    async def close(self) -> None: ...
