"""A wished call as a calendar file (RFC 5545). The same call has the same UID, so a newer file replaces it."""

from datetime import UTC, datetime, timedelta

from bot.desk.card import LONGEST_VALUE
from bot.desk.cases import Case
from bot.desk.person import cut, name_of, values_of
from bot.desk.rules import Seen, words_of
from bot.errors import Unknown


def calendar(seen: Seen, case: Case, now: int, *, slot: int, before: int, crm: str = "") -> bytes:
    """The file. `slot` is the length of the call and `before` that of its reminder, in ms. Raises Unknown where no call
    at a certain time was wished."""
    # 65 ms and a library that few chats need.
    from icalendar import Alarm, Calendar, Event  # noqa: PLC0415

    call = case.callback
    if call is None or not call.at:
        raise Unknown("no call was wished")
    event = Event()
    event.add("uid", f"{case.chat}@chatsurvey")
    event.add("dtstamp", _moment(now))
    event.add("dtstart", _moment(call.at))
    event.add("dtend", _moment(call.at + slot))
    event.add("summary", f"Call {name_of(seen.response)}, {call.phone}")
    said = "\n".join(cut(one, LONGEST_VALUE) for one in words_of(seen))
    score = "" if seen.response.score is None else f"Score {seen.response.score} of 10"
    event.add("description", "\n".join(filter(None, (score, said, call.phone, crm))))
    event.add("location", str(values_of(seen.response).get("phone", call.phone)))
    if crm:
        event.add("url", crm)
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", f"Call {name_of(seen.response)}")
    alarm.add("trigger", -timedelta(milliseconds=before))
    event.add_component(alarm)
    found = Calendar()
    found.add("prodid", "-//chatsurvey//desk//EN")
    found.add("version", "2.0")
    found.add("method", "PUBLISH")
    found.add_component(event)
    return bytes(found.to_ical())


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
