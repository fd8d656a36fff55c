"""The flow versions that this process can run, compiled. Nothing per chat is in here.

A running chat stays on the version that it began with, so a version that is replaced stays; the newest added is live.
"""

from collections.abc import Mapping

from bot.errors import Unknown
from bot.flows.load import read_book
from bot.flows.machine import Program, compile_book
from bot.flows.spec import Book, Flow, OpenHours
from bot.flows.steps import KINDS


class Catalog:
    def __init__(self, hours: Mapping[str, OpenHours], timezone: str, desk: bool = False) -> None:
        """`desk`: whether there is anybody to hand a chat over to."""
        self._hours = hours
        self._desk = desk
        self._timezone = timezone
        self._programs: dict[str, Mapping[str, Program]] = {}
        self._live: Book | None = None

    @property
    def live(self) -> Book:
        """The book that new chats begin on. Raises Unknown before the first `add`."""
        if self._live is None:
            raise Unknown("There is no flow yet.")
        return self._live

    def add(self, book: Book) -> None:
        """From now on new chats begin on this book."""
        self._compile(book)
        self._live = book

    def recall(self, source: str) -> None:
        """Compile an old version that a chat still needs, from the text that was kept of it.

        It was proved when it was live, so a checker that has become stricter since does not matter here. A text that
        this program cannot run (a step of a kind that it does not know) stays missing.
        """
        book = read_book(source, "flows.yaml", [])
        if book is not None and all(_can_run(flow) for flow in book.flows.values()):
            self._compile(book)

    def program(self, version: str, flow: str) -> Program | None:
        """None where this version was not added, or has no such flow."""
        return self._programs.get(version, {}).get(flow)

    def _compile(self, book: Book) -> None:
        if book.version not in self._programs:
            self._programs[book.version] = compile_book(book, self._hours, self._timezone, self._desk)


def _can_run(flow: Flow) -> bool:
    steps = flow.steps
    ways = [rule.to for step in steps.values() for rule in step.then]
    return (
        flow.start in steps and all(step.kind in KINDS for step in steps.values()) and all(to in steps for to in ways)
    )
