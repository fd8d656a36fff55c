"""What arrives from Slack at the desk, by table; the settings that say who is called; the calendar file."""

from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar

from bot.channels.slack_desk import read
from bot.desk import ics
from bot.desk.base import Line, LineKind
from bot.desk.cases import Callback, Case
from bot.desk.person import crm_link, name_of
from bot.desk.rules import Seen
from bot.errors import FileProblems, Unknown
from bot.model import Fact
from bot.settings import load
from tests.harness.responses import NOON, a_response

MAYA = "T1:U1"
FILE = {"name": "a.pdf", "permalink": "https://acme.slack.com/a.pdf"}
PUBLIC = FILE | {"public_url_shared": True, "permalink_public": "https://slack-files.com/a"}
LINKED = FILE | {"is_external": True, "url_private": "https://drive.example/a"}
UNSAFE = FILE | {"is_external": True, "url_private": "javascript:alert(1)"}


def message(text: str, **more: Any) -> dict[str, Any]:
    return {"user": "U1", "text": text, "ts": "10.5", "thread_ts": "10.1"} | more


def changed(now: str, before: str | None, **more: Any) -> dict[str, Any]:
    previous = {} if before is None else {"previous_message": message(before)}
    return {"subtype": "message_changed", "ts": "11.0", "message": message(now, **more), **previous}


def line(kind: LineKind, text: str = "") -> Line:
    return Line(kind, MAYA, "10.5", text)


NO_FILE = line("refused", read.REFUSED_FILE)

HEARD = [
    (message("Hello &lt;you&gt; <https://a.example|here>"), (line("say", "Hello <you> https://a.example"),)),
    (message("Hello", subtype="thread_broadcast"), (line("say", "Hello"),)),
    (message("// for us"), (line("note", "// for us"),)),
    (message("  //for us"), (line("note", "//for us"),)),
    (message("*// for us*"), (line("note", "*// for us*"),)),
    (message("`// for us`"), (line("note", "`// for us`"),)),
    (message("&gt; // for us"), (line("note", "> // for us"),)),
    (message("\u2022 _// for us_"), (line("note", "\u2022 _// for us_"),)),
    (message("\u200b// for us"), (line("note", "\u200b// for us"),)),
    (message("// for us\nand this"), (line("note", "// for us\nand this"),)),
    (message("Hello\n// for us\nMaya"), (line("note", "// for us"), line("say", "Hello\nMaya"))),
    (message("see // this"), (line("say", "see // this"),)),
    (message("https://a.example"), (line("say", "https://a.example"),)),
    (message("", files=[FILE], subtype="file_share"), (NO_FILE,)),
    (
        message("see", files=[PUBLIC, FILE], subtype="file_share"),
        (line("say", "see\nhttps://slack-files.com/a"), NO_FILE),
    ),
    (message("", files=[LINKED], subtype="file_share"), (line("say", "https://drive.example/a"),)),
    (message("", files=[UNSAFE], subtype="file_share"), (NO_FILE,)),
    (message("// see", files=[FILE], subtype="file_share"), (line("note", "// see"),)),
    (changed("b", "a"), (line("edit", "b"),)),
    (changed("b", None), (line("edit", "b"),)),
    (changed("a", "a"), ()),
    (changed("b", "// a"), (line("say", "b"),)),
    (changed("// b", "a"), (line("delete"), line("note", "// b"))),
    (changed("// b", "// a"), ()),
    (changed("a\n// b", "a"), (line("note", "// b"),)),
    (changed("c\n// b", "a\n// b"), (line("edit", "c"),)),
    (changed("a\nb", "a\n// b"), (line("edit", "a\nb"),)),
    (changed("a", "// a\n// b"), (line("say", "a"),)),
    (changed("", "a", subtype="tombstone"), (line("delete"),)),
    ({"subtype": "message_deleted", "ts": "11.0", "previous_message": message("a")}, (line("delete"),)),
    ({"subtype": "message_deleted", "ts": "11.0", "previous_message": message("// a")}, ()),
    (message("Hello", bot_id="B1"), ()),
    (message("Hello", thread_ts="10.5"), ()),
    (message("Hello", thread_ts=""), ()),
    (message("joined", subtype="channel_join"), ()),
    (message("Hello", user="USLACKBOT"), ()),
    (message(""), ()),
    ({}, ()),
]


@pytest.mark.parametrize(("event", "expected"), HEARD)
def test_what_is_heard_in_a_thread(event: dict[str, Any], expected: tuple[Line, ...]) -> None:
    body = {"event_id": "Ev1", "event": {"type": "message", "channel": "C1"} | event}
    found = read.heard(body, "T1")
    assert (found.lines if found else ()) == expected
    if found is not None:
        assert found.alias == "slack:T1:C1:10.1"
        assert found.events[1] == "slack:Ev1"


@pytest.mark.parametrize("body", [{}, {"actions": []}, {"actions": [7]}, {"actions": [{}]}, {"user": "U1"}])
def test_a_press_that_is_none(body: dict[str, Any]) -> None:
    assert read.press(body, "T1") is None
    assert read.filled(body, "T1") is None


ENV = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}
WRONG = [
    ("alerts:\n  - {when: {scoer: 1}, to: '#a'}", 'did you mean "score"?'),
    ("alerts:\n  - {to: '#a'}", "nothing says when it fires"),
    ("alerts:\n  - {words: [x], to: nps alerts}", '"nps alerts" is not a channel'),
    ("alerts:\n  - {words: [x], to: '#a', mention: '@maya'}", "nobody that can be mentioned"),
    ("alerts:\n  - {words: [x], to: '#a', deadline: soon}", "not a length of time"),
    ("alerts:\n  - {words: [x], to: '#a', name: a}\n  - {words: [y], to: '#a', name: a}", "two alerts are called"),
    ("alerts:\n  - {words: [x], to: '#a', name: A B}", "cannot be a name"),
    ("alerts:\n  - {words: [x], too: '#a'}", 'did you mean "to"?'),
    ("alerts:\n  - {words: [x]}", "the alert alert-1 goes nowhere"),
    ("cases: {outcomes: {a: {label: A, counts: recoverd}}}", 'did you mean "recovered"?'),
    ("cases: {outcomes: {corrected: {label: A, counts: lost}}}", "cannot be an outcome"),
    ("cases: {outcomes: {a: {counts: lost}}}", '"label" is missing'),
    (f"cases: {{causes: {{a: {'x' * 76}}}}}", "the label has 76 characters"),
    ("cases: {scripts: {detracter: x}}", 'did you mean "detractor"?'),
    ("cases: {crm_link: 'crm.example'}", "not a web address"),
    ("cases: {crm_link: 'https://crm.example/{{ x() }}'}", "not possible in a text"),
    ("cases: {escalate: {to: leads}}", '"leads" is not a channel'),
    ("cases: {dedline: 1h}", 'did you mean "deadline"?'),
]


@pytest.mark.parametrize(("source", "words"), WRONG)
def test_what_is_wrong_is_told_with_its_line(source: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text(source, "utf-8")
    with pytest.raises(FileProblems) as caught:
        load(ENV, tmp_path)
    told = [f"{problem.message} {problem.hint}" for problem in caught.value.problems]
    assert [one for one in told if words in one] != [], told


@pytest.mark.parametrize(
    "value", ["{{ contact.id }}", "{{- contact.id | urlencode -}}", "{{ contact.id if contact.id else score }}"]
)
def test_what_a_customer_says_of_themselves_stays_one_part_of_the_link(value: str, tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text(f"cases: {{crm_link: 'https://crm.example/find?q={value}&by=id'}}", "utf-8")
    policy = load({}, tmp_path).desk
    found = crm_link(policy, {"contact": {"id": "7&by=name#"}})
    assert found == "https://crm.example/find?q=7%26by%3Dname%23&by=id"


def test_a_name_cannot_turn_the_rest_of_a_line_around() -> None:
    assert name_of(a_response(answers=(), contact={"name": Fact("\u202eaidaN\0 \u2066B.")})) == "aidaN B."


def test_a_channel_alone_alerts_of_detractors(tmp_path: Path) -> None:
    found = load(ENV | {"SLACK_ALERT_CHANNEL": "#nps"}, tmp_path).desk
    assert [(rule.name, rule.to) for rule in found.rules] == [("detractor", "#nps")]
    assert load({}, tmp_path).desk.to == ""
    for channel, words in (("nps", "is not a channel"), ("#nps", "no token for Slack")):
        with pytest.raises(FileProblems, match=words):
            load({"SLACK_ALERT_CHANNEL": channel}, tmp_path)


def test_rules_of_the_file_take_the_place_of_the_usual_one(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("alerts:\n  - {words: [lawyer], deadline: none}\n", "utf-8")
    found = load(ENV | {"SLACK_ALERT_CHANNEL": "#nps"}, tmp_path).desk
    assert [(rule.name, rule.to, rule.deadline, found.to) for rule in found.rules] == [("alert-1", "", 0, "#nps")]


def test_a_wished_call_is_a_file_for_the_calendar() -> None:
    case = Case("c1", "open", "r", "#a", "", NOON, 0, callback=Callback("+33612345678", NOON))
    body = ics.calendar(Seen(a_response()), case, NOON, slot=1_800_000, before=900_000, crm="https://crm.example/")
    (event,) = Calendar.from_ical(body.decode()).walk("VEVENT")
    assert event["UID"] == "c1@chatsurvey"
    assert event["SUMMARY"] == "Call eva@example.com, +33612345678"
    assert (event.decoded("DTEND") - event.decoded("DTSTART")).seconds == 1_800
    assert "too slow" in str(event["DESCRIPTION"])
    with pytest.raises(Unknown):
        ics.calendar(Seen(a_response()), Case("c1", "open", "r", "#a", "", NOON, 0), NOON, slot=1, before=1)
