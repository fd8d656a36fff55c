"""An organisation of Salesforce, and the writer to it as its demo settings make it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from bot.crm.base import Parcel
from bot.crm.salesforce.writer import SalesforceWriter
from bot.model import CaseFacts, Fact, Response
from bot.sandbox.crm.salesforce import Salesforce
from bot.sandbox.crm.salesforce_objects import Row
from bot.sandbox.crm.standin import Check
from tests.crm.writer_parts import parcel, writing
from tests.harness.crm import contract
from tests.harness.responses import NOON, a_response

PLAIN: Check = contract("salesforce/openapi.json")
ONLY_RECORD = {"when: {segment: detractor}": "when: {segment: promoter}"}
"""No case, no task."""
CONTACT, RESPONSE = "composite/sobjects/Contact", "composite/sobjects/NPS_Response__c/Chat_Id__c"
CASE, TASK = "composite/sobjects/Case/Chat_Id__c", "composite/sobjects/Task/Chat_Id__c"
QUERY = "/query/"
OPENED = CaseFacts("open", "unhappy", NOON, NOON + 60_000)
RESOLVED = CaseFacts("resolved", "unhappy", NOON, NOON + 60_000, "Ada", "recovered", "recovered", resolved=NOON + 9_000)


def tooled(check: Check = PLAIN) -> Check:
    """The contract, which knows nothing of the Tooling API and of permission sets."""
    return lambda one: () if "/tooling/" in one.path or "Permission" in one.path else check(one)


@asynccontextmanager
async def salesforce(
    folder: Path, changes: Mapping[str, str] | None = None, crm: Salesforce | None = None
) -> AsyncIterator[tuple[Salesforce, SalesforceWriter]]:
    crm = crm or Salesforce(PLAIN)
    async with writing(crm, folder, changes) as writer:
        assert isinstance(writer, SalesforceWriter)
        yield crm, writer


def eva(crm: Salesforce, **fields: str | float) -> str:
    """A contact that is there already; her id."""
    return crm.org.put("Contact", {"LastName": "Adams", "Email": "Eva@Example.com", **fields})


def only(crm: Salesforce, name: str) -> Row:
    (row,) = crm.org.rows(name)
    return row


def by(email: str, chat: str, score: int = 3, scored: int = NOON) -> Parcel:
    return parcel(a_response(chat, score=score, contact={"email": Fact(email, proven=True)}, scored=scored))


def anonymous() -> Response:
    return a_response(contact={}, answers=())
