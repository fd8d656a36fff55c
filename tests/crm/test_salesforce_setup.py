"""What Salesforce says of its fields, and what is made there, or said to be clicked."""

from pathlib import Path

import pytest

from bot.crm.base import Describing, FieldFacts, Preparing, Reconciling
from bot.sandbox.crm.salesforce import Salesforce
from bot.sandbox.crm.salesforce_objects import Column
from bot.sandbox.crm.standin import status
from tests.crm.salesforce_parts import only, salesforce, tooled
from tests.crm.writer_parts import write, written

MADE = {
    "object NPS_Response__c",
    "field Chat_Id__c on NPS_Response__c (Text, length 80, tick Unique and External ID)",
    "field Contact__c on NPS_Response__c (Lookup Relationship to Contact)",
    "field Lead__c on NPS_Response__c (Lookup Relationship to Lead)",
    "field Chat_Id__c on Contact (Text, length 80, tick Unique and External ID)",
    "field Chat_Id__c on Case (Text, length 80, tick Unique and External ID)",
    "field Chat_Id__c on Activity (Text, length 80, tick Unique and External ID)",
    "field NPS_Score__c on Contact (Number, length 18, decimal places 0)",
    "field NPS_Segment__c on Contact (Picklist with the values Detractor, Passive, Promoter)",
    "field NPS_Date__c on Contact (Date)",
    "field Date__c on NPS_Response__c (Date/Time)",
    "field Reason__c on NPS_Response__c (Text, length 255)",
    "field Quote__c on NPS_Response__c (Text Area (Long), length 32768)",
}


def bare() -> Salesforce:
    return Salesforce(tooled(), custom=False)


async def test_it_can_be_described_prepared_and_reconciled(tmp_path: Path) -> None:
    async with salesforce(tmp_path) as (_, writer):
        assert isinstance(writer, Describing)
        assert isinstance(writer, Preparing)
        assert isinstance(writer, Reconciling)


async def test_the_fields_by_target_and_by_section(tmp_path: Path) -> None:
    async with salesforce(tmp_path) as (crm, writer):
        crm.org.objects["Contact"].columns["Plan__c"] = Column("Plan__c", "multipicklist", options=("a", "b"))
        facts = await writer.describe()
        assert set(facts) == {"Contact", "Lead", "NPS_Response__c", "case", "task"}
        assert facts["Contact"]["NPS_Segment__c"] == FieldFacts("choice", 255, ("Detractor", "Passive", "Promoter"))
        assert facts["Contact"]["NPS_Date__c"].type == "date"
        assert facts["Contact"]["LastName"] == FieldFacts("text", 80, required=True)
        assert facts["Contact"]["CreatedDate"] == FieldFacts("datetime", 255, writable=False)
        assert facts["Contact"]["Plan__c"] == FieldFacts("choices", 255)  # its list is open
        assert facts["case"]["Description"] == FieldFacts("text", 32_000)
        assert facts["NPS_Response__c"]["Chat_Id__c"].unique


async def test_an_object_that_is_not_there_is_absent(tmp_path: Path) -> None:
    async with salesforce(tmp_path, crm=bare()) as (_, writer):
        facts = await writer.describe()
        assert "NPS_Response__c" not in facts
        assert "NPS_Score__c" not in facts["Contact"]


@pytest.mark.parametrize(
    ("target", "field", "words"),
    [
        ("NPS_Response__c", "", "Create > Custom Object: Label NPS Response, Object Name NPS_Response"),
        ("Contact", "NPS_Score__c", "Object Manager > Contact > Fields & Relationships > New: Number, length 18"),
        (
            "task",
            "Chat_Id__c",
            "Object Manager > Activity > Fields & Relationships > New: Text, length 80, tick",
        ),
        ("Contact", "Emial", "Object Manager > Contact has no field Emial"),
    ],
)
async def test_what_to_click(tmp_path: Path, target: str, field: str, words: str) -> None:
    async with salesforce(tmp_path) as (_, writer):
        assert words in writer.advice(target, field)


async def test_asked_only_it_makes_nothing(tmp_path: Path) -> None:
    async with salesforce(tmp_path, crm=bare()) as (crm, writer):
        steps = await writer.setup(False)
        assert {step.what for step in steps if step.state == "todo"} >= MADE
        assert all(step.how.startswith("Setup > ") for step in steps if step.state == "todo")
        assert {exchange.method for exchange in crm.exchanges} == {"GET"}


async def test_what_is_missing_is_made_and_then_a_response_can_be_written(tmp_path: Path) -> None:
    async with salesforce(tmp_path, crm=bare()) as (crm, writer):
        steps = await writer.setup(True)
        assert {step.what for step in steps if step.state == "made"} >= MADE
        assert not [step for step in steps if step.state == "todo"]
        assert {step.state for step in await writer.setup(True)} == {"there"}
        assert only(crm, "PermissionSet")["Name"] == "ChatSurvey"
        assert only(crm, "PermissionSetAssignment")["AssigneeId"] == crm.org.user
        assert (await written(writer)).remote == only(crm, "NPS_Response__c")["Id"]
        assert only(crm, "Contact")["NPS_Segment__c"] == "Detractor"


async def test_the_stand_in_learns_what_the_settings_name(tmp_path: Path) -> None:
    """So that a preview shows what would be sent to an organisation with these fields."""
    mine = {
        "NPS_Segment__c: segment | labels(en)\n        NPS_Date__c": "NPS_Segment__c: segment | labels(fr)\n"
        '        Title: "Guest"\n        NPS_Date__c',
        "match: {Contact: {Email": "match: {Contact: {Customer_No__c: contact.id, Email",
        'Origin: "ChatSurvey"': 'Origin: "ChatSurvey"\n        OwnerId: "00G5g000001AbCdEAK"',
    }
    async with salesforce(tmp_path, mine) as (crm, writer):
        assert "No such column" in str((await write(writer)).error)
        crm.learn(writer.config)
        await written(writer)
        assert (only(crm, "Contact")["NPS_Segment__c"], only(crm, "Contact")["Title"]) == ("Détracteur", "Guest")
        assert only(crm, "Case")["OwnerId"] == "00G5g000001AbCdEAK"


async def test_where_it_may_not_be_made_the_steps_are_told(tmp_path: Path) -> None:
    async with salesforce(tmp_path, crm=bare()) as (crm, writer):
        crm.fails(*[status(403, body=b'[{"errorCode": "INSUFFICIENT_ACCESS", "message": "no"}]')] * 40, at="/tooling/")
        steps = await writer.setup(True)
        assert {step.what for step in steps if step.state == "todo"} >= MADE
        assert "INSUFFICIENT_ACCESS" in next(step.how for step in steps if step.what == "object NPS_Response__c")
        crm._troubles.clear()


async def test_what_was_made_and_may_not_be_opened_to_us_is_said(tmp_path: Path) -> None:
    async with salesforce(tmp_path, crm=bare()) as (crm, writer):
        crm.fails(status(403, body=b'[{"errorCode": "INSUFFICIENT_ACCESS", "message": "no"}]'), at="/PermissionSet")
        steps = await writer.setup(True)
        assert steps[-1].what == "permission set ChatSurvey for the integration user"
        assert steps[-1].how.startswith("Setup > Permission Sets")


async def test_a_key_that_is_no_external_id_is_told(tmp_path: Path) -> None:
    async with salesforce(tmp_path) as (crm, writer):
        crm.org.objects["Case"].columns["Chat_Id__c"] = Column("Chat_Id__c")
        (todo,) = [step for step in await writer.setup(True) if step.state == "todo"]
        assert "Chat_Id__c on Case" in todo.what
        assert todo.how.endswith("tick Unique and External ID")


async def test_a_check_names_the_external_id_that_is_missing(tmp_path: Path) -> None:
    async with salesforce(tmp_path) as (crm, writer):
        assert await writer.check() == ""
        del crm.org.objects["Task"].columns["Chat_Id__c"]
        told = await writer.check()
        assert told.startswith("Activity has no external id Chat_Id__c: `chatsurvey crm setup` makes it, or: Setup >")
