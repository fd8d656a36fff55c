"""What is sent to Salesforce for a response, what is there afterwards, and what people's changes there are worth."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from bot.errors import Permanent
from bot.model import Answer, Fact
from tests.crm.salesforce_parts import (
    CASE,
    CONTACT,
    ONLY_RECORD,
    OPENED,
    QUERY,
    RESOLVED,
    RESPONSE,
    TASK,
    anonymous,
    by,
    eva,
    only,
    salesforce,
)
from tests.crm.writer_parts import parcel, refused, write, written
from tests.harness.crm import Expect, expecting
from tests.harness.responses import NOON, a_response

DAY = 86_400_000


async def test_a_detractor_has_score_record_case_and_a_task_for_its_owner(tmp_path: Path) -> None:
    async with salesforce(tmp_path) as (crm, writer):
        known = eva(crm)
        with expecting(
            crm,
            Expect("GET", QUERY, query={"q": (
                "SELECT Id, CreatedDate, Email, NPS_Score__c, NPS_Segment__c, NPS_Date__c FROM Contact "
                "WHERE Email IN ('eva@example.com')"
            )}),
            Expect("PATCH", f"sobjects/Contact/{known}", {
                "NPS_Score__c": 3, "NPS_Segment__c": "Detractor", "NPS_Date__c": "2025-10-09",
            }),
            Expect("PATCH", RESPONSE, {"allOrNone": False, "records": [{
                "attributes": {"type": "NPS_Response__c"}, "Chat_Id__c": "c1", "Score__c": 3, "Segment__c": "Detractor",
                "Reason__c": "too slow", "Quote__c": "too slow", "Date__c": "2025-10-09T08:53:20.000Z",
                "Source__c": "Web survey", "Contact__c": known,
            }]}),
            Expect("PATCH", CASE, {"records": [{
                "Chat_Id__c": "c1", "Subject": "Detractor 3: too slow", "Origin": "ChatSurvey", "ContactId": known,
            }]}),
            Expect("GET", QUERY),
            Expect("PATCH", TASK, {"records": [{
                "Chat_Id__c": "c1", "Subject": "Call back a detractor (3)", "WhoId": known, "OwnerId": crm.org.agent,
            }]}),
        ):  # fmt: skip
            receipt = await written(writer)
        assert receipt.remote == only(crm, "NPS_Response__c")["Id"]
        assert only(crm, "Task")["WhatId"] == only(crm, "Case")["Id"]
        assert only(crm, "Case")["OwnerId"] == crm.org.agent


async def test_a_later_answer_writes_what_has_changed_and_nothing_else(tmp_path: Path) -> None:
    async with salesforce(tmp_path, ONLY_RECORD) as (crm, writer):
        eva(crm)
        first = await written(writer, parcel(a_response(answers=())))
        with expecting(crm, Expect("GET", QUERY), Expect("PATCH", RESPONSE, {"records": [{"Reason__c": "too slow"}]})):
            await written(writer, parcel(a_response(revision=2), first.notes))
        assert only(crm, "NPS_Response__c")["Reason__c"] == "too slow"


@pytest.mark.parametrize("remembered", [True, False])
async def test_written_again_nothing_is_there_twice(tmp_path: Path, remembered: bool) -> None:
    async with salesforce(tmp_path) as (crm, writer):
        receipt = await written(writer)
        await written(writer, parcel(notes=receipt.notes if remembered else {}, doubt=not remembered))
        assert {name: len(crm.org.rows(name)) for name in ("Contact", "NPS_Response__c", "Case", "Task")} == {
            "Contact": 1, "NPS_Response__c": 1, "Case": 1, "Task": 1,
        }  # fmt: skip


async def test_two_hundred_responses_take_a_handful_of_calls(tmp_path: Path) -> None:
    async with salesforce(tmp_path) as (crm, writer):
        for number in range(100):
            crm.org.put("Contact", {"LastName": "Known", "Email": f"p{number}@example.com"})
        parcels = [by(f"p{number}@example.com", f"c{number}", score=number % 11) for number in range(200)]
        receipts = await writer.write(parcels)
        assert [receipt.error for receipt in receipts] == [None] * 200
        assert len(crm.org.rows("NPS_Response__c")) == 200
        assert len(crm.org.rows("Contact")) == 200
        assert len(crm.org.rows("Task")) == len(crm.org.rows("Case")) == sum(n % 11 < 7 for n in range(200))
        assert len(crm.exchanges) == 8


@pytest.mark.parametrize(
    ("facts", "surname"),
    [
        ({"last_name": Fact("Brandt", proven=True)}, "Brandt"),
        ({"name": Fact("Nadia Brandt", proven=True), "family_name": Fact("Brandt", proven=True)}, "Brandt"),
        ({"last_name": Fact("Somebody Else")}, "Max"),
    ],
)
async def test_a_new_person_has_the_name_that_is_known_of_them(
    tmp_path: Path, facts: dict[str, Fact], surname: str
) -> None:
    parcel = by("max@example.com", "c1")
    known = replace(parcel, response=replace(parcel.response, contact={**parcel.response.contact, **facts}))
    async with salesforce(tmp_path, ONLY_RECORD) as (crm, writer):
        assert [receipt.error for receipt in await writer.write([known])] == [None]
        assert only(crm, "Contact")["LastName"] == surname


async def test_of_two_responses_of_one_new_person_the_later_stands_and_there_is_one_person(tmp_path: Path) -> None:
    late, early = by("max@example.com", "late", score=9, scored=NOON + DAY), by("MAX@example.com", "early", score=2)
    async with salesforce(tmp_path, ONLY_RECORD) as (crm, writer):
        assert [receipt.error for receipt in await writer.write([late, early])] == [None, None]
        contact = only(crm, "Contact")
        assert (contact["NPS_Score__c"], contact["LastName"]) == (9, "Max")
        assert [row["Contact__c"] for row in crm.org.rows("NPS_Response__c")] == [contact["Id"]] * 2


async def test_an_older_chat_that_changes_late_leaves_the_newer_score_of_its_person(tmp_path: Path) -> None:
    async with salesforce(tmp_path, ONLY_RECORD) as (crm, writer):
        eva(crm, NPS_Score__c=10, NPS_Date__c="2025-10-20")
        await written(writer)
        assert only(crm, "Contact")["NPS_Score__c"] == 10
        assert only(crm, "NPS_Response__c")["Score__c"] == 3


BOTH = {
    "match: {Contact: {Email: contact.email}, Lead: {Email: contact.email}}": "match: {Contact: {Email: contact.email}}"
}


@pytest.mark.parametrize(
    ("there", "changes", "becomes"),
    [
        ({"Contact": 1, "Lead": 1}, {}, "Contact"),
        ({"Lead": 1}, {}, "Lead"),
        ({}, {}, "Contact"),
        ({}, {"unknown: create": "unknown: create\n    create: Lead"}, "Lead"),
        ({"Contact": 2}, {}, "ambiguous"),
        ({"Contact": 2}, {"unknown: create": "several: newest"}, "Contact"),
        ({}, {"unknown: create": "unknown: skip"}, "skipped"),
        ({}, {"unknown: create": "unknown: park"}, "unknown_person"),
        ({"Lead": 1}, {**BOTH, "unknown: create": "unknown: skip"}, "skipped"),
    ],
)
async def test_who_it_is(tmp_path: Path, there: Mapping[str, int], changes: Mapping[str, str], becomes: str) -> None:
    async with salesforce(tmp_path, {**ONLY_RECORD, **changes}) as (crm, writer):
        made = [
            crm.org.put(name, {"LastName": f"E{number}", "Email": "eva@example.com", "Company": "Acme"})
            for name, count in there.items()
            for number in range(count)
        ]
        receipt = await write(writer)
        if isinstance(receipt.error, Permanent):
            assert receipt.error.code == becomes
        elif receipt.skipped:
            assert becomes == "skipped"
        else:
            scored = [
                (name, row["Id"])
                for name in ("Contact", "Lead")
                for row in crm.org.rows(name)
                if row.get("NPS_Score__c")
            ]
            newest = [one for one in made if str(one).startswith("003" if becomes == "Contact" else "00Q")][-1:]
            assert [name for name, _ in scored] == [becomes]
            assert not newest or [key for _, key in scored] == newest
            assert only(crm, "NPS_Response__c")[f"{becomes}__c"] == scored[0][1]
        assert len(crm.org.rows("NPS_Response__c")) == int(receipt.error is None and not receipt.skipped)


async def test_a_converted_lead_is_nobody(tmp_path: Path) -> None:
    async with salesforce(tmp_path, {**ONLY_RECORD, "unknown: create": "unknown: skip"}) as (crm, writer):
        crm.org.put("Lead", {"LastName": "Adams", "Email": "eva@example.com", "Company": "Acme", "IsConverted": True})
        assert (await write(writer)).skipped


BY_ID = {"match: {Contact: {Email: contact.email}": "match: {Contact: {Id: contact.crm_id, Email: contact.email}"}


@pytest.mark.parametrize("key", ["as it is", "fifteen characters", "of nobody", "' OR Id != '", "%"])
async def test_somebody_found_by_their_id_else_by_their_address(tmp_path: Path, key: str) -> None:
    async with salesforce(tmp_path, {**ONLY_RECORD, **BY_ID}) as (crm, writer):
        other, known = crm.org.put("Contact", {"LastName": "Other"}), eva(crm)
        said = {"as it is": known, "fifteen characters": known[:15], "of nobody": "003999999999999AAA"}.get(key, key)
        facts = {"crm_id": Fact(said, proven=True), "email": Fact("eva@example.com", proven=True)}
        await written(writer, parcel(a_response(contact=facts)))
        scores = {row["Id"]: row.get("NPS_Score__c") for row in crm.org.rows("Contact")}
        assert scores == {other: None, known: 3}


async def test_of_an_id_alone_nobody_is_made(tmp_path: Path) -> None:
    both = "match: {Contact: {Email: contact.email}, Lead: {Email: contact.email}}"
    only_id = {both: "match: {Contact: {Id: contact.crm_id}}"}
    async with salesforce(tmp_path, {**ONLY_RECORD, **only_id}) as (crm, writer):
        facts = {"crm_id": Fact("003999999999999AAA", proven=True)}
        error = await refused(writer, parcel(a_response(contact=facts)))
        assert isinstance(error, Permanent)
        assert error.code == "unknown_id"
        assert crm.org.rows("Contact") == []


async def test_a_name_that_is_none_never_gets_into_a_query(tmp_path: Path) -> None:
    async with salesforce(tmp_path, {**ONLY_RECORD, "{Contact: {Email:": "{Contact: {Email__c.Id:"}) as (crm, writer):
        error = await refused(writer)
        assert isinstance(error, Permanent)
        assert "no name of a field" in str(error)
        assert not crm.exchanges


@pytest.mark.parametrize("unknown", ["skip", "park"])
async def test_who_said_nothing_is_not_waited_for(tmp_path: Path, unknown: str) -> None:
    async with salesforce(tmp_path, {"unknown: create": f"unknown: {unknown}"}) as (crm, writer):
        receipt = await write(writer, parcel(anonymous()))
        assert receipt.error is None
        assert receipt.skipped == "the person said nothing of themselves to be found by"
        assert crm.org.rows("NPS_Response__c") == []


async def test_who_said_nothing_of_themselves_is_a_record_without_a_person(tmp_path: Path) -> None:
    """Later, with an address, it gets one."""
    async with salesforce(tmp_path) as (crm, writer):
        receipt = await written(writer, parcel(anonymous()))
        assert only(crm, "NPS_Response__c").get("Contact__c") is None
        assert only(crm, "Case").get("ContactId") is None
        await written(writer, parcel(a_response(revision=2), receipt.notes))
        assert (
            only(crm, "NPS_Response__c")["Contact__c"] == only(crm, "Case")["ContactId"] == only(crm, "Contact")["Id"]
        )


async def test_somebody_whose_address_was_corrected_there_is_still_the_same(tmp_path: Path) -> None:
    async with salesforce(tmp_path, ONLY_RECORD) as (crm, writer):
        receipt = await written(writer)
        only(crm, "Contact")["Email"] = "eva.adams@example.com"
        await written(writer, parcel(a_response(revision=2, score=4), receipt.notes))
        assert only(crm, "Contact")["NPS_Score__c"] == 4


@pytest.mark.parametrize(("changed", "stands"), [("overwrite", 3), ("keep", 7)])
async def test_a_field_that_a_person_changed_since(tmp_path: Path, changed: str, stands: int) -> None:
    async with salesforce(tmp_path, {"unknown: create": f"changed: {changed}"}) as (crm, writer):
        first = await written(writer)
        contact, record, case = only(crm, "Contact"), only(crm, "NPS_Response__c"), only(crm, "Case")
        contact["NPS_Score__c"] = record["Score__c"] = 7
        case["Subject"] = "Eva, furious"
        late = (Answer("reason", "too late", "too late", "text", NOON),)
        second = await written(writer, parcel(a_response(revision=2, answers=late), first.notes))
        assert (contact["NPS_Score__c"], record["Score__c"], record["Reason__c"]) == (stands, stands, "too late")
        assert case["Subject"] == ("Eva, furious" if changed == "keep" else "Detractor 3: too late")
        await written(writer, parcel(a_response(revision=3, answers=late), second.notes))
        assert contact["NPS_Score__c"] == stands


async def test_the_case_is_its_owners_until_it_is_resolved(tmp_path: Path) -> None:
    """Assignment rules run once; the status is written when it ends, and once."""
    async with salesforce(tmp_path) as (crm, writer):
        receipt = await written(writer, parcel(a_response(case=OPENED)))
        case = only(crm, "Case")
        case |= {"OwnerId": crm.org.user, "Status": "Working"}
        receipt = await written(writer, parcel(a_response(revision=2, answers=(), case=OPENED), receipt.notes))
        assert (case["OwnerId"], case["Status"]) == (crm.org.user, "Working")
        receipt = await written(writer, parcel(a_response(revision=3, case=RESOLVED), receipt.notes))
        assert (case["OwnerId"], case["Status"]) == (crm.org.user, "Closed")
        case["Status"] = "Escalated"  # somebody there is not content with that
        await written(writer, parcel(a_response(revision=4, answers=(), case=RESOLVED), receipt.notes))
        assert case["Status"] == "Escalated"
        assert len(crm.org.rows("Task")) == 1


async def test_what_else_is_written_of_an_outcome(tmp_path: Path) -> None:
    more = {"    task:\n": '    resolved: {fields: {Reason: case.outcome, Status: "Escalated"}}\n    task:\n'}
    async with salesforce(tmp_path, more) as (crm, writer):
        receipt = await written(writer, parcel(a_response(case=OPENED)))
        assert only(crm, "Case").get("Reason") is None
        await written(writer, parcel(a_response(revision=2, case=RESOLVED), receipt.notes))
        assert (only(crm, "Case")["Reason"], only(crm, "Case")["Status"]) == ("recovered", "Escalated")


async def test_a_score_that_was_a_mistap_closes_its_case_and_opens_it_again(tmp_path: Path) -> None:
    async with salesforce(tmp_path) as (crm, writer):
        receipt, seen = await written(writer), []
        for revision, score in ((2, 9), (3, 9), (4, 2)):
            receipt = await written(writer, parcel(a_response(revision=revision, score=score), receipt.notes))
            seen.append(only(crm, "Case")["Status"])
        assert seen == ["Closed", "Closed", "New"]


@pytest.mark.parametrize(
    ("changes", "queue", "owner"),
    [
        ({}, False, "agent"),
        ({}, True, "user"),
        ({"task:\n": "task:\n      owner: {agent}\n"}, True, "agent"),
    ],
)
async def test_whose_task_it_is(tmp_path: Path, changes: Mapping[str, str], queue: bool, owner: str) -> None:
    """The case's owner's; of a queue's case whoever `owner` names, else ours."""
    async with salesforce(
        tmp_path, {old: new.replace("{agent}", "005000000000002AAA") for old, new in changes.items()}
    ) as (crm, writer):
        assert crm.org.agent == "005000000000002AAA"
        crm.org.assigned = "00G000000000009AAA" if queue else crm.org.agent
        await written(writer)
        assert only(crm, "Task")["OwnerId"] == {"agent": crm.org.agent, "user": crm.org.user}[owner]


async def test_the_case_of_a_lead_has_its_task_and_a_task_without_a_case_its_person(tmp_path: Path) -> None:
    async with salesforce(tmp_path) as (crm, writer):
        lead = crm.org.put("Lead", {"LastName": "Adams", "Email": "eva@example.com", "Company": "Acme"})
        await written(writer)
        assert (only(crm, "Task").get("WhoId"), only(crm, "Task")["WhatId"]) == (None, only(crm, "Case")["Id"])
    no_case = {"case:\n      when: {segment: detractor}": "case:\n      when: {segment: promoter}"}
    async with salesforce(tmp_path, no_case) as (crm, writer):
        lead = crm.org.put("Lead", {"LastName": "Adams", "Email": "eva@example.com", "Company": "Acme"})
        await written(writer)
        assert (only(crm, "Task")["WhoId"], only(crm, "Task").get("WhatId")) == (lead, None)


async def test_a_task_is_told_again_only_where_its_text_has_changed(tmp_path: Path) -> None:
    async with salesforce(tmp_path, {'Subject: "Call back a detractor ({{ score }})"': "Subject: quote"}) as (
        crm,
        writer,
    ):
        receipt = await written(writer)
        task = only(crm, "Task")
        task |= {"OwnerId": crm.org.user, "Status": "Completed"}
        before = len(crm.exchanges)
        receipt = await written(writer, parcel(a_response(revision=2), receipt.notes))
        assert not [one for one in list(crm.exchanges)[before:] if "Task" in one.path]
        late = (Answer("reason", "too late", "too late", "text", NOON),)
        await written(writer, parcel(a_response(revision=3, answers=late), receipt.notes))
        assert (task["Subject"], task["OwnerId"], task["Status"]) == ("too late", crm.org.user, "Completed")


async def test_what_the_other_side_has_of_a_response(tmp_path: Path) -> None:
    async with salesforce(tmp_path, ONLY_RECORD) as (crm, writer):
        there, changed, missing, twice = (by(f"p{n}@example.com", f"c{n}") for n in range(4))
        await writer.write([there, changed, twice])
        rows = {row["Chat_Id__c"]: row for row in crm.org.rows("NPS_Response__c")}
        rows["c1"]["Score__c"] = 9
        crm.org.put("NPS_Response__c", {**rows["c3"]})
        found = await writer.stored([there, changed, missing, twice])
        assert [(one.count, one.drifted) for one in found] == [(1, ()), (1, ("Score__c",)), (0, ()), (2, ())]


async def test_without_an_object_of_ones_own_people_are_counted(tmp_path: Path) -> None:
    text = "      NPS_Response__c:\n        Score__c: score\n"
    async with salesforce(tmp_path, {**ONLY_RECORD, text: "      Ignored__c:\n        Score__c: score\n"}) as (
        crm,
        writer,
    ):
        eva(crm)
        assert (await write(writer)).error is not None  # there is no such object
    async with salesforce(tmp_path, {**ONLY_RECORD, **_without_record()}) as (crm, writer):
        eva(crm)
        receipt = await written(writer)
        assert receipt.remote == only(crm, "Contact")["Id"]
        (found, lost) = await writer.stored([parcel(a_response(score=4)), by("nobody@example.com", "c2")])
        assert (found.count, found.drifted, lost.count) == (1, ("NPS_Score__c",), 0)


def _without_record() -> Mapping[str, str]:
    lines = (
        "      NPS_Response__c:\n", "        Score__c: score\n", "        Segment__c: segment | labels(en)\n",
        "        Reason__c: answers.reason.label | truncate(255)\n", "        Quote__c: quote | truncate(32000)\n",
        "        Date__c: scored_at\n", '        Source__c: "Web survey"\n', "        Link__c: link\n",
    )  # fmt: skip
    return {"".join(lines): ""}


async def test_more_rows_than_one_answer_holds(tmp_path: Path) -> None:
    async with salesforce(tmp_path, ONLY_RECORD) as (crm, writer):
        crm.check, crm.page = lambda _exchange: (), 2  # the contract knows nothing of further pages
        parcels = [by(f"p{number}@example.com", f"c{number}") for number in range(5)]
        await writer.write(parcels)
        await writer.write(parcels)
        assert len(crm.org.rows("Contact")) == 5


@pytest.mark.parametrize("takes", [True, False])
async def test_many_people_are_brought_up_to_date(tmp_path: Path, takes: bool) -> None:
    """In one call; one by one where Salesforce takes no record ids in a collection, and it is remembered."""
    async with salesforce(tmp_path, ONLY_RECORD) as (crm, writer):
        crm.takes_ids = takes
        for number in range(6):
            crm.org.put("Contact", {"LastName": "Known", "Email": f"p{number}@example.com"})
        parcels = [by(f"p{number}@example.com", f"c{number}") for number in range(6)]
        receipts = [*await writer.write(parcels[:3]), *await writer.write(parcels[3:])]
        assert [receipt.error for receipt in receipts] == [None] * 6
        assert [row["NPS_Score__c"] for row in crm.org.rows("Contact")] == [3] * 6
        assert {one.headers["sforce-auto-assign"] for one in crm.exchanges if CONTACT in one.path} == {"FALSE"}
        assert sum(f"{CONTACT}/Id" in one.path for one in crm.exchanges) == (2 if takes else 1)
