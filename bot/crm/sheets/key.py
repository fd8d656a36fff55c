"""The key of a Google service account: what Google's console gives as a JSON file, signed with by google-auth.

The token endpoint is asked by the shared client, so that its proxy, certificates and limits hold for log-ins too.
Source: developers.google.com/identity/protocols/oauth2/service-account.
"""

from collections.abc import Callable, Mapping

import msgspec

from bot.crm.http.oauth import Grant
from bot.errors import Unauthorized

TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address, not a secret
SCOPE = "https://www.googleapis.com/auth/spreadsheets"
LIFE = 3_600
"""Seconds an assertion is valid; the most that Google accepts."""
HOW = (
    "make one at console.cloud.google.com, IAM & Admin, Service accounts, Keys, Add key, JSON, and name the file in "
    "`login: {key_file: ...}`"
)


class _Key(msgspec.Struct):
    client_email: str
    private_key: str
    private_key_id: str = ""


class ServiceAccount:
    """Reads its key at each log-in, so that a new key needs no restart."""

    def __init__(self, read: Callable[[], bytes]) -> None:
        """`read` raises OSError where there is none."""
        self._read = read
        self.address = ""
        """Whom a sheet is shared with; known once `key` or a log-in has read it."""

    def grant(self) -> Grant:
        return Grant(self._form)

    def key(self) -> _Key:
        """Raises Unauthorized where it cannot be read or is none."""
        try:
            found = msgspec.json.decode(self._read(), type=_Key)
        except OSError as error:
            raise Unauthorized(f"the service account's key cannot be read: {error.strerror}; {HOW}") from None
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise Unauthorized(f"it is no key of a service account; {HOW}") from None
        self.address = found.client_email
        return found

    def _form(self, now: int, _newest: str) -> Mapping[str, str]:
        from google.auth import crypt, jwt  # noqa: PLC0415 - 90 ms with its cryptography, only where it logs in

        # Both are public and documented, but google-auth gives them no types.
        load: Callable[[str, str | None], object] = crypt.RSASigner.from_string
        encode: Callable[[object, Mapping[str, str | int]], bytes] = jwt.encode
        key = self.key()
        claims: Mapping[str, str | int] = {
            "iss": key.client_email,
            "aud": TOKEN_URL,
            "scope": SCOPE,
            "iat": now,
            "exp": now + LIFE,
        }
        try:
            signed = encode(load(key.private_key, key.private_key_id or None), claims)
        except ValueError:
            raise Unauthorized(f"the private key of the service account cannot be read; {HOW}") from None
        return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": signed.decode()}
