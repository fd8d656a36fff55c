"""What an answer of the other side means: for the job, for the next attempt, for people. Pure.

written, skipped   done; what may be there twice, or not at all, is noted as in doubt and not sent again
Retryable          again by the table of `jobs_retry`, from 5 s to 10 h for three days, then a dead letter
Throttled          when the gate opens; no attempt is counted
Unauthorized       likewise
Permanent          a dead letter at once, with the other side's own words
unknown_person     a Permanent of the mapping's `unknown: park`: looked for every six hours for thirty days
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from msgspec.structs import replace

from bot.crm.base import Parcel, Receipt
from bot.errors import Permanent, Retryable, Throttled, Unauthorized
from bot.jobs_retry import HOUR, failed
from bot.model import Job
from bot.records.base import Delivery, DeliveryState
from bot.store.base import Again, Dead, Done, Retry, Settlement
from bot.writing_remote import Remote, after, doc_of

UNKNOWN = "unknown_person"
SEEK = 6 * HOUR
SEEK_FOR = 30 * 24 * HOUR

_STATES: Mapping[type[Settlement], DeliveryState] = MappingProxyType({Dead: "dead", Retry: "retrying"})


@dataclass(frozen=True, slots=True)
class Errand:
    """A job that has something to write."""

    job: Job
    parcel: Parcel
    remote: Remote
    version: int = 0
    """Of the document that `remote` was read from; 0 where there was none."""


def is_answer(receipt: Receipt) -> bool:
    """Whether it shows that the other side works. What was skipped, and who is unknown, may not have been asked for."""
    error = receipt.error
    return not receipt.skipped if error is None else isinstance(error, Permanent) and error.code != UNKNOWN


def verdict(
    writer: str, errand: Errand, receipt: Receipt, *, now: int, opens: int, jitter: float
) -> tuple[Settlement, Delivery]:
    """The settlement with the document that goes along, and the note of this attempt. `opens`: when the gate does."""
    lost = isinstance(receipt.error, Retryable) and receipt.error.doubt
    known = after(errand.remote, errand.parcel, receipt, doubt=lost)
    settlement, state, known = _meaning(errand.job, receipt, known, now=now, opens=opens, jitter=jitter)
    response = errand.parcel.response
    if known != errand.remote:
        settlement = replace(settlement, docs=(doc_of(writer, response.chat, known, errand.version + 1),))
    return settlement, Delivery(
        writer=writer,
        chat=response.chat,
        revision=response.revision,
        state=state,
        attempts=errand.job.attempt + 1,
        at=now,
        error=receipt.skipped if isinstance(settlement, Done) else settlement.error,
        remote=receipt.remote,
        delivered=response.revision if state in ("delivered", "in_doubt") else 0,
        request=receipt.error.request if receipt.error is not None else "",
        doubt="; ".join(known.doubts),
    )


def _meaning(
    job: Job, receipt: Receipt, known: Remote, *, now: int, opens: int, jitter: float
) -> tuple[Settlement, DeliveryState, Remote]:
    error = receipt.error
    if error is None:
        return Done(), "skipped" if receipt.skipped else "in_doubt" if receipt.doubts else "delivered", known
    if isinstance(error, Throttled):
        return Again(max(opens, now), str(error)), "retrying", known
    if isinstance(error, Unauthorized):
        return Again(max(opens, now), str(error)), "parked", known
    if isinstance(error, Permanent):
        said, since = f"{error.code}: {error}", known.sought or now
        if error.code == UNKNOWN and now < since + SEEK_FOR:
            return Again(now + int(SEEK * (0.9 + 0.2 * jitter)), said), "parked", replace(known, sought=since)
        return Dead(said), "dead", replace(known, sought=0)
    settlement = failed(job, str(error), now, jitter)
    return settlement, _STATES[type(settlement)], known
