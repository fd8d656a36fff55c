"""Properties are described, made where they are missing, and what HubSpot has of a response can be asked for."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.crm.base import FieldFacts
from bot.crm.hubspot.setup import Property as Described
from bot.crm.hubspot.setup import Rights
from bot.errors import Retryable, Unauthorized
from bot.sandbox.crm.hubspot import KEY
from bot.sandbox.crm.hubspot_portal import Property
from bot.sandbox.crm.standin import status
from tests.crm.hubspot_parts import RESOLVED, hubspot, of, shown
from tests.crm.writer_parts import parcel, write
from tests.harness.responses import a_response

KEPT = {"unknown: create": "unknown: create\n    changed: keep"}
BY_KEY = {
    """
      client_id: "${HUBSPOT_CLIENT_ID}"
      client_secret: "${HUBSPOT_CLIENT_SECRET}"
      refresh_token: "${HUBSPOT_REFRESH_TOKEN}"
""": ' {token: "${HUBSPOT_TOKEN}"}\n'
}
V1 = {'${HUBSPOT_REFRESH_TOKEN}"': '${HUBSPOT_REFRESH_TOKEN}"\n      oauth: v1'}
NEEDED = [
    "group ChatSurvey of contacts properties",
    "property nps_score of contacts (number)",
    "property nps_segment of contacts (enumeration)",
    "property nps_date of contacts (date)",
    "property nps_reason of contacts (string)",
    "property nps_outcome of contacts (string)",
    "group ChatSurvey of notes properties",
    "property chatsurvey_id of notes (string, unique)",
    "group ChatSurvey of tickets properties",
    "property chatsurvey_id of tickets (string, unique)",
]


async def test_setup_makes_what_is_missing_once_and_then_a_response_can_be_written(tmp_path: Path) -> None:
    async with hubspot(tmp_path, prepared=False) as (crm, writer):
        told = await writer.setup(make=False)
        assert [step.what for step in told if step.state == "todo"] == NEEDED
        assert all("crm setup hubspot" in step.how or "Groups" in step.how for step in told if step.state == "todo")
        assert not [exchange for exchange in crm.exchanges if exchange.method != "GET"]
        made = await writer.setup(make=True)
        assert [step.what for step in made if step.state == "made"] == NEEDED
        assert {step.state for step in await writer.setup(make=True)} == {"there"}
        assert (await write(writer, parcel())).error is None


async def test_a_property_of_ones_own_is_made_for_what_is_written_into_it(tmp_path: Path) -> None:
    own = (
        "nps_outcome: case.outcome\n      nps_stufe: segment | labels(detractor=Kritiker, passive=Neutral, "
        "promoter=Fan)\n      nps_at: scored_at\n      nps_test: sample\n      nps_chat: chat"
    )
    async with hubspot(tmp_path, {"nps_outcome: case.outcome": own}, prepared=False) as (crm, writer):
        await writer.setup(make=True)
        made = crm.portal.properties["contacts"]
        assert {name: (made[name].type, made[name].field) for name in made if name.startswith("nps_")} == {
            "nps_score": ("number", "number"),
            "nps_segment": ("enumeration", "select"),
            "nps_date": ("date", "date"),
            "nps_reason": ("string", "textarea"),
            "nps_outcome": ("string", "text"),
            "nps_stufe": ("enumeration", "select"),
            "nps_at": ("datetime", "date"),
            "nps_test": ("bool", "booleancheckbox"),
            "nps_chat": ("string", "textarea"),
        }
        assert [value for value, _ in made["nps_stufe"].options] == ["Kritiker", "Neutral", "Fan"]
        assert (await write(writer, parcel())).error is None
        assert shown(crm, "contacts")[0]["nps_stufe"] == "Kritiker"


async def test_a_date_that_is_mapped_as_a_time_becomes_a_property_for_one(tmp_path: Path) -> None:
    async with hubspot(tmp_path, {"scored_at | date": "scored_at"}, prepared=False) as (crm, writer):
        await writer.setup(make=True)
        assert crm.portal.properties["contacts"]["nps_date"].type == "datetime"
        assert (await write(writer, parcel())).error is None


async def test_translated_segments_make_translated_options(tmp_path: Path) -> None:
    french = {"nps_segment: segment": "nps_segment: segment | labels(fr)"}
    async with hubspot(tmp_path, french, prepared=False) as (crm, writer):
        await writer.setup(make=True)
        options = [value for value, _ in crm.portal.properties["contacts"]["nps_segment"].options]
        assert options == ["Détracteur", "Neutre", "Promoteur"]
        assert (await write(writer, parcel())).error is None


async def test_options_that_a_changed_mapping_writes_are_added_to_those_there_are(tmp_path: Path) -> None:
    async with hubspot(tmp_path, {"nps_segment: segment": "nps_segment: segment | labels(fr)"}) as (crm, writer):
        states = {step.what: step.state for step in await writer.setup(make=True)}
        assert states["property nps_segment of contacts: the options Détracteur, Neutre, Promoteur"] == "made"
        assert [value for value, _ in crm.portal.properties["contacts"]["nps_segment"].options] == [
            *("detractor", "passive", "promoter"),
            *("Détracteur", "Neutre", "Promoteur"),
        ]
        assert (await write(writer, parcel())).error is None


async def test_setup_says_what_to_click_where_hubspot_will_not(tmp_path: Path) -> None:
    async with hubspot(tmp_path, prepared=False) as (crm, writer):
        crm.portal.properties["notes"]["chatsurvey_id"] = Property("chatsurvey_id", "string", "text")
        crm.fails(status(400), at="/properties/tickets", method="POST")
        steps = {step.what: step for step in await writer.setup(make=True)}
        assert "delete it" in steps["property chatsurvey_id of notes"].how
        assert steps["group ChatSurvey of tickets properties"].state == "todo"
        assert crm.troubles_left == 0


async def test_setup_that_cannot_be_done_now_says_so(tmp_path: Path) -> None:
    async with hubspot(tmp_path) as (crm, writer):
        crm.fails(status(503))
        with pytest.raises(Retryable):
            await writer.setup(make=False)


async def test_hubspot_describes_its_properties(tmp_path: Path) -> None:
    async with hubspot(tmp_path) as (_, writer):
        found = await writer.describe()
        assert set(found) == {"contacts", "note", "ticket"}
        assert found["contacts"]["nps_score"] == FieldFacts("number")
        assert found["contacts"]["nps_segment"] == FieldFacts("choice", None, ("detractor", "passive", "promoter"))
        assert found["contacts"]["createdate"] == FieldFacts("datetime", writable=False)
        assert found["ticket"]["chatsurvey_id"].unique
        assert (found["ticket"]["content"].length, found["note"]["hs_note_body"].length) == (65_536, None)
        assert "internal name nps_score" in writer.advice("contacts", "nps_score")
        assert "Ticket properties" in writer.advice("ticket", "x")
        assert "no object deals" in writer.advice("deals", "")


@pytest.mark.parametrize(
    ("given", "facts"),
    [
        (Described("a", "bool", "booleancheckbox"), FieldFacts("boolean")),
        (Described("a", "enumeration", "checkbox"), FieldFacts("other")),
        (Described("a", "string", "text", calculated=True), FieldFacts("text", 65_536, writable=False)),
        (Described("a", "number", "number", rights=Rights(True)), FieldFacts("number", writable=False)),
        (Described("a", "object_coordinates", "text"), FieldFacts("other")),
    ],
)
def test_a_property_as_facts(given: Described, facts: FieldFacts) -> None:
    assert given.facts() == facts


async def test_what_hubspot_has_of_a_response(tmp_path: Path) -> None:
    async with hubspot(tmp_path) as (crm, writer):
        sent, never = of("a@example.com"), of("b@example.com")
        receipt = await write(writer, sent)
        sent = parcel(sent.response, receipt.notes)
        assert [(found.count, found.drifted) for found in await writer.stored([sent, never])] == [(1, ()), (0, ())]
        shown(crm, "contacts")[0]["nps_score"] = "9"
        shown(crm, "tickets")[0] |= {"subject": "Call them", "hs_pipeline_stage": "2"}
        (found,) = await writer.stored([sent])
        assert (found.count, found.drifted) == (1, ("contacts.nps_score", "ticket.subject"))
        crm.portal.records["notes"].clear()
        assert [found.count for found in await writer.stored([sent])] == [0]


@pytest.mark.parametrize(("unknown", "count"), [("create", 0), ("park", 0), ("skip", 1)])
async def test_who_is_skipped_is_not_missing(tmp_path: Path, unknown: str, count: int) -> None:
    async with hubspot(tmp_path, {"unknown: create": f"unknown: {unknown}"}) as (_, writer):
        assert [found.count for found in await writer.stored([of("a@example.com")])] == [count]


async def test_of_a_person_without_an_address_the_ticket_is_what_can_be_missing(tmp_path: Path) -> None:
    async with hubspot(tmp_path) as (_, writer):
        unhappy, happy = parcel(a_response("c1", contact={})), parcel(a_response("c2", score=9, contact={}))
        assert [found.count for found in await writer.stored([unhappy, happy])] == [0, 1]
        await writer.write([unhappy, happy])
        assert [found.count for found in await writer.stored([unhappy, happy])] == [1, 1]


async def test_before_setup_the_check_names_what_is_missing(tmp_path: Path) -> None:
    async with hubspot(tmp_path, prepared=False) as (_, writer):
        assert await writer.check() == "no property chatsurvey_id of notes: `chatsurvey crm setup hubspot` makes it"
        await writer.setup(make=True)
        assert await writer.check() == ""


async def test_an_older_response_of_a_person_has_not_drifted(tmp_path: Path) -> None:
    older, newer = of("a@example.com", "c1", 3), of("a@example.com", "c2", 9, scored=a_response().scored + 1)
    async with hubspot(tmp_path) as (_, writer):
        for given in (older, newer):
            await write(writer, given)
        assert [(found.count, found.drifted) for found in await writer.stored([older, newer])] == [(1, ())] * 2


async def test_what_a_person_changed_is_no_drift_where_it_is_kept(tmp_path: Path) -> None:
    async with hubspot(tmp_path, KEPT) as (crm, writer):
        receipt = await write(writer, of("a@example.com"))
        shown(crm, "contacts")[0]["nps_score"] = "9"
        given = parcel(of("a@example.com").response, receipt.notes)
        assert [found.drifted for found in await writer.stored([given])] == [()]


async def test_a_response_that_has_no_record_of_its_own_is_its_contact(tmp_path: Path) -> None:
    bare = {"    note:\n": "    note:\n      when: {segment: promoter}\n", "segment: detractor": "segment: promoter"}
    async with hubspot(tmp_path, bare) as (_, writer):
        await write(writer, of("a@example.com"))
        found = await writer.stored([of("a@example.com"), of("b@example.com")])
        assert [one.count for one in found] == [1, 0]


@pytest.mark.parametrize("changes", [{}, V1, BY_KEY], ids=["oauth v3", "oauth v1", "private app"])
async def test_ways_to_log_in(tmp_path: Path, changes: Mapping[str, str]) -> None:
    async with hubspot(tmp_path, changes) as (crm, writer):
        assert await writer.check() == ""
        assert (await write(writer, parcel(a_response(case=RESOLVED)))).error is None
        used = {exchange.headers["authorization"] for exchange in crm.exchanges if "oauth" not in exchange.path}
        assert len(used) == 1
        assert (used == {f"Bearer {KEY}"}) is (changes is BY_KEY)
        crm.lock_out(True)
        assert await writer.check() != ""
        assert isinstance((await write(writer, parcel())).error, Unauthorized)
        crm.lock_out(False)
        assert (await write(writer, parcel())).error is None
