"""The flow file while the service runs: read, proved, kept in the store, and only then live.

The file's stat is looked at each second (11 us), which sees an editor's rename and a mounted config map alike. A new
version serves new chats; a chat that runs stays on the version that it began with. A file with errors changes nothing
but what is said: the last good version goes on serving.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from bot.errors import FileProblems, Mark, Problem, StoreUnavailable
from bot.flows.catalog import Catalog
from bot.flows.load import check_source
from bot.flows.spec import Book
from bot.store.base import Store

log = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds between two looks at the file."""

AGAIN = 60.0
"""Seconds after which the live version is kept once more."""

Tell: TypeAlias = Callable[[str, tuple[Problem, ...]], None]
"""Hears what becomes of an edited file: a sentence, and the problems where there are any."""

Beside: TypeAlias = Callable[[Book], tuple[Problem, ...]]

Stamp: TypeAlias = tuple[int, int, int]


class FlowFile:
    """One flow file. `hours` are the names of opening hours that its steps may use; `beside` tells what else does not
    fit the flows (mappings of writers), which refuses nothing."""

    def __init__(self, path: Path, hours: Collection[str], beside: Beside = lambda book: ()) -> None:
        self.path = path
        self._hours = hours
        self._beside = beside
        self._seen: Stamp | None = None

    def read(self) -> tuple[Book, tuple[Problem, ...]]:
        """The proved file and its warnings. Raises FileProblems with every error."""
        self._seen = self._stamp()
        try:
            source = self.path.read_bytes()
        except OSError as error:
            problem = Problem(Mark(self.name, 1, 1), "", f"the file cannot be read: {error.strerror}")
            raise FileProblems((problem,)) from error
        book, problems = check_source(source, self.name, self._hours)
        if book is None:
            raise FileProblems(problems)
        return book, (*problems, *self._beside(book))

    @property
    def name(self) -> str:
        """As a person would name it: relative to the working folder where it lies in it."""
        here = Path.cwd()
        return str(self.path.relative_to(here)) if self.path.is_relative_to(here) else str(self.path)

    def changed(self) -> bool:
        """Whether the file is another one than was last read. A file that is gone is not a change: it may come back."""
        stamp = self._stamp()
        return stamp is not None and stamp != self._seen

    def again(self) -> None:
        """Read it once more, although it has not changed."""
        self._seen = None

    def _stamp(self) -> Stamp | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


async def keep(book: Book, store: Store, catalog: Catalog) -> None:
    """Make a version live: its text is in the store before the first chat can begin on it."""
    await store.keep_flow(book.version, book.source)
    catalog.add(book)


async def keep_again(store: Store, catalog: Catalog, pause: float = AGAIN) -> None:
    """Until cancelled. A server that came back without its last second, or older, has not the text of the version that
    chats go on beginning with here; a process that starts later with another file could not run them."""
    while True:
        await asyncio.sleep(pause)
        with suppress(StoreUnavailable):  # the next time, then
            await store.keep_flow(catalog.live.version, catalog.live.source)


async def watch(
    file: FlowFile,
    store: Store,
    catalog: Catalog,
    tell: Tell,
    look: float = LOOK,
) -> None:
    """Follow the file until cancelled."""
    waits = ""
    while True:
        await asyncio.sleep(look)
        if not file.changed():
            continue
        serving = catalog.live.version
        try:
            book, warnings = await asyncio.to_thread(file.read)
            if book.version != serving:
                await keep(book, store, catalog)
                tell(f"{file.name} is live for new chats as version {book.version[:7]}.", warnings)
            waits = ""
        except FileProblems as errors:
            if file.changed():
                continue  # it was read while it was being written
            tell(f"{file.name} has errors and is not live. Version {serving[:7]} goes on serving.", errors.problems)
        except StoreUnavailable as error:
            file.again()
            if waits != str(error):
                waits = str(error)
                tell(f"{file.name} is not live yet: {waits}. Version {serving[:7]} goes on serving.", ())
        except Exception:  # whatever an edit does, the next one must be looked at too
            log.exception("the flow file could not be reloaded")
