"""The address of one response: what a writer puts beside its record, for whoever reads it there.

`<public_url>/responses/<chat>?key=<key>`. The key is an HMAC-SHA256 over the chat under the installation's secret, with
a purpose of its own (no chat token or link signature fits here, and the other way round): 192 bits, so who was not
given the address cannot find it. It opens that one response, for reading, for as long as the secret is in use: any
secret of the list verifies, the first one signs.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from urllib.parse import quote

ROUTE = "/responses/{chat}"
KEY_BYTES = 24
LONGEST_CHAT = 64
"""Characters; ids have 26."""
_PURPOSE = b"the page of one response\n"


def link_of(public_url: str, secret: str) -> Callable[[str], str]:
    """Chat -> the address of its response. `public_url` has no slash at the end."""

    def link(chat: str) -> str:
        return f"{public_url}/responses/{quote(chat, safe='')}?key={key_of(chat, secret)}"

    return link


def opens(key: str, chat: str, secrets: Sequence[str]) -> bool:
    """Whether this key was made for this chat under one of the secrets. Takes the same time wherever it differs."""
    if len(chat) > LONGEST_CHAT:
        return False
    given = key.encode("utf-8", "replace")
    return any(hmac.compare_digest(given, key_of(chat, secret).encode()) for secret in secrets)


def key_of(chat: str, secret: str) -> str:
    digest = hmac.digest(secret.encode(), _PURPOSE + chat.encode("utf-8", "replace"), "sha256")
    return urlsafe_b64encode(digest[:KEY_BYTES]).decode()
