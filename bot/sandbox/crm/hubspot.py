"""A stand-in of HubSpot: contacts, notes, tickets, their properties and associations, for one account.

A batch answers 207 where some of its records are refused and each is told apart by `objectWriteTraceId`; without it,
or with `whole_batches` set, 400 for the whole batch, as HubSpot does for a value it cannot take. More than a hundred
records, or the same one twice, are 400.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from aiohttp import web

from bot.sandbox.crm.hubspot_portal import Portal, Property, Refused
from bot.sandbox.crm.hubspot_wire import Batch, Input, Made, Pairs, answer, error_json, group_json, twice
from bot.sandbox.crm.standin import EXCHANGE, Check, Exchange, StandIn, Table, nothing

KEY = "pat-eu1-5aadb0c5-stand-in-private-app"
CLIENT, SECRET, REFRESH = "hubspot-client-id", "hubspot-client-secret", "eu1-hubspot-refresh-token"
CORRELATION = "aeb5f871-7f07-4993-9211-075dc63e7cbf"

SETTINGS = """\
writers:
  hubspot:
    login:
      client_id: "${HUBSPOT_CLIENT_ID}"
      client_secret: "${HUBSPOT_CLIENT_SECRET}"
      refresh_token: "${HUBSPOT_REFRESH_TOKEN}"
    base_url: URL
    allow_private: true
    match: {email: contact.email}
    unknown: create
    fields:
      nps_score: score
      nps_segment: segment
      nps_date: scored_at | date
      nps_reason: answers.reason
      nps_outcome: case.outcome
      phone: contact.phone
    note:
      fields: {hs_note_body: "Score {{ score }} ({{ segment }}): {{ quote }}\\n\\n{{ transcript }}\\n\\n{{ link }}"}
    ticket:
      when: {segment: detractor}
      pipeline: "0"
      stage: "1"
      closed: "4"
      fields: {subject: "Detractor {{ score }}: {{ answers.reason.label }}", content: quote, hs_ticket_priority: "HIGH"}
"""


class HubSpot(StandIn):
    title = "HubSpot"
    login_path = "/oauth/v3/token"
    prefix = "CJ-"
    life = 1800

    def __init__(
        self, check: Check = nothing, *, host: str = "127.0.0.1", port: int = 0, prepared: bool = True
    ) -> None:
        super().__init__(check, host=host, port=port)
        self.portal = Portal(lambda: datetime.now(UTC), prepared)
        self.whole_batches = False
        self.forgetful = False
        """Whether the results of a batch tell neither `objectWriteTraceId` nor properties."""

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.post("/crm/v3/objects/{kind}/batch/{verb:upsert|update}", self._write),
            web.post("/crm/v3/objects/{kind}/batch/read", self._read),
            web.post("/crm/v4/associations/{kind}/{to}/batch/associate/default", self._associate),
            web.get("/crm/v3/properties/{kind}", self._properties),
            web.post("/crm/v3/properties/{kind}", self._make_property),
            web.get("/crm/v3/properties/{kind}/groups", self._groups),
            web.post("/crm/v3/properties/{kind}/groups", self._make_group),
            web.get("/crm/v3/properties/{kind}/{name}", self._property),
            web.patch("/crm/v3/properties/{kind}/{name}", self._change_property),
            web.post("/oauth/v1/token", self._log_in),
        ]

    def tables(self) -> Sequence[Table]:
        columns = {
            "contacts": ("email", "phone", "nps_score", "nps_segment", "nps_date", "nps_reason", "nps_outcome"),
            "notes": ("hs_note_body", "hs_timestamp"),
            "tickets": ("subject", "content", "hs_pipeline_stage", "hs_ticket_priority"),
        }
        found = []
        for kind, names in columns.items():
            linked = {a[1]: a[3] for a in sorted(self.portal.associations) if a[0] == kind}
            rows = [
                (one.id, *(one.properties.get(name, "") for name in names), linked.get(one.id, ""))
                for one in self.portal.records[kind].values()
            ]
            found.append(Table(kind.title(), ("id", *names, "contact"), rows))
        return found

    def settings(self) -> str:
        return SETTINGS.replace("URL", self.url)

    def environment(self) -> Mapping[str, str]:
        return {
            "HUBSPOT_TOKEN": KEY,
            "HUBSPOT_CLIENT_ID": CLIENT,
            "HUBSPOT_CLIENT_SECRET": SECRET,
            "HUBSPOT_REFRESH_TOKEN": REFRESH,
        }

    def knows(self, exchange: Exchange) -> bool:
        """Log-ins of OAuth v1 prove themselves by their form, a private app by its key."""
        if exchange.path == "/oauth/v1/token":
            return True
        return exchange.headers.get("authorization") == f"Bearer {KEY}" or super().knows(exchange)

    def login_fault(self, form: Mapping[str, str]) -> str:
        if form.get("grant_type") != "refresh_token":
            return "unsupported_grant_type"
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            return "invalid_client"
        return "" if form.get("refresh_token") == REFRESH else "invalid_grant"

    def granted(self) -> Mapping[str, str]:
        return {"refresh_token": REFRESH, "token_use": "access_token"}

    def refusal(self, code: int, words: str) -> web.Response:
        category = {401: "INVALID_AUTHENTICATION", 403: "MISSING_SCOPES", 404: "OBJECT_NOT_FOUND", 429: "RATE_LIMITS"}
        body = {"status": "error", "message": words, "correlationId": CORRELATION}
        return web.json_response(body | {"category": category.get(code, "VALIDATION_ERROR")}, status=code)

    async def _write(self, request: web.Request) -> web.Response:
        kind, batch = request.match_info["kind"], request[EXCHANGE].read(Batch)
        if fault := twice(batch):
            return self.refusal(400, fault)
        results: list[Mapping[str, object]] = []
        errors: list[Mapping[str, object]] = []
        before = {key: dict(record.properties) for key, record in self.portal.records[kind].items()}
        for one in batch.inputs:
            try:
                results.append(self._one(kind, one, request.match_info["verb"]))
            except Refused as error:
                if self.whole_batches or not one.objectWriteTraceId:
                    self._undo(kind, before)
                    return self._refused(error)
                errors.append(error_json(error, [one.id], one.objectWriteTraceId))
        return answer(results, errors)

    def _one(self, kind: str, one: Input, verb: str) -> Mapping[str, object]:
        trace = {"objectWriteTraceId": one.objectWriteTraceId} if one.objectWriteTraceId else {}
        if verb == "upsert":
            record, new = self.portal.upsert(kind, one.id, one.idProperty, one.properties)
            forgotten: Mapping[str, object] = {"properties": {}} if self.forgetful else trace
            return {**record.json(), "new": new, **forgotten}
        found = self.portal.find(kind, one.id, one.idProperty)
        if found is None:
            raise Refused("OBJECT_NOT_FOUND", f"Could not get some {kind.upper()} objects, they may be deleted")
        return self.portal.change(kind, found, one.properties).json() | trace

    def _undo(self, kind: str, before: Mapping[str, dict[str, str]]) -> None:
        records = self.portal.records[kind]
        for key in list(records):
            if key in before:
                records[key].properties = before[key]
            else:
                del records[key]

    async def _read(self, request: web.Request) -> web.Response:
        kind, batch = request.match_info["kind"], request[EXCHANGE].read(Batch)
        if fault := twice(batch):
            return self.refusal(400, fault)
        try:
            found = [(one.id, self.portal.find(kind, one.id, batch.idProperty)) for one in batch.inputs]
        except Refused as error:
            return self._refused(error)
        # Not in the order asked for, as in HubSpot.
        rows = sorted((record for _, record in found if record is not None), key=lambda record: record.id)
        results = []
        for record in rows:
            whole = record.json()
            shown = {name: record.properties.get(name) for name in (*batch.properties, "hs_object_id")}
            results.append(whole | {"properties": shown | {"hs_object_id": record.id}})
        missing = [asked for asked, record in found if record is None]
        absent = Refused("OBJECT_NOT_FOUND", f"Could not get some {kind.upper()} objects, they may be deleted")
        return answer(results, [error_json(absent, missing)] if missing else [])

    async def _associate(self, request: web.Request) -> web.Response:
        kind, to = request.match_info["kind"], request.match_info["to"]
        results: list[Mapping[str, object]] = []
        errors: list[Mapping[str, object]] = []
        for one in request[EXCHANGE].read(Pairs).inputs:
            try:
                linked = self.portal.associate(kind, one.source.id, to, one.to.id)
            except Refused as error:
                errors.append(error_json(error, [one.source.id]))
                continue
            spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": linked}
            results.append({"from": {"id": one.source.id}, "to": {"id": one.to.id}, "associationSpec": spec})
        return answer(results, errors, 200)

    async def _properties(self, request: web.Request) -> web.Response:
        return web.json_response({"results": [one.json() for one in self._kind(request).values()]})

    async def _property(self, request: web.Request) -> web.Response:
        found = self._kind(request).get(request.match_info["name"])
        return self.refusal(404, "no such property") if found is None else web.json_response(found.json())

    async def _make_property(self, request: web.Request) -> web.Response:
        known, made = self._kind(request), request[EXCHANGE].read(Made)
        if made.name in known:
            return self.refusal(409, f"A property named {made.name} already exists")
        if made.groupName not in self.portal.groups[request.match_info["kind"]]:
            return self.refusal(400, f"the group {made.groupName} does not exist")
        options = tuple((str(option["value"]), str(option["label"])) for option in made.options)
        one = Property(made.name, made.type, made.fieldType, made.label, made.groupName, options, made.hasUniqueValue)
        known[made.name] = one
        return web.json_response(one.json(), status=201)

    async def _change_property(self, request: web.Request) -> web.Response:
        found = self._kind(request).get(request.match_info["name"])
        if found is None:
            return self.refusal(404, "no such property")
        options = request[EXCHANGE].read(Made).options
        found.options = tuple((str(option["value"]), str(option["label"])) for option in options)
        return web.json_response(found.json())

    async def _groups(self, request: web.Request) -> web.Response:
        self._kind(request)
        names = sorted(self.portal.groups[request.match_info["kind"]])
        return web.json_response({"results": [group_json(name, name) for name in names]})

    async def _make_group(self, request: web.Request) -> web.Response:
        self._kind(request)
        made = request[EXCHANGE].read(Made)
        self.portal.groups[request.match_info["kind"]].add(made.name)
        return web.json_response(group_json(made.name, made.label), status=201)

    def _kind(self, request: web.Request) -> dict[str, Property]:
        found = self.portal.properties.get(request.match_info["kind"])
        if found is None:
            raise web.HTTPNotFound(reason="no such object")
        return found

    def _refused(self, error: Refused) -> web.Response:
        body = {"status": "error", "message": error.message, "category": error.category, "correlationId": CORRELATION}
        return web.json_response(body | ({"errors": list(error.details)} if error.details else {}), status=400)
