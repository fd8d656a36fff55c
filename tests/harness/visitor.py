"""Somebody who answers one chat over HTTP, as the widget does, without a page that listens."""

from typing import Any, Self

import aiohttp


class Visitor:
    """`base` is the service's own URL."""

    def __init__(self, http: aiohttp.ClientSession, base: str) -> None:
        self._http, self._base = http, f"{base}/api/v1/chats"
        # Any: the contract's JSON, as a client sees it.
        self._chat: dict[str, Any] = {}
        self._count = 0

    @property
    def id(self) -> str:
        return str(self._chat["chat"])

    async def open(self, **facts: str) -> Self:
        """`facts`: what the page knows, such as who it is."""
        async with self._http.post(self._base, json=facts) as answer:
            assert answer.status == 201, await answer.text()
            self._chat = await answer.json()
        return self

    async def say(self, **said: int | str) -> None:
        self._count += 1
        chat = self._chat
        body = {"id": f"m{self._count}", "cursor": chat["cursor"], "fence": chat["ask"]["fence"], **said}
        headers = {"Authorization": f"Bearer {chat['token']}"}
        async with self._http.post(f"{self._base}/{self.id}/messages", json=body, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            self._chat |= await answer.json()
