"""One response on its way to HubSpot: values as its texts, what was sent before, what becomes of the ticket.

Notes of a chat (`Receipt.notes`): `contact`, `note`, `ticket` are HubSpot's ids; `note.to` and `ticket.to` whom they
are connected with; `note.sent` and `ticket.sent` a mark of what was last sent; `closed` when the case was resolved that
the ticket was closed for, or `dropped`; with `changed: keep` those of `bot.crm.http.kept`.
"""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from msgspec import Struct

from bot.crm.base import Parcel, Receipt
from bot.crm.http.kept import Kept, mark
from bot.crm.hubspot.batch import Row
from bot.crm.hubspot.fields import TEXT
from bot.crm.mapping.mapped import Mapped, Out
from bot.errors import DeliveryError, Permanent

BODY, TIME, STAGE, PIPELINE = "hs_note_body", "hs_timestamp", "hs_pipeline_stage", "hs_pipeline"
RECORD = "hs_object_id"
DROPPED = "dropped"
"""The ticket was closed since the response is none for a ticket any more (the score was a mis-tap)."""


def text(value: Out) -> str:
    """As HubSpot wants it: times in UTC, several choices with a semicolon between, at most 65,536 characters."""
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case float():
            return f"{value:.10g}"
        case tuple():
            return ";".join(value)[:TEXT]
        case _:
            return str(value)[:TEXT]


def texts(values: Mapping[str, Out]) -> dict[str, str]:
    return {name: text(value) for name, value in values.items()}


def markup(words: str) -> str:
    """Text as a note shows it, which is HTML: nothing that was typed becomes a tag."""
    kept: list[str] = []
    room = TEXT - 1
    for line in words.splitlines():
        escaped = html.escape(line) + "<br>"
        if len(escaped) > room:
            kept.append(html.escape(line[: room // 6]) + "…")  # an escaped character is six at most
            break
        kept.append(escaped)
        room -= len(escaped)
    return "".join(kept).removesuffix("<br>")


@dataclass(slots=True)
class Draft:
    """What is known of one parcel while its batch is written."""

    parcel: Parcel
    by: str
    """The property that the person is found by; empty where nothing is known of them."""
    person: str
    values: dict[str, str]
    notes: dict[str, str]
    keeps: bool
    """Whether what a person changed in HubSpot is left alone."""
    link: str
    """The address of the response."""
    contact: str = ""
    skipped: str = ""
    error: DeliveryError | None = None

    @property
    def chat(self) -> str:
        return self.parcel.response.chat

    @property
    def kept(self) -> Kept:
        return Kept(self.notes, on=self.keeps)

    @property
    def goes_on(self) -> bool:
        """Whether there is more to try: what is wrong with one record says nothing of the next."""
        return not self.skipped and (self.error is None or isinstance(self.error, Permanent))

    def ours(self, values: Mapping[str, str], row: Row | None, kind: str = "") -> dict[str, str]:
        """Of these values of a `kind` those that are to be there: without what a person changed since in HubSpot, where
        that is kept and `row` says what stands there."""
        if not self.keeps or row is None:
            return dict(values)
        wanted = {kind + name: value for name, value in values.items()}
        there = {kind + name: value for name, value in row.properties.items()}
        mine = self.kept.untouched(wanted, there, self.parcel.doubt)
        return {name: value for name, value in values.items() if kind + name in mine}

    def sending(self, values: Mapping[str, str], row: Row | None, kind: str = "") -> dict[str, str]:
        """What is `ours`, noted as on its way."""
        found = self.ours(values, row, kind)
        if self.keeps:
            self.kept.trying({kind + name: value for name, value in found.items()})
        return found

    def sent(self, values: Mapping[str, str], kind: str = "") -> None:
        if self.keeps:
            self.kept.wrote({kind + name: value for name, value in values.items()})

    def failed(self, error: DeliveryError) -> None:
        if self.error is None or not isinstance(error, Permanent):
            self.error = error

    def receipt(self) -> Receipt:
        remote = self.contact or self.notes.get("ticket", "")
        return Receipt(remote=remote, notes=self.notes, error=self.error, skipped=self.skipped)


def draft_of(mapping: Mapped, parcel: Parcel, link: str) -> Draft:
    response = parcel.response
    person = mapping.person(response, "contacts")
    by, value = next(((name, one.strip()) for name, one in person.items() if one.strip()), ("", ""))
    values = texts(mapping.values(response, "contacts", link))
    notes = dict(parcel.notes)
    return Draft(parcel, by, value, values, notes, mapping.changed == "keep", link)


def note_of(mapping: Mapped, draft: Draft) -> dict[str, str] | None:
    """The note's properties; None where none is wanted or nothing of it is new."""
    response = draft.parcel.response
    section = mapping.section("note", response, draft.link)
    if section is None or not draft.contact:
        return None
    values = texts(section.fields)
    values[BODY] = markup(values.get(BODY) or _summary(draft))
    values.setdefault(TIME, text(datetime.fromtimestamp((response.scored or response.started) // 1000, UTC)))
    return None if mark(values) == draft.notes.get("note.sent") else values


def _summary(draft: Draft) -> str:
    """What a note says where the mapping does not."""
    response = draft.parcel.response
    lines = [f"Score {response.score} ({response.segment})"] if response.score is not None else []
    lines += [f"{a.key}: {a.label}" for a in response.answers if a.kind != "nps" and not a.key.startswith("contact.")]
    if response.case is not None and response.case.outcome:
        lines.append(f"{response.case.state}: {response.case.outcome}")
    return "\n".join([*lines, *([draft.link] if draft.link else [])])


class Ticket(Struct, frozen=True):
    values: dict[str, str]
    closed: str
    """Of the notes, once it is written; so is `mark`."""
    mark: str


def ticket_of(mapping: Mapped, draft: Draft) -> Ticket | None:
    """What is to be written of the ticket; None where there is nothing to do.

    The stage is set when the ticket is made, when it is closed, and when a dropped one comes back: in between it is
    moved by people.
    """
    response, was, known = draft.parcel.response, draft.notes.get("closed", ""), "ticket" in draft.notes
    section = mapping.section("ticket", response, draft.link)
    if section is None:
        return Ticket({STAGE: _closed(mapping)}, DROPPED, "") if known and not was else None
    options = {name: str(value) for name, value in section.options.items()}
    values = texts(section.fields)
    stage, same = values.pop(STAGE, options["stage"]), mark(values)
    resolved = str(response.case.resolved) if response.case is not None and response.case.resolved else ""
    if not known:
        values = {PIPELINE: options["pipeline"], **values, STAGE: options["closed"] if resolved else stage}
    elif resolved and resolved != was:
        values[STAGE] = options["closed"]
    elif was == DROPPED:
        values[STAGE] = stage
    elif same == draft.notes.get("ticket.sent"):
        return None
    return Ticket(values, resolved or ("" if was == DROPPED else was), same)


def _closed(mapping: Mapped) -> str:
    section = next(iter(mapping.sections.get("ticket", ())), None)
    return str(section.options.get("closed", "")) if section is not None else ""
