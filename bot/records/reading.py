"""The questions that are asked of the records, as SQL. Imports SQLAlchemy: only `database` imports this module."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, func, literal, select, tuple_

from bot.model import CaseFacts, Response
from bot.records.base import Delivery, Filters, Tally
from bot.records.rows import case_of_row, delivery_of_row, response_of_row
from bot.records.schema import Moment, answers, cases, deliveries
from bot.records.schema import responses as table

PAGE = 500


def responses(connection: Connection, filters: Filters) -> Iterator[Response]:
    """Page by page, in the order of their times."""
    t = table.c
    order = tuple_(t.counted_at, t.chat)
    page = filtered(table.select(), filters).order_by(t.counted_at, t.chat).limit(PAGE)
    query = page
    while found := rows(connection, query):
        yield from _whole(connection, found)
        last = found[-1]
        query = page.where(order > tuple_(literal(last["counted_at"], Moment()), literal(last["chat"])))


def open_cases(connection: Connection, limit: int) -> Sequence[Response]:
    """Those whose case is not resolved, soonest deadline first; without one last."""
    unresolved = cases.c.state != "resolved"
    query = (
        table.select()
        .join(cases, cases.c.chat == table.c.chat)
        .where(unresolved)
        .order_by(cases.c.due_at.is_(None), cases.c.due_at, table.c.chat)
        .limit(limit)
    )
    return list(_whole(connection, rows(connection, query)))


def tally(connection: Connection, since: int, until: int) -> Tally:
    """Scored responses by segment, samples left out."""
    wanted = filtered(select(table.c.segment, func.count()), Filters(since=since, until=until, sample=False))
    found = pairs(connection, wanted.where(table.c.score.is_not(None)).group_by(table.c.segment))
    return Tally(found.get("promoter", 0), found.get("passive", 0), found.get("detractor", 0))


def doubts(connection: Connection, limit: int) -> Sequence[Delivery]:
    """What is in doubt, the newest first."""
    t = deliveries.c
    wanted = (t.state == "in_doubt") | (t.doubt != "")
    query = deliveries.select().where(wanted).order_by(t.tried_at.desc(), t.chat, t.writer).limit(limit)
    return [delivery_of_row(row) for row in rows(connection, query)]


def notes(connection: Connection) -> Iterator[Sequence[Mapping[str, object]]]:
    """All deliveries as rows, page by page by their keys."""
    t = deliveries.c
    page = deliveries.select().order_by(t.writer, t.chat).limit(PAGE)
    query = page
    while found := rows(connection, query):
        yield found
        last = found[-1]
        query = page.where(tuple_(t.writer, t.chat) > tuple_(literal(last["writer"]), literal(last["chat"])))


def tried(connection: Connection, found: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], int]:
    """When these deliveries were tried, in ms."""
    t = deliveries.c
    query = select(t.writer, t.chat, t.tried_at).where(t.chat.in_({chat for _, chat in found}))
    return {(writer, chat): at for writer, chat, at in connection.execute(query)}


def _whole(connection: Connection, found: Sequence[Mapping[str, object]]) -> Iterator[Response]:
    chats = [str(row["chat"]) for row in found]
    given, opened = _answers(connection, chats), _cases(connection, chats)
    for row in found:
        chat = str(row["chat"])
        yield response_of_row(row, given.get(chat, ()), opened.get(chat))


def _cases(connection: Connection, chats: Sequence[str]) -> Mapping[str, CaseFacts]:
    found = rows(connection, cases.select().where(cases.c.chat.in_(chats)))
    return {str(row["chat"]): case_of_row(row) for row in found}


# Any: a row's type is a variable of SQLAlchemy's Select; what is read is cast in `rows`.
def filtered(query: Select[Any], wanted: Filters) -> Select[Any]:
    t = table.c
    if wanted.since is not None:
        query = query.where(t.counted_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(t.counted_at < wanted.until)
    if wanted.sample is not None:
        query = query.where(t.sample == wanted.sample)
    for column, value in ((t.flow, wanted.flow), (t.segment, wanted.segment), (t.channel, wanted.channel)):
        if value:
            query = query.where(column == value)
    return query


def pairs(connection: Connection, query: Select[Any]) -> dict[str, int]:
    return {chat: revision for chat, revision in connection.execute(query)}  # noqa: C416 - dict() wants no rows


def rows(connection: Connection, query: Select[Any]) -> Sequence[Mapping[str, object]]:
    return [dict(row) for row in connection.execute(query).mappings()]


def _answers(connection: Connection, chats: Sequence[str]) -> Mapping[str, Sequence[Mapping[str, object]]]:
    query = answers.select().where(answers.c.chat.in_(chats)).order_by(answers.c.chat, answers.c.position)
    found: dict[str, list[Mapping[str, object]]] = {}
    for row in rows(connection, query):
        found.setdefault(str(row["chat"]), []).append(row)
    return found
