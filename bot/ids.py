"""Ids of chats: 26 characters that cannot be guessed. On the web they sort by time (48 bits of milliseconds, 80 random
bits); at an address on a messaging channel they follow from the chat before, so that it has one active chat."""

import os
from base64 import b32encode
from hashlib import blake2b, sha256

_TO_CROCKFORD = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789abcdefghjkmnpqrstvwxyz")


def new_id(now: int) -> str:
    """An id for something that begins at `now`; in Crockford's base32, lower case, as UUIDv7 lays its bits."""
    return b32encode(now.to_bytes(6, "big") + os.urandom(10)).translate(_TO_CROCKFORD)[:26].decode("ascii")


def next_id(channel: str, peer: str, before: str, salt: bytes) -> str:
    """The id of the chat that comes after chat `before` (empty: none) at this address.

    Everybody who begins it finds the same id, so of those who try at once one does. Without `salt` it cannot be
    guessed."""
    name = "\n".join((channel, peer, before)).encode("utf-8", "replace")
    digest = blake2b(name, digest_size=16, key=sha256(salt).digest(), person=b"chat").digest()
    return b32encode(digest).translate(_TO_CROCKFORD)[:26].decode("ascii")
