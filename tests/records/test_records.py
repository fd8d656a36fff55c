"""The read side on both databases: revisions, filters, paging, deliveries."""

from dataclasses import replace

import pytest
from msgspec.structs import replace as replace_case

from bot.model import Answer, CaseFacts, Click, Fact
from bot.records import reading, rows
from bot.records.base import Delivery, Filters, Tally
from bot.records.sql import SqlRecords
from tests.harness.responses import NOON, a_response


async def test_a_response_comes_back_as_it_was(records: SqlRecords) -> None:
    full = a_response(
        clicks=(Click("review", "google", NOON + 5),), outcome="completed", ended=NOON + 9,
        answers=(
            Answer("likes", ("price", "speed"), "Price, speed", "choices", NOON),
            Answer("reason", "Très bien 👍", "Très bien 👍", "text", NOON),
            Answer("score", 0, "0", "nps", NOON),
        ),
    )  # fmt: skip
    early = a_response("c0", 1, None, answers=(), scored=0, started=NOON - 60_000)
    await records.upsert([full, early])
    assert list(records.responses(Filters())) == [early, full]


async def test_an_older_revision_never_overwrites_a_newer_one(records: SqlRecords) -> None:
    newest = a_response("c1", 3, 9, answers=(Answer("score", 9, "9", "nps", NOON),))
    await records.upsert([a_response("c1", 1), newest, a_response("c1", 2)])
    assert list(records.responses(Filters())) == [newest]
    for revision in (1, 3):
        await records.upsert([a_response("c1", revision, 0)])
        assert list(records.responses(Filters())) == [newest]
    await records.upsert([a_response("c1", 4, 0, answers=())])
    assert [(r.revision, r.score, r.answers) for r in records.responses(Filters())] == [(4, 0, ())]


FILTERS = [
    (Filters(), ["a", "b", "c", "d"]),
    (Filters(since=NOON + 1), ["b", "c", "d"]),
    (Filters(until=NOON + 2), ["a", "b"]),
    (Filters(since=NOON + 1, until=NOON + 2), ["b"]),
    (Filters(flow="csat"), ["c"]),
    (Filters(segment="promoter"), ["b"]),
    (Filters(channel="telegram"), ["d"]),
    (Filters(sample=True), ["d"]),
    (Filters(sample=False), ["a", "b", "c"]),
    (Filters(segment="detractor", channel="web"), ["a"]),
    (Filters(flow="' OR 1=1 --"), []),
]


@pytest.mark.parametrize(("filters", "expected"), FILTERS, ids=lambda v: str(v)[:60])
async def test_filters(records: SqlRecords, filters: Filters, expected: list[str]) -> None:
    await records.upsert(
        [
            a_response("a", score=3, scored=NOON),
            a_response("b", score=9, scored=NOON + 1),
            a_response("c", score=None, scored=0, started=NOON + 2, flow="csat"),
            a_response("d", score=0, scored=NOON + 3, channel="telegram", sample=True),
        ]
    )
    assert [r.chat for r in records.responses(filters)] == expected


async def test_reading_goes_by_pages_and_misses_none(records: SqlRecords, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAGE", 3)
    # Many at the same millisecond: the page goes on by chat id.
    await records.upsert([a_response(f"c{n:02}", scored=NOON + n // 5) for n in range(20)])
    found = list(records.responses(Filters()))
    assert [r.chat for r in found] == [f"c{n:02}" for n in range(20)]
    assert {len(r.answers) for r in found} == {3}


async def test_characters_that_a_database_refuses_do_not_stop_a_record(records: SqlRecords) -> None:
    await records.upsert([a_response(answers=(Answer("reason", "a\x00b\ud800", "a\x00", "text", NOON),))])
    assert [a.value for r in records.responses(Filters()) for a in r.answers] == ["a\N{REPLACEMENT CHARACTER}b?"]


NASTY = "a\x00b\ud800 \U0001f44d" + "x" * 5_000
"""What PostgreSQL, SQLite and JSON refuse between them, and more than any column holds."""


async def test_no_text_anywhere_stops_a_record(records: SqlRecords) -> None:
    case = CaseFacts(
        "open", NASTY, NOON, 0, owner=NASTY, outcome=NASTY, counts="lost", cause=NASTY, note=NASTY, resolved=0
    )
    response = a_response(
        flow=NASTY, flow_version=NASTY, channel=NASTY, locale=NASTY, timezone=NASTY, visitor=NASTY, outcome=NASTY,
        context={NASTY: NASTY}, contact={NASTY: Fact(NASTY)}, clicks=(Click(NASTY, NASTY, NOON),), case=case,
        answers=(Answer(NASTY, NASTY, NASTY, NASTY, NOON), Answer("k", (NASTY, ""), "", "choices", NOON)),
    )  # fmt: skip
    note = Delivery("crm", "c1", 1, "dead", 1, NOON, error=NASTY, remote=NASTY, request=NASTY, doubt=NASTY)
    await records.upsert([response], [note])
    (found,) = records.responses(Filters())
    assert found.case is not None
    clean = rows.safe(NASTY)
    assert found.context == {clean: clean}
    assert (found.case.note, found.visitor, found.answers[0].value) == (clean, clean[:128], clean)
    assert [d.error for d in records.doubts(1)] == [clean[:500]]


async def test_deliveries_remember_what_arrived(records: SqlRecords) -> None:
    arrived = Delivery("crm", "c1", 1, "delivered", 1, NOON, remote="r-1", delivered=1)
    failing = Delivery("crm", "c1", 2, "retrying", 3, NOON + 5, error="the receiver answered 500")
    await records.keep(
        [arrived, replace(arrived, chat="c2", revision=4, delivered=4), replace(arrived, writer="jsonl")]
    )
    await records.keep([failing, replace(failing, chat="c3")])
    assert records.deliveries("c1") == [replace(failing, remote="r-1", delivered=1), replace(arrived, writer="jsonl")]


async def test_a_doubt_stays_listed_when_later_revisions_arrive(records: SqlRecords) -> None:
    doubtful = Delivery("crm", "c1", 1, "in_doubt", 1, NOON, delivered=1, doubt="the note may be there twice")
    refused = Delivery("crm", "c2", 1, "dead", 1, NOON, error="gone: 410", request="POST /x {}")
    await records.keep([doubtful, refused])
    await records.keep([Delivery("crm", "c1", 2, "delivered", 1, NOON + 5, delivered=2)])
    (found,) = records.doubts(9)
    assert (found.state, found.revision, found.doubt) == ("delivered", 2, doubtful.doubt)
    assert [d.request for d in records.deliveries("c2")] == ["POST /x {}"]


def test_long_words_are_cut_to_their_columns() -> None:
    assert len(str(rows.response_row(a_response(visitor="v" * 500))["visitor"])) == 128


CASE = CaseFacts("open", "unhappy", NOON, NOON + 86_400_000)


async def test_a_case_is_kept_with_its_response(records: SqlRecords) -> None:
    resolved = replace_case(CASE, state="resolved", owner="Maya", outcome="replaced", counts="recovered", resolved=NOON)
    await records.upsert([a_response("c1", 1, case=CASE), a_response("c2", 1)])
    assert [r.case for r in records.responses(Filters())] == [CASE, None]
    await records.upsert([a_response("c1", 2, case=resolved)])
    await records.upsert([a_response("c1", 1, case=CASE)])
    assert [r.case for r in records.responses(Filters())] == [resolved, None]


async def test_open_cases_come_by_their_deadline(records: SqlRecords) -> None:
    cases = {
        "never": replace_case(CASE, due=0),
        "late": replace_case(CASE, due=NOON + 9),
        "soon": replace_case(CASE, due=NOON + 1, state="claimed"),
        "over": replace_case(CASE, state="resolved"),
    }
    await records.upsert([a_response(chat, 1, case=case) for chat, case in cases.items()])
    assert [r.chat for r in await records.open_cases(9)] == ["soon", "late", "never"]
    assert [r.chat for r in await records.open_cases(1)] == ["soon"]


async def test_the_tally_counts_scored_responses_by_segment(records: SqlRecords) -> None:
    scores = {"a": 10, "b": 9, "c": 7, "d": 0, "e": None}
    await records.upsert([a_response(chat, 1, score) for chat, score in scores.items()])
    await records.upsert([a_response("s", 1, 10, sample=True), a_response("old", 1, 10, scored=NOON - 9)])
    assert await records.tally(NOON - 1, NOON + 1) == Tally(promoters=2, passives=1, detractors=1)
