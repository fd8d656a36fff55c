"""Opening hours of the settings file: `{mon-fri: ["09:00-12:30", "14:00-18:00"], closed: [2026-12-25], slot: 30m}`."""

import re
from datetime import date

from bot.flows.nodes import Table
from bot.flows.spec import OpenHours

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SPAN = re.compile(r"([01]?[0-9]|2[0-4]):([0-5][0-9])\s*[-–]\s*([01]?[0-9]|2[0-4]):([0-5][0-9])")

Spans = tuple[tuple[int, int], ...]


def usual_hours(timezone: str) -> OpenHours:
    """Monday to Friday, 09:00 to 18:00: `office` where the file says nothing else."""
    return OpenHours(timezone, (((540, 1080),),) * 5 + ((), ()))


def read_hours(table: Table, timezone: str) -> OpenHours:
    """Read one table of opening hours; problems go to the table."""
    days: list[Spans] = [()] * 7
    said: dict[int, str] = {}
    for key in table.keys():  # noqa: SIM118 - a Table is no dict
        named = _days(key)
        spans = _spans(table, key) if named else ()
        for day in named:
            if day in said:
                table.problem(f"{DAYS[day]} is said twice", f"it is in {said[day]} and in {key}", key)
            said[day] = key
            days[day] = spans
    if not said:
        table.problem("no day has opening hours", 'for example  mon-fri: ["09:00-18:00"]')
    usual = OpenHours(timezone, ())
    found = OpenHours(
        timezone,
        tuple(days),
        closed=_closed(table),
        slot=table.duration("slot", usual.slot),
        notice=table.duration("notice", usual.notice),
        ahead=table.duration("ahead", usual.ahead),
    )
    if found.slot < 5 * 60_000:
        table.problem("a slot is shorter than 5 minutes", "for example  slot: 30m", "slot")
    table.finish(*DAYS, "mon-fri", "sat-sun")
    return found


def _days(key: str) -> range | tuple[int, ...]:
    """The days of `tue` or `mon-fri`; none where the key says no day."""
    first, _, last = key.lower().partition("-")
    if first not in DAYS or (last and last not in DAYS):
        return ()
    start, end = DAYS.index(first), DAYS.index(last or first)
    return range(start, end + 1) if start <= end else (*range(start, 7), *range(end + 1))


def _spans(table: Table, key: str) -> Spans:
    found: list[tuple[int, int]] = []
    for scalar in table.scalars(key):
        match = SPAN.fullmatch(scalar.value.strip())
        start, end = (int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])) if match else (0, 0)
        if not match or start >= end or end > 1440:
            message = f'"{scalar.value}" is not a span of a day'
            table.problem(message, f'for example  {key}: ["09:00-12:30", "14:00-18:00"]', key, mark=scalar.mark)
        elif found and start < found[-1][1]:
            table.problem(f'"{scalar.value}" begins before the span before it ends', key=key, mark=scalar.mark)
        else:
            found.append((start, end))
    return tuple(found)


def _closed(table: Table) -> tuple[str, ...]:
    found: list[str] = []
    for scalar in table.scalars("closed"):
        try:
            found.append(date.fromisoformat(scalar.value).isoformat())
        except ValueError:
            message = f'"{scalar.value}" is not a date'
            table.problem(message, "for example  closed: [2026-12-25]", "closed", mark=scalar.mark)
    return tuple(found)
