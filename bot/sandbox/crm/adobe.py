"""A stand-in of Adobe Campaign Standard: profiles and events of one organisation.

As the vendor's pages say: byText finds whatever holds a text in the address or the last name; an attribute that the
resource does not have is refused with 500; an address that leads nowhere, another organisation's too, is 500 "Oops";
a token that ended is 401013. The same event twice is two messages.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import TypeAlias

import msgspec
from aiohttp import web

from bot.crm.config import WriterConfig
from bot.sandbox.crm.standin import EXCHANGE, Check, Exchange, StandIn, Table, nothing

ORGANIZATION = "geometrixx"
CLIENT, SECRET = "0f3adobe9c1client7d", "p8e-stand-in-secret"
STANDARD = ("email", "firstName", "lastName", "birthDate", "phone", "mobilePhone", "gender", "preferredLanguage")
CUSTOM = (
    *("cusNpsScore", "cusNpsSegment", "cusNpsDetractor", "cusNpsPassive", "cusNpsPromoter"),
    *("cusNpsDate", "cusNpsReason", "cusNpsCase", "cusNpsChat", "cusCustomerId"),
)
KEY = "cusCustomerId"
"""The attribute that is set up as the custom key of profiles."""
EVENTS = ("EVTnpsDetractor", "EVTnpsPassive", "EVTnpsPromoter", "EVTnpsCallback")
LINES = 25  # of a page, as pagination.md says
FIXED = ("PKey", "href", "created", "age")
OOPS = "Oops. Something went wrong. Check your URI and try again."

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.Response]]

SETTINGS = """\
writers:
  adobe:
    login:
      client_id: "${ADOBE_CLIENT_ID}"
      client_secret: "${ADOBE_CLIENT_SECRET}"
      token_url: URL/ims/token/v3
    base_url: URL
    allow_private: true
    organization: geometrixx
    match: {email: contact.email}
    unknown: create
    fields:
      cusNpsScore: score
      cusNpsSegment: segment
      cusNpsDetractor: segment | map(detractor=true, passive=false, promoter=false)
      cusNpsPassive: segment | map(detractor=false, passive=true, promoter=false)
      cusNpsPromoter: segment | map(detractor=false, passive=false, promoter=true)
      cusNpsDate: scored_at | date
      cusNpsReason: answers.reason | truncate(255)
      cusNpsCase: case.outcome
      cusNpsChat: chat
      firstName: contact.first_name
    events:
      - event: EVTnpsCallback
        on: [callback_requested]
        when: {segment: detractor, answers.callback: call}
        fields: {score: score, phone: callback.phone, when: callback.at}
      - {event: EVTnpsDetractor, when: {segment: detractor}, fields: {score: score}}
      - {event: EVTnpsPassive, when: {segment: passive}, fields: {score: score}}
      - {event: EVTnpsPromoter, when: {segment: promoter}, fields: {score: score}}
"""


class Sent(msgspec.Struct, frozen=True):
    """A transactional event as it was taken."""

    event: str
    email: str
    ctx: Mapping[str, object]
    expiration: str = ""


class Body(msgspec.Struct, frozen=True):
    ctx: dict[str, object]
    email: str = ""
    expiration: str = ""


class Adobe(StandIn):
    title = "Adobe Campaign Standard"
    login_path = "/ims/token/v3"
    prefix = "eyJ4NXUi"
    life = 86_399

    def __init__(self, check: Check = nothing, *, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(check, host=host, port=port)
        self.profiles: dict[str, dict[str, object]] = {}
        """By their automatic key."""
        self.events: list[Sent] = []
        self.organization, self.published, self.custom = ORGANIZATION, set(EVENTS), set(CUSTOM)
        self.keys = {KEY}
        self._number = count(1)

    def routes(self) -> Sequence[web.RouteDef]:
        root = "/{organization}/campaign"
        return [
            web.get(f"{root}/profileAndServices/profile/byText", self._ours(self._search)),
            web.post(f"{root}/profileAndServices/profile", self._ours(self._create)),
            web.get(f"{root}/profileAndServicesExt/profile/metadata", self._ours(self._metadata)),
            web.get(f"{root}/profileAndServicesExt/profile/{{key}}", self._ours(self._read)),
            web.patch(f"{root}/profileAndServicesExt/profile/{{key}}", self._ours(self._change)),
            web.post(f"{root}/{{api:mc.*}}/{{event}}", self._ours(self._event)),
            web.route("*", "/{nowhere:.*}", self._oops),
        ]

    def tables(self) -> Sequence[Table]:
        columns = (*STANDARD[:3], *CUSTOM)
        rows = [[_shown(profile.get(name)) for name in columns] for profile in self.profiles.values()]
        events = [[one.event, one.email, _shown(one.ctx), one.expiration] for one in self.events]
        return [
            Table("Profiles", columns, rows),
            Table("Transactional events", ("event", "email", "ctx", "expiration"), events),
        ]

    def settings(self) -> str:
        return SETTINGS.replace("URL", self.url)

    def environment(self) -> Mapping[str, str]:
        return {"ADOBE_CLIENT_ID": CLIENT, "ADOBE_CLIENT_SECRET": SECRET}

    def learn(self, config: WriterConfig) -> None:
        self.organization = config.text("organization")
        mapping = config.mapping
        named = {one.name for fields in mapping.fields.values() for one in fields}
        self.keys |= {name for match in mapping.match.values() for name in match if name.startswith("cus")}
        self.custom |= {name for name in named if name.startswith("cus")} | self.keys
        self.published |= {str(one.options["event"]) for one in mapping.sections.get("events", ())}

    def add(self, **attributes: object) -> str:
        """A profile that is there already; its automatic key."""
        number = next(self._number)
        key = f"@pk{number:04}_stand-in"
        self.profiles[key] = {**attributes, "created": f"2025-01-01 00:00:{number % 60:02}.000Z"}
        return key

    def knows(self, exchange: Exchange) -> bool:
        return super().knows(exchange) and exchange.headers.get("x-api-key") == CLIENT

    def login_fault(self, form: Mapping[str, str]) -> str:
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            return "invalid_client"
        return "" if form.get("grant_type") == "client_credentials" and form.get("scope") else "invalid_scope"

    def refusal(self, code: int, words: str) -> web.Response:
        if code == 401:
            return web.json_response({"error_code": "401013", "message": "Oauth token is not valid"}, status=401)
        return web.json_response({"error_code": f"{code}000", "message": words}, status=code)

    def _ours(self, handler: Handler) -> Handler:
        """The handler; another organisation's address leads nowhere."""

        async def ours(request: web.Request) -> web.Response:
            right = request.match_info["organization"] == self.organization
            return await (handler if right else self._oops)(request)

        return ours

    async def _oops(self, _request: web.Request) -> web.Response:
        return web.json_response({"code": 500, "message": OOPS}, status=500)

    async def _search(self, request: web.Request) -> web.Response:
        text = request.query.get("text", "").lower()
        found = [
            _json(key, one)
            for key, one in self.profiles.items()
            if text in str(one.get("email", "")).lower() or text in str(one.get("lastName", "")).lower()
        ]
        begin = int(request.query.get("_lineStart", "@0")[1:])
        page: dict[str, object] = {"content": found[begin : begin + LINES]}
        if begin + LINES < len(found):
            page["next"] = {"href": str(request.url.update_query(_lineStart=f"@{begin + LINES}"))}
        return web.json_response(page)

    async def _create(self, request: web.Request) -> web.Response:
        values = request[EXCHANGE].read(dict[str, object])
        if fault := self._fault(values):
            return self.refusal(500, fault)
        key = self.add(**values)
        return web.json_response(_json(key, self.profiles[key]), status=201)

    async def _read(self, request: web.Request) -> web.Response:
        key = self._key(request)
        if key is None:
            return self.refusal(404, "The requested object does not exist")
        return web.json_response(_json(key, self.profiles[key]))

    async def _change(self, request: web.Request) -> web.Response:
        key, values = self._key(request), request[EXCHANGE].read(dict[str, object])
        if key is None:
            return self.refusal(404, "The requested object does not exist")
        if fault := self._fault(values):
            return self.refusal(500, fault)
        self.profiles[key] |= values
        return web.json_response({"PKey": key, "href": f"{self.url}/{self.organization}/campaign/{key}"})

    async def _event(self, request: web.Request) -> web.Response:
        event, body = request.match_info["event"], request[EXCHANGE].read(Body)
        if "charset" not in request.headers.get("content-type", ""):
            return self.refusal(400, "the content type names no charset")
        if event not in self.published:
            return self.refusal(404, f"The event '{event}' is not published")
        self.events.append(Sent(event, body.email, body.ctx, body.expiration))
        at = datetime.now(UTC).isoformat(" ", "milliseconds").replace("+00:00", "Z")
        key = f"@ev{len(self.events):04}"
        made = {"PKey": key, "status": "pending", "href": f"mc{self.organization}/{event}/{key}", "created": at}
        return web.json_response(made, status=201)

    async def _metadata(self, _request: web.Request) -> web.Response:
        """As metadata-mechanism.md describes it: `content` holds the attributes by their API names."""
        content: dict[str, dict[str, object]]
        content = {name: {"apiName": name, "type": _type(name), "resType": _type(name)} for name in sorted(self.custom)}
        content |= {name: {"apiName": name, "type": "string", "dataPolicy": ""} for name in STANDARD}
        content["gender"] |= {"type": "enumeration", "values": {"unknown": {}, "male": {}, "female": {}}}
        content |= {name: {"apiName": name, "type": "string", "readOnly": True} for name in FIXED}
        content["services"] = {"apiName": "services", "type": "collection", "resTarget": "subscription"}
        return web.json_response({"content": content, "name": "profile", "schema": "nms:recipient", "type": "item"})

    def _fault(self, values: Mapping[str, object]) -> str:
        for name in values:
            if name in FIXED:
                return f"Cannot update the '{name}' property that is read-only"
            if name not in (*STANDARD, *self.custom):
                return f"'{name}' property is not valid for the 'profile' resource."
        return ""

    def _key(self, request: web.Request) -> str | None:
        """The automatic key of the profile that the address names by that or by its custom key."""
        named = request.match_info["key"]
        if named in self.profiles:
            return named
        return next((key for key, one in self.profiles.items() if named in map(one.get, self.keys)), None)


def _type(name: str) -> str:
    return "number" if name.endswith("Score") else "boolean" if name in CUSTOM[2:5] else "string"


def _json(key: str, profile: Mapping[str, object]) -> Mapping[str, object]:
    return {"PKey": key, "href": f"profileAndServices/profile/{key}", **profile}


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_shown(one)}" for name, one in value.items())
    return "" if value is None else str(value)
