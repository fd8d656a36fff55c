"""API keys: 256 random bits, shown once. What is stored is their hash, under which a key that is used is found in one
read; a hash of so much randomness needs no salt and no slow function.

Documents of the kind `key`: id = the hash in hex, body = JSON of ApiKey.
"""

import secrets
from hashlib import sha256

import msgspec
from msgspec import Struct

from bot.errors import UserMistake
from bot.model import Doc, DocChange
from bot.store.base import Commit, Store

KIND = "key"
PREFIX = "cs_"
MOST = 1000

_encode = msgspec.json.Encoder().encode


class ApiKey(Struct, frozen=True):
    name: str
    created: int
    hint: str
    """The last four characters, by which its owner knows it again."""


_decode = msgspec.json.Decoder(ApiKey).decode


def key_id(key: str) -> str:
    return sha256(key.encode("utf-8", "replace")).hexdigest()


class Keys:
    """The keys of an installation. A command beside a running server may use it too: nothing is kept in memory."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def known(self, key: str) -> bool:
        """Whether this is a valid key. Raises StoreUnavailable."""
        return key.startswith(PREFIX) and await self._store.doc(KIND, key_id(key)) is not None

    async def all(self) -> tuple[ApiKey, ...]:
        """By the time they were made."""
        docs = await self._store.docs(KIND, limit=MOST)
        return tuple(sorted((_decode(doc.body) for doc in docs), key=lambda key: (key.created, key.name)))

    async def add(self, name: str, now: int) -> str:
        """The new key, which is not shown again. Raises UserMistake where the name is taken."""
        if any(key.name == name for key in await self.all()):
            raise UserMistake(f'there is a key named "{name}"', "choose another name, or revoke that one first")
        key = PREFIX + secrets.token_urlsafe(32)
        doc = Doc(KIND, key_id(key), 1, _encode(ApiKey(name, now, key[-4:])))
        await self._store.put(DocChange(doc, 0))
        return key

    async def revoke(self, name: str) -> bool:
        """From now on it is refused. False where there is none of this name."""
        found = [doc for doc in await self._store.docs(KIND, limit=MOST) if _decode(doc.body).name == name]
        gone = [DocChange(Doc(KIND, doc.id, doc.version + 1, b""), doc.version) for doc in found]
        return any([await self._store.put(change) is Commit.DONE for change in gone])
