"""The check of requests against vendors' documents: it takes what the vendor takes, and refuses what the vendor does.

`samples.json` beside the contracts has such pairs for every vendor; the tables below need no contract.
"""

from typing import Any
from urllib.parse import quote, unquote, urlsplit

import msgspec
import pytest
from multidict import CIMultiDict

from bot.sandbox.crm.standin import Exchange
from tests.harness.contracts import load
from tests.harness.crm import FORM, Document, contract, faults_of

# Any: a JSON document.
SAMPLES: list[dict[str, Any] | None] = (load("samples.json") or {"samples": [None]})["samples"]


def an_exchange(
    method: str, path: str, body: object = None, kind: str = "application/json", query: str = "", **headers: str
) -> Exchange:
    data = body.encode() if isinstance(body, str) else b"" if body is None else msgspec.json.encode(body)
    given = CIMultiDict({**headers, **({"content-type": kind} if data else {})})
    pairs = tuple(
        (name, unquote(value)) for name, _, value in (part.partition("=") for part in query.split("&") if part)
    )
    return Exchange(method, unquote(path), dict(pairs), given, data, path, pairs)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["name"] if sample else "none")
def test_each_vendors_sample_pair(sample: dict[str, Any] | None) -> None:
    if sample is None:  # the run's summary tells that they are not there
        return
    check = contract(sample["contract"])
    path = quote(urlsplit(sample["server"]).path + sample["path"], safe="/@:%")
    query = "&".join(f"{name}={quote(value)}" for name, value in sample["query"].items())

    def faults(body: object) -> list[str]:
        kind = sample["content_type"] or ""
        return [*check(an_exchange(sample["method"], path, body, kind, query, **sample["headers"]))]

    assert faults(sample["accepted_body"]) == []
    if "refused_body" in sample:
        assert faults(sample["refused_body"]) != [], sample["refused_because"]


PERSON = {
    "type": "object",
    "required": ["email"],
    "properties": {
        "email": {"type": "string"},
        "age": {"type": "integer"},
        "id": {"type": "string", "readOnly": True},
        "note": {"type": "string", "nullable": True},
    },
    "additionalProperties": False,
}
SPEC = {
    "info": {"title": "T", "version": "1"},
    "servers": [{"url": "https://api.example.com/v2"}],
    "paths": {
        "/people/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "get": {"parameters": [{"$ref": "#/components/parameters/Limit"}], "responses": {}},
            "put": {
                "parameters": [{"name": "X-Key", "in": "header", "required": True, "schema": {"pattern": "^k"}}],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Person"}},
                        FORM: {"schema": {"$ref": "#/components/schemas/Person"}},
                    },
                },
                "responses": {},
            },
        },
        "/people/search": {"post": {"requestBody": {"content": {"application/json": {}}}, "responses": {}}},
        "/people/{number}": {"post": {"responses": {}}},
    },
    "components": {
        "schemas": {"Person": PERSON},
        "parameters": {"Limit": {"name": "limit", "in": "query", "required": True, "schema": {"type": "integer"}}},
    },
}
KEY = {"X-Key": "k1"}
GOOD = {"email": "a@b.c"}
REQUESTS: list[tuple[str, Exchange, str]] = [
    ("a parameter by reference", an_exchange("GET", "/v2/people/7", query="limit=3"), ""),
    ("without the server's path", an_exchange("GET", "/people/7", query="limit=3"), ""),
    ("with a slash at the end", an_exchange("GET", "/people/7/", query="limit=3"), ""),
    ("an encoded slash is no separator", an_exchange("GET", "/people/7%2F8", query="limit=3"), ""),
    ("a slash is", an_exchange("GET", "/people/7/8", query="limit=3"), "no operation has this path"),
    ("a parameter is missing", an_exchange("GET", "/people/7"), "query limit is missing"),
    ("a parameter of another type", an_exchange("GET", "/people/7", query="limit=x"), "query limit: 'x' is not"),
    ("a parameter that is not known", an_exchange("GET", "/people/7", query="limit=1&l=2"), "query l is not known"),
    ("a body where none is taken", an_exchange("GET", "/people/7", GOOD, query="limit=1"), "it takes no body"),
    ("a method that is not there", an_exchange("DELETE", "/people/7"), "DELETE is not among"),
    ("a literal beats a template", an_exchange("POST", "/people/search", {"any": 1}), ""),
    ("also for a method that only the template has", an_exchange("PUT", "/people/search", GOOD), "PUT is not among"),
    ("and the template takes the rest", an_exchange("POST", "/people/9", {"any": 1}), "it takes no body"),
    ("a body", an_exchange("PUT", "/people/7", GOOD, **KEY), ""),
    ("a form", an_exchange("PUT", "/people/7", "email=a%40b.c&age=7", FORM, **KEY), ""),
    (
        "a form with a wrong value",
        an_exchange("PUT", "/people/7", "email=a&age=old", FORM, **KEY),
        "body/age",
    ),
    ("without its header", an_exchange("PUT", "/people/7", GOOD), "header X-Key is missing"),
    (
        "with a wrong header",
        an_exchange("PUT", "/people/7", GOOD, **{"x-key": "z"}),
        "header X-Key: 'z' does not match",
    ),
    ("without a body", an_exchange("PUT", "/people/7", **KEY), "the body is missing"),
    ("a body of another kind", an_exchange("PUT", "/people/7", GOOD, "text/plain", **KEY), "content type"),
    ("a body that is no JSON", an_exchange("PUT", "/people/7", "{", **KEY), "body: Input data"),
    ("a field is missing", an_exchange("PUT", "/people/7", {}, **KEY), "'email' is a required property"),
    ("a field too many", an_exchange("PUT", "/people/7", GOOD | {"x": 1}, **KEY), "Additional properties"),
]


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
@pytest.mark.parametrize(("what", "exchange", "fault"), REQUESTS, ids=[what for what, _, _ in REQUESTS])
def test_what_a_document_takes_and_refuses(version: str, what: str, exchange: Exchange, fault: str) -> None:
    found = faults_of([Document("test", SPEC | {"openapi": version})], exchange)
    assert fault in "; ".join(found)
    assert bool(found) == bool(fault), what


@pytest.mark.parametrize(("version", "null", "own"), [("3.0.3", True, False), ("3.1.0", False, True)])
def test_a_3_0_file_has_its_own_words_for_null_and_for_what_is_only_read(version: str, null: bool, own: bool) -> None:
    document = Document("test", SPEC | {"openapi": version})
    for body, taken in ((GOOD | {"note": None}, null), (GOOD | {"id": "7"}, own)):
        found = faults_of([document], an_exchange("PUT", "/people/7", body, **KEY))
        assert (found == []) is taken, found


def test_a_contract_that_is_not_there_refuses_nothing() -> None:
    assert faults_of([], an_exchange("POST", "/anything", {"a": 1}), whole=False) == ()
