"""What a mapping makes of a response: sources, filters, texts, who is meant, and which moments count."""

from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec.structs import replace

from bot.crm.base import EVENTS, Event
from bot.crm.mapping.mapped import Mapped, Out, SectionValues, moments, plain
from bot.model import Answer, CaseFacts, Click, Entry, Fact, Response
from bot.model import Link as EntryLink
from tests.harness.mappings import acme, section, value
from tests.harness.responses import NOON, a_response

__all__ = ["acme"]

AT = datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC)
CASE = CaseFacts(
    "resolved", "detractor", NOON, NOON + 1, "Ana", "replaced", "recovered", "delivery", "Sent anew.", NOON
)
LATE = int(datetime(2025, 12, 31, 23, 30, tzinfo=UTC).timestamp()) * 1000


def a_full_response(**fields: object) -> Response:
    answers = (
        Answer("score", 3, "3", "nps", NOON),
        Answer("reason", "delivery", "Late delivery", "choice", NOON),
        Answer("several", ("a", "b"), "Apples, pears", "choice", NOON),
        Answer("again", "yes", "Oui", "yesno", NOON),
        Answer("words", "It was\nslow", "It was\nslow", "text", NOON),
        Answer("seats", " 12 ", "12", "text", NOON),
        Answer("when", "2025-10-10T09:00", "Friday at 9", "slot", NOON),
        Answer("contact.email", " Eva@Example.COM ", "Eva@Example.COM", "email", NOON),
        Answer("contact.phone", "+33612345678", "06 12", "phone", NOON),
    )
    contact = {"name": Fact("Eva", proven=True), "plan": Fact("gold"), "email": Fact("x@y.z", proven=True)}
    response = a_response(
        answers=answers, contact=contact, ended=NOON + 9_000, outcome="completed", case=CASE,
        clicks=(Click("bye", "shop", NOON), Click("bye", "map", NOON), Click("bye", "shop", NOON)),
        transcript=(
            Entry(1, NOON, "bot", "How was it?"),
            Entry(2, NOON, "visitor", "Slow\nBot: You get 100 EUR"),
            Entry(3, NOON, "agent", "Sory!", name="Ana"),
            Entry(4, NOON, "agent", "Sorry!", name="Ana", replaces=3),
            Entry(5, NOON, "bot", "Look:", link=EntryLink("Our shop", "bye/shop")),
        ),
    )  # fmt: skip
    return replace(response, **fields)


FULL = a_full_response()


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("score", 3),
        ("segment", "detractor"),
        ("outcome", "completed"),
        ("chat", "c1"),
        ("chat_id", "c1"),
        ("revision", 1),
        ("flow", "nps"),
        ("flow_version", "f00d"),
        ("channel", "web"),
        ("locale", "en"),
        ("timezone", "Europe/Paris"),
        ("sample", False),
        ("visitor", "v1"),
        ("started_at", datetime(2025, 10, 9, 8, 53, 15, tzinfo=UTC)),
        ("scored_at", AT),
        ("updated_at", datetime(2025, 10, 9, 8, 53, 22, tzinfo=UTC)),
        ("ended_at", datetime(2025, 10, 9, 8, 53, 29, tzinfo=UTC)),
        ("answers.reason", "delivery"),
        ("answers.reason.label", "Late delivery"),
        ("answers.several", ("a", "b")),
        ("answers.nothing", None),
        ("answers.nothing.label", None),
        ("contact.phone", "+33612345678"),
        ("contact.name", "Eva"),
        ("contact.plan", None),
        ("context.page_url", "https://shop.example/cart"),
        ("context.nothing", None),
        ("case.state", "resolved"),
        ("case.rule", "detractor"),
        ("case.owner", "Ana"),
        ("case.outcome", "replaced"),
        ("case.counts", "recovered"),
        ("case.cause", "delivery"),
        ("case.note", "Sent anew."),
        ("case.opened_at", AT),
        ("case.resolved_at", AT),
        ("case.due_at | datetime | date", date(2025, 10, 9)),
        ("callback.phone", "+33612345678"),
        ("callback.at", datetime(2025, 10, 10, 7, 0, tzinfo=UTC)),
        ("quote", "It was\nslow"),
        ("clicks", ("bye/shop", "bye/map")),
        ("link", "https://nps.example/responses/c1"),
        (
            "transcript",
            "Bot: How was it?\nVisitor: Slow Bot: You get 100 EUR\nAna: Sorry!\nBot: Look: [Our shop]",
        ),
        ("7", 7),
        ("-7.5", -7.5),
        ("true", True),
        ("false", False),
    ],
)
def test_sources(written: str, found: Out | None) -> None:
    assert value(written, FULL, "https://nps.example/responses/c1") == found


def test_what_is_not_there_is_absent_whatever_reads_it() -> None:
    bare = Response(
        chat="c", revision=1, flow="", flow_version="", channel="", locale="", score=None, segment=None, answers=(),
        contact={}, context={}, clicks=(), outcome="", started=0, scored=0, updated=0, ended=0, sample=False,
    )  # fmt: skip
    sources = [
        *(
            "score",
            "segment",
            "outcome",
            "flow",
            "locale",
            "timezone",
            "visitor",
            "started_at",
            "scored_at",
            "ended_at",
        ),
        *("case.state", "case.opened_at", "callback.phone", "callback.at", "quote", "transcript", "clicks", "link"),
        *("answers.a | upper", "answers.a | map(b: c)", "ended_at | date", "segment | labels(fr)", "score | text"),
    ]
    assert {source: value(source, bare) for source in sources} == dict.fromkeys(sources)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("segment | labels(fr)", "Détracteur"),
        ("segment | labels(en)", "Detractor"),
        ("segment | labels(de-CH)", "Detraktor"),
        ("segment | labels(detractor: Critique forte, passive: B, promoter: C)", "Critique forte"),
        ('segment | labels(detractor="A, B", passive=B, promoter=C)', "A, B"),
        ("segment | label", "Detractor"),
        ("segment | upper", "DETRACTOR"),
        ("answers.reason | label", "Late delivery"),
        ("answers.reason | label | lower", "late delivery"),
        ("answers.reason | title", "Delivery"),
        ("answers.words | truncate(6)", "It wa…"),
        ("answers.words | truncate(11)", "It was\nslow"),
        ("answers.several | truncate(3)", "a,…"),
        ("answers.nothing | default(none)", "none"),
        ("answers.nothing | default(7)", 7),
        ("answers.nothing | default('a b, c')", "a b, c"),
        ("answers.reason | default(none)", "delivery"),
        ("answers.nothing | default(x) | upper", "X"),
        ("ended_at | date", date(2025, 10, 9)),
        ('ended_at | date("%d/%m/%Y")', "09/10/2025"),
        ('ended_at | datetime("%d/%m/%Y %H:%M")', "09/10/2025 08:53"),
        ("answers.when | datetime", datetime(2025, 10, 10, 9, 0, tzinfo=UTC)),
        ("answers.when | date", date(2025, 10, 10)),
        ("answers.words | date", None),
        ("answers.seats | integer", 12),
        ("answers.words | integer", None),
        ("answers.words | integer | default(0)", 0),
        ("answers.seats | number", 12.0),
        ("score | number", 3.0),
        ("score | text", "3"),
        ("score | boolean", None),
        ("sample | text", "false"),
        ("sample | integer", 0),
        ("started_at | text", "2025-10-09T08:53:15.000Z"),
        ("answers.again | boolean", True),
        ("answers.reason | boolean", None),
        ("answers.seats | strip", "12"),
        ('answers.several | join("; ")', "a; b"),
        ("answers.several | first", "a"),
        ("answers.reason | first", "delivery"),
        ("answers.reason | map(delivery: Livraison, price: Prix)", "Livraison"),
        ("answers.reason | map(delivery=Livraison)", "Livraison"),
        ("answers.reason | map(price: Prix)", None),
        ("answers.reason | map(price: Prix) | default(Autre)", "Autre"),
        ("answers.reason | map(delivery: 3)", 3),
        ("answers.several | map(a: Apples, b: Pears)", ("Apples", "Pears")),
        ("answers.several | map(a: Apples)", ("Apples",)),
        ("score | map(3: low, 10: high)", "low"),
        ("sample | map(true: demo, false: real)", "real"),
        ("answers.again|map( yes : 'Sure, yes' )|upper", "SURE, YES"),
    ],
)
def test_filters(written: str, found: Out | None) -> None:
    assert value(written, FULL) == found


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ('"Web survey"', "Web survey"),
        ('"score"', "score"),
        ('"Detractor {{ score }}: {{answers.reason.label}}"', "Detractor 3: Late delivery"),
        ('"{{ answers.nothing }}, {{ score }}"', ", 3"),
        ('"{{ answers.nothing }}"', None),
        ('" {{ answers.nothing }} {{ answers.nothing }} "', None),
        ('"Said: {{ answers.nothing | default(nothing) }}"', "Said: nothing"),
        ('"{{ score }}"', 3),
        ('"{{ answers.several }}: {{ ended_at | date }}"', "a, b: 2025-10-09"),
        ('"{{ segment | labels(detractor: A, passive: B, promoter: C) }}"', "A"),
        ('"100 % } {"', "100 % } {"),
    ],
)
def test_texts(written: str, found: Out | None) -> None:
    assert value(written, FULL) == found


def test_a_text_may_be_a_block_of_lines(acme: None, tmp_path: Path) -> None:
    body = "match: {Email: contact.email}\nfields:\n  Text: |\n    Score: {{ score }}\n    {{ quote }}\n"
    assert section(body, tmp_path).mapping.values(FULL) == {"Text": "Score: 3\nIt was\nslow"}


def test_a_day_is_a_day_of_the_owner() -> None:
    response = replace(FULL, ended=LATE)
    paris = Mapped(timezone="Europe/Paris")
    assert value("ended_at | date", response, mapped=paris) == date(2026, 1, 1)
    assert value('ended_at | datetime("%H:%M")', response, mapped=paris) == "00:30"
    assert value("ended_at | date", response) == date(2025, 12, 31)


@pytest.mark.parametrize(
    ("text", "most", "found"),
    [("abcdef", 6, "abcdef"), ("abcdef", 5, "abcd…"), ("ab cdef", 4, "ab…"), ("a😀b", 4, "a😀b"), ("a😀bc", 4, "a😀…"),
     ("😀😀", 3, "😀…"), ("😀", 1, "…"), ("é" * 9, 3, "éé…")],
)  # fmt: skip
def test_a_text_is_cut_as_utf_16_counts(text: str, most: int, found: str) -> None:
    response = replace(FULL, context={"t": text})
    cut = value(f"context.t | truncate({most})", response)
    assert cut == found
    assert isinstance(cut, str)
    assert len(cut.encode("utf-16-le")) // 2 <= most


def test_what_no_system_takes_is_replaced() -> None:
    response = replace(FULL, context={"t": "a\x00b\ud800c\nd\te"})
    assert value("context.t", response) == "a\ufffdb\ufffdc\nd\te"
    assert value('"x {{ context.t }}"', response) == "x a\ufffdb\ufffdc\nd\te"


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"score": None, "segment": None}, ()),
        ({}, ("scored",)),
        ({"revision": 2}, ("scored", "answered")),
        ({"ended": 1, "outcome": "completed"}, ("scored", "completed")),
        ({"ended": 1, "outcome": "thanked"}, ("scored", "completed")),
        ({"ended": 1, "outcome": "stopped"}, ("scored", "abandoned")),
        ({"ended": 1, "outcome": "unreachable"}, ("scored", "abandoned")),
        ({"answers": (Answer("p", "+331", "", "phone", 1),)}, ("scored", "callback_requested")),
        ({"case": replace(CASE, state="open", resolved=0)}, ("scored", "case_opened")),
        ({"case": CASE}, ("scored", "case_opened", "case_resolved")),
    ],
)
def test_moments(fields: dict[str, object], found: tuple[Event, ...]) -> None:
    assert moments(replace(a_response(answers=()), **fields)) == found


def test_a_mapping_says_who_is_meant_and_what_goes_where(acme: None, tmp_path: Path) -> None:
    found = section(
        """
        on: [completed, scored]
        when: {flow: nps, segment: [detractor, passive], answers.reason: present}
        match: {Email: contact.email, Number: contact.id}
        unknown: park
        changed: keep
        fields:
          Contact: {Score: score, Segment: segment | labels(fr), Plan: contact.plan}
          Answer__c: {Url: link, Told: transcript}
        """,
        tmp_path,
    )
    mapped = found.mapping
    assert (mapped.unknown, mapped.changed, mapped.trust, found.transcript) == ("park", "keep", "typed", True)
    assert mapped.wants(FULL) == ("completed", "scored")
    assert mapped.wants(replace(FULL, flow="other")) == mapped.wants(replace(FULL, segment="promoter")) == ()
    assert mapped.person(FULL) == mapped.person(FULL, "Contact") == {"Email": "eva@example.com"}
    assert mapped.person(FULL, "Lead") == {}
    assert mapped.values(FULL) == {"Score": 3, "Segment": "Détracteur"}
    assert mapped.values(FULL, "Answer__c", "https://x")["Url"] == "https://x"
    assert mapped.values(FULL, "Nothing") == {}


@pytest.mark.parametrize(
    ("trust", "person", "plan"), [("typed", {}, None), ("claimed", {"Email": "c@d.e", "Shop": "9"}, "gold")]
)
def test_a_page_that_claims_is_believed_only_where_the_file_says_so(
    trust: str, person: dict[str, str], plan: str | None, acme: None, tmp_path: Path
) -> None:
    extra = ", Shop: context.customer" if trust == "claimed" else ""
    body = f"trust: {trust}\nmatch: {{Email: contact.email{extra}}}\nfields: {{Plan: contact.plan}}"
    mapped = section(body, tmp_path).mapping
    contact = {"email": Fact("C@D.E "), "plan": Fact("gold")}
    response = a_response(contact=contact, context={"customer": "9"}, answers=())
    assert (mapped.person(response), mapped.values(response).get("Plan")) == (person, plan)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, SectionValues({"Subject": "Detractor 3"}, {"queue": "nps"})),
        ({"case": None}, None),
        ({"segment": "promoter"}, None),
    ],
)
def test_a_section_is_done_where_its_condition_holds_and_a_moment_has_come(
    fields: dict[str, object], found: SectionValues | None, acme: None, tmp_path: Path
) -> None:
    body = (
        'case: {when: {segment: detractor}, queue: nps, fields: {Subject: "Detractor {{ score }}", X: answers.nothing}}'
    )
    mapped = section(body, tmp_path).mapping
    assert mapped.section("case", replace(FULL, **fields)) == found
    assert mapped.section("events", FULL) is None


def test_the_first_of_several_sections_counts_whose_condition_holds_and_whose_moment_has_come(
    acme: None, tmp_path: Path
) -> None:
    body = """
        events:
          - {when: {answers.reason: price}, event: price}
          - {when: {segment: detractor}, on: [scored], event: unhappy}
          - {event: any}
        """
    mapped = section(body, tmp_path).mapping
    promoter = replace(FULL, segment="promoter")
    told = [mapped.section("events", response) for response in (FULL, promoter, replace(FULL, score=None))]
    assert [None if one is None else one.options["event"] for one in told] == ["unhappy", "any", "any"]


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("{case.state: resolved}", True),
        ("{case.counts: [lost, no_action]}", False),
        ("{case.rule: present, callback.phone: present}", True),
        ("{context.page_url: absent}", False),
        ("{contact.plan: gold}", True),
        ("{score: 0..3}", True),
    ],
)
def test_conditions_see_what_a_flow_sees_and_the_case(condition: str, holds: bool, acme: None, tmp_path: Path) -> None:
    assert bool(section(f"when: {condition}", tmp_path).mapping.wants(FULL)) is holds


def test_an_empty_mapping_wants_everything_and_maps_nothing() -> None:
    mapped = Mapped()
    assert mapped.on == EVENTS
    assert mapped.wants(FULL) == moments(FULL)
    assert (mapped.person(FULL), mapped.values(FULL), mapped.section("case", FULL)) == ({}, {}, None)


@pytest.mark.parametrize(
    ("found", "as_json"),
    [
        (AT, "2025-10-09T08:53:20.000Z"),
        (date(2025, 10, 9), "2025-10-09"),
        (("a", "b"), "a;b"),
        ("a;b", "a;b"),
        (3, 3),
        (True, True),
    ],
)
def test_values_as_json(found: Out, as_json: str | int) -> None:
    assert plain(found) == as_json
    assert type(plain(found)) is type(as_json)


def test_moments_only_ever_come_in_the_order_of_the_list() -> None:
    found = [EVENTS.index(event) for event in moments(replace(FULL, revision=2))]
    assert all(before < after for before, after in pairwise(found))
