"""What a mapping can read of a response, and how. Pure; nothing here raises for anything a person typed.

A source gives None where there is nothing, empty texts included: such a field is left out, never emptied. Times are
aware datetimes. What a page merely claims about a person is read only where the mapping says `trust: claimed`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from bot.desk.rules import fact
from bot.model import Answer, Entry, Response, Value

Out: TypeAlias = str | int | float | bool | date | datetime | tuple[str, ...]
OutType: TypeAlias = Literal["text", "integer", "number", "boolean", "date", "datetime", "texts", "any"]
"""What a value will be, as far as the mapping alone says; `any` where the flow or the person decides."""

CONTACT = "contact."
SEGMENTS = ("detractor", "passive", "promoter")
STATES = ("open", "claimed", "snoozed", "resolved")
COUNTS = ("recovered", "lost", "no_action")
FAMILIES = ("answers", "contact", "context")
MORE_SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "flow": (),
    "case.state": STATES,
    "case.rule": (),
    "case.owner": (),
    "case.outcome": (),
    "case.counts": COUNTS,
    "case.cause": (),
    "callback.phone": (),
}
"""What `when` can look at here beside what a flow can, with all values that there are (empty: any)."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BAD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""What no CRM takes in a text: control characters, halves of surrogate pairs, characters that are none."""
_SPACES = re.compile(r"\s+")


@dataclass(slots=True)
class Scene:
    """What one reading of the expressions sees."""

    response: Response
    link: str = ""
    claimed: bool = False
    """Whether a page's word about a person counts."""
    pages: bool = True
    """Whether what a page says of itself may be read: not where it would say who somebody is."""
    timezone: str = "UTC"


Read: TypeAlias = Callable[[Scene], Out | None]


@dataclass(frozen=True, slots=True)
class Source:
    type: OutType
    read: Read
    options: tuple[str, ...] = ()
    """All values that there are; empty where that is open."""


def clean(text: str) -> str:
    """The same text as anything can carry it; nothing else is taken out."""
    return _BAD.sub("\ufffd", text) if _BAD.search(text) else text


def at(ms: int) -> datetime | None:
    """Milliseconds as a time; None for 0, which stands for never."""
    return _EPOCH + timedelta(milliseconds=ms) if ms else None


def zone_of(name: str) -> ZoneInfo:
    """UTC where there is no such zone: it may have come from a browser."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def known(response: Response, subject: str) -> Value | None:
    """What a condition sees: as a flow does, and `flow`, `case.*`, `callback.*`."""
    family, _, key = subject.partition(".")
    match family:
        case "flow":
            return response.flow
        case "case":
            found = getattr(response.case, key, "") if response.case is not None else ""
            return str(found) or None
        case "callback":
            return phone_of(response) or None
    return fact(response, subject)


def phone_of(response: Response) -> str:
    """The number they want to be called at: typed in this chat."""
    return next((str(answer.value) for answer in response.answers if answer.kind == "phone"), "")


def moment(text: str, timezone: str) -> datetime | None:
    """A time as ISO 8601; one without an offset is of this zone. None where it is none."""
    try:
        found = datetime.fromisoformat(text.strip())
        found = found if found.tzinfo else found.replace(tzinfo=zone_of(timezone))
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _answer(response: Response, key: str) -> Answer | None:
    return next((answer for answer in response.answers if answer.key == key), None)


def answer_source(key: str) -> Source:
    def read(scene: Scene) -> Out | None:
        found = _answer(scene.response, key)
        return None if found is None else found.value

    return Source("any", read)


def label_source(key: str) -> Source:
    def read(scene: Scene) -> Out | None:
        found = _answer(scene.response, key)
        return None if found is None else found.label

    return Source("text", read)


def contact_source(key: str) -> Source:
    """Typed by the person, else proven by a token, else (only where that is trusted) claimed by a page."""
    whole = CONTACT + key

    def read(scene: Scene) -> Out | None:
        typed = _answer(scene.response, whole)
        if typed is not None:
            return typed.value
        found = scene.response.contact.get(key)
        return found.value if found is not None and (found.proven or scene.claimed) else None

    return Source("text", read)


def context_source(key: str) -> Source:
    return Source("text", lambda scene: scene.response.context.get(key) if scene.pages else None)


def _case(name: str, options: tuple[str, ...] = ()) -> Source:
    def read(scene: Scene) -> Out | None:
        found = scene.response.case
        return None if found is None else str(getattr(found, name))

    return Source("text", read, options)


def _case_time(name: str) -> Source:
    def read(scene: Scene) -> Out | None:
        found = scene.response.case
        return None if found is None else at(int(getattr(found, name)))

    return Source("datetime", read)


def _quote(scene: Scene) -> Out | None:
    """Their own words: the first text they typed that is no contact detail."""
    answers = scene.response.answers
    words = (a.value for a in answers if a.kind == "text" and not a.key.startswith(CONTACT))
    return next((value for value in words if value), None)


def _callback_at(scene: Scene) -> Out | None:
    response = scene.response
    slot = next((str(a.value) for a in response.answers if a.kind == "slot"), "")
    return moment(slot, response.timezone or scene.timezone) if slot and phone_of(response) else None


def _clicks(scene: Scene) -> Out | None:
    return tuple(dict.fromkeys(f"{click.step}/{click.link}" for click in scene.response.clicks))


def _transcript(scene: Scene) -> Out | None:
    """One line an entry, so that nobody can type a line in another's name."""
    entries = scene.response.transcript
    newest = {entry.replaces: entry.text for entry in entries if entry.replaces}
    lines = (_line(entry, newest.get(entry.seq, entry.text)) for entry in entries if not entry.replaces)
    return "\n".join(line for line in lines if line)


def _line(entry: Entry, text: str) -> str:
    words = _SPACES.sub(" ", text).strip()
    if entry.link is not None:
        words = f"{words} [{_SPACES.sub(' ', entry.link.label)}]".strip()
    who = _SPACES.sub(" ", entry.name) if entry.author == "agent" and entry.name else entry.author.capitalize()
    return f"{who}: {words}" if words else ""


SOURCES: Mapping[str, Source] = {
    "score": Source("integer", lambda scene: scene.response.score),
    "segment": Source("text", lambda scene: scene.response.segment, SEGMENTS),
    "outcome": Source("text", lambda scene: scene.response.outcome),
    "chat": Source("text", lambda scene: scene.response.chat),
    "chat_id": Source("text", lambda scene: scene.response.chat),
    "revision": Source("integer", lambda scene: scene.response.revision),
    "flow": Source("text", lambda scene: scene.response.flow),
    "flow_version": Source("text", lambda scene: scene.response.flow_version),
    "channel": Source("text", lambda scene: scene.response.channel),
    "locale": Source("text", lambda scene: scene.response.locale),
    "timezone": Source("text", lambda scene: scene.response.timezone),
    "sample": Source("boolean", lambda scene: scene.response.sample),
    "visitor": Source("text", lambda scene: scene.response.visitor if scene.pages else None),
    "started_at": Source("datetime", lambda scene: at(scene.response.started)),
    "scored_at": Source("datetime", lambda scene: at(scene.response.scored)),
    "updated_at": Source("datetime", lambda scene: at(scene.response.updated)),
    "ended_at": Source("datetime", lambda scene: at(scene.response.ended)),
    "case.state": _case("state", STATES),
    "case.rule": _case("rule"),
    "case.owner": _case("owner"),
    "case.outcome": _case("outcome"),
    "case.counts": _case("counts", COUNTS),
    "case.cause": _case("cause"),
    "case.note": _case("note"),
    "case.opened_at": _case_time("opened"),
    "case.due_at": _case_time("due"),
    "case.resolved_at": _case_time("resolved"),
    "callback.phone": Source("text", lambda scene: phone_of(scene.response)),
    "callback.at": Source("datetime", _callback_at),
    "quote": Source("text", _quote),
    "transcript": Source("text", _transcript),
    "clicks": Source("texts", _clicks),
    "link": Source("text", lambda scene: scene.link),
}
