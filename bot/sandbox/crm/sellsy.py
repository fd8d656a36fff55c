"""A stand-in of Sellsy (API v2): contacts, individuals, their custom fields, comments, tasks and smart tags.

Numbers of custom fields are texts, choices are ids of items, a task needs a label that exists, searches are exact, and
errors have Sellsy's form.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

import msgspec
from aiohttp import web

from bot.crm.config import WriterConfig
from bot.sandbox.crm.sellsy_account import Account, Left, Refused, made_for
from bot.sandbox.crm.standin import EXCHANGE, Check, StandIn, Table, nothing

CLIENT, SECRET = "sellsy-client-id", "sellsy-client-secret"
Handler: TypeAlias = Callable[[web.Request], Awaitable[web.Response]]

SEEK = "WyIx"
PERSON = ("email", "first_name", "last_name", "phone_number")
TASK = ("title", "due_date", "description")

SETTINGS = """\
writers:
  sellsy:
    login:
      client_id: "${SELLSY_CLIENT_ID}"
      client_secret: "${SELLSY_CLIENT_SECRET}"
      token_url: URL/oauth2/access-tokens
    base_url: URL/v2
    allow_private: true
    match: {email: contact.email}
    unknown: create
    fields:
      last_name: contact.last_name
      first_name: contact.first_name
      nps-score: score
      nps-segment: segment | labels(fr)
      nps-date: scored_at | date
      nps-reason: answers.reason | truncate(250)
    comment:
      on: [completed, abandoned]
      fields: {description: "NPS {{ score }} ({{ segment | labels(fr) }})\\n\\n{{ transcript }}\\n\\n{{ link }}"}
    task:
      label: Rappel
      fields:
        title: "Rappeler {{ callback.phone }}"
        description: "NPS {{ score }} : {{ quote }}"
        due_date: callback.at
"""


class Item(msgspec.Struct, frozen=True):
    id: int
    value: object = None


class Filters(msgspec.Struct, frozen=True):
    filters: dict[str, object]


class Object(msgspec.Struct, frozen=True):
    type: str
    id: int


class RelatedTo(msgspec.Struct, frozen=True):
    related_objects: list[Object]


class Related(msgspec.Struct, frozen=True):
    filters: RelatedTo


class Sellsy(StandIn):
    title = "Sellsy"
    login_path = "/oauth2/access-tokens"
    prefix = "def50200"
    life = 86_400

    def __init__(self, check: Check = nothing, *, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(check, host=host, port=port)
        self.account = Account()

    def routes(self) -> Sequence[web.RouteDef]:
        people = "/v2/{kind:contacts|individuals}"
        return [
            web.post(f"{people}/search", told(self._search)),
            web.post(people, told(self._create)),
            web.get(f"{people}/{{id:[0-9]+}}", told(self._read)),
            web.put(f"{people}/{{id:[0-9]+}}", told(self._change)),
            web.get(f"{people}/{{id:[0-9]+}}/custom-fields", told(self._values)),
            web.put(f"{people}/{{id:[0-9]+}}/custom-fields", told(self._set_values)),
            web.post("/v2/contacts/{id:[0-9]+}/smart-tags", told(self._tag)),
            web.get("/v2/custom-fields", told(self._custom_fields)),
            web.get("/v2/tasks/labels", told(self._labels)),
            web.post("/v2/{what:comments|tasks}/search", told(self._search_left)),
            web.post("/v2/{what:comments|tasks}", told(self._leave)),
            web.put("/v2/tasks/{id:[0-9]+}", told(self._change_task)),
        ]

    def tables(self) -> Sequence[Table]:
        fields = self.account.fields
        people = [
            (
                one.kind,
                *(str(one.standard.get(name) or "") for name in PERSON),
                *(known.shown(one.custom[known.id]) if known.id in one.custom else "" for known in fields),
                ", ".join(one.tags),
            )
            for one in self.account.people.values()
        ]
        comments = [(str(one.values["description"]), _related(one)) for one in self.account.comments.values()]
        tasks = [
            (*(str(one.values.get(name, "")) for name in TASK), _related(one)) for one in self.account.tasks.values()
        ]
        return [
            Table("Contacts and individuals", ("kind", *PERSON, *(known.code for known in fields), "tags"), people),
            Table("Comments", ("description", "of"), comments),
            Table("Tasks", (*TASK, "of"), tasks),
        ]

    def settings(self) -> str:
        return SETTINGS.replace("URL", self.url)

    def environment(self) -> Mapping[str, str]:
        return {"SELLSY_CLIENT_ID": CLIENT, "SELLSY_CLIENT_SECRET": SECRET}

    def learn(self, config: WriterConfig) -> None:
        for kind, fields in config.mapping.fields.items():
            places = ("contact",) if kind == "contact" else ("client", "prospect", "supplier")
            self.account.learn({one.name: made_for(one, places) for one in fields})
        for task in config.mapping.sections.get("task", ()):
            if label := str(task.options.get("label", "")):
                self.account.labels.setdefault(label, 900 + len(self.account.labels))

    def login_fault(self, form: Mapping[str, str]) -> str:
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            return "invalid_client"
        return "" if form.get("grant_type") == "client_credentials" else "unsupported_grant_type"

    def refusal(self, code: int, words: str) -> web.Response:
        return _refused(Refused(code, words))

    async def _search(self, request: web.Request) -> web.Response:
        found = self.account.search(_kind(request), request[EXCHANGE].read(Filters).filters)
        return _page(request, [one.json() for one in found])

    async def _create(self, request: web.Request) -> web.Response:
        made = self.account.add(_kind(request), request[EXCHANGE].read(dict[str, object]))
        return web.json_response(made.json(), status=201)

    async def _read(self, request: web.Request) -> web.Response:
        return web.json_response(self.account.person(*_who(request)).json())

    async def _change(self, request: web.Request) -> web.Response:
        changed = self.account.change(*_who(request), request[EXCHANGE].read(dict[str, object]))
        return web.json_response(changed.json())

    async def _values(self, request: web.Request) -> web.Response:
        person = self.account.person(*_who(request))
        return _page(request, [one.json() | {"value": person.custom.get(one.id)} for one in self.account.fields])

    async def _set_values(self, request: web.Request) -> web.Response:
        values = {one.id: one.value for one in request[EXCHANGE].read(list[Item])}
        self.account.set_custom(*_who(request), values)
        return web.json_response([{"id": key, "value": value} for key, value in values.items()])

    async def _tag(self, request: web.Request) -> web.Response:
        person = self.account.person("contact", int(request.match_info["id"]))
        wanted = [str(one["value"]) for one in request[EXCHANGE].read(list[dict[str, object]])]
        person.tags += [one for one in wanted if one not in person.tags]
        return _page(request, [{"id": number, "value": tag} for number, tag in enumerate(person.tags, 1)])

    async def _custom_fields(self, request: web.Request) -> web.Response:
        return _page(request, [one.json() for one in self.account.fields])

    async def _labels(self, request: web.Request) -> web.Response:
        return _page(
            request,
            [
                {"id": number, "name": name, "is_active": True, "rank": number}
                for name, number in self.account.labels.items()
            ],
        )

    async def _search_left(self, request: web.Request) -> web.Response:
        wanted = [(one.type, one.id) for one in request[EXCHANGE].read(Related).filters.related_objects]
        return _page(request, [one.json() for one in self.account.left(request.match_info["what"], wanted)])

    async def _leave(self, request: web.Request) -> web.Response:
        values = request[EXCHANGE].read(dict[str, object])
        related = msgspec.convert(values.pop("related"), list[Object])
        made = self.account.leave(request.match_info["what"], values, (related[0].type, related[0].id))
        return web.json_response(made.json(), status=201)

    async def _change_task(self, request: web.Request) -> web.Response:
        found = self.account.tasks.get(int(request.match_info["id"]))
        if found is None:
            return self.refusal(404, "Not Found")
        values = request[EXCHANGE].read(dict[str, object])
        values.pop("related", None)
        found.values |= values
        return web.json_response(found.json())


def told(handler: Handler) -> Handler:
    """The handler that says what was refused."""

    async def tell(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except Refused as error:
            return _refused(error)

    return tell


def _kind(request: web.Request) -> str:
    return request.match_info["kind"].removesuffix("s")


def _who(request: web.Request) -> tuple[str, int]:
    return _kind(request), int(request.match_info["id"])


def _related(one: Left) -> str:
    return f"{one.related[0]} {one.related[1]}"


def _page(request: web.Request, found: Sequence[Mapping[str, object]]) -> web.Response:
    """One page by the "seek" method: `offset` says where the next one begins, also behind the last one."""
    limit, offset = int(request.query.get("limit", "25")), request.query.get("offset", "")
    begin = int(offset.removeprefix(SEEK) or "0")
    page = list(found[begin : begin + limit])
    pagination = {"limit": limit, "count": len(page), "total": len(found), "offset": f"{SEEK}{begin + len(page)}"}
    return web.json_response({"data": page, "pagination": pagination})


def _refused(error: Refused) -> web.Response:
    body = {"code": error.code, "message": error.message, "context": error.context, "details": error.details}
    return web.json_response({"error": body}, status=error.code)
