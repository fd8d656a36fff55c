"""OAuth 2 tokens: client credentials, a refresh token, or a JWT signed by our key (RFC 6749, RFC 7523).

- Tokens are in memory only. One is taken anew a minute before it expires, or when it was refused.
- One login at a time: whoever needs a token meanwhile waits for the same one, and shares its failure.
- Logins are few whatever happens: BURST at once, then one every PAUSE seconds. A service that refuses every token it
  gave, or every login, is not asked again and again: beyond that number Unauthorized is raised without asking.
- What a token endpoint's answer means: 429 Throttled; 408, 425 and 5xx Retryable; any other refusal is Unauthorized,
  since a person has to mend it (invalid_client, invalid_grant, invalid_scope).
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from bot.crm.config import Connection
from bot.crm.http.answer import Answer, judged
from bot.crm.http.client import Client
from bot.errors import DeliveryError, Permanent, Retryable, Throttled, Unauthorized

MARGIN = 60.0
"""Seconds before its end at which a token is no longer used; of a short-lived one, half its life."""
LIFE = 3_600.0
"""Seconds that a token is used whose life the answer does not tell."""
LONGEST = 365 * 86_400.0
"""Seconds; a longer life, or an endless one, is as good."""
BURST = 10
PAUSE = 30.0
JWT_LIFE = 180
"""Seconds: Salesforce accepts at most three minutes, others five or more."""


class Granted(msgspec.Struct, frozen=True):
    """A token endpoint's answer, as far as anyone here reads it."""

    access_token: str
    expires_in: float | str | None = None
    refresh_token: str = ""
    instance_url: str = ""
    """Salesforce: where the API of this organisation is."""
    id: str = ""
    """Salesforce: an address that ends with the id of the user."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What is asked of the token endpoint. `form` is called in a thread for each login, with the time in seconds and
    the newest refresh token (empty before the first answer)."""

    form: Callable[[int, str], Mapping[str, str]] = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)


def _without_empty(**form: str) -> Mapping[str, str]:
    return {name: value for name, value in form.items() if value}


def client_credentials(client_id: str, client_secret: str, *, scope: str = "", audience: str = "") -> Grant:
    form = _without_empty(
        grant_type="client_credentials",
        client_id=client_id,
        client_secret=client_secret,
        scope=scope,
        audience=audience,
    )
    return Grant(lambda _now, _newest: form, (client_secret,))


def refresh_token(token: str, client_id: str, client_secret: str = "", *, scope: str = "") -> Grant:
    """A service may give another refresh token with each answer: the newest is used, as long as the process lives."""

    def form(_now: int, newest: str) -> Mapping[str, str]:
        return _without_empty(
            grant_type="refresh_token", refresh_token=newest or token,
            client_id=client_id, client_secret=client_secret, scope=scope,
        )  # fmt: skip

    return Grant(form, (token, client_secret))


def jwt_bearer(key: str, *, issuer: str, subject: str, audience: str, scope: str = "", key_id: str = "") -> Grant:
    """`key` is an RSA private key in PEM; it signs with RS256. Raises Unauthorized at the login if it is none."""

    def form(now: int, _newest: str) -> Mapping[str, str]:
        import jwt  # noqa: PLC0415 - 60 ms with its cryptography, only where a writer logs in this way

        claims = {
            **_without_empty(iss=issuer, sub=subject, aud=audience, scope=scope),
            "iat": now,
            "exp": now + JWT_LIFE,
        }
        try:
            signed = jwt.encode(claims, key, algorithm="RS256", headers={"kid": key_id} if key_id else None)
        except (ValueError, TypeError, jwt.PyJWTError):
            raise Unauthorized("the private key is no RSA key in PEM that can be read") from None
        return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": signed}

    return Grant(form, (key,))


class OAuth:
    """A `bot.crm.http.client.Token`. `url` is the token endpoint; what else it wants in the form is in `extra`."""

    def __init__(
        self,
        connection: Connection,
        url: str,
        grant: Grant,
        *,
        name: str,
        clock: Callable[[], int],
        scheme: str = "Bearer",
        extra: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`headers` go with every request beside the token, such as an API key's."""
        self._url, self._grant, self._clock, self._scheme = url, grant, clock, scheme
        self._extra, self._headers = dict(extra or {}), dict(headers or {})
        self._client = Client(connection, name=name, clock=clock, judge=_login_judged, secrets=grant.secrets)
        self._name = name
        self._granted: Granted | None = None
        self._until = 0
        self._newest = ""
        self._login: asyncio.Task[Granted] | None = None
        self._refused = False
        self._left, self._counted = float(BURST), clock()

    async def headers(self) -> Mapping[str, str]:
        granted = await self.granted()
        return {**self._headers, "authorization": f"{self._scheme} {granted.access_token}"}

    async def granted(self) -> Granted:
        """The answer that holds the token in use. Raises as `headers`."""
        if self._granted is not None and self._clock() < self._until:
            return self._granted
        if self._login is None:
            self._login = asyncio.create_task(self._log_in())
            self._login.add_done_callback(self._done)
        return await asyncio.shield(self._login)

    def renew(self) -> None:
        self._granted = None
        self._refused = True

    async def close(self) -> None:
        if (login := self._login) is not None:
            login.cancel()
            await asyncio.wait([login])
        await self._client.close()

    def _done(self, task: asyncio.Task[Granted]) -> None:
        self._login = None
        if not task.cancelled():
            task.exception()  # whoever waited for it has it; else it would be reported as never looked at

    async def _log_in(self) -> Granted:
        now = self._clock()
        self._left = min(float(BURST), self._left + max(0, now - self._counted) / 1000 / PAUSE)
        self._counted = now
        if self._left < 1:
            if self._refused:
                raise Unauthorized(f"{self._name} refuses us again and again; the next login is made later")
            raise Throttled(f"too many logins at {self._name}", (1 - self._left) * PAUSE)
        self._left -= 1
        try:
            granted = await self._ask(now // 1000)
        except DeliveryError as error:
            self._refused = isinstance(error, Unauthorized)
            raise
        life = _life(granted)
        self._granted, self._until = granted, now + int(1000 * max(life - MARGIN, life / 2))
        self._newest = granted.refresh_token or self._newest
        return granted

    async def _ask(self, now: int) -> Granted:
        form = await asyncio.to_thread(self._grant.form, now, self._newest)
        answer = await self._client.send("POST", self._url, form={**form, **self._extra}, safe=True)
        granted = answer.read(Granted)
        if not granted.access_token or not granted.access_token.isascii() or not granted.access_token.isprintable():
            raise answer.fault(Retryable("the answer to a login holds no token"))
        return granted


def _life(granted: Granted) -> float:
    try:
        return min(LONGEST, max(1.0, float(granted.expires_in))) if granted.expires_in is not None else LIFE
    except ValueError:
        return LIFE


def _login_judged(answer: Answer) -> DeliveryError | None:
    found = judged(answer)
    mendable = isinstance(found, Permanent | Unauthorized) or answer.status in (409, 423)
    return Unauthorized(f"the login was refused: {found}") if mendable else found
