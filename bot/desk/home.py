"""An agent's overview in words: what needs somebody, what is theirs, the number with its margin. Pure.

Margin: 1.96 * sqrt((p + d - (p - d)^2) / n), in points; for a change, the root of the sum of squares. Below FEW answers
the number says that it is of few.
"""

from dataclasses import dataclass
from math import sqrt

from bot.desk import words
from bot.desk.base import HomeCase
from bot.desk.cases import Case
from bot.desk.person import cut, name_of
from bot.desk.rules import Seen, words_of

FEW = 30
LONGEST_QUOTE = 90
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True)
class Counts:
    """Responses by segment."""

    promoters: int = 0
    passives: int = 0
    detractors: int = 0

    @property
    def n(self) -> int:
        return self.promoters + self.passives + self.detractors

    @property
    def score(self) -> float:
        """From -100 to 100; there is at least one."""
        return 100 * (self.promoters - self.detractors) / self.n

    @property
    def margin(self) -> float:
        """In points, at 95 %."""
        p, d = self.promoters / self.n, self.detractors / self.n
        return 196 * sqrt(max(p + d - (p - d) ** 2, 0) / self.n)


def row(seen: Seen, case: Case, place: str, now: int) -> HomeCase:
    said = words_of(seen)
    quote = cut(" ".join(said[-1].split()), LONGEST_QUOTE) if said else ""
    return HomeCase(seen.response.score, name_of(seen.response), quote, when(case, now), place)


def when(case: Case, now: int) -> str:
    if case.state == "snoozed":
        return f"Snoozed for {words.lasted(case.until - now)}"
    if not case.due:
        return "No deadline"
    return f"Overdue {words.lasted(now - case.due)}" if case.due <= now else f"{words.lasted(case.due - now)} left"


def figure(now: Counts, before: Counts, days: int) -> str:
    """`NPS +35 ± 6 · last 90 days, n = 612 · up 10 ± 9`."""
    if not now.n:
        return f"No answers in the last {days} days"
    text = f"NPS {_signed(now.score)} ± {_round(now.margin)} · last {days} days, n = {now.n}"
    if now.n < FEW:
        return f"{text} · too few answers to compare"
    if before.n < FEW:
        return text
    change = _round(now.score) - _round(before.score)
    margin = _round(sqrt(now.margin**2 + before.margin**2))
    moved = "up" if change > 0 else "down" if change < 0 else "no change,"
    return f"{text} · {moved} {abs(change)} ± {margin}"


def shares(now: Counts) -> str:
    """Shares with one decimal, so that promoters minus detractors gives the score; counts where they are few."""
    parts = ((now.promoters, "promoters"), (now.passives, "passives"), (now.detractors, "detractors"))
    if now.n < FEW:
        return " · ".join(f"{count} {name}" for count, name in parts)
    return " · ".join(f"{100 * count / now.n:.1f} % {name}" for count, name in parts)


def _signed(value: float) -> str:
    whole = _round(value)
    return f"+{whole}" if whole > 0 else f"{MINUS}{-whole}" if whole < 0 else "0"


def _round(value: float) -> int:
    """Halves away from zero."""
    return int(abs(value) + 0.5) * (1 if value >= 0 else -1)
