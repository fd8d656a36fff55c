"""What an answer means: the settlement, what is known of the chat from then on, and the note for people."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from bot.crm.base import Event, Receipt
from bot.errors import DeliveryError, Permanent, Retryable, Throttled, Unauthorized
from bot.jobs_retry import DELAYS
from bot.model import Job
from bot.records.base import DeliveryState
from bot.store.base import Again, Dead, Done, Retry, Settlement
from bot.writing_remote import Remote, doc_of, news_of, parcel_of
from bot.writing_verdict import SEEK, SEEK_FOR, Errand, is_answer, verdict
from tests.harness.responses import NOON, a_response
from tests.harness.working import HOUR, SECOND

OPENS = NOON + 60 * SECOND
NEW = Remote()
KNOWN = Remote(2, ("scored",), {"contact": "c-1"})
UNKNOWN = Permanent("nobody there has this address", "unknown_person")


def errand(known: Remote = NEW, *, attempt: int = 0, interrupted: bool = False) -> Errand:
    job = Job("c1:write.crm", "write.crm", NOON, {"chat": "c1"}, attempt=attempt, interrupted=interrupted)
    return Errand(job, parcel_of(a_response("c1", 3), ("completed", "answered"), known, doubt=interrupted), known)


SAID = Receipt("r-1", {"contact": "c-2"})
LOST = Retryable("no answer", doubt=True)
LAST = len(DELAYS)

# What it was, what came back -> the settlement without its document, the state that people see, and what is known.
CASES: list[tuple[str, Errand, Receipt, Settlement, DeliveryState, Remote]] = [
    ("written", errand(), Receipt(), Done(), "delivered", Remote(3, ("completed",))),
    (
        "written with notes",
        errand(KNOWN),
        SAID,
        Done(),
        "delivered",
        Remote(3, ("scored", "completed"), {"contact": "c-2"}),
    ),
    (
        "written, notes as they were",
        errand(KNOWN),
        Receipt(),
        Done(),
        "delivered",
        Remote(3, ("scored", "completed"), {"contact": "c-1"}),
    ),
    (
        "an interrupted one is written",
        errand(interrupted=True),
        Receipt(),
        Done(),
        "delivered",
        Remote(3, ("completed",)),
    ),
    (
        "in doubt",
        errand(),
        Receipt(doubts=("the event",)),
        Done(),
        "in_doubt",
        Remote(3, ("completed",), doubts=("the event",)),
    ),
    (
        "in doubt again",
        errand(Remote(doubts=("a",))),
        Receipt(doubts=("a", "b")),
        Done(),
        "in_doubt",
        Remote(3, ("completed",), doubts=("a", "b")),
    ),
    (
        "skipped: told nothing",
        errand(KNOWN),
        Receipt(skipped="nobody there"),
        Done(),
        "skipped",
        replace(KNOWN, revision=3),
    ),
    ("away", errand(), Receipt(error=Retryable("down")), Retry(NOON + 5 * SECOND, "down"), "retrying", NEW),
    ("away for long", errand(attempt=6), Receipt(error=Retryable("down")), Retry(NOON + HOUR, "down"), "retrying", NEW),
    ("away for three days", errand(attempt=LAST), Receipt(error=Retryable("down")), Dead("down"), "dead", NEW),
    (
        "its answer got lost",
        errand(),
        Receipt(error=LOST),
        Retry(NOON + 5 * SECOND, "no answer"),
        "retrying",
        Remote(doubt=True),
    ),
    (
        "half of it done",
        errand(),
        Receipt(notes={"contact": "c-2"}, error=Retryable("down")),
        Retry(NOON + 5 * SECOND, "down"),
        "retrying",
        Remote(notes={"contact": "c-2"}),
    ),
    (
        "half of it done, and refused",
        errand(),
        Receipt(notes={"contact": "c-2"}, error=Permanent("no", "field")),
        Dead("field: no"),
        "dead",
        Remote(notes={"contact": "c-2"}),
    ),
    (
        "interrupted, then away: still in doubt",
        errand(interrupted=True),
        Receipt(error=Retryable("down")),
        Retry(NOON + 5 * SECOND, "down"),
        "retrying",
        Remote(doubt=True),
    ),
    (
        "interrupted, then too fast: still in doubt",
        errand(interrupted=True),
        Receipt(error=Throttled("slower")),
        Again(OPENS, "slower"),
        "retrying",
        Remote(doubt=True),
    ),
    (
        "too fast is no attempt",
        errand(attempt=LAST),
        Receipt(error=Throttled("slower", 60)),
        Again(OPENS, "slower"),
        "retrying",
        NEW,
    ),
    (
        "not let in is no attempt",
        errand(attempt=LAST),
        Receipt(error=Unauthorized("who?")),
        Again(OPENS, "who?"),
        "parked",
        NEW,
    ),
    (
        "refused",
        errand(),
        Receipt(error=Permanent("no such field", "field")),
        Dead("field: no such field"),
        "dead",
        NEW,
    ),
    (
        "a person to look for",
        errand(),
        Receipt(error=UNKNOWN),
        Again(NOON + SEEK, f"unknown_person: {UNKNOWN}"),
        "parked",
        Remote(sought=NOON),
    ),
    (
        "still looked for",
        errand(Remote(sought=NOON - SEEK_FOR + 1)),
        Receipt(error=UNKNOWN),
        Again(NOON + SEEK, f"unknown_person: {UNKNOWN}"),
        "parked",
        Remote(sought=NOON - SEEK_FOR + 1),
    ),
    (
        "looked for in vain",
        errand(Remote(sought=NOON - SEEK_FOR)),
        Receipt(error=UNKNOWN),
        Dead(f"unknown_person: {UNKNOWN}"),
        "dead",
        NEW,
    ),
    ("found in the end", errand(Remote(sought=5)), Receipt(), Done(), "delivered", Remote(3, ("completed",))),
]


@pytest.mark.parametrize(
    ("given", "receipt", "settlement", "state", "known"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_what_an_answer_means(
    given: Errand, receipt: Receipt, settlement: Settlement, state: DeliveryState, known: Remote
) -> None:
    found, delivery = verdict("crm", given, receipt, now=NOON, opens=OPENS, jitter=0.5)
    docs = () if known == given.remote else (doc_of("crm", "c1", known, 1),)
    assert found == replace(settlement, docs=docs)
    assert (delivery.state, delivery.revision, delivery.attempts) == (state, 3, given.job.attempt + 1)
    assert delivery.delivered == (3 if state in ("delivered", "in_doubt") else 0)
    assert delivery.doubt == "; ".join(known.doubts)
    assert delivery.error == (receipt.skipped or getattr(settlement, "error", ""))


@pytest.mark.parametrize(
    ("receipt", "shown"),
    [
        (Receipt(), True),
        (Receipt(error=Permanent("no", "field")), True),
        (Receipt(skipped="no address to look for"), False),
        (Receipt(error=UNKNOWN), False),
        (Receipt(error=Retryable("down")), False),
        (Receipt(error=Throttled("slower")), False),
        (Receipt(error=Unauthorized("who?")), False),
    ],
    ids=["written", "refused", "skipped", "unknown", "away", "too fast", "not let in"],
)
def test_what_shows_that_the_other_side_works(receipt: Receipt, shown: bool) -> None:
    assert is_answer(receipt) is shown


def test_the_masked_request_of_a_failure_is_noted() -> None:
    error: DeliveryError = Permanent("no", "field")
    error.request = 'PATCH /contacts/*** {"score": 3}'
    _, delivery = verdict("crm", errand(), Receipt(error=error), now=NOON, opens=0, jitter=0.5)
    assert delivery.request == error.request


@pytest.mark.parametrize(
    ("wanted", "known", "expected"),
    [
        (("scored", "answered"), NEW, ("scored", "answered")),
        (("scored",), Remote(2, ("scored",)), ()),
        (("scored", "answered"), Remote(2, ("scored",)), ("answered",)),
        (("scored", "completed"), Remote(2, ("scored",)), ("completed",)),
        (("scored", "answered"), Remote(3, ("scored",)), ()),
        (("scored",), Remote(4), ()),
        ((), NEW, ()),
        ((), Remote(2, ("scored",)), ("answered",)),
    ],
    ids=[
        *("all is new", "told before", "a later answer", "the rest", "this revision is there", "a newer one is there"),
        *("never wanted", "wanted once: put right"),
    ],
)
def test_what_is_news(wanted: Sequence[Event], known: Remote, expected: tuple[Event, ...]) -> None:
    assert news_of(wanted, known, 3) == expected
