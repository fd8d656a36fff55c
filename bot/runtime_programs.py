"""The flow versions that running chats are on: from the catalog, or read from the store where this process has not met
them yet, once for all who wait."""

import asyncio
import logging

from bot.errors import StoreUnavailable
from bot.flows.catalog import Catalog
from bot.flows.machine import Program
from bot.model import Conversation
from bot.store.base import Store

log = logging.getLogger(__name__)

_UNKEPT = (
    "the store has not the text of version %s of the flows, so chats that began with it cannot go on: start one process"
    " with the flow file as it was then (`chatsurvey check` tells its version), which keeps it"
)
_UNFIT = (
    "version %s of the flows cannot be run by this version of chatsurvey, so chats that began with it cannot go on:"
    " serve them with the version that they began with, or a newer one"
)


class Programs:
    def __init__(self, store: Store, catalog: Catalog) -> None:
        self._store = store
        self._catalog = catalog
        self._fetching: dict[str, asyncio.Task[None]] = {}
        self._told: set[str] = set()

    async def of(self, conversation: Conversation) -> Program:
        """Of the version that the chat began with. Raises StoreUnavailable where it cannot be read."""
        version, flow = conversation.flow_version, conversation.flow
        program = self._catalog.program(version, flow)
        if program is None:
            await self._fetch(version, flow)
            program = self._catalog.program(version, flow)
        if program is None:
            raise StoreUnavailable(f"flow {flow} of version {version} cannot be read from the store")
        return program

    async def _fetch(self, version: str, flow: str) -> None:
        """Once for all who wait for it: compiling a file takes tens of milliseconds, so it is done in a thread."""
        task = self._fetching.get(version)
        if task is None:
            task = asyncio.ensure_future(self._read(version, flow))
            self._fetching[version] = task
            task.add_done_callback(lambda _: self._fetching.pop(version))
        await asyncio.shield(task)

    async def _read(self, version: str, flow: str) -> None:
        """What no look will mend is told, once a version."""
        source = await self._store.flow(version)
        if source is not None:
            await asyncio.to_thread(self._catalog.recall, source)
        if self._catalog.program(version, flow) is None and version not in self._told:
            self._told.add(version)
            log.error(_UNKEPT if source is None else _UNFIT, version[:7])
