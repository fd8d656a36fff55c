"""Names of chats in Redis: aliases and addresses, each a list of candidates "token chat", the newest first.

A candidate is written before the commit that relies on it. It counts once that chat says so, which the commit does
with the same token; so a commit that lost, or a process that was killed between the two, leaves nothing but an entry
that is passed over. The newest of those that count wins.
"""

import asyncio
from collections.abc import Sequence

from bot.model import Address, Conversation
from bot.store.redis_layout import Layout, Named, token
from bot.store.redis_rows import chat_of
from bot.store.redis_wire import Script, Wire
from bot.store.turns import address_name

_WRITE, _NAME = Script("name", keeps=True), Script("name")
_NAMED, _AT = Script("named", keeps=True), Script("at", keeps=True)


def of_alias(alias: str) -> str:
    return f"n{alias}"


def of_address(address: Address) -> str:
    return f"a{address_name(address.channel, address.peer)}"


class Names:
    def __init__(self, wire: Wire, layout: Layout) -> None:
        self._wire = wire
        self._layout = layout

    async def write(self, names: Sequence[tuple[str, str]]) -> list[Named]:
        """(chat, name) pairs as candidates: what the commit has to confirm."""
        if not names:
            return []
        named = [(chat, name, token()) for chat, name in names]
        await asyncio.gather(*self._tell(_WRITE, named, "put"))
        return named

    def settle(self, named: Sequence[Named], taken: bool) -> list[asyncio.Future[object]]:
        """After the commit: older candidates go, or the new ones. Nobody relies on it."""
        return self._tell(_NAME, named, "taken" if taken else "lost")

    def _tell(self, script: Script, named: Sequence[Named], what: str) -> list[asyncio.Future[object]]:
        return [self._wire.ask(script, self._layout.name(name), f"{mark} {chat}", what) for chat, name, mark in named]

    async def resolve(self, alias: str) -> str | None:
        name = of_alias(alias)
        found = await self._found(name, await self._wire.send("LRANGE", self._layout.name(name), 0, -1, keeps=True))
        return found[0][0] if found else None

    async def at(self, address: Address) -> Conversation | None:
        """The chat under this address; on the web its id is the address. One round trip, two where there are shards."""
        name, base = of_address(address), self._layout.base(address.peer)
        if self._layout.shards == 1:
            rows = await self._wire.run(_AT, base, name, address.peer)
            return next((chat for chat in map(chat_of, rows) if chat and chat.address == address), None)
        own = self._wire.send("GET", f"{base}:c:{address.peer}", keeps=True)
        entries = await self._wire.send("LRANGE", self._layout.name(name), 0, -1, keeps=True)
        chats = [chat_of(raw) for _, raw in await self._found(name, entries)]
        return next((chat for chat in (*chats, chat_of(await own)) if chat and chat.address == address), None)

    async def _found(self, name: str, entries: Sequence[bytes]) -> list[tuple[str, bytes | None]]:
        """(chat, its row) of the candidates that count, the newest first; a chat may have no row yet."""
        candidates = [entry.decode().split(" ", 1) for entry in entries]
        asked = [self._wire.ask(_NAMED, self._layout.base(chat), chat, name, mark) for mark, chat in candidates]
        answers = await asyncio.gather(*asked)
        return [(chat, row) for (_, chat), ((row, taken),) in zip(candidates, answers, strict=True) if taken]
