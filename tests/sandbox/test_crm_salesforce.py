"""The stand-in for Salesforce refuses what Salesforce refuses, where the writer never goes too."""

from collections.abc import AsyncIterator, Mapping

import aiohttp
import pytest

from bot.sandbox.crm.salesforce import Salesforce
from bot.sandbox.crm.salesforce_demo import CLIENT, PASSWORD, REFRESH, SECRET, USER
from bot.sandbox.crm.salesforce_soql import Malformed, Query, Test, parse
from tests.harness.crm import contract

TOP = "/services/data/v64.0"
PICKLIST = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
ONE = "PATCH /sobjects/NPS_Response__c/Chat_Id__c/c1"


@pytest.fixture
async def crm() -> AsyncIterator[Salesforce]:
    async with Salesforce(contract("salesforce/openapi.json")) as found:
        yield found


@pytest.fixture
async def http(crm: Salesforce) -> AsyncIterator[aiohttp.ClientSession]:
    form = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET}
    async with aiohttp.ClientSession(crm.url) as session:
        async with session.post("/services/oauth2/token", data=form) as answer:
            token = (await answer.json())["access_token"]
        session.headers["authorization"] = f"Bearer {token}"
        yield session


async def asked(http: aiohttp.ClientSession, method: str, path: str, body: object = None) -> tuple[int, str]:
    """Status, and the code of the error or whether something was created."""
    async with http.request(method, TOP + path, json=body) as answer:
        found = await answer.json() if answer.status != 204 else {}
        assert answer.headers["sforce-limit-info"].startswith("api-usage=")
    if isinstance(found, list):
        return answer.status, str(found[0]["errorCode"] if isinstance(found[0], dict) else len(found))
    return answer.status, str(found.get("created", ""))


async def test_an_upsert_makes_then_updates_and_refuses_to_choose(crm: Salesforce, http: aiohttp.ClientSession) -> None:
    path = "/sobjects/NPS_Response__c/Chat_Id__c/c1"
    assert await asked(http, "PATCH", path, {"Score__c": 3}) == (201, "True")
    assert await asked(http, "PATCH", path, {"Score__c": 4}) == (200, "False")
    crm.org.put("NPS_Response__c", {"Chat_Id__c": "C1"})
    assert await asked(http, "PATCH", path, {"Score__c": 5}) == (300, "2")
    assert [row.get("Score__c") for row in crm.org.rows("NPS_Response__c")] == [4, None]


@pytest.mark.parametrize(
    ("wanted", "body", "answer"),
    [
        (ONE, {"Chat_Id__c": "c1"}, (400, "INVALID_FIELD")),
        ("PATCH /sobjects/NPS_Response__c/Score__c/c1", {}, (404, "NOT_FOUND")),
        (ONE, {"Sore__c": 1}, (400, "INVALID_FIELD")),
        (ONE, {"Score__c": "three"}, (400, "JSON_PARSER_ERROR")),
        (ONE, {"Date__c": "noon"}, (400, "JSON_PARSER_ERROR")),
        (ONE, {"Contact__c": "003000000000999AAA"}, (400, "INVALID_CROSS_REFERENCE_KEY")),
        ("POST /sobjects/Contact/", {"LastName": "A", "Email": "no address"}, (400, "INVALID_EMAIL_ADDRESS")),
        ("POST /sobjects/Contact", {"LastName": ""}, (400, "REQUIRED_FIELD_MISSING")),
        ("POST /sobjects/Contact", {"LastName": "A", "NPS_Segment__c": "Fan"}, (400, PICKLIST)),
        ("PATCH /sobjects/Contact/003000000000999AAA", {"LastName": "B"}, (404, "NOT_FOUND")),
        ("POST /sobjects/Nobody__c", {}, (404, "NOT_FOUND")),
        ("GET /query?q=SELECT+Sore__c+FROM+Contact", None, (400, "INVALID_FIELD")),
        ("GET /query/?q=SELECT+Id+FROM+Nobody__c", None, (400, "INVALID_TYPE")),
        ("GET /query/?q=SELECT+Id+FROM+Contact+WHERE+Id+IN+('1')", None, (400, "INVALID_QUERY_FILTER_OPERATOR")),
        ("GET /query/?q=SELECT+Id+FROM+Contact+WHERE+Email+IN+('a'b')", None, (400, "MALFORMED_QUERY")),
    ],
)  # fmt: skip
async def test_what_is_refused(
    crm: Salesforce, http: aiohttp.ClientSession, wanted: str, body: object, answer: tuple[int, str]
) -> None:
    method, _, path = wanted.partition(" ")
    assert await asked(http, method, path, body) == answer
    assert crm.org.rows("NPS_Response__c") == crm.org.rows("Contact") == []


async def test_more_than_two_hundred_are_refused(crm: Salesforce, http: aiohttp.ClientSession) -> None:
    crm.check = lambda _exchange: ()
    records = [{"attributes": {"type": "Case"}, "Chat_Id__c": f"c{number}"} for number in range(201)]
    path = "/composite/sobjects/Case/Chat_Id__c"
    assert await asked(http, "PATCH", path, {"records": records}) == (400, "EXCEEDED_ID_LIMIT")


async def test_the_same_external_id_twice_in_a_call_writes_neither(http: aiohttp.ClientSession) -> None:
    record = {"attributes": {"type": "Case"}, "Chat_Id__c": "c1"}
    async with http.patch(f"{TOP}/composite/sobjects/Case/Chat_Id__c", json={"records": [record, record]}) as answer:
        assert [one["errors"][0]["statusCode"] for one in await answer.json()] == ["DUPLICATE_VALUE"] * 2


@pytest.mark.parametrize(
    ("form", "fault"),
    [
        ({"grant_type": "client_credentials", "client_id": "other"}, "invalid_client_id"),
        ({"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": "no"}, "invalid_grant"),
        ({"grant_type": "authorization_code", "client_id": CLIENT}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "client_id": CLIENT, "refresh_token": REFRESH}, ""),
        ({"grant_type": "password", "client_id": CLIENT, "client_secret": SECRET, "username": USER,
          "password": PASSWORD}, ""),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "no.to.ken"}, "invalid_grant"),
    ],
)  # fmt: skip
def test_who_is_let_in(form: Mapping[str, str], fault: str) -> None:
    assert Salesforce().login_fault(form) == fault


def test_a_query_is_read() -> None:
    text = "SELECT Id, Name FROM A__c WHERE B = 'it\\'s' AND C IN (1, 'x', true, null) ORDER BY D DESC LIMIT 5"
    tests = (Test("B", ("it's",)), Test("C", (1.0, "x", True, None)))
    assert parse(text) == Query(("Id", "Name"), "A__c", tests, "D", True, 5)
    assert parse("select Id from A order by B") == Query(("Id",), "A", (), "B")


@pytest.mark.parametrize(
    "text",
    [
        "DELETE FROM A", "SELECT FROM A", "SELECT Id", "SELECT Id FROM A WHERE", "SELECT Id FROM A WHERE B LIKE 'x'",
        "SELECT Id FROM A WHERE B = 'x' OR C = 'y'", "SELECT Id FROM A WHERE B = 'x",
        "SELECT Id FROM A WHERE B = '\\z'", "SELECT Id FROM A;",
        "SELECT Id FROM A WHERE B = c", "SELECT Id FROM A WHERE B IN ()", "SELECT Id FROM A LIMIT x",
    ],
)  # fmt: skip
def test_what_is_no_query_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        parse(text)


async def test_the_tables_name_people(crm: Salesforce) -> None:
    contact = crm.org.put("Contact", {"LastName": "Adams"})
    crm.org.put("NPS_Response__c", {"Chat_Id__c": "c1", "Contact__c": contact})
    tables = {table.title: table for table in crm.tables()}
    assert tables["NPS responses"].rows[0][-1] == "Adams"
    assert set(tables) == {"NPS responses", "Contacts", "Leads", "Cases", "Tasks"}
