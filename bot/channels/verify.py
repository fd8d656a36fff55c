"""Proofs that a channel checks without a look-up: chat tokens, link signatures and identity tokens.

- A chat token is `<chat>.<mac>`; the mac is HMAC-SHA256 of the chat's id under the first secret. Every secret of the
  list is accepted, so a secret is rotated by putting the new one first. Comparisons take constant time.
- A link signature covers chat, step and link, so a link works for its chat alone and none can be made up.
- An identity token is a JWT (HS256 and nothing else) with `exp`; what it says of a person is proven.
"""

import hmac
import re
from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from bot.errors import ChatsurveyError
from bot.model import Fact

if TYPE_CHECKING:
    from jwt.types import Options

_LONGEST_IDENTITY = 8_192
_LONGEST_CHAT = 64
"""Characters; ids have 26. Longer ones are made up, and would only fill the memory of tokens."""
_LONGEST_FACT = 300
MOST_FACTS = 40
_UNKEPT = re.compile("[\0\ud800-\udfff]")
"""What no store can keep: NUL, and halves of characters."""
_NO_FACTS = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti", "contact"})
"""Claims about the token itself (RFC 7519), and the one that may hold all facts in one table."""
_FACT_NAMES = {"sub": "id", "given_name": "first_name", "family_name": "last_name", "phone_number": "phone"}
"""Registered claims (OpenID Connect Core 5.1) that the flow language knows by a shorter name."""


class NotProven(ChatsurveyError):
    """The identity token is not one of ours, or it is too old. The text says which."""


class Tokens:
    """Chat tokens and link signatures under a list of secrets; the first signs."""

    __slots__ = ("_keys", "_token")

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets:
            raise ValueError("at least one secret is needed to sign chat tokens")
        self._keys = tuple(secret.encode() for secret in secrets)
        # A chat answers several times within minutes: remembering its token spares 3 us each time.
        self._token = lru_cache(maxsize=4096)(_token)

    def token(self, chat: str) -> str:
        return self._token(self._keys[0], chat).decode()

    def belongs(self, token: str, chat: str) -> bool:
        """Whether this is a token of this chat."""
        if len(chat) > _LONGEST_CHAT:
            return False
        given = token.encode("utf-8", "replace")
        for key in self._keys:  # noqa: SIM110 - a generator costs as much as the comparison
            if hmac.compare_digest(given, self._token(key, chat)):
                return True
        return False

    def chat_of(self, token: str) -> str:
        """The chat that a token is for; empty where it is none of ours."""
        chat = token.partition(".")[0]
        return chat if chat and self.belongs(token, chat) else ""

    def signature(self, chat: str, ref: str) -> str:
        """Of a link; `ref` is `step/link key`."""
        return _mac(self._keys[0], f"{chat}/{ref}")[:22]

    def signed(self, signature: str, chat: str, ref: str) -> bool:
        given = signature.encode("utf-8", "replace")
        return any(hmac.compare_digest(given, _mac(key, f"{chat}/{ref}")[:22].encode()) for key in self._keys)


def _token(key: bytes, chat: str) -> bytes:
    return f"{chat}.{_mac(key, chat)}".encode("utf-8", "replace")


_URL_SAFE = bytes.maketrans(b"+/", b"-_")


@lru_cache(maxsize=16)  # a key is prepared once: half of what a mac costs
def _keyed(key: bytes) -> hmac.HMAC:
    return hmac.new(key, digestmod="sha256")


def _mac(key: bytes, text: str) -> str:
    mac = _keyed(key).copy()
    mac.update(text.encode("utf-8", "replace"))
    digest = mac.digest()
    # 43 characters, as base64.urlsafe_b64encode gives them, in a third of its time.
    return b2a_base64(digest, newline=False).translate(_URL_SAFE, b"=").decode()


def identity(token: str, keys: Sequence[str], now: int) -> Mapping[str, Fact]:
    """The proven facts of an identity token: its claims, and those under `contact`. `now` is in milliseconds.

    Raises NotProven where no key fits, `exp` is missing or past, or the algorithm is another than HS256.
    """
    import jwt  # noqa: PLC0415 - costs 60 ms of start-up (it brings cryptography) and most sites send no identity

    if len(token) > _LONGEST_IDENTITY:
        raise NotProven("The identity token is too long.")
    # The times are compared below, with the clock of the service, which the library cannot be given.
    options: Options = {
        "require": ["exp"],
        "verify_exp": False,
        "verify_nbf": False,
        "verify_iat": False,
        "verify_aud": False,
        # Shops number their customers: a `sub` that is no text is still who it is.
        "verify_sub": False,
        "verify_jti": False,
    }
    for key in keys:
        try:
            claims = jwt.decode(token, key, algorithms=["HS256"], options=options)
        except jwt.MissingRequiredClaimError:
            raise NotProven("The identity token has no `exp`: one that never ends would prove too much.") from None
        except jwt.PyJWTError:  # also a key that no HMAC can be made with
            continue
        _in_time(claims, now // 1000)
        return _facts(claims)
    raise NotProven("The identity token was not signed with a key of this service.")


def _in_time(claims: Mapping[str, object], now: int, leeway: int = 60) -> None:
    end, begin = claims.get("exp"), claims.get("nbf", 0)
    if not isinstance(end, int | float) or not isinstance(begin, int | float):
        raise NotProven("`exp` and `nbf` of the identity token must be numbers of seconds.")
    if not end >= now - leeway:  # so that NaN, which some JSON holds, is no time either
        raise NotProven("The identity token has expired.")
    if not begin <= now + leeway:
        raise NotProven("The identity token is not valid yet.")


def _facts(claims: Mapping[str, object]) -> Mapping[str, Fact]:
    said: dict[str, object] = {name: value for name, value in claims.items() if name not in _NO_FACTS}
    more = claims.get("contact")
    if isinstance(more, Mapping):
        said.update({str(name): value for name, value in more.items()})
    facts: dict[str, Fact] = {}
    for name, value in said.items():
        if len(facts) < MOST_FACTS and (text := fact_text(value)) and is_fact_name(name):
            facts[_FACT_NAMES.get(name, name)] = Fact(text, proven=True)
    return facts


def is_fact_name(name: str) -> bool:
    return len(name) <= 40 and name.isascii() and name.isidentifier()


def fact_text(value: object) -> str:
    """A fact as text; empty for what is none: a table, a list, or a text that is too long
    or that no store can keep."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        return ""
    text = str(value).strip()
    return "" if len(text) > _LONGEST_FACT or _UNKEPT.search(text) else text
