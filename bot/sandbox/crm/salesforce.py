"""Salesforce as the writer meets it: the REST API of one organisation, over a real socket.

Token endpoint, SOQL, descriptions, upserts of one record (201, 200, 300) and of collections, Case and Task, the
making of fields by the Tooling API, `Sforce-Limit-Info` on every answer. Collection paths take a trailing slash, as
simple-salesforce sends it. An unknown field refuses the whole request; other faults of a record are its own.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

import msgspec
from aiohttp import web

from bot.crm.config import WriterConfig
from bot.sandbox.crm.salesforce_demo import CLIENT, SECRET, SETTINGS, SHOWN, TITLES, login_fault
from bot.sandbox.crm.salesforce_learn import learn
from bot.sandbox.crm.salesforce_objects import Refused, Row, SObject, Value, described, made_of, sobject
from bot.sandbox.crm.salesforce_org import Org
from bot.sandbox.crm.salesforce_soql import Malformed, parse
from bot.sandbox.crm.standin import EXCHANGE, Check, Exchange, StandIn, Table, nothing

CODES = {401: "INVALID_SESSION_ID", 429: "REQUEST_LIMIT_EXCEEDED", 500: "UNKNOWN_EXCEPTION", 503: "SERVER_UNAVAILABLE"}
Handler: TypeAlias = Callable[[web.Request], web.Response]
TOP = "/services/data/{version:v\\d\\d\\.0}"


class Records(msgspec.Struct):
    records: list[dict[str, msgspec.Raw]]


class Metadata(msgspec.Struct):
    FullName: str
    Metadata: dict[str, object]


class Salesforce(StandIn):
    title = "Salesforce"
    login_path = "/services/oauth2/token"
    prefix = "00D5000000000001!"

    def __init__(self, check: Check = nothing, *, host: str = "127.0.0.1", port: int = 0, custom: bool = True) -> None:
        super().__init__(check, host=host, port=port)
        self.org = Org(custom=custom)
        self.used, self.allowed = 0, 100_000
        """Requests of these 24 hours."""
        self.page = 2_000
        """Rows in one answer to a query."""
        self.public_key = ""
        """In PEM; empty: a JWT's signature is not looked at."""
        self.takes_ids = True
        """Whether a collection may be upserted by `Id`."""
        self._more: dict[str, Sequence[Row]] = {}

    def tables(self) -> Sequence[Table]:
        shown = {name: fields for name, fields in SHOWN.items() if name in self.org.objects}
        return [
            Table(TITLES[name], fields, [[self._told(row.get(one)) for one in fields] for row in self.org.rows(name)])
            for name, fields in shown.items()
        ]

    def settings(self) -> str:
        return SETTINGS.format(url=self.url)

    def environment(self) -> Mapping[str, str]:
        return {"SF_CLIENT_ID": CLIENT, "SF_CLIENT_SECRET": SECRET}

    def learn(self, config: WriterConfig) -> None:
        learn(self.org, config)

    def refusal(self, code: int, words: str) -> web.Response:
        return _errors(code, CODES.get(code, "INVALID_REQUEST"), words)

    def granted(self) -> Mapping[str, str]:
        return {"instance_url": self.url, "id": f"{self.url}/id/00D5000000000001AAA/{self.org.user}", "issued_at": "0"}

    def login_fault(self, form: Mapping[str, str]) -> str:
        return login_fault(form, self.public_key)

    def routes(self) -> Sequence[web.RouteDef]:
        one, record = TOP + "/sobjects/{sobject}", "{id:[a-zA-Z0-9]{15,18}}"
        return [
            web.get(TOP + "/limits{slash:/?}", self._counted(self._limits)),
            web.get(TOP + "/query{slash:/?}", self._counted(self._query)),
            web.get(TOP + "/query/{cursor}", self._counted(self._query_more)),
            web.get(one + "/describe{slash:/?}", self._counted(self._describe)),
            web.post(one + "{slash:/?}", self._counted(self._create)),
            web.patch(f"{one}/{record}", self._counted(self._update)),
            web.patch(one + "/{key}/{value}", self._counted(self._upsert)),
            web.patch(TOP + "/composite/sobjects/{sobject}/{key}", self._counted(self._collection)),
            web.post(TOP + "/tooling/sobjects/{kind}{slash:/?}", self._counted(self._make)),
        ]

    def _counted(
        self, handler: Callable[[web.Request], web.Response]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def run(request: web.Request) -> web.Response:
            self.used += 1
            if self.used > self.allowed:
                answer = _errors(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
            else:
                try:
                    answer = handler(request)
                except Refused as error:
                    answer = _errors(error.status, error.code, error.message, error.fields)
                except Malformed as error:
                    answer = _errors(400, "MALFORMED_QUERY", str(error))
            answer.headers["Sforce-Limit-Info"] = f"api-usage={self.used}/{self.allowed}"
            return answer

        return run

    def _limits(self, _request: web.Request) -> web.Response:
        return web.json_response({"DailyApiRequests": {"Max": self.allowed, "Remaining": self.allowed - self.used}})

    def _query(self, request: web.Request) -> web.Response:
        query = parse(request[EXCHANGE].query.get("q", ""))
        return self._paged(query.sobject, self.org.select(query), request.match_info["version"])

    def _query_more(self, request: web.Request) -> web.Response:
        cursor = request.match_info["cursor"]
        return self._paged(cursor.partition("-")[0], self._more.pop(cursor, ()), request.match_info["version"])

    def _paged(self, name: str, rows: Sequence[Row], version: str) -> web.Response:
        shown = [{"attributes": {"type": name}, **row} for row in rows[: self.page]]
        answer: dict[str, object] = {"totalSize": len(rows), "done": len(rows) <= self.page, "records": shown}
        if len(rows) > self.page:
            cursor = f"{name}-{len(rows)}"
            self._more[cursor] = rows[self.page :]
            answer["nextRecordsUrl"] = f"/services/data/{version}/query/{cursor}"
        return web.json_response(answer)

    def _describe(self, request: web.Request) -> web.Response:
        found = self.org.sobject(request.match_info["sobject"])
        fields = [described(one) for one in found.columns.values() if one.name not in found.hidden]
        return web.json_response({"name": found.name, "createable": True, "updateable": True, "fields": fields})

    def _create(self, request: web.Request) -> web.Response:
        name, values = request.match_info["sobject"], request[EXCHANGE].read(dict[str, Value])
        made, _ = self._save(name, "", values, request[EXCHANGE])
        if name == "FieldPermissions":
            self.org.sobject(str(values["SobjectType"])).hidden.discard(str(values["Field"]).partition(".")[2])
        return web.json_response({"id": made, "success": True, "errors": []}, status=201)

    def _update(self, request: web.Request) -> web.Response:
        name, row = request.match_info["sobject"], request.match_info["id"]
        if not self.org.of_key(name, "Id", row):
            raise Refused("NOT_FOUND", "The requested resource does not exist", status=404, whole=True)
        self._save(name, "Id", {"Id": row, **request[EXCHANGE].read(dict[str, Value])}, request[EXCHANGE])
        return web.Response(status=204)

    def _upsert(self, request: web.Request) -> web.Response:
        name, key, value = (request.match_info[part] for part in ("sobject", "key", "value"))
        values = request[EXCHANGE].read(dict[str, Value])
        if {"Id", key} & set(values):
            words = f"The {key} field should not be specified in the sobject data."
            raise Refused("INVALID_FIELD", words, whole=True)
        if len(there := self.org.of_key(name, key, value)) > 1:
            return web.json_response([f"/services/data/v64.0/sobjects/{name}/{one}" for one in there], status=300)
        made, new = self._save(name, key, {key: value, **values}, request[EXCHANGE])
        found = {"id": made, "success": True, "errors": [], "created": new}
        return web.json_response(found, status=201 if new else 200)

    def _collection(self, request: web.Request) -> web.Response:
        name, key = request.match_info["sobject"], request.match_info["key"]
        if key == "Id" and not self.takes_ids:
            raise Refused("INVALID_ARGUMENT_TYPE", "Only external ids are supported", whole=True)
        rows = [
            {one: msgspec.json.decode(value, type=Value) for one, value in record.items() if one != "attributes"}
            for record in request[EXCHANGE].read(Records).records
        ]
        if len(rows) > 200:
            raise Refused("EXCEEDED_ID_LIMIT", "record limit reached. cannot submit more than 200 records", whole=True)
        self.org.of_key(name, key, "")
        keys = [str(row.get(key, "")).lower() for row in rows]
        return web.json_response([self._one(name, key, row, keys, request[EXCHANGE]) for row in rows])

    def _one(self, name: str, key: str, row: Row, keys: Sequence[str], exchange: Exchange) -> object:
        try:
            if keys.count(str(row.get(key, "")).lower()) > 1 or not row.get(key):
                raise Refused(
                    "DUPLICATE_VALUE", f"Duplicate external id specified: {row.get(key)}", (key,), whole=False
                )
            made, new = self._save(name, key, row, exchange)
        except Refused as error:
            if error.whole:
                raise
            fault = {"statusCode": error.code, "message": error.message, "fields": error.fields}
            return {"success": False, "errors": [fault]}
        return {"id": made, "success": True, "errors": [], "created": new}

    def _save(self, name: str, key: str, values: Mapping[str, Value], exchange: Exchange) -> tuple[str, bool]:
        assign = exchange.headers.get("sforce-auto-assign", "TRUE").upper() != "FALSE"
        return self.org.save(name, key, values, assign=assign)

    def _make(self, request: web.Request) -> web.Response:
        wanted, kind = request[EXCHANGE].read(Metadata), request.match_info["kind"]
        if kind == "CustomObject":
            self.org.objects[wanted.FullName] = sobject(wanted.FullName, f"a{len(self.org.objects):02}")
        else:
            where, _, name = wanted.FullName.partition(".")
            for target in self._targets(where):
                if name in target.columns:
                    raise Refused("DUPLICATE_DEVELOPER_NAME", f"There is already a field named {name}", whole=True)
                target.columns[name] = made_of(name, wanted.Metadata)
                target.hidden.add(name)
        return web.json_response({"id": f"00N{len(wanted.FullName):015}", "success": True, "errors": []}, status=201)

    def _targets(self, name: str) -> Sequence[SObject]:
        return [self.org.sobject("Task" if name == "Activity" else name)]

    def _told(self, value: Value) -> str:
        text = "" if value is None else str(value)
        if not re.fullmatch(r"00\w{16}", text):
            return text
        for name in ("Contact", "Lead", "User"):
            row = self.org.objects[name].rows.get(text)
            if row is not None:
                return str(row.get("LastName") or row.get("Name"))
        return text


def _errors(status: int, code: str, message: str, fields: Sequence[str] = ()) -> web.Response:
    found: dict[str, object] = {"message": message, "errorCode": code}
    return web.json_response([found | ({"fields": fields} if fields else {})], status=status)
