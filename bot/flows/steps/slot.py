"""slot: a wished time within opening hours, shown in the person's zone, stored as ISO 8601 with that zone's offset.

What can be booked is worked out in the zone of the opening hours, so that a change to or from summer time moves no
opening hour; a wall-clock time that does not exist on the day of the change is left out, and one that exists twice is
offered once. The stored value is exact: 2025-11-24T10:30+01:00.

Outcomes: `answered`, and `none` where nothing can be booked (closed all along, or the hours went from the settings):
then nothing is asked and the chat goes on at once; the flow says where: `then: {answered: booked, none: write}`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from bot.flows.answers.moment import read_slot
from bot.flows.moments import long_moment, short_moment, zone_note
from bot.flows.nodes import Table
from bot.flows.spec import OpenHours, Step, Text
from bot.flows.steps.base import Accepted, AskAgain, Control, View
from bot.flows.steps.wording import read_texts
from bot.model import Choice, Value

DAYS = 4
A_DAY = 8
"""Days shown, and times of each. Any other bookable time can still be typed."""


@dataclass(frozen=True, slots=True)
class SlotConfig:
    hours: str
    """The name of opening hours in the settings file."""
    texts: Mapping[str, Text] = field(default_factory=dict)


class Slot:
    name = "slot"
    waits = True
    staffed = False
    passes: tuple[str, ...] = ("none",)
    keys: tuple[str, ...] = ("hours", "note")

    def parse(self, table: Table) -> object:
        return SlotConfig(table.string("hours", required=True), read_texts(table, ("note",)))

    def texts(self, step: Step) -> Mapping[str, Text]:
        return step.config.texts if isinstance(step.config, SlotConfig) else {}

    def outcomes(self, step: Step) -> tuple[str, ...]:
        return ("answered", "none")

    def present(self, view: View) -> Control:
        free = bookable(view)
        if not free:
            return Control(outcome="none")
        options = tuple(Choice(_value(at), short_moment(at, view.locale)) for at in thinned(free))
        note = view.texts.get("note", "")
        zone = zone_note(free[0], free[-1], view.zone.key, view.locale)
        return Control(options, note=f"{note} {zone}" if note else zone)

    def value(self, view: View, value: Value) -> Accepted | AskAgain:
        try:
            wanted = datetime.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            wanted = None
        if wanted is None or wanted.tzinfo is None:
            return AskAgain("slot_again")
        return _accepted(wanted, view) if wanted in bookable(view) else AskAgain("slot_gone")

    def text(self, view: View, text: str) -> Accepted | AskAgain:
        free = bookable(view)
        now = datetime.fromtimestamp(view.now / 1000, view.zone)
        match read_slot(text, free, view.person, now, shown=tuple(thinned(free))):
            case datetime() as at:
                return _accepted(at, view)
            case tuple(near) if near:
                return AskAgain(
                    "slot_near", tuple(Choice(_value(at), short_moment(at, view.locale)) for at in near[:3])
                )
            case _:
                return AskAgain("slot_again")


def bookable(view: View) -> tuple[datetime, ...]:
    """Every time that can be booked now, in order, in the person's zone."""
    hours = view.hours
    if hours is None:
        return ()
    zone = ZoneInfo(hours.timezone)
    now = datetime.fromtimestamp(view.now / 1000, UTC)
    first = now + timedelta(milliseconds=hours.notice)
    last = now + timedelta(milliseconds=hours.ahead)
    day = first.astimezone(zone).date()
    until = last.astimezone(zone).date()
    found: list[datetime] = []
    while day <= until:
        found += (at.astimezone(view.zone) for at in _day(hours, day, zone) if first <= at <= last)
        day += timedelta(days=1)
    return tuple(found)


def thinned(free: tuple[datetime, ...]) -> Iterator[datetime]:
    """At most A_DAY times of each of the first DAYS days, spread evenly."""
    days: dict[date, list[datetime]] = {}
    for at in free:
        days.setdefault(at.date(), []).append(at)
    for times in islice(days.values(), DAYS):
        count = min(len(times), A_DAY)
        yield from (times[n * len(times) // count] for n in range(count))


def _day(hours: OpenHours, day: date, zone: ZoneInfo) -> Iterator[datetime]:
    if day.isoformat() in hours.closed:
        return
    length = hours.slot // 60_000
    for start, end in hours.days[day.weekday()]:
        for minute in range(start, end - length + 1, length):
            wall = datetime.combine(day, time(minute // 60, minute % 60))
            at = wall.replace(tzinfo=zone).astimezone(UTC)
            if at.astimezone(zone).replace(tzinfo=None) == wall:
                yield at


def _accepted(at: datetime, view: View) -> Accepted:
    local = at.astimezone(view.zone)
    return Accepted(_value(local), long_moment(local, view.locale), "answered")


def _value(at: datetime) -> str:
    return at.isoformat(timespec="minutes")
