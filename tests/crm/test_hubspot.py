"""What is sent to HubSpot for a response, what becomes of it there, and what a person's own changes there are worth."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from bot.crm.base import Describing, Preparing, Reconciling
from bot.crm.hubspot.draft import markup, text
from bot.errors import Permanent, Retryable
from bot.model import Answer, Entry, Fact
from bot.sandbox.crm.standin import lost
from tests.crm.hubspot_parts import CASE, CONTACTS, NOTES, RESOLVED, TICKETS, TO_CONTACT, hubspot, of, shown
from tests.crm.writer_parts import parcel, write
from tests.harness.crm import Expect, expecting
from tests.harness.responses import NOON, a_response

KEEP = {"unknown: create": "unknown: create\n    changed: keep"}
NO_TICKET = {"when: {segment: detractor}": "when: {segment: promoter}"}


async def test_a_detractor_is_a_contact_with_a_note_and_a_ticket(tmp_path: Path) -> None:
    said = (Entry(1, NOON, "bot", "How likely?"), Entry(2, NOON, "visitor", "3"))
    async with hubspot(tmp_path) as (crm, writer):
        with expecting(
            crm,
            Expect("POST", CONTACTS, {"inputs": [{
                "id": "eva@example.com", "idProperty": "email", "properties": {
                    "nps_score": "3", "nps_segment": "detractor", "nps_date": "2025-10-09", "nps_reason": "too slow",
                    "phone": "+33612345678",
                },
            }]}),
            Expect("POST", NOTES, {"inputs": [{
                "id": "c1", "idProperty": "chatsurvey_id", "properties": {"hs_timestamp": "2025-10-09T08:53:20.000Z"},
            }]}),
            Expect("POST", TICKETS, {"inputs": [{
                "id": "c1", "idProperty": "chatsurvey_id", "properties": {
                    "subject": "Detractor 3: too slow", "hs_pipeline": "0", "hs_pipeline_stage": "1",
                },
            }]}),
            Expect("POST", f"notes{TO_CONTACT}"),
            Expect("POST", f"tickets{TO_CONTACT}"),
        ):  # fmt: skip
            receipt = await write(writer, parcel(a_response(transcript=said)))
        assert receipt.error is None
        assert receipt.remote == next(iter(crm.portal.records["contacts"]))
        (note,) = shown(crm, "notes")
        assert note["hs_note_body"].startswith(
            "Score 3 (detractor): too slow<br><br>Bot: How likely?<br>Visitor: 3<br>"
        )
        assert {(kind, to) for kind, _, to, _ in crm.portal.associations} == {
            ("notes", "contacts"),
            ("tickets", "contacts"),
        }


async def test_a_later_answer_grows_the_same_note_and_leaves_the_rest(tmp_path: Path) -> None:
    async with hubspot(tmp_path, NO_TICKET) as (crm, writer):
        first = await write(writer, parcel(a_response(answers=())))
        with expecting(crm, Expect("POST", CONTACTS), Expect("POST", "notes/batch/update")):
            again = await write(writer, parcel(a_response(revision=2), first.notes))
        with expecting(crm, Expect("POST", CONTACTS)):  # and where the note says the same it is not written
            await write(writer, parcel(a_response(revision=3), again.notes))
        assert [note["hs_note_body"][:29] for note in shown(crm, "notes")] == ["Score 3 (detractor): too slow"]


@pytest.mark.parametrize("notes_kept", [True, False])
async def test_written_twice_it_is_there_once(tmp_path: Path, notes_kept: bool) -> None:
    async with hubspot(tmp_path) as (crm, writer):
        first = await write(writer, parcel())
        await write(writer, parcel(notes=first.notes if notes_kept else {}, doubt=not notes_kept))
        assert {kind: len(records) for kind, records in crm.portal.records.items()} == {
            "contacts": 1,
            "notes": 1,
            "tickets": 1,
        }


async def test_people_of_one_batch_share_the_calls_and_the_newest_score_of_a_person_stands(tmp_path: Path) -> None:
    late, early = of("eva@example.com", "c2", score=9, scored=NOON + 60_000), of("EVA@example.com", "c1", score=2)
    async with hubspot(tmp_path) as (crm, writer):
        receipts = await writer.write([late, early, of("max@example.com", "c3", score=1)])
        assert [receipt.error for receipt in receipts] == [None] * 3
        assert [contact["nps_score"] for contact in shown(crm, "contacts")] == ["9", "1"]
        assert len(shown(crm, "notes")) == 3
        assert len(crm.exchanges) == 5


@pytest.mark.parametrize(
    ("unknown", "error", "skipped"),
    [
        ("create", "", ""),
        ("skip", "", "no contact in HubSpot has this email"),
        ("park", "unknown_person", ""),
    ],
)
async def test_who_is_not_there_is_made_skipped_or_waited_for(
    tmp_path: Path, unknown: str, error: str, skipped: str
) -> None:
    async with hubspot(tmp_path, {"unknown: create": f"unknown: {unknown}"}) as (crm, writer):
        receipt = await write(writer, parcel())
        assert receipt.skipped == skipped
        assert (receipt.error.code if isinstance(receipt.error, Permanent) else "") == error
        assert len(shown(crm, "contacts")) == (1 if unknown == "create" else 0)
        crm.portal.create("contacts", {"email": "eva@example.com"}) if unknown != "create" else None
        assert (await write(writer, parcel())).error is None
        assert [contact["nps_score"] for contact in shown(crm, "contacts")] == ["3"]


async def test_a_person_is_known_by_a_further_address_too(tmp_path: Path) -> None:
    for unknown in ("create", "skip"):
        async with hubspot(tmp_path, {"unknown: create": f"unknown: {unknown}"}) as (crm, writer):
            made = crm.portal.create("contacts", {"email": "e@example.com", "hs_additional_emails": "Eva@example.com"})
            receipt = await write(writer, parcel())
            assert (receipt.remote, receipt.error) == (made.id, None)
            assert shown(crm, "contacts")[0]["email"] == "e@example.com"


async def test_a_person_found_by_hubspots_own_id(tmp_path: Path) -> None:
    by_id = {"match: {email: contact.email}": "match: {hs_object_id: contact.hubspot, email: contact.email}"}
    async with hubspot(tmp_path, by_id) as (crm, writer):
        made = crm.portal.create("contacts", {"firstname": "Eva"})
        known = a_response(contact={"hubspot": Fact(made.id, proven=True), "email": Fact("x@example.com", proven=True)})
        with expecting(
            crm,
            Expect("POST", "contacts/batch/read", {"inputs": [{"id": made.id}]}),
            Expect("POST", "contacts/batch/update", {"inputs": [{"id": made.id}]}),
            Expect("POST", NOTES),
            Expect("POST", TICKETS),
            Expect("POST", f"notes{TO_CONTACT}"),
            Expect("POST", f"tickets{TO_CONTACT}"),
        ):
            receipt = await write(writer, parcel(known))
        assert (receipt.remote, receipt.error) == (made.id, None)
        assert shown(crm, "contacts")[0]["nps_score"] == "3"


@pytest.mark.parametrize(
    ("score", "changes", "tickets", "skipped"),
    [
        (3, {}, 1, ""),
        (9, {}, 0, "the person left nothing to find them by"),
        (3, {"unknown: create": "unknown: park"}, 0, "the person left nothing to find them by"),
    ],
)
async def test_of_a_person_without_an_address_a_detractors_ticket_is_all_there_is(
    tmp_path: Path, score: int, changes: Mapping[str, str], tickets: int, skipped: str
) -> None:
    """Where the address comes later, contact and note follow, and the ticket is connected."""
    async with hubspot(tmp_path, changes) as (crm, writer):
        receipt = await write(writer, parcel(a_response(score=score, contact={"email": Fact("eva@example.com")})))
        assert (receipt.error, receipt.skipped) == (None, skipped)
        assert (len(shown(crm, "tickets")), len(shown(crm, "contacts"))) == (tickets, 0)
        if tickets:
            await write(writer, parcel(a_response(revision=2), receipt.notes))
            assert (len(shown(crm, "tickets")), len(shown(crm, "contacts")), len(shown(crm, "notes"))) == (1, 1, 1)
            assert {kind for kind, *_ in crm.portal.associations} == {"notes", "tickets"}


@pytest.mark.parametrize(("changed", "stands"), [("overwrite", "3"), ("keep", "7")])
async def test_a_field_that_a_person_changed_since(tmp_path: Path, changed: str, stands: str) -> None:
    async with hubspot(tmp_path, {"unknown: create": f"unknown: create\n    changed: {changed}"}) as (crm, writer):
        first = await write(writer, parcel())
        contact, ticket = shown(crm, "contacts")[0], shown(crm, "tickets")[0]
        contact["nps_score"], ticket["subject"] = "7", "Call Eva"
        more = replace(a_response(revision=2).answers[1], value="too late", label="too late")
        second = await write(writer, parcel(a_response(revision=2, answers=(more,)), first.notes))
        assert (contact["nps_score"], contact["nps_reason"]) == (stands, "too late")
        assert ticket["subject"] == ("Call Eva" if changed == "keep" else "Detractor 3: too late")
        contact["nps_score"] = "8"
        await write(writer, parcel(a_response(revision=3, answers=(more,)), second.notes))
        assert contact["nps_score"] == ("8" if changed == "keep" else "3")


async def test_a_lost_answer_is_nobodys_change(tmp_path: Path) -> None:
    async with hubspot(tmp_path, KEEP) as (crm, writer):
        first = await write(writer, parcel())
        crm.fails(lost(), at=CONTACTS)
        second = await write(writer, parcel(a_response(revision=2, score=4), first.notes))
        assert isinstance(second.error, Retryable)
        await write(writer, parcel(a_response(revision=3, score=5), second.notes))
        assert shown(crm, "contacts")[0]["nps_score"] == "5"


async def test_what_hubspot_writes_in_its_own_way_is_no_change(tmp_path: Path) -> None:
    async with hubspot(tmp_path, KEEP) as (crm, writer):
        first = await write(writer, parcel())
        shown(crm, "contacts")[0]["nps_score"] = "3.0"
        await write(writer, parcel(a_response(revision=2, score=4), first.notes))
        assert shown(crm, "contacts")[0]["nps_score"] == "4"


async def test_the_stage_of_a_ticket_is_peoples_until_the_case_is_resolved(tmp_path: Path) -> None:
    async with hubspot(tmp_path) as (crm, writer):
        receipt = await write(writer, parcel(a_response(case=CASE)))
        (ticket,) = shown(crm, "tickets")
        ticket["hs_pipeline_stage"] = "3"
        receipt = await write(writer, parcel(a_response(revision=2, answers=(), case=CASE), receipt.notes))
        assert ticket["hs_pipeline_stage"] == "3"
        receipt = await write(writer, parcel(a_response(revision=3, case=RESOLVED), receipt.notes))
        assert ticket["hs_pipeline_stage"] == "4"
        assert shown(crm, "contacts")[0]["nps_outcome"] == "won_back"
        ticket["hs_pipeline_stage"] = "2"  # somebody opens it again
        receipt = await write(writer, parcel(a_response(revision=4, answers=(), case=RESOLVED), receipt.notes))
        assert ticket["hs_pipeline_stage"] == "2"


async def test_what_a_person_deleted_stays_deleted(tmp_path: Path) -> None:
    async with hubspot(tmp_path) as (crm, writer):
        first = await write(writer, parcel(a_response(answers=())))
        for kind in ("notes", "tickets"):
            crm.portal.records[kind].clear()
        again = await write(writer, parcel(a_response(revision=2, case=RESOLVED), first.notes))
        assert again.error is None
        assert (shown(crm, "notes"), shown(crm, "tickets")) == ([], [])


async def test_a_ticket_of_a_lost_answer_keeps_the_stage_that_it_got_since(tmp_path: Path) -> None:
    async with hubspot(tmp_path) as (crm, writer):
        await write(writer, parcel())
        (ticket,) = shown(crm, "tickets")
        ticket["hs_pipeline_stage"] = "3"
        await write(writer, parcel(doubt=True))
        assert ticket["hs_pipeline_stage"] == "3"


async def test_a_score_that_was_a_mistap_closes_its_ticket_and_opens_it_where_it_was_none(tmp_path: Path) -> None:
    async with hubspot(tmp_path) as (crm, writer):
        receipt = await write(writer, parcel())
        stages = []
        for revision, score in ((2, 9), (3, 9), (4, 2)):
            receipt = await write(writer, parcel(a_response(revision=revision, score=score), receipt.notes))
            assert receipt.error is None
            stages.append(shown(crm, "tickets")[0]["hs_pipeline_stage"])
        assert stages == ["4", "4", "1"]


async def test_what_a_person_types_is_never_markup_nor_a_way_out_of_the_body(tmp_path: Path) -> None:
    nasty = '<img src=x onerror=alert(1)> "; DROP {{ score }} \r\nX-Evil: 1 =cmd()'
    answers = (Answer("reason", nasty, nasty, "text", NOON),)
    async with hubspot(tmp_path) as (crm, writer):
        receipt = await write(writer, parcel(a_response(answers=answers)))
        assert receipt.error is None
        assert "<img" not in shown(crm, "notes")[0]["hs_note_body"]
        assert "&lt;img src=x" in shown(crm, "notes")[0]["hs_note_body"]
        assert shown(crm, "contacts")[0]["nps_reason"] == nasty


async def test_it_can_be_described_prepared_and_reconciled(tmp_path: Path) -> None:
    async with hubspot(tmp_path) as (_, writer):
        assert isinstance(writer, Describing)
        assert isinstance(writer, Preparing)
        assert isinstance(writer, Reconciling)


@pytest.mark.parametrize(
    ("value", "sent"),
    [(True, "true"), (3, "3"), (8.5, "8.5"), (("a", "b"), "a;b"), ("x" * 70_000, "x" * 65_536)],
)
def test_values_are_texts(value: str | float | tuple[str, ...], sent: str) -> None:
    assert text(value) == sent


def test_a_note_fits_whatever_is_in_it() -> None:
    assert len(markup("&" * 100_000)) <= 65_536
    assert len(markup("&\n" * 50_000)) <= 65_536
    assert markup("a\r\nb\n") == "a<br>b"
