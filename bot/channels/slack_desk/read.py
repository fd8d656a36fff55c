"""What agents do in Slack, as the desk understands it. Pure: from bodies to values.

What begins with `//` is a note and stays, behind marks of Slack's editor too (bold, a quote, code, a list); so does a
line further down that does, while the rest is said. A note whose sign is taken away is said; a line that gets one is
taken back. A file goes on as its public link where it has one; its address within the workspace opens for nobody
outside.
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from bot.channels.slack.read import SAID, spoken
from bot.channels.slack_desk.blocks import HAND_OVER, MORE, OUTCOME
from bot.desk.base import Line, Verdict

NOTE = "//"
MARKS = " \t*_~`>\u2022\u25e6\u25aa\u200b\ufeff"
"""What Slack's editor puts before the first word: bold, italic, struck, code, a quote, a list; and what nobody sees."""
REFUSED_FILE = (
    "Not delivered: a file does not leave this workspace. Make a public link of it, or paste a web address instead."
)


class Press(Struct, frozen=True):
    """A button of a card, or an option of its menu."""

    agent: str
    action: str
    """The button's, or what was chosen in the menu."""
    chat: str
    event: str
    trigger: str


class Filled(Struct, frozen=True):
    """A form that was sent."""

    agent: str
    chat: str
    event: str
    verdict: Verdict
    to: str = ""
    """To whom it is handed over."""


class Heard(Struct, frozen=True):
    """Something in a thread: what it means, by the alias of the thread's card."""

    alias: str
    lines: tuple[Line, ...]
    events: tuple[str, ...]
    age: float
    """Seconds since the thread's first message."""


def press(body: Mapping[str, object], team: str) -> Press | None:
    found = body.get("actions")
    first = found[0] if isinstance(found, list) and found else None
    user = _text(_table(body, "user"), "id")
    if not isinstance(first, dict) or not user:
        return None
    action, chat = _text(first, "action_id"), _text(first, "value")
    if action == MORE:
        action, chat = _text(_table(first, "selected_option"), "value"), _text(first, "block_id")
    return Press(
        agent=f"{team}:{user}",
        action=action,
        chat=chat,
        event=f"slack:{user}:{_text(first, 'action_ts')}",
        trigger=_text(body, "trigger_id"),
    )


def filled(body: Mapping[str, object], team: str) -> Filled | None:
    view, user = _table(body, "view"), _text(_table(body, "user"), "id")
    chat, kind = _text(view, "private_metadata"), _text(view, "callback_id")
    if not user or not chat or kind not in (OUTCOME, HAND_OVER):
        return None
    values = _table(_table(view, "state"), "values")

    def field(name: str) -> Mapping[str, object]:
        return _table(_table(values, name), name)

    boxes = field("tell").get("selected_options")
    chosen = _text(field("to"), "selected_user")
    return Filled(
        agent=f"{team}:{user}",
        chat=chat,
        event=f"slack:view:{_text(view, 'id')}",
        verdict=Verdict(
            outcome=_text(_table(field("outcome"), "selected_option"), "value"),
            cause=_text(_table(field("cause"), "selected_option"), "value"),
            note=_text(field("note"), "value")[:2_000],
            tell=bool(boxes),
        ),
        to=f"{team}:{chosen}" if chosen else "",
    )


def heard(body: Mapping[str, object], team: str) -> Heard | None:
    """What was written, changed or deleted in a thread; None for anything else, and for what no person wrote."""
    event = _table(body, "event")
    channel, kind = _text(event, "channel"), _text(event, "subtype")
    if event.get("type") != "message" or not channel:
        return None
    now, before = _table(event, "message"), _table(event, "previous_message")
    if kind == "message_deleted" or (kind == "message_changed" and _text(now, "subtype") == "tombstone"):
        thread, lines = _thread(before), _deleted(before, team)
    elif kind == "message_changed":
        thread, lines = _thread(now), _changed(now, before, team)
    elif kind in SAID:
        thread, lines = _thread(event), _said(event, team)
    else:
        return None
    found = tuple(lines)
    if not thread or not found:
        return None
    at = _text(event, "ts") or _text(event, "event_ts")
    said, more = f"slack:{channel}:{at}:{kind}", _text(body, "event_id")
    events = (said, f"slack:{more}") if more else (said,)
    return Heard(f"slack:{team}:{channel}:{thread}", found, events, _seconds(at) - _seconds(thread))


def _said(event: Mapping[str, object], team: str) -> Iterator[Line]:
    agent, ref = _who(event, team), _text(event, "ts")
    if not agent:
        return
    text, note = _parted(event)
    if note:
        yield Line("note", agent, ref, note)
    if note and not text:
        return
    links, refused = _files(event)
    text = "\n".join(filter(None, (text, *links)))
    if text:
        yield Line("say", agent, ref, text)
    if refused:
        yield Line("refused", agent, ref, REFUSED_FILE)


def _changed(now: Mapping[str, object], before: Mapping[str, object], team: str) -> Iterator[Line]:
    agent, ref = _who(now, team), _text(now, "ts")
    (text, note), (old, noted) = _parted(now), _parted(before)
    if not agent or (before and (text, note) == (old, noted)):
        return  # Slack says so too where it only added a preview
    was, is_ = bool(noted and not old), bool(note and not text)
    if was and not is_:
        yield Line("say", agent, ref, text)
    elif is_ and not was:
        yield Line("delete", agent, ref)
    elif not is_ and (text != old or not before):
        yield Line("edit", agent, ref, text)
    if note and not noted:
        yield Line("note", agent, ref, note)


def _deleted(before: Mapping[str, object], team: str) -> Iterator[Line]:
    agent = _who(before, team)
    text, note = _parted(before)
    if agent and (text or not note):
        yield Line("delete", agent, _text(before, "ts"))


def _parted(message: Mapping[str, object]) -> tuple[str, str]:
    """(what is for the customer, what is a note)."""
    text = spoken(_text(message, "text")).strip()
    if _is_note(text):
        return "", text
    lines = text.split("\n")
    notes = [line for line in lines if _is_note(line)]
    return "\n".join(line for line in lines if line not in notes).strip(), "\n".join(notes)


def _is_note(text: str) -> bool:
    return text.lstrip(MARKS).startswith(NOTE)


def _who(message: Mapping[str, object], team: str) -> str:
    """The person who wrote it; empty for a bot, and for what Slack says itself."""
    user = _text(message, "user")
    return "" if message.get("bot_id") or not user or user == "USLACKBOT" else f"{team}:{user}"


def _thread(message: Mapping[str, object]) -> str:
    """The thread that it is a reply in; empty for the first message of one."""
    thread = _text(message, "thread_ts")
    return "" if thread == _text(message, "ts") else thread


def _files(event: Mapping[str, object]) -> tuple[tuple[str, ...], bool]:
    """(links that anybody can open, whether there are files that nobody outside can)."""
    found = event.get("files")
    files = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    links = [_public(one) for one in files]
    return tuple(link for link in links if link), not all(links)


def _public(file: Mapping[str, object]) -> str:
    """https://docs.slack.dev/reference/objects/file-object"""
    if file.get("is_external"):
        link = _text(file, "external_url") or _text(file, "url_private")
    else:
        link = _text(file, "permalink_public") if file.get("public_url_shared") else ""
    return link if link.startswith("https://") else ""


def _table(found: Mapping[str, object], key: str) -> Mapping[str, object]:
    inner = found.get(key)
    return inner if isinstance(inner, dict) else {}


def _text(found: Mapping[str, object], key: str) -> str:
    inner = found.get(key)
    return inner if isinstance(inner, str) else ""


def _seconds(ts: str) -> float:
    try:
        return float(ts)
    except ValueError:
        return 0.0
