"""handoff: a person takes over. Says its words and waits for somebody at the desk; nothing is asked meanwhile.

Outcomes: `resolved` where whoever joined has left, and `unavailable` where nobody can be reached (no desk, outside
`hours`, or nobody joined within `sla`): then `closed` is said, and the flow says how it goes on, e.g. to a callback.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.flows.nodes import Table
from bot.flows.phrases import phrase
from bot.flows.spec import OpenHours, Step, Text
from bot.flows.steps.base import Accepted, AskAgain, Control, View
from bot.flows.steps.wording import read_texts
from bot.model import Value

SLA = 15 * 60_000
SHORTEST, LONGEST = 30_000, 86_400_000


@dataclass(frozen=True, slots=True)
class HandoffConfig:
    topic: str = ""
    """What it is about, for those at the desk."""
    sla: int = SLA
    """Milliseconds that somebody has to join; then nobody is free."""
    hours: str = ""
    """The name of opening hours in the settings file; empty for at any time."""
    texts: Mapping[str, Text] = field(default_factory=dict)


class Handoff:
    name = "handoff"
    waits = True
    staffed = True
    passes: tuple[str, ...] = ("unavailable",)
    keys: tuple[str, ...] = ("topic", "sla", "hours", "closed")

    def parse(self, table: Table) -> object:
        texts = read_texts(table, ("closed",))
        sla = table.duration("sla", SLA)
        if not SHORTEST <= sla <= LONGEST:
            wrong = "nobody can join so soon" if sla < SHORTEST else "nobody waits so long"
            table.problem(wrong, "sla: 15m   (30s to 1d)", "sla")
        return HandoffConfig(table.string("topic"), sla, table.string("hours"), texts)

    def texts(self, step: Step) -> Mapping[str, Text]:
        return step.config.texts if isinstance(step.config, HandoffConfig) else {}

    def outcomes(self, step: Step) -> tuple[str, ...]:
        return ("resolved", "unavailable")

    def present(self, view: View) -> Control:
        """Nothing to tap. Where nobody can be reached now, what is said of it."""
        if reachable(view.step.config, view.desk, view.hours, view.now):
            return Control()
        return Control(outcome="unavailable", said=nobody_free(view))

    def value(self, view: View, value: Value) -> Accepted | AskAgain:
        return AskAgain("choice_again")  # what is said here is for a person and never read as an answer

    def text(self, view: View, text: str) -> Accepted | AskAgain:
        return AskAgain("choice_again")


def reachable(config: object, desk: bool, hours: OpenHours | None, now: int) -> bool:
    """Whether somebody may answer now. Opening hours that the settings lack are never open."""
    if not desk or not isinstance(config, HandoffConfig):
        return False
    return not config.hours or (hours is not None and is_open(hours, now))


def is_open(hours: OpenHours, now: int) -> bool:
    at = datetime.fromtimestamp(now / 1000, ZoneInfo(hours.timezone))
    minute = at.hour * 60 + at.minute
    if at.date().isoformat() in hours.closed:
        return False
    return any(start <= minute < end for start, end in hours.days[at.weekday()])


def nobody_free(view: View) -> str:
    """The flow's words, or the standard ones."""
    return view.texts.get("closed") or phrase("nobody_free", view.locale)
