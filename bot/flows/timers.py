"""When silence means something. Pure arithmetic on a chat; one timer job per chat carries all of it.

    what       counts from                                       then
    abandon    the visitor's last act                            the chat ends as `abandoned`
    timeout    the visitor's last act, or the moment the         the step is left by the outcome `timeout`
               question was asked where a timer asked it
    remind     the same, or the reminder before it               the question is repeated; at most `remind_max` a chat
    sla        the moment a person was asked for                 nobody is free: the handoff is left as `unavailable`

- While a person was asked for only the `sla` counts, and while one is on the line nothing does.
- A step's timeout is silence: whoever asks for help or is misunderstood is there, and the time starts anew. A reminder
  does not start it anew, and nothing but the visitor postpones abandonment.
- Reminders keep the quiet hours of the person's zone (else the service's): one that would fall into them comes when
  they end. One that would come no sooner than abandonment is not sent at all.
- A timer may fire late (the service was down). Then abandonment goes before a timeout, a timeout before a reminder, so
  nobody is reminded of a chat that ends in the same breath; a reminder that is late into the quiet hours waits again.
"""

from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol, TypeAlias
from zoneinfo import ZoneInfo

from bot.flows.machine import Program, zone_of
from bot.flows.spec import Quiet
from bot.flows.steps.handoff import SLA, HandoffConfig
from bot.model import Handoff

Due: TypeAlias = Literal["", "abandon", "timeout", "remind", "quiet", "sla"]


class Silent(Protocol):
    """What of a chat the timers look at."""

    @property
    def state(self) -> str: ...
    @property
    def updated(self) -> int: ...
    @property
    def asked(self) -> int: ...
    @property
    def reminded(self) -> int: ...
    @property
    def reminded_at(self) -> int: ...
    @property
    def timezone(self) -> str: ...
    @property
    def handoff(self) -> Handoff: ...
    @property
    def handoff_at(self) -> int: ...


def next_due(program: Program, chat: Silent) -> int:
    """When something is due by itself; 0 for never."""
    if chat.handoff:
        return _sla(program, chat)
    return min(filter(None, (_abandon(program, chat), _timeout(program, chat), _remind(program, chat))), default=0)


def rearm(program: Program, chat: Silent, now: int) -> int:
    """When the timer has to fire next: as `next_due`, save that a late reminder waits for the end of quiet hours."""
    if chat.handoff:
        return _sla(program, chat)
    remind = _remind(program, chat)
    if 0 < remind <= now:
        remind = after_quiet(program, chat, now)
    return min(filter(None, (_abandon(program, chat), _timeout(program, chat), remind)), default=0)


def sooner(program: Program, chat: Silent, armed: int) -> bool:
    """Whether a turn of the visitor can have made something due before `armed`, which was right before it.

    Only a step with a timeout or a handoff can: whatever counts from the visitor's last act has moved on, and reminders
    with it.
    """
    if chat.handoff:
        return 0 < _sla(program, chat) < armed
    return 0 < _timeout(program, chat) < armed


def what_is_due(program: Program, chat: Silent, now: int) -> Due:
    """What a timer that fires now has to do. `quiet`: a reminder is late and must wait for the morning."""
    if chat.handoff:
        return "sla" if 0 < _sla(program, chat) <= now else ""
    if 0 < _abandon(program, chat) <= now:
        return "abandon"
    if 0 < _timeout(program, chat) <= now:
        return "timeout"
    if 0 < _remind(program, chat) <= now:
        return "quiet" if after_quiet(program, chat, now) > now else "remind"
    return ""


def after_quiet(program: Program, chat: Silent, at: int) -> int:
    """`at`, or the end of the quiet hours that it falls into."""
    quiet = program.timers.quiet
    return at if quiet is None else _shift(at, quiet, zone_of(chat.timezone, program.zone))


def _sla(program: Program, chat: Silent) -> int:
    """0 while a person is on the line: then nothing fires."""
    if chat.handoff != "waiting":
        return 0
    node = program.nodes.get(chat.state)
    config = node.step.config if node else None
    return chat.handoff_at + (config.sla if isinstance(config, HandoffConfig) else SLA)


def _abandon(program: Program, chat: Silent) -> int:
    after = program.timers.abandon_after
    return chat.updated + after if after and chat.state else 0


def _timeout(program: Program, chat: Silent) -> int:
    node = program.nodes.get(chat.state)
    return max(chat.updated, chat.asked) + node.step.timeout if node and node.step.timeout else 0


def _remind(program: Program, chat: Silent) -> int:
    timers = program.timers
    if not timers.remind_after or chat.reminded >= timers.remind_max or not chat.state:
        return 0
    due = after_quiet(program, chat, max(chat.updated, chat.asked, chat.reminded_at) + timers.remind_after)
    abandon = _abandon(program, chat)
    return 0 if abandon and due >= abandon else due


def _shift(at: int, quiet: Quiet, zone: ZoneInfo) -> int:
    """Wall-clock arithmetic: on the day of a clock change the quiet hours last an hour more or less, as on the wall."""
    local = datetime.fromtimestamp(at / 1000, zone)
    minute = local.hour * 60 + local.minute
    spans_midnight = quiet.start > quiet.end
    inside = minute >= quiet.start or minute < quiet.end if spans_midnight else quiet.start <= minute < quiet.end
    if not inside:
        return at
    day = local.date() + timedelta(days=1 if spans_midnight and minute >= quiet.start else 0)
    end = datetime(day.year, day.month, day.day, quiet.end // 60, quiet.end % 60, tzinfo=zone)
    return max(at, round(end.astimezone(UTC).timestamp() * 1000))
