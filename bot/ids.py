"""Ids of chats: 26 characters that sort by time and cannot be guessed (48 bits of milliseconds, 80 random bits)."""

import os
from base64 import b32encode

_TO_CROCKFORD = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789abcdefghjkmnpqrstvwxyz")


def new_id(now: int) -> str:
    """An id for something that begins at `now`; in Crockford's base32, lower case, as UUIDv7 lays its bits."""
    return b32encode(now.to_bytes(6, "big") + os.urandom(10)).translate(_TO_CROCKFORD)[:26].decode("ascii")
