"""What a CRM's contract has against a request, and what a test expected to be sent.

`contract("sellsy/openapi.json", ...)` is given to a stand-in as its `check`: each request has to be an operation of
one of these OpenAPI files (3.0 or 3.1), with its parameters, its required headers and its body. A literal segment of
a path beats a template. What the vendor's document does not know is refused: parameters, content types, bodies.

`expecting(crm, Expect("POST", "/v2/contacts", ...), ...)` fails for a request that was not expected, for one that was
and did not come, for a trouble that nothing met, and for a request that the contract refused.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from jsonschema.protocols import Validator
from openapi_schema_validator import OAS30WriteValidator, OAS31Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from bot.sandbox.crm.standin import Check, Exchange, StandIn, Trouble
from tests.harness.contracts import load

METHODS = ("get", "put", "post", "delete", "patch")
FORM = "application/x-www-form-urlencoded"


def contract(*files: str) -> Check:
    """The faults of a request by these files. Where a file is absent, what it would say is not checked."""
    documents = [found for file in files if (found := _document(file)) is not None]
    whole = len(documents) == len(files)
    return lambda exchange: faults_of(documents, exchange, whole=whole)


def faults_of(documents: Sequence["Document"], exchange: Exchange, *, whole: bool = True) -> Sequence[str]:
    """What these documents have against a request. Unless they are the `whole` contract, it may be another one's."""
    path = exchange.raw_path or exchange.path
    found = [one for document in documents for one in document.operations if one.match(path) is not None]
    # `/sobjects/Contact/describe` is `/sobjects/{sobject}/describe`, since it has no id for `/sobjects/Contact/{id}`.
    found = [one for one in found if one.takes(path)] or found
    found = [one for one in found if one.order == min(other.order for other in found)]
    fitting = [one for one in found if one.method == exchange.method.lower()]
    if fitting:
        return fitting[0].faults(exchange)
    if not whole:
        return ()
    methods = sorted({one.method.upper() for one in found})
    return [f"{exchange.method} is not among {methods}" if methods else f"no operation has this path: {exchange.path}"]


@cache
def _document(file: str) -> "Document | None":
    found = load(file)
    return Document(file, found) if found is not None else None


class Document:
    """One OpenAPI file."""

    # Any: a JSON document, read by path in this file alone.
    def __init__(self, file: str, spec: Any) -> None:
        self.spec, self.uri = spec, f"contract:{file}"
        self._registry: Registry[Any] = Registry().with_resource(self.uri, DRAFT202012.create_resource(spec))
        self._validator = OAS30WriteValidator if spec["openapi"].startswith("3.0") else OAS31Validator
        self._validators: dict[str, Validator] = {}
        """By pointer."""

    @cached_property
    def operations(self) -> Sequence["Operation"]:
        bases = {urlsplit(server["url"]).path.rstrip("/") for server in self.spec.get("servers", ())} | {""}
        return [
            Operation(self, path, method, base)
            for path, item in self.spec["paths"].items()
            for method in METHODS
            if method in item
            for base in sorted(bases)
        ]

    def resolve(self, node: Any) -> Any:
        while "$ref" in node:
            found: Any = self.spec
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part.replace("~1", "/").replace("~0", "~")]
            node = found
        return node

    def faults(self, pointer: str, value: Any, where: str) -> Iterator[str]:
        """What the schema at this pointer has against the value."""
        if pointer not in self._validators:
            self._validators[pointer] = self._made(pointer)
        for error in self._validators[pointer].iter_errors(value):
            best = best_match([error]) or error
            place = "/".join(map(str, best.absolute_path))
            yield f"{where}{'/' if place else ''}{place}: {best.message[:300]}"

    def _made(self, pointer: str) -> Validator:
        # The 3.1 class checks `$ref` and `discriminator` in a way that needs the document as its base; the drafts that
        # they stand for are the same, but for 3.0's `nullable` and read-only properties.
        kind = Draft202012Validator if self._validator is OAS31Validator else self._validator
        schema = {"$ref": f"{self.uri}#{pointer}"}
        return kind(schema, registry=self._registry, format_checker=self._validator.FORMAT_CHECKER)


class Operation:
    def __init__(self, document: Document, path: str, method: str, base: str) -> None:
        self._document, self.path, self.method = document, path, method
        self._item: Any = document.spec["paths"][path]
        self._spec: Any = self._item[method]
        segments = (base + path).rstrip("/").split("/")
        self.order = [("{" in one, -len(re.sub(r"\{.*?\}", "", one))) for one in segments]
        """The smallest is the most literal."""
        self._pattern = re.compile("/".join(map(_segment, segments)) + "/?")
        self._at = "/".join(("/paths", path.replace("~", "~0").replace("/", "~1"), method))

    def match(self, raw_path: str) -> Mapping[str, str] | None:
        """The values in the path, decoded; None where it is another path."""
        found = self._pattern.fullmatch(raw_path)
        if found is None:
            return None
        names = re.findall(r"\{(.*?)\}", self.path)
        return {name: unquote(value) for name, value in zip(names, found.groups()[-len(names) :], strict=False)}

    def takes(self, raw_path: str) -> bool:
        """Whether the values in the path are what they have to be."""
        values = self.match(raw_path) or {}
        found = [(at, one) for at, one in self._declared if one["in"] == "path" and "schema" in one]
        return not any(
            [*self._document.faults(f"{at}/schema", _typed(self._document.resolve(one["schema"]), value), "")]
            for at, one in found
            if (value := values.get(one["name"])) is not None
        )

    def faults(self, exchange: Exchange) -> list[str]:
        return [*self._parameters(exchange), *self._body(exchange)]

    def _parameters(self, exchange: Exchange) -> Iterator[str]:
        query: dict[str, str] = {}
        for name, value in exchange.pairs or exchange.query.items():
            query[name] = f"{query[name]}\n{value}" if name in query else value
        path = self.match(exchange.raw_path or exchange.path) or {}
        given: Mapping[str, Mapping[str, str]] = {"path": path, "header": exchange.headers, "query": query}
        known = set()
        for at, one in self._declared:
            name, place = one["name"], one["in"]
            known.add((place, name))
            found = given.get(place, {}).get(name)
            if found is None:
                deep = any(key.startswith(f"{name}[") for key in query) and place == "query"
                usual = "default" in self._document.resolve(one.get("schema", {}))
                if one.get("required") and place in given and not deep and not usual:
                    yield f"{place} {name} is missing"
            elif "schema" in one:
                schema = self._document.resolve(one["schema"])
                yield from self._document.faults(f"{at}/schema", _typed(schema, found), f"{place} {name}")
        for name in query:
            if ("query", name) not in known and ("query", name.partition("[")[0]) not in known:
                yield f"query {name} is not known"

    @cached_property
    def _declared(self) -> Sequence[tuple[str, Any]]:
        """Each parameter with the pointer to where it stands."""
        shared, found = self._at.rpartition("/")[0], []
        for at, listed in ((self._at, self._spec), (shared, self._item)):
            for number, one in enumerate(listed.get("parameters", ())):
                pointer = one["$ref"].removeprefix("#") if "$ref" in one else f"{at}/parameters/{number}"
                found.append((pointer, self._document.resolve(one)))
        return found

    def _body(self, exchange: Exchange) -> Iterator[str]:
        wanted = self._spec.get("requestBody")
        if wanted is None:
            if exchange.body:
                yield "it takes no body"
            return
        at = wanted["$ref"].removeprefix("#") if "$ref" in wanted else f"{self._at}/requestBody"
        wanted = self._document.resolve(wanted)
        if not exchange.body:
            if wanted.get("required"):
                yield "the body is missing"
            return
        kind = exchange.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in wanted["content"]:
            yield f"content type {kind or 'missing'}, not {' or '.join(wanted['content'])}"
            return
        if "schema" not in wanted["content"][kind]:
            return
        pointer, schema = f"{at}/content/{kind.replace('/', '~1')}/schema", wanted["content"][kind]["schema"]
        try:
            value = self._form(schema, exchange.body) if kind == FORM else msgspec.json.decode(exchange.body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            yield f"body: {error}"
            return
        yield from self._document.faults(pointer, value, "body")

    def _form(self, schema: Any, body: bytes) -> Mapping[str, Any]:
        properties = self._document.resolve(schema).get("properties", {})
        pairs = parse_qsl(body.decode(), keep_blank_values=True)
        return {name: _typed(self._document.resolve(properties.get(name, {})), value) for name, value in pairs}


def _segment(template: str) -> str:
    """A segment of a path as a pattern; a value in it holds no slash unless it is encoded."""
    return "".join("([^/]+)" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{.*?\})", template))


def _typed(schema: Any, text: str) -> Any:
    """The text as the schema's type, where it can be read as that."""
    kinds = schema.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if "array" in kinds:
        return text.split("\n") if "\n" in text else text.split(",")
    if "boolean" in kinds and text in {"true", "false"}:
        return text == "true"
    if {"integer", "number"} & set(kinds) and re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text) if "." in text else int(text)
    return text


@dataclass(frozen=True)
class Expect:
    """One request, in its place. Of a body and a query what is named has to be so; more may be there."""

    method: str
    path: str
    """Decoded; the end of it is enough."""
    # Any: what the test expects to read out of JSON.
    body: Any = None
    query: Mapping[str, str] = field(default_factory=dict)
    trouble: Trouble | None = None
    """What it meets."""


@contextmanager
def expecting(crm: StandIn, *expected: Expect) -> Iterator[None]:
    """Within it exactly these requests are made (log-ins apart), in this order, and the contract takes each."""
    before = list(crm.exchanges)
    for one in expected:
        if one.trouble is not None:
            crm.fails(one.trouble, at=one.path, method=one.method)
    yield
    made = list(crm.exchanges)[len(before) :]
    assert crm.faults == []
    said = [f"{one.method} {one.path}" for one in made]
    wanted = [f"{one.method} {one.path}" for one in expected]
    assert len(made) == len(expected), f"sent {said}, expected {wanted}"
    for got, want in zip(made, expected, strict=True):
        assert got.method == want.method, f"sent {said}, expected {wanted}"
        assert got.path.endswith(want.path), f"sent {said}, expected {wanted}"
        assert {name: got.query.get(name) for name in want.query} == want.query
        if want.body is not None:
            form = got.headers.get("content-type", "").startswith(FORM)
            assert_holds(got.form() if form else got.json(), want.body, f"{got.method} {got.path}")
    assert crm.troubles_left == 0, "a trouble that nothing met"


# Any: two pieces of JSON.
def assert_holds(got: Any, want: Any, where: str) -> None:
    """Every key of `want` is in `got` with its value; lists have the same length."""
    if isinstance(want, dict) and isinstance(got, dict):
        for key, value in want.items():
            assert key in got, f"{where}: {key} is missing in {got}"
            assert_holds(got[key], value, f"{where}/{key}")
    elif isinstance(want, list) and isinstance(got, list):
        assert len(got) == len(want), f"{where}: {got}, not {want}"
        for number, (one, other) in enumerate(zip(got, want, strict=True)):
            assert_holds(one, other, f"{where}/{number}")
    else:
        assert got == want, f"{where}: {got!r}, not {want!r}"
