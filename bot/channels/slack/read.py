"""What arrived from Slack, as the survey understands it. Pure: from bodies to values.

Slack's own spelling goes: entities, `<mailto:a@b.c|a@b.c>`, and the names by which it replaces typed digits and thumbs
(`:nine:`). What the survey has nothing to do with is None: messages of bots, edits, what Slack says itself.
Source: https://docs.slack.dev/reference/events/message and https://docs.slack.dev/reference/interaction-payloads
"""

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from bot.channels.slack.controls import COMMAND, INPUT, KEY, NUMBER
from bot.channels.slack.kit import Tapped, decode

SAID = frozenset({"", "file_share", "thread_broadcast", "me_message"})
"""Subtypes of messages that a person wrote."""
COMMANDS = frozenset({"back", "skip"})
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "keycap_ten")
EMOJI = {name: str(value) for value, name in enumerate(DIGITS)} | {
    **dict.fromkeys(("+1", "thumbsup"), "👍"),
    **dict.fromkeys(("-1", "thumbsdown"), "👎"),
}
LONGEST = 4_000
"""Characters of a text that are kept, as everywhere."""
_REFERENCE = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")
_EMOJI = re.compile(r":([a-z0-9_+-]{1,40})(?:::skin-tone-\d)?:")
_LANGUAGE = re.compile(r"[a-z]{2}(-[a-z]{2,4})?", re.IGNORECASE)


class Words(Struct, frozen=True):
    """A direct message of a person."""

    user: str
    channel: str
    ts: str
    event: str
    """Slack's id of the event; another one may bring the same message again."""
    text: str
    files: tuple[str, ...] = ()
    """Name and address of each file."""

    @property
    def events(self) -> tuple[str, ...]:
        said = f"slack:{self.channel}:{self.ts}"
        return (said, f"slack:{self.event}") if self.event else (said,)


class Tap(Struct, frozen=True):
    """A button or an option of a menu."""

    user: str
    id: str
    tapped: Tapped
    value: int | str
    command: bool
    """Whether the value is back or skip rather than an answer."""


class Written(Struct, frozen=True):
    """What was written in the window. The `tapped.value` is the language of the window."""

    user: str
    id: str
    tapped: Tapped
    text: str


class Wish(Struct, frozen=True):
    """Somebody wants to be asked: by the command, or by the shortcut."""

    user: str
    id: str
    flow: str = ""
    locale: str = ""
    name: str = ""
    """By which Slack calls them."""


class Person(Struct, frozen=True):
    """A member, as their profile says."""

    contact: Mapping[str, str]
    locale: str
    timezone: str


def person(answer: Mapping[str, object]) -> Person:
    """From the answer of users.info: https://docs.slack.dev/reference/objects/user-object"""
    user = _table(answer, "user")
    profile = _table(user, "profile")
    facts = {
        "name": _text(profile, "real_name") or _text(user, "real_name"),
        **{name: _text(profile, name) for name in ("first_name", "last_name", "email")},
    }
    found = {name: value for name, value in facts.items() if value.strip()}
    return Person(found, _text(user, "locale"), _text(user, "tz"))


def words(body: Mapping[str, object]) -> Words | None:
    event = _table(body, "event")
    ours = event.get("type") == "message" and event.get("channel_type") == "im"
    if not ours or event.get("bot_id") or event.get("hidden") or _text(event, "subtype") not in SAID:
        return None
    user, channel, ts = _text(event, "user"), _text(event, "channel"), _text(event, "ts")
    if not (user and channel and ts) or user == "USLACKBOT":
        return None
    files = event.get("files")
    named = tuple(_file(one) for one in files if isinstance(one, dict)) if isinstance(files, list) else ()
    return Words(user, channel, ts, _text(body, "event_id"), spoken(_text(event, "text")), named)


def is_direct(body: Mapping[str, object]) -> bool:
    """Whether this event belongs to a person's direct messages with the app."""
    return _table(body, "event").get("channel_type") == "im"


def tap(body: Mapping[str, object]) -> Tap | None:
    found = action(body)
    kind = _text(found, "action_id").partition("/")[0]
    tapped = carried(found)
    user, at = _text(_table(body, "user"), "id"), _text(found, "action_ts")
    if tapped is None or not user or kind not in (NUMBER, KEY, COMMAND):
        return None
    value: int | str = tapped.value
    if kind == NUMBER:
        if not re.fullmatch(r"-?[0-9]{1,9}", tapped.value):
            return None
        value = int(tapped.value)
    elif kind == COMMAND and value not in COMMANDS:
        return None
    return Tap(user, f"slack:{user}:{at}:{found.get('action_id')}", tapped, value, kind == COMMAND)


def action(body: Mapping[str, object]) -> Mapping[str, object]:
    """The one action of an interaction."""
    found = body.get("actions")
    first = found[0] if isinstance(found, list) and found else None
    return first if isinstance(first, dict) else {}


def carried(found: Mapping[str, object]) -> Tapped | None:
    """What the tapped control carries, a button or an option of a menu."""
    return decode(_text(found, "value") or _text(_table(found, "selected_option"), "value"))


def question(body: Mapping[str, object]) -> str:
    """The words of the message that was tapped in: the fallback text that we gave it."""
    return spoken(_text(_table(body, "message"), "text"))


def written(body: Mapping[str, object]) -> Written | None:
    view, user = _table(body, "view"), _text(_table(body, "user"), "id")
    tapped = decode(_text(view, "private_metadata"))
    field = _table(_table(_table(_table(view, "state"), "values"), INPUT), INPUT)
    if tapped is None or not user:
        return None
    return Written(user, f"slack:view:{_text(view, 'id')}", tapped, _text(field, "value")[:LONGEST])


def wish(body: Mapping[str, object], flows: Sequence[str]) -> Wish | None:
    """`/survey`, `/survey nps`, `/survey nps fr`, `/survey fr`; a shortcut says nothing more. A word that is no flow
    and looks like a language is one; any other is taken for a flow, so that whoever typed it hears that there is none.
    """
    user = _text(body, "user_id") or _text(_table(body, "user"), "id")
    cause = _text(body, "trigger_id") or _text(body, "action_ts")
    if not user or not cause:
        return None
    flow = locale = ""
    for said in _text(body, "text").split()[:2]:
        if said not in flows and not locale and _LANGUAGE.fullmatch(said):
            locale = said
        else:
            flow = flow or said[:80]
    person = _table(body, "user")
    name = _text(body, "user_name") or _text(person, "username") or _text(person, "name")
    return Wish(user, f"slack:wish:{cause}", flow, locale or _text(person, "locale"), name[:80])


def spoken(text: str) -> str:
    """As the person typed it: https://docs.slack.dev/messaging/formatting-message-text#retrieving-messages"""

    def reference(found: re.Match[str]) -> str:
        target, label = found[1], found[2]
        if target[:1] in ("@", "#", "!"):
            return label or target
        return label if label and target.startswith(("mailto:", "tel:")) else target

    plain = _REFERENCE.sub(reference, text)
    plain = _EMOJI.sub(lambda found: EMOJI.get(found[1], found[0]), plain)
    plain = plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").replace("\0", "")
    return plain[:LONGEST]


def _file(found: Mapping[str, object]) -> str:
    return f"{_text(found, 'name') or _text(found, 'title')} {_text(found, 'permalink')}".strip()[:1_000]


def _table(found: Mapping[str, object], key: str) -> Mapping[str, object]:
    inner = found.get(key)
    return inner if isinstance(inner, dict) else {}


def _text(found: Mapping[str, object], key: str) -> str:
    inner = found.get(key)
    return inner if isinstance(inner, str) else ""
