"""When a failed attempt is made again: one table for every kind of job."""

from bot.model import Job
from bot.store.base import Dead, Retry, Settlement

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
DELAYS = (
    *(5 * SECOND, 30 * SECOND, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE),
    *(1 * HOUR, 2 * HOUR, 4 * HOUR, 5 * HOUR),
    *(10 * HOUR,) * 6,
)
"""Waits after a failed attempt: from 5 s to 10 h, three days in all."""


def backoff(attempt: int, jitter: float) -> int | None:
    """The wait in ms after attempt number `attempt` (from 0) failed; None where the table is used up.

    `jitter` from 0 to 1 spreads it over 80 to 120 %, so that what failed together is not tried together.
    """
    return None if attempt >= len(DELAYS) else int(DELAYS[attempt] * (0.8 + 0.4 * jitter))


def failed(job: Job, error: str, now: int, jitter: float, at_least: int = 0) -> Settlement:
    """What a failed attempt means by the table: a retry, or after three days a dead letter."""
    wait = backoff(job.attempt, jitter)
    return Dead(error) if wait is None else Retry(now + max(wait, at_least), error)
