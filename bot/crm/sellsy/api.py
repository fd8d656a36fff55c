"""The calls of Sellsy's API v2 that the writer makes, and what its errors and quotas mean.

Errors are `{"error": {code, message, context, details: {field: message}}}`. A quota that is used up answers 429, and
the headers X-Quota-Remaining-By-Second, -Minute, -Day and -Month say which; every request counts, a refused one too.
402 is a limit of the plan: waiting does not help. Source: Sellsy API v2 reference, document version 2.222.0.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias, TypeVar

from msgspec import MsgspecError, Struct, field, json

from bot.crm.config import WriterConfig
from bot.crm.http.client import Answer, Client
from bot.crm.http.oauth import OAuth, client_credentials
from bot.crm.sellsy.fields import CustomField
from bot.errors import DeliveryError, Permanent, Retryable, Throttled, Unauthorized

Kind: TypeAlias = Literal["contact", "individual"]
T = TypeVar("T")

TOKEN_URL = "https://login.sellsy.com/oauth2/access-tokens"  # noqa: S105 - an address
QUOTAS = (("month", 21_600.0), ("day", 3_600.0), ("minute", 60.0), ("second", 1.0))
"""Seconds to wait where this quota is used up. Where a day or a month ends for Sellsy is not documented, so then it is
asked now and again."""
PAGE, PAGES = 100, 20
FILTERS: Mapping[Kind, tuple[str, ...]] = {
    "contact": ("email", "phone_number", "mobile_number"),
    "individual": ("email", "reference"),
}
"""By which a person can be looked for, all of them exact searches."""


class Ref(NamedTuple):
    """Somebody in Sellsy."""

    kind: Kind
    number: int


class Person(Struct, frozen=True):
    id: int
    email: str | None = None
    phone_number: str | None = None
    mobile_number: str | None = None
    reference: str | None = None
    is_archived: bool = False


class Note(Struct, frozen=True):
    """A comment or a task."""

    id: int
    description: str | None = None


class Label(Struct, frozen=True):
    id: int
    name: str = ""
    is_active: bool = True
    rank: int = 0


class Valued(CustomField, frozen=True, kw_only=True):
    value: object = None


class Pagination(Struct, frozen=True):
    offset: int | str | None = None


class People(Struct, frozen=True):
    data: tuple[Person, ...]
    pagination: Pagination = Pagination()


class Notes(Struct, frozen=True):
    data: tuple[Note, ...]
    pagination: Pagination = Pagination()


class Labels(Struct, frozen=True):
    data: tuple[Label, ...]
    pagination: Pagination = Pagination()


class Fields(Struct, frozen=True):
    data: tuple[CustomField, ...]
    pagination: Pagination = Pagination()


class Values(Struct, frozen=True):
    data: tuple[Valued, ...]
    pagination: Pagination = Pagination()


class Fault(Struct, frozen=True):
    message: str = ""
    context: str = ""
    details: Mapping[str, object] | list[object] | None = None


class Refusal(Struct, frozen=True):
    error: Fault = field(default_factory=Fault)


def judge(answer: Answer) -> DeliveryError | None:
    status = answer.status
    if status < 400 or status in (401, 408, 409):
        return None
    try:
        fault = json.decode(answer.body, type=Refusal).error
    except (MsgspecError, UnicodeDecodeError, RecursionError):
        fault = Fault()
    said = f"answered {status}" + (f": {fault.message}" if fault.message else "")
    if status == 429:
        return _throttled(answer)
    if status == 402:
        return Permanent(f"{said} (a limit of the Sellsy plan; waiting does not help)", "plan")
    if status == 403:
        return Unauthorized(f"{said} (the API client lacks a right: contacts, custom-fields, comments, tasks)")
    if status in (400, 422):
        details = fault.details if isinstance(fault.details, Mapping) else {}
        told = "; ".join(f"{name}: {words}" for name, words in list(details.items())[:10])
        return Permanent(f"{said} ({told})" if told else said, fault.context or f"status_{status}")
    return None


def _throttled(answer: Answer) -> Throttled:
    for window, wait in QUOTAS:
        left = answer.headers.get(f"x-quota-remaining-by-{window}", "")
        if left.lstrip("-").isdigit() and int(left) <= 0:
            return Throttled(f"answered 429: the requests of this {window} are used up", answer.wait or wait)
    return Throttled("answered 429", answer.wait)


class Sellsy:
    """One Sellsy account."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @classmethod
    def of(cls, config: WriterConfig, clock: Callable[[], int]) -> "Sellsy":
        client_id, secret = config.text("client_id"), config.secret("client_secret")
        url = config.text("token_url") or TOKEN_URL
        token = OAuth(config.connection, url, client_credentials(client_id, secret), name="Sellsy", clock=clock)
        return cls(
            Client(config.connection, name="Sellsy", clock=clock, token=token, judge=judge, secrets=(client_id, secret))
        )

    async def search(self, kind: Kind, by: str, value: str) -> Ref | None:
        """The one with this value; of several the first that is not archived."""
        if by not in FILTERS[kind]:
            raise Permanent(f"{kind}s cannot be looked for by {by}, only by {', '.join(FILTERS[kind])}", "match")
        wanted: object = [value] if by == "reference" else value
        found = await self._post(People, f"{kind}s/search", {"filters": {by: wanted}}, order="id")
        same = [p for p in found.data if str(getattr(p, by) or "").strip().lower() == value.strip().lower()]
        first = min(same, key=lambda one: (one.is_archived, one.id), default=None)
        return None if first is None else Ref(kind, first.id)

    async def create(self, kind: Kind, values: Mapping[str, object]) -> Ref:
        """Raises Retryable without doubt: the next attempt looks for the person first."""
        answer = await self._client.send("POST", f"{kind}s", json=values, safe=True)
        return Ref(kind, answer.read(Person).id)

    async def read(self, ref: Ref) -> Mapping[str, object]:
        """The standard fields by name and the custom ones by code, as they stand now."""
        answer = await self._client.send("GET", f"{ref.kind}s/{ref.number}", safe=True)
        standard = answer.read(dict[str, object])
        pages = await self._pages(Values, f"{ref.kind}s/{ref.number}/custom-fields")
        return standard | {one.code: one.value for page in pages for one in page.data}

    async def change(self, ref: Ref, values: Mapping[str, object]) -> None:
        await self._client.send("PUT", f"{ref.kind}s/{ref.number}", json=values, safe=True)

    async def change_custom(self, ref: Ref, values: Mapping[int, object]) -> None:
        body = [{"id": key, "value": value} for key, value in values.items()]
        await self._client.send("PUT", f"{ref.kind}s/{ref.number}/custom-fields", json=body, safe=True)

    async def tag(self, contact: int, tags: Sequence[str]) -> None:
        """Add smart tags to a contact; there is no call that takes one away."""
        await self._client.send(
            "POST", f"contacts/{contact}/smart-tags", json=[{"value": tag} for tag in tags], safe=True
        )

    async def custom_fields(self) -> Sequence[CustomField]:
        return [one for page in await self._pages(Fields, "custom-fields") for one in page.data]

    async def labels(self) -> Sequence[Label]:
        return [one for page in await self._pages(Labels, "tasks/labels") for one in page.data]

    async def having(self, what: Literal["comments", "tasks"], ref: Ref, mark: str) -> Sequence[int]:
        """Ids of this person's newest comments or tasks whose text holds `mark`, the oldest of them first."""
        body = {"filters": {"related_objects": [{"type": ref.kind, "id": ref.number}]}}
        page = await self._post(Notes, f"{what}/search", body, order="id", direction="desc")
        return sorted(one.id for one in page.data if mark in (one.description or ""))

    async def add(self, what: Literal["comments", "tasks"], body: Mapping[str, object]) -> int:
        """Raises Retryable with `doubt` where it may be there."""
        return (await self._client.send("POST", what, json=body)).read(Note).id

    async def change_task(self, task: int, body: Mapping[str, object]) -> None:
        await self._client.send("PUT", f"tasks/{task}", json=body, safe=True)

    async def close(self) -> None:
        await self._client.close()

    async def _post(self, type: type[T], path: str, body: object, **params: str) -> T:
        query = {"limit": str(PAGE), **params}
        return (await self._client.send("POST", path, params=query, json=body, safe=True)).read(type)

    async def _pages(self, type: type[T], path: str) -> Sequence[T]:
        """All pages of a list; `offset` is the one that the page before names."""
        found: list[T] = []
        params = {"limit": str(PAGE)}
        for _ in range(PAGES):
            answer = await self._client.send("GET", path, params=params, safe=True)
            found.append(answer.read(type))
            page = answer.read(Page)
            if len(page.data) < PAGE or page.pagination.offset is None:
                return found
            params["offset"] = str(page.pagination.offset)
        raise Retryable(f"{path} does not end after {PAGES} pages")


class Page(Struct, frozen=True):
    data: tuple[object, ...]
    pagination: Pagination = Pagination()
