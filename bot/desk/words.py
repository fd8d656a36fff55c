"""Small words for people at the desk: durations, languages, channels, times. English, as everything at the desk."""

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.flows.moments import short_moment

LANGUAGES = {
    "ar": "Arabic", "bg": "Bulgarian", "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek",
    "en": "English", "es": "Spanish", "et": "Estonian", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi",
    "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean",
    "lt": "Lithuanian", "lv": "Latvian", "nb": "Norwegian", "nl": "Dutch", "no": "Norwegian", "pl": "Polish",
    "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sl": "Slovenian", "sr": "Serbian",
    "sv": "Swedish", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
CHANNELS = {"web": "Web chat", "telegram": "Telegram", "slack": "Slack"}


def lasted(ms: int) -> str:
    """`1 h 52 min`, `26 min`, `2 days`: the two largest units at most."""
    minutes = max(ms, 0) // 60_000
    days, rest = divmod(minutes, 1440)
    hours, left = divmod(rest, 60)
    if days >= 2:
        return f"{days} days"
    if days:
        return f"1 day {hours} h" if hours else "1 day"
    if hours:
        return f"{hours} h {left} min" if left else f"{hours} h"
    return f"{left} min" if left else "a moment"


def language(locale: str) -> str:
    base = locale.replace("_", "-").partition("-")[0].lower()
    return LANGUAGES.get(base, locale)


def channel(name: str) -> str:
    return CHANNELS.get(name, name)


def clock(at: int, timezone: str, now: int) -> str:
    """`14:16`, with the day where it is not today: for where nobody's own time can be shown."""
    here, today = _local(at, timezone), _local(now, timezone)
    return f"{here:%H:%M}" if here.date() == today.date() else short_moment(here, "en")


def slot(at: int, timezone: str) -> str:
    """`Mon 24 Nov, 10:30 (Paris)`: a customer's own time, with its place."""
    return f"{short_moment(_local(at, timezone), 'en')} ({city(timezone)})"


def city(timezone: str) -> str:
    return "UTC" if timezone in ("UTC", "Etc/UTC") else timezone.rpartition("/")[2].replace("_", " ")


def tomorrow(now: int, timezone: str) -> int:
    """Nine o'clock of the next working day."""
    here = _local(now, timezone)
    ahead = {4: 3, 5: 2}.get(here.weekday(), 1)
    day = datetime.fromordinal(here.toordinal() + ahead).replace(hour=9, tzinfo=here.tzinfo)
    return int(day.timestamp() * 1000)


def _local(at: int, timezone: str) -> datetime:
    try:
        zone = ZoneInfo(timezone or "UTC")
    except (ValueError, OSError, KeyError):  # a name that a page made up
        zone = ZoneInfo("UTC")
    return datetime.fromtimestamp(at / 1000, zone)
