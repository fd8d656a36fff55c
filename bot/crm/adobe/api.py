"""The calls of Adobe Campaign Standard that the writer makes, and what its errors mean.

`https://mc.adobe.io/<ORGANIZATION>/campaign/...`, with a bearer token of Adobe's identity service (client credentials)
and the client id again as X-Api-Key.
"""

import re
from collections.abc import Callable, Mapping

from msgspec import Struct, field

from bot.crm.base import FieldFacts, FieldType
from bot.crm.config import WriterConfig
from bot.crm.http.answer import said_by
from bot.crm.http.client import Answer, Client, segment
from bot.crm.http.oauth import OAuth, client_credentials
from bot.errors import DeliveryError, Permanent, Retryable, Unauthorized

TOKEN_URL = "https://ims-na1.adobelogin.com/ims/token/v3"  # noqa: S105 - an address
SCOPE = "openid,AdobeID,read_organizations,additional_info.projectedProductContext,campaign_sdk"
"""As the credential's page in the Developer Console lists them; a setting, since Adobe has changed them before."""
NOBODY = "nobody@chatsurvey.invalid"
PAGES = 5
"""Of a search that finds many texts which hold this address."""
STANDARD, EXTENDED = "profileAndServices/profile", "profileAndServicesExt/profile"

TYPES: Mapping[str, FieldType] = {
    **dict.fromkeys(("string", "memo"), "text"),
    **dict.fromkeys(("number", "float", "double"), "number"),
    **dict.fromkeys(("integer", "byte", "short", "long", "int64"), "integer"),
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
    "enumeration": "choice",
}
"""Of others, links and collections among them, nothing is said."""

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,199}")
"""A custom key that may stand in an address. One that begins with @ would be taken for an automatic one."""
_ATTRIBUTE = re.compile(r"property is not valid for|property that is read-only")
_EVENT = re.compile(r"EVT\w+")


class Profile(Struct, frozen=True):
    key: str = field(name="PKey", default="")
    """What stands in its address: the automatic key, or the custom one that it was found by."""
    email: str = ""
    created: str = ""


class Attribute(Struct, frozen=True):
    """As the resource's metadata describe it (metadata-mechanism.md)."""

    type: str = ""
    read_only: bool = field(name="readOnly", default=False)
    values: Mapping[str, object] | list[object] | None = None

    def facts(self) -> FieldFacts:
        options = tuple(self.values) if isinstance(self.values, Mapping) else ()
        return FieldFacts(TYPES.get(self.type, "other"), options=options, writable=not self.read_only)


class Metadata(Struct, frozen=True):
    content: Mapping[str, Attribute]


class Next(Struct, frozen=True):
    href: str = ""


class Page(Struct, frozen=True):
    content: tuple[Profile, ...]
    next: Next | None = None


def judge(answer: Answer) -> DeliveryError | None:
    """troubleshooting.md: 401013 is a token that ended; 403xxx is an integration that Adobe has not provisioned for
    this organisation; "Oops" with 500 or 502 is an address that leads nowhere, which a wrong organisation makes. An
    attribute that the resource does not have is a 500 too."""
    status, said = answer.status, said_by(answer.body)
    if status in (500, 502) and "oops" in said.lower():
        return Retryable(
            f"answered {status}: {said} (most likely `organization` is wrong: it is the name that the Developer"
            " Console shows beside Adobe Campaign, for a stage instance with -mkt-stage at its end)"
        )
    if status == 500 and _ATTRIBUTE.search(said):
        return Permanent(f"answered 500: {said}", "attribute")
    if status == 403:
        return Unauthorized(f"answered 403: {said} (the credential needs a product profile of this organisation)")
    return None


class Campaign:
    """One organisation."""

    def __init__(self, client: Client, base_url: str, organization: str, events_api: str) -> None:
        self._client, self._base = client, base_url
        self._root = f"{segment(organization)}/campaign"
        self._events = f"{self._root}/{segment(events_api or f'mc{organization}')}"

    @classmethod
    def of(cls, config: WriterConfig, clock: Callable[[], int]) -> "Campaign":
        client_id, secret = config.text("client_id"), config.secret("client_secret")
        token = OAuth(
            config.connection,
            config.text("token_url") or TOKEN_URL,
            client_credentials(client_id, secret, scope=config.text("scope") or SCOPE),
            name="Adobe",
            clock=clock,
        )
        headers = {"x-api-key": client_id, "cache-control": "no-cache"}
        client = Client(
            config.connection, name="Adobe", clock=clock, token=token, headers=headers, judge=judge,
            secrets=(client_id, secret),
        )  # fmt: skip
        return cls(client, config.connection.base_url, config.text("organization"), config.text("events_api"))

    async def reach(self) -> None:
        """Ask for nobody: the organisation, the token and its rights are right. Raises DeliveryError."""
        await self._search(NOBODY)

    async def find(self, person: Mapping[str, str]) -> Profile | None:
        """By the first of these that leads to a profile: `email` by search, any other is a custom key."""
        for name, value in person.items():
            found = await (self._search(value) if name == "email" else self._by_key(value))
            if found is not None:
                return found
        return None

    async def read(self, profile: Profile) -> Mapping[str, object]:
        """Its attributes, custom ones too, as they stand now."""
        path = f"{self._root}/{EXTENDED}/{segment(profile.key)}"
        answer = await self._client.send("GET", path, safe=True, personal=(profile.key,))
        return answer.read(dict[str, object])

    async def attributes(self) -> Mapping[str, FieldFacts]:
        """Of the profile as it was extended here, by API name."""
        answer = await self._client.send("GET", f"{self._root}/{EXTENDED}/metadata", safe=True)
        return {name: one.facts() for name, one in answer.read(Metadata).content.items()}

    async def create(self, values: Mapping[str, object]) -> Profile:
        """Raises Retryable without doubt: the next attempt looks for it first."""
        answer = await self._client.send("POST", f"{self._root}/{STANDARD}", json=values, safe=True)
        made = answer.read(Profile)
        if not made.key:
            raise answer.fault(Retryable("the answer to a new profile holds no PKey"))
        return Profile(made.key, str(values.get("email", "")))

    async def change(self, profile: Profile, values: Mapping[str, object]) -> None:
        path = f"{self._root}/{EXTENDED}/{segment(profile.key)}"
        await self._client.send("PATCH", path, json=values, safe=True, personal=(profile.key,))

    async def send(self, event: str, body: Mapping[str, object]) -> None:
        """Raises Retryable with `doubt` where it may have been taken."""
        if not _EVENT.fullmatch(event):
            raise Permanent(f"{event} is no event id: they begin with EVT", "event")
        kind = {"content-type": "application/json;charset=utf-8"}
        await self._client.send("POST", f"{self._events}/{event}", json=body, headers=kind)

    async def close(self) -> None:
        await self._client.close()

    async def _search(self, email: str) -> Profile | None:
        """byText finds whatever holds this text in an address or a name; equal ones only are meant."""
        query = {"text": email, "filterType": "email"}
        path = f"{self._root}/{STANDARD}/byText"
        answer = await self._client.send("GET", path, params=query, safe=True)
        same: list[Profile] = []
        for _ in range(PAGES):
            page = answer.read(Page)
            same += (one for one in page.content if one.email.strip().lower() == email.strip().lower())
            if same or page.next is None or not page.next.href.startswith(f"{self._base}/"):
                break
            answer = await self._client.send("GET", page.next.href, safe=True)
        return min(same, key=lambda one: (one.created or "9", one.key), default=None)

    async def _by_key(self, key: str) -> Profile | None:
        if not _KEY.fullmatch(key):
            return None
        try:
            path = f"{self._root}/{EXTENDED}/{segment(key)}"
            answer = await self._client.send("GET", path, safe=True, personal=(key,))
        except Permanent as error:
            if error.code == "status_404":
                return None
            raise
        found = answer.read(Profile)  # one without an automatic key is none: who types `metadata` finds the resource's
        return Profile(key, found.email) if found.key else None
