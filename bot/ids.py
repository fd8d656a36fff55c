"""Ids of chats: 26 characters that cannot be guessed. On the web they sort by time (48 bits of milliseconds, 80 random
bits); at an address on a messaging channel they follow from the chat before, so that it has one active chat."""

import os
from hashlib import blake2b, sha256

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]
"""Two characters, 10 bits: a fifth of what the standard library's base32 takes for an id."""


def new_id(now: int) -> str:
    """An id for something that begins at `now`; in Crockford's base32, lower case, as UUIDv7 lays its bits."""
    return _text(now << 80 | int.from_bytes(os.urandom(10), "big"))


def next_id(channel: str, peer: str, before: str, salt: bytes) -> str:
    """The id of the chat that comes after chat `before` (empty: none) at this address.

    Everybody who begins it finds the same id, so of those who try at once one does. Without `salt` it cannot be
    guessed."""
    name = "\n".join((channel, peer, before)).encode("utf-8", "replace")
    return _text(
        int.from_bytes(blake2b(name, digest_size=16, key=sha256(salt).digest(), person=b"chat").digest(), "big")
    )


def _text(bits: int) -> str:
    """128 bits as 26 characters."""
    bits <<= 2
    return "".join([_PAIRS[bits >> shift & 1023] for shift in range(120, -1, -10)])
