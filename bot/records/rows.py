"""Responses to rows and back. Pure.

Databases refuse what text may hold (PostgreSQL a NUL, SQLite half a surrogate pair), and a record must never fail
for what a person typed, so such characters are replaced here.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias, TypedDict, cast

import msgspec

from bot.model import Answer, CaseFacts, CaseState, Click, Counts, Fact, Response, Segment, Value
from bot.records.base import Delivery, DeliveryState

Row: TypeAlias = dict[str, object]


class ContactRow(TypedDict):
    value: str
    proven: bool


class ClickRow(TypedDict):
    step: str
    link: str
    at: int


def json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def safe(text: str, length: int | None = None) -> str:
    """Text that every database takes, cut to the width of its column."""
    if "\x00" in text:
        text = text.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text if length is None else text[:length]


def response_row(r: Response) -> Row:
    return {
        "chat": r.chat,
        "revision": r.revision,
        "flow": safe(r.flow, 64),
        "flow_version": safe(r.flow_version, 64),
        "channel": safe(r.channel, 32),
        "locale": safe(r.locale, 35),
        "timezone": safe(r.timezone, 64),
        "score": r.score,
        "segment": r.segment,
        "outcome": safe(r.outcome, 64),
        "sample": r.sample,
        "visitor": safe(r.visitor, 128),
        "contact": {safe(k): {"value": safe(f.value), "proven": f.proven} for k, f in r.contact.items()},
        "context": {safe(k): safe(v) for k, v in r.context.items()},
        "clicks": [{"step": safe(c.step), "link": safe(c.link), "at": c.at} for c in r.clicks],
        "started_at": r.started,
        "scored_at": r.scored or None,
        "updated_at": r.updated,
        "ended_at": r.ended or None,
        "counted_at": r.scored or r.started,
    }


def case_row(chat: str, case: CaseFacts) -> Row:
    return {
        "chat": chat,
        "state": case.state,
        "rule": safe(case.rule, 64),
        "owner": safe(case.owner, 128),
        "outcome": safe(case.outcome, 64),
        "counts": case.counts,
        "cause": safe(case.cause, 64),
        "note": safe(case.note),
        "opened_at": case.opened,
        "due_at": case.due or None,
        "resolved_at": case.resolved or None,
    }


def case_of_row(row: Mapping[str, object]) -> CaseFacts:
    return CaseFacts(
        state=cast("CaseState", row["state"]),
        rule=cast("str", row["rule"]),
        opened=cast("int", row["opened_at"]),
        due=cast("int | None", row["due_at"]) or 0,
        owner=cast("str", row["owner"]),
        outcome=cast("str", row["outcome"]),
        counts=cast("Counts", row["counts"]),
        cause=cast("str", row["cause"]),
        note=cast("str", row["note"]),
        resolved=cast("int | None", row["resolved_at"]) or 0,
    )


def answer_rows(r: Response) -> list[Row]:
    return [
        {
            "chat": r.chat,
            "position": position,
            "key": safe(answer.key, 128),
            "kind": safe(answer.kind, 32),
            "value": _plain(answer.value),
            "label": safe(answer.label),
            "answered_at": answer.at,
        }
        for position, answer in enumerate(r.answers)
    ]


def _plain(value: Value) -> int | str | list[str]:
    if isinstance(value, int):
        return value
    return safe(value) if isinstance(value, str) else [safe(part) for part in value]


def response_of_row(
    row: Mapping[str, object], answers: Sequence[Mapping[str, object]], case: CaseFacts | None = None
) -> Response:
    contact = cast("Mapping[str, ContactRow]", row["contact"])
    return Response(
        chat=cast("str", row["chat"]),
        revision=cast("int", row["revision"]),
        flow=cast("str", row["flow"]),
        flow_version=cast("str", row["flow_version"]),
        channel=cast("str", row["channel"]),
        locale=cast("str", row["locale"]),
        score=cast("int | None", row["score"]),
        segment=cast("Segment | None", row["segment"]),
        answers=tuple(_answer(answer) for answer in answers),
        contact={key: Fact(fact["value"], fact["proven"]) for key, fact in contact.items()},
        context=dict(cast("Mapping[str, str]", row["context"])),
        clicks=tuple(Click(c["step"], c["link"], c["at"]) for c in cast("Sequence[ClickRow]", row["clicks"])),
        outcome=cast("str", row["outcome"]),
        started=cast("int", row["started_at"]),
        scored=cast("int | None", row["scored_at"]) or 0,
        updated=cast("int", row["updated_at"]),
        ended=cast("int | None", row["ended_at"]) or 0,
        sample=cast("bool", row["sample"]),
        visitor=cast("str", row["visitor"]),
        timezone=cast("str", row["timezone"]),
        case=case,
    )


def _answer(row: Mapping[str, object]) -> Answer:
    value = row["value"]
    return Answer(
        key=cast("str", row["key"]),
        value=tuple(value) if isinstance(value, list) else cast("int | str", value),
        label=cast("str", row["label"]),
        kind=cast("str", row["kind"]),
        at=cast("int", row["answered_at"]),
    )


def delivery_row(d: Delivery) -> Row:
    return {
        "writer": d.writer,
        "chat": d.chat,
        "revision": d.revision,
        "delivered": d.delivered,
        "state": d.state,
        "attempts": d.attempts,
        "error": safe(d.error, 500),
        "remote": safe(d.remote, 255),
        "tried_at": d.at,
        "delivered_at": d.at if d.delivered == d.revision else None,
        "request": safe(d.request, 4_000),
        "doubt": safe(d.doubt, 2_000),
    }


def delivery_of_row(row: Mapping[str, object]) -> Delivery:
    return Delivery(
        writer=cast("str", row["writer"]),
        chat=cast("str", row["chat"]),
        revision=cast("int", row["revision"]),
        state=cast("DeliveryState", row["state"]),
        attempts=cast("int", row["attempts"]),
        at=cast("int", row["tried_at"]),
        error=cast("str", row["error"]),
        remote=cast("str", row["remote"]),
        delivered=cast("int", row["delivered"]),
        request=cast("str", row["request"]),
        doubt=cast("str", row["doubt"]),
    )
