"""Days and times as people read them, in the languages of `phrases` (English for any other).

Own small tables, not babel: importing babel and its locale data costs 100 ms at the first slot that anybody is shown,
in the middle of a turn, and formatting a week of slots costs milliseconds each time; this costs microseconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.flows.phrases import phrase


@dataclass(frozen=True, slots=True)
class _Calendar:
    days: tuple[str, ...]
    months: tuple[str, ...]
    short_days: tuple[str, ...]
    short_months: tuple[str, ...]
    short: str
    long: str
    clock: str = "{hour}:{minute:02}"


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_CALENDARS: Mapping[str, _Calendar] = {
    "en": _Calendar(
        _words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
        _words("January February March April May June July August September October November December"),
        _words("Mon Tue Wed Thu Fri Sat Sun"),
        _words("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"),
        "{day} {date} {month}, {clock}",
        "{day} {date} {month} at {clock}",
    ),
    "fr": _Calendar(
        _words("lundi mardi mercredi jeudi vendredi samedi dimanche"),
        _words("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
        _words("lun. mar. mer. jeu. ven. sam. dim."),
        _words("janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc."),
        "{day} {date} {month}, {clock}",
        "{day} {date} {month} à {clock}",
        "{hour}\u00a0h\u00a0{minute:02}",
    ),
    "es": _Calendar(
        _words("lunes martes miércoles jueves viernes sábado domingo"),
        _words("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
        _words("lun mar mié jue vie sáb dom"),
        _words("ene feb mar abr may jun jul ago sept oct nov dic"),
        "{day} {date} {month}, {clock}",
        "{day} {date} de {month} a las {clock}",
    ),
    "de": _Calendar(
        _words("Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag"),
        _words("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
        _words("Mo. Di. Mi. Do. Fr. Sa. So."),
        _words("Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez."),
        "{day} {date}. {month}, {clock}",
        "{day}, {date}. {month} um {clock} Uhr",
    ),
}


def short_moment(at: datetime, locale: str) -> str:
    """`Mon 24 Nov, 10:30`: for a chip."""
    calendar = _calendar(locale)
    return _format(calendar, calendar.short, calendar.short_days, calendar.short_months, at)


def long_moment(at: datetime, locale: str) -> str:
    """`Monday 24 November at 10:30`: for a sentence."""
    calendar = _calendar(locale)
    return _format(calendar, calendar.long, calendar.days, calendar.months, at)


def zone_note(first: datetime, last: datetime, zone: str, locale: str) -> str:
    """Names the zone that times are shown in. The offset is left out where it changes between the two moments."""
    offset = first.utcoffset()
    if zone in {"UTC", "Etc/UTC"} or offset is None:
        return phrase("zone", locale, zone="UTC")
    city = zone.rpartition("/")[2].replace("_", " ")
    if offset != last.utcoffset():
        return phrase("zone", locale, zone=city)
    minutes = int(offset.total_seconds()) // 60
    sign = "+" if minutes > 0 else "\u2212"
    hours, rest = divmod(abs(minutes), 60)
    shown = f"{sign}{hours}{f':{rest:02}' if rest else ''}" if minutes else ""
    return phrase("zone", locale, zone=f"{city} (UTC{shown})")


def _calendar(locale: str) -> _Calendar:
    return _CALENDARS.get(locale) or _CALENDARS.get(locale.partition("-")[0]) or _CALENDARS["en"]


def _format(calendar: _Calendar, shape: str, days: tuple[str, ...], months: tuple[str, ...], at: datetime) -> str:
    clock = calendar.clock.format(hour=at.hour, minute=at.minute)
    return shape.format(day=days[at.weekday()], date=at.day, month=months[at.month - 1], clock=clock)
