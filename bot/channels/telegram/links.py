"""Deep links: what `t.me/<bot>?start=<payload>` carries. Pure.

A payload has at most 64 characters of A-Z a-z 0-9 _ -. Flow, language and campaign fit as they are, signed: `s`, then
base64url of `flow language campaign` with tabs between, then 12 characters of an HMAC. A link for one person is stored
under a random name (a document of the kind `link`) and carries that: `l`, name, 12 characters. A payload that is
neither signed by us nor known is like none at all.
"""

import binascii
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct, field

LONGEST = 64
DOC = "link"
"""The kind of the document of a stored link; its id is the link's name."""
_MAC = 12


class DeepLink(Struct, frozen=True):
    """What a link says about a chat that begins with it."""

    flow: str = ""
    locale: str = ""
    campaign: str = ""
    contact: Mapping[str, str] = field(default_factory=dict)
    """Proven facts: whoever made the link sent it to this person."""


def payload_of(link: DeepLink, secret: str) -> str:
    """The payload that carries it; empty where it does not fit, or holds what must not stand in a link."""
    text = "\t".join((link.flow, link.locale, link.campaign))
    if link.contact or text.count("\t") != 2:
        return ""
    body = "s" + urlsafe_b64encode(text.encode("utf-8", "replace")).decode().rstrip("=")
    payload = body + _mac(secret, body)
    return payload if len(payload) <= LONGEST else ""


def stored_payload(name: str, secret: str) -> str:
    """For a stored link; `name` has letters, digits, - and _ only."""
    return f"l{name}{_mac(secret, 'l' + name)}"


def read_payload(payload: str, secrets: Sequence[str]) -> DeepLink | str | None:
    """What the payload carries, or the name of a stored link; None where it is none of ours."""
    body, mac = payload[:-_MAC], payload[-_MAC:].encode("utf-8", "replace")
    if len(body) < 2 or not any(hmac.compare_digest(mac, _mac(secret, body).encode()) for secret in secrets):
        return None
    if body[0] == "l":
        return body[1:]
    try:
        flow, locale, campaign = urlsafe_b64decode(body[1:] + "=" * (-len(body[1:]) % 4)).decode().split("\t")
    except (ValueError, binascii.Error):
        return None
    return DeepLink(flow, locale, campaign)


def packed(link: DeepLink) -> bytes:
    return msgspec.json.encode(link)


def unpacked(body: bytes) -> DeepLink | None:
    try:
        return msgspec.json.decode(body, type=DeepLink)
    except ValueError:
        return None


def hook_names(token: str, secret: str) -> tuple[str, str]:
    """The last part of the web hook's path and its secret token: neither can be guessed, and one does not tell the
    other."""
    return _mac(secret, f"path of the web hook of {token}", 32), _mac(secret, f"token of the web hook of {token}", 43)


def _mac(secret: str, text: str, length: int = _MAC) -> str:
    digest = hmac.digest(secret.encode(), f"telegram {text}".encode("utf-8", "replace"), "sha256")
    return urlsafe_b64encode(digest).decode().rstrip("=")[:length]
