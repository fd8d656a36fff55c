"""Reads which of the offered moments a person typed: `Monday 10:30`, `demain 14h`, `morgen um 10`, `the second one`.

The time of day is read by our own patterns and the weekday by a table, because dateparser takes `demain 14h` for 14
hours after tomorrow and `lundi prochain` for nothing; what is left (`24 novembre`, `in two days`) goes to dateparser.
A moment is taken only where it is the one offered moment that fits everything that was understood; a refusal (`not
Monday`) or a bound (`after 10`) gives a choice. Never raises.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.flows.answers.clean import bare, cut, language_of, plain
from bot.flows.answers.tokens import spell
from bot.flows.answers.words_moment import (
    AFTER,
    AFTER_TOMORROW,
    BEFORE,
    FILLERS,
    MORNING_PHRASES,
    MORNINGS,
    NOON,
    PARTS,
    RELATIVE,
    SHORT_WEEKDAYS,
    WEEKDAYS,
)
from bot.flows.answers.words_yesno import NOT, PLACES

_A_YEAR = 366
NEAREST = 4
"""Offered where nothing fits exactly."""

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_CLOCK = re.compile(
    r"(?<![\d.:/-])([01]?\d|2[0-3])\s*(?::(?=\d\d)|\.(?=\d\d(?![.\d]))|(?:heures?|horas?|uhr|uur|ore|h)(?![a-z]))"
    r"\s*([0-5]\d)?(?![\d:/])\s*(a\.?m\b|p\.?m\b|uhr\b|h\b)?"
)
"""10:30, 10h30, 10.30, 14h, 10 Uhr 30."""
_HALF_DAY = re.compile(r"(?<![\d.:/-])(1[0-2]|0?\d)\s*(a\.?m\b|p\.?m\b|o'?clock\b)\.?")
_HALF_PAST = re.compile(r"\b(half past|halb|half)\s+(\d{1,2})\b")
_AND_HALF = re.compile(r"\s*(?:et demie?|y media|e mezza|e meia)\b")
_AT = re.compile(r"(?:\b(?:at|um|a las?|a|alle|as|om|vers|gegen|around|about)|@)\s*([01]?\d|2[0-3])\b(?![./:-]?\d)")
_LAST = re.compile(r"\b(\d{1,2})\W*$")


@dataclass(frozen=True, slots=True)
class _Wish:
    """What was understood. An empty tuple says nothing about it."""

    times: tuple[int, ...] = ()
    """Minutes since midnight; `at 2` is both 2:00 and 14:00."""
    days: tuple[date, ...] = ()
    weekdays: tuple[int, ...] = ()
    hours: tuple[int, int] | None = None
    """A part of the day: from this hour on, before that one."""
    bound: int = 0
    """1: after the time, -1: before it."""
    refused: bool = False


def read_slot(
    text: str,
    offered: Sequence[datetime],
    locale: str,
    now: datetime,
    shown: Sequence[datetime] = (),
) -> datetime | tuple[datetime, ...] | None:
    """The offered moment that was meant; those that fit or come near; or None where no moment was understood.

    `offered` and `now` are in the person's zone. Places (`the second`) count in `shown`, else in `offered`."""
    if not offered:
        return None
    said = plain(spell(cut(text)).said)
    listed = shown or offered
    if place := _place(said, listed, offered):
        return place
    wish = _understood(said, language_of(locale), now, frozenset(moment.day for moment in offered))
    if not (wish.times or wish.days or wish.weekdays or wish.hours):
        return None
    fitting = tuple(moment for moment in offered if _fits(moment, wish))
    if wish.refused:
        return tuple(moment for moment in offered if moment not in fitting)[:NEAREST] or None
    if len(fitting) == 1 and not wish.bound:
        return fitting[0]
    return fitting or _nearest(offered, wish)


def _place(
    said: str, listed: Sequence[datetime], offered: Sequence[datetime]
) -> datetime | tuple[datetime, ...] | None:
    word = bare(said)
    place = int(word) if word.isdecimal() and len(word) <= 2 else PLACES.get(word)
    if place is None:
        return None
    found = [listed[place - 1 if place > 0 else -1]] if place <= len(listed) and place else []
    if any(mark.isdigit() for mark in word):
        # `2` may be the second, two o'clock or the 2nd of the month.
        hours = {place, place + 12} if place < 8 else {place}
        found += [at for at in offered if (at.hour in hours and at.minute == 0) or at.day == place]
    different = tuple(dict.fromkeys(sorted(found)))
    return different[0] if len(different) == 1 else different or None


def _understood(said: str, language: str, now: datetime, days_of_month: frozenset[int]) -> _Wish:
    text = _with_digits(said, language)
    for phrase in AFTER_TOMORROW:
        text = text.replace(phrase, "overmorrow")
    for phrase in MORNING_PHRASES:
        text = text.replace(phrase, "morning")
    times, text = _times(text)
    words = [match[0] for match in _WORD.finditer(text)]
    short = SHORT_WEEKDAYS.get(language, {})
    weekdays = {WEEKDAYS.get(word, short.get(word, 0)) for word in words if word in WEEKDAYS or word in short}
    parts = [PARTS[word] for word in words if word in PARTS]
    relative = {RELATIVE[word] for word in words if word in RELATIVE and (word not in MORNINGS or not weekdays)}
    if weekdays and MORNINGS & set(words):
        parts.append(PARTS["morning"])
    if NOON & set(words):
        times.add(12 * 60)
    known = FILLERS | NOT | AFTER | BEFORE | NOON | MORNINGS | WEEKDAYS.keys() | PARTS.keys() | RELATIVE.keys()
    left = [word for word in words if word not in known and word not in short]
    last = _LAST.search(text)
    day = {now.date() + timedelta(days=ahead) for ahead in relative}
    if last and (day or weekdays) and not times and left == [last[1]] and int(last[1]) not in days_of_month:
        times.update(_hours(int(last[1])))
    elif any(mark.isdigit() for mark in "".join(left)):
        # Without a digit it would be `now` or `may`: no day of the offered ones.
        day |= _dates(" ".join(left), language, now)
    bound = 1 if AFTER & set(words) and times else -1 if BEFORE & set(words) and times else 0
    return _Wish(
        times=tuple(sorted(times)),
        days=tuple(sorted(day)),
        weekdays=tuple(sorted(weekdays)),
        hours=parts[0] if len(parts) == 1 else None,
        bound=bound,
        refused=bool(NOT & set(words)),
    )


def _with_digits(said: str, language: str) -> str:
    """`at ten` is `at 10`."""
    if language not in SHORT_WEEKDAYS:
        return said
    from text_to_num import alpha2digit  # noqa: PLC0415 - 13 ms, for typed answers only

    return str(alpha2digit(said, language, threshold=0))


def _times(text: str) -> tuple[set[int], str]:
    """The times of day in a text, and the text without them."""
    times: set[int] = set()

    def half_past(match: re.Match[str]) -> str:
        hour = int(match[2])
        # English and its kin count on from the hour, German and Dutch towards it.
        times.update(at + (30 if match[1] == "half past" else -30) for at in _hours(hour) if hour <= 12)
        return " "

    def clock(match: re.Match[str]) -> str:
        minute = int(match[2] or 0)
        times.update(at + minute for at in _hours(int(match[1]), match[3] or "", exact=match[2] is not None))
        return " "

    def half_day(match: re.Match[str]) -> str:
        times.update(_hours(int(match[1]), match[2]))
        return " "

    def plainly(match: re.Match[str]) -> str:
        times.update(_hours(int(match[1])))
        return " "

    text = _HALF_PAST.sub(half_past, text)
    text = _AND_HALF.sub("30 ", text) if _AND_HALF.search(text) else text
    for pattern, found in ((_HALF_DAY, half_day), (_CLOCK, clock), (_AT, plainly)):
        text = pattern.sub(found, text)
    return {at for at in times if 0 <= at < 24 * 60}, text


def _hours(hour: int, mark: str = "", *, exact: bool = False) -> set[int]:
    """Minutes since midnight. `At 2` in the day is 14:00 too; `2:30` as well, but `02h` with a mark is not."""
    half = mark[:1] if mark[:1] in ("a", "p") else ""
    if half:
        return {(hour % 12 + (12 if half == "p" else 0)) * 60}
    return {hour * 60, (hour + 12) * 60} if 1 <= hour <= 7 and not (exact and mark) else {hour * 60}


def _dates(text: str, language: str, now: datetime) -> set[date]:
    """The day that is left in a text, by dateparser, in the person's language."""
    if language not in SHORT_WEEKDAYS or len(text) > 40:
        return set()
    import dateparser  # noqa: PLC0415 - 0.1 s, for one kind of step and only where the tables do not suffice

    settings = {"RELATIVE_BASE": now.replace(tzinfo=None), "PREFER_DATES_FROM": "future", "DATE_ORDER": "DMY"}
    found = dateparser.parse(text, languages=[language], settings=settings)
    ahead = (found.date() - now.date()).days if found else -1
    return {found.date()} if found and 0 <= ahead <= _A_YEAR else set()


def _fits(moment: datetime, wish: _Wish) -> bool:
    minute = moment.hour * 60 + moment.minute
    if wish.days and moment.date() not in wish.days:
        return False
    if wish.weekdays and moment.weekday() not in wish.weekdays:
        return False
    if wish.hours and not wish.hours[0] <= moment.hour < wish.hours[1]:
        return False
    if not wish.times:
        return True
    if wish.bound:
        return minute >= min(wish.times) if wish.bound > 0 else minute <= max(wish.times)
    return minute in wish.times


def _nearest(offered: Sequence[datetime], wish: _Wish) -> tuple[datetime, ...]:
    """The offered moments nearest to the wish, in order."""

    def far(moment: datetime) -> tuple[int, int]:
        days = [abs((moment.date() - day).days) for day in wish.days] or [0]
        away = 0 if not wish.weekdays or moment.weekday() in wish.weekdays else 1
        minute = moment.hour * 60 + moment.minute
        hours = wish.hours or (0, 24)
        late = 0 if hours[0] <= moment.hour < hours[1] else 1
        times = [abs(minute - at) for at in wish.times] or [0]
        return min(days) + away + late, min(times)

    return tuple(sorted(sorted(offered, key=far)[:NEAREST]))
