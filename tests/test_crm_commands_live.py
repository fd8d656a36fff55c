"""`chatsurvey check --live`: what a CRM's own description has against a mapping, each at its place with what to do."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.commands.crm_fits import Fit, saved_in
from bot.crm.base import FieldFacts
from bot.flows.load import load as load_flows
from bot.sandbox.crm.hubspot import HubSpot
from bot.sandbox.crms import Crms
from bot.settings import load
from tests.harness.commands import Folder, in_folder
from tests.harness.crm_away import away

FLOWS = load_flows("""
version: 1
brand: {name: Acme}
languages: [en, fr]
flows:
  nps:
    start: score
    steps:
      score: {kind: nps, say: {en: "How likely?", fr: "Combien ?"}, then: reason}
      reason: {kind: text, say: {en: "Why?", fr: "Pourquoi ?"}, then: topic}
      topic:
        kind: choice
        say: {en: "What about?", fr: "De quoi ?"}
        options: {price: {en: Price, fr: Prix}, care: {en: Care, fr: Soin}}
        then: bye
      bye: {kind: message, say: {en: "Bye", fr: "Salut"}, end: completed}
""")
THERE: Mapping[str, FieldFacts] = {
    "Email": FieldFacts("text", 80),
    "LastName": FieldFacts("text", 80, required=True),
    "Score": FieldFacts("integer"),
    "Rate": FieldFacts("number"),
    "Day": FieldFacts("date"),
    "Moment": FieldFacts("datetime"),
    "Sure": FieldFacts("boolean"),
    "Short": FieldFacts("text", 255),
    "Long": FieldFacts("text", 32_000),
    "Open": FieldFacts("text"),
    "Segment": FieldFacts("choice", options=("Detractor", "Passive", "Promoter")),
    "Topic": FieldFacts("choice", options=("price", "care")),
    "Words": FieldFacts("choice", options=("Price", "Care")),
    "Any": FieldFacts("choice"),
    "Fixed": FieldFacts("text", 80, writable=False),
    "Odd": FieldFacts("other"),
}
SEGMENTS = "labels(detractor=Detractor, passive=Passive, promoter=Promoter)"


def wrong(tmp_path: Path, fields: str, *, more: str = "", there: Mapping[str, FieldFacts] = THERE) -> list[str]:
    """`line:column level message | hint` of everything that a CRM with these fields has against this mapping."""
    (tmp_path / "settings.yaml").write_text(
        "writers:\n  salesforce:\n    base_url: https://acme.my.salesforce.com\n"
        "    login: {client_id: '${ID}', client_secret: '${ID}'}\n    match: {Contact: {Email: contact.email}}\n"
        f"    fields:\n      Contact:\n        LastName: contact.last_name\n{fields}{more}",
        "utf-8",
    )
    (one,) = [one for one in load({"ID": "a secret of ours"}, tmp_path).writers if one.kind == "salesforce"]
    fit = Fit(
        one.name,
        one.mapping,
        {"Contact": there},
        lambda target, field: f"Setup > {target} > {field or 'New object'}",
        one.mark,
        saved_in(FLOWS),
    )
    return [f"{p.mark.line}:{p.mark.column} {p.level} {p.message} | {p.hint}" for p in fit.problems()]


@pytest.mark.parametrize(
    "field",
    [
        "Score: score",
        "Rate: score",
        "Day: ended_at | date",
        "Moment: ended_at",
        "Sure: sample",
        "Short: answers.reason | truncate(255)",
        "Short: answers.topic",
        "Short: answers.topic.label",
        "Short: 'Score {{ score }}: {{ answers.reason | truncate(100) }}'",
        "Short: ended_at | date('%d/%m/%Y')",
        "Short: true",
        "Long: quote",
        "Long: answers.reason",
        "Open: transcript",
        f"Segment: segment | {SEGMENTS}",
        "Segment: 'Detractor'",
        "Topic: answers.topic",
        "Words: answers.topic | map(price=Price, care=Care)",
        "Any: answers.reason",
        "Odd: score",
    ],
)
def test_what_fits(tmp_path: Path, field: str) -> None:
    assert wrong(tmp_path, f"        {field}\n") == []


@pytest.mark.parametrize(
    ("field", "said", "hint"),
    [
        (
            "Scroe: score",
            "9:9 error Contact has no field Scroe",
            'did you mean "Score"?  Else: Setup > Contact > Scroe',
        ),
        ("Zzz: score", "9:9 error Contact has no field Zzz", "Setup > Contact > Zzz"),
        ("Fixed: score", "9:9 error Fixed cannot be written", "our user may not write it"),
        ("Score: segment", "9:16 error Score takes a whole number, and this is a text", "write  segment | integer"),
        ("Day: ended_at", "9:14 error Day takes a date, and this is a datetime", "write  ended_at | date"),
        ("Moment: ended_at | date", "9:17 error Moment takes a datetime, and this is a date", "| datetime"),
        ("Sure: score", "9:15 error Sure takes a boolean, and this is a whole number", "write  score | boolean"),
        ("Short: answers.reason", "9:16 error up to 4,000 characters do not fit: Short holds 255", "| truncate(255)"),
        ("Short: quote | truncate(300)", "9:16 error up to 300 characters do not fit", "lower it to  | truncate(255)"),
        (
            "Long: transcript",
            "9:15 warning up to 100,000 characters do not fit: Long holds 32,000",
            "| truncate(32000)",
        ),
        ("Short: transcript", "9:16 error up to 100,000 characters do not fit", "| truncate(255)"),
        ("Short: '{{ quote }} {{ link }}'", "9:16 error up to", "cut its longest part with  | truncate(127)"),
        ("Segment: segment", "9:18 error Segment has no option detractor or passive or promoter", "| labels(...)"),
        (
            "Segment: segment | labels(fr)",
            "9:18 error Segment has no option Détracteur or Neutre or Promoteur",
            "own op",
        ),
        ("Words: answers.topic", "9:16 error Words has no option price or care; it has Price, Care", "| map(...)"),
        ("Words: answers.topic.label", "9:16 error Words has no option Prix or Soin", "Setup > Contact > Words"),
        ("Topic: answers.reason", "9:16 warning Topic takes only what is on its list", "| map(a=b, ...)"),
    ],
)
def test_what_does_not_fit(tmp_path: Path, field: str, said: str, hint: str) -> None:
    (found,) = wrong(tmp_path, f"        {field}\n")
    message, _, advice = found.partition(" | ")
    assert message.startswith(said)
    assert hint in advice


def test_what_a_new_person_needs(tmp_path: Path) -> None:
    needs = {**THERE, "Company": FieldFacts("text", 80, required=True)}
    (found,) = wrong(tmp_path, "", there=needs)
    assert found.startswith("2:3 error a new Contact needs Company, which is not mapped | map it:  Company: ")
    assert wrong(tmp_path, "        Company: 'None'\n", there=needs) == []
    assert wrong(tmp_path, "", more="    unknown: skip\n", there=needs) == []


def test_a_target_that_is_not_there_is_said_once(tmp_path: Path) -> None:
    more = "      NPS_Response__c: {Score__c: score, Link__c: link}\n"
    assert wrong(tmp_path, "", more=more) == [
        "9:25 error there is no NPS_Response__c there | Setup > NPS_Response__c > New object"
    ]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Folder:
    return in_folder(tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize("kind", [kind for kind in Crms.of().all if kind != "webhook"])
def test_every_demo_mapping_fits_its_crm(folder: Folder, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with away(Crms.of([kind]).all[kind], folder.path, monkeypatch):
        found = json.loads(folder.run("check", "--live", "--json"))
    assert [p for p in found["problems"] if p["level"] == "error"] == []


def test_the_command_names_file_line_and_column(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    with away(HubSpot(), folder.path, monkeypatch) as crm:
        assert "error" not in folder.run("check", "--live").replace("0 errors", "")
        path = folder.path / "settings.yaml"
        path.write_text(path.read_text("utf-8").replace("nps_score: score", "nps_scroe: score"), "utf-8")
        told = folder.run("check", "--live", code=1)
        assert "settings.yaml:12:7  writers / hubspot / fields / contacts / nps_scroe" in told
        assert "contacts has no field nps_scroe" in told
        assert 'did you mean "nps_score"?' in told
        assert "has no field" not in folder.run("check"), "without --live nobody is asked"
        crm.lock_out(True)
        assert "it cannot be asked for its fields" in folder.run("check", "--live", code=1)
