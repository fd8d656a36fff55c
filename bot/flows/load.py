"""A flow file to a `Book`: every mistake at once, each with its place and a hint.

`read_book` reads as much as can be understood and reports the rest; `load` raises where anything is wrong;
`check_source` also proves the flow (`lint`), and is what serving, reloading and `check` use: a book comes out of it
only where there is no error at all.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256

from bot.errors import FileProblems, Problem
from bot.flows.lint import Proof, prove
from bot.flows.load_step import is_url, read_step
from bot.flows.nodes import Table, nearest, read_yaml
from bot.flows.spec import Book, Brand, Flow, Quiet, Step, Timers

__all__ = ["Checked", "check_source", "examine", "load", "read_book"]

MAX_STEPS = 200
DEFAULT_COLOR = Brand("").color
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?")
_COLOR = re.compile(r"#(?:[0-9a-fA-F]{3}){1,2}")
_OF_A_FLOW = ("start", "steps", "timers", "invite")
_FLOW = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True, slots=True)
class Checked:
    """A file read and proved. `book` is None where there is any error; `problems` are in the order of the file."""

    book: Book | None
    problems: tuple[Problem, ...]
    proof: Proof | None = None
    """None where nothing could be read at all."""


def load(source: str | bytes, file: str = "flows.yaml") -> Book:
    """The book that `source` is. Raises FileProblems with everything that is wrong in its writing."""
    problems: list[Problem] = []
    book = read_book(source, file, problems)
    if book is None or any(problem.level == "error" for problem in problems):
        raise FileProblems(in_order(problems))
    return book


def examine(source: str | bytes, file: str, hours: Collection[str]) -> Checked:
    """Read and prove. `hours` are the names of the opening hours that the settings know."""
    problems: list[Problem] = []
    book = read_book(source, file, problems)
    proof = None if book is None else prove(book, hours)
    everything = in_order((*problems, *(proof.problems if proof else ())))
    bad = any(problem.level == "error" for problem in everything)
    return Checked(None if bad else book, everything, proof)


def check_source(source: str | bytes, file: str, hours: Collection[str]) -> tuple[Book | None, tuple[Problem, ...]]:
    """The book where there is no error, and every problem and warning."""
    checked = examine(source, file, hours)
    return checked.book, checked.problems


def in_order(problems: Collection[Problem]) -> tuple[Problem, ...]:
    """As they stand in the file, each once."""
    return tuple(sorted(dict.fromkeys(problems), key=lambda p: (p.mark.line, p.mark.column)))


def version_of(source: str | bytes) -> str:
    """The version of a flow file: the first 12 hex digits of the SHA-256 of its text."""
    raw = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source
    return sha256(raw).hexdigest()[:12]


def read_book(source: str | bytes, file: str, problems: list[Problem]) -> Book | None:
    """What can be understood of the file; what cannot is added to `problems`. None where there is no flow in it."""
    root = read_yaml(source, file, problems)
    if root is None:
        return None
    if root.integer("version", 1) != 1:
        root.problem("this is a newer format than this program reads", "version: 1", "version")
    before = len(problems)
    languages = _languages(root)
    root.speak(languages if len(problems) == before else ())  # a wrong list would make every text wrong
    brand = _brand(root)
    flows: dict[str, Flow] = {}
    table = root.table("flows", required=True)
    if table is not None:
        table.path = ""
        for name in table.keys():  # noqa: SIM118 - a Table is no dict
            if not _FLOW.fullmatch(name):
                message = (
                    f'"{name[:40]}" cannot be the name of a flow: letters, digits, _ and - (it stands in addresses)'
                )
                table.problem(message, mark=table.key_mark(name))
            elif name in _OF_A_FLOW and len(table.keys()) > 1:
                message = f'"{name}" belongs to a flow and stands beside it'
                table.problem(
                    message, "indent it, with what is in it, below the flow's name", mark=table.key_mark(name)
                )
                continue
            if (inner := table.table(name)) is not None:
                flows[name] = _flow(inner, name)
        if not table.keys():
            table.problem("there is no flow in this file", "flows: {nps: {start: ..., steps: {...}}}")
    root.finish()
    text = source if isinstance(source, str) else source.decode("utf-8", "replace")
    return Book(version_of(source), text, brand, languages, flows) if flows else None


def _languages(root: Table) -> tuple[str, ...]:
    found: list[str] = []
    for written in root.scalars("languages"):
        code = written.value
        if not _LANGUAGE.fullmatch(code):
            base, _, region = code.replace("_", "-").partition("-")
            mended = base.lower() + (f"-{region.upper()}" if len(region) == 2 else "")
            hint = f"write {mended}" if _LANGUAGE.fullmatch(mended) else "for example  languages: [en, fr, pt-BR]"
            root.problem(f'"{code[:40]}" is not a language code', hint, "languages", mark=written.mark)
        elif code in found:
            root.problem(f'"{code}" is listed twice', "keep one", "languages", mark=written.mark)
        else:
            found.append(code)
    return tuple(found) or ("en",)


def _brand(root: Table) -> Brand:
    table = root.table("brand", required=True, example="{name: Acme}")
    if table is None:
        return Brand("")
    name = table.string("name", required=True)
    written = table.scalar("color", example='"#1f5c3d"')  # without quotes YAML reads a remark
    color = DEFAULT_COLOR if written is None else written.value
    if not _COLOR.fullmatch(color):
        table.problem(f'"{color[:40]}" is not a colour', 'six hex digits in quotes:  color: "#1f5c3d"', "color")
        color = DEFAULT_COLOR
    privacy = table.string("privacy")
    if privacy and not is_url(privacy):
        table.problem("this is not a web address", "privacy: https://example.com/privacy", "privacy")
    table.finish()
    return Brand(name, color, privacy)


def _flow(table: Table, name: str) -> Flow:
    steps_table = table.table("steps", required=True, example="{score: {kind: nps, ...}}")
    steps: dict[str, Step] = {}
    if steps_table is not None:
        steps_table.path = table.path
        names = steps_table.keys()
        if not names:
            table.problem("a flow needs a step", "steps: {score: {kind: nps, ...}}", "steps")
        if len(names) > MAX_STEPS:
            table.problem(f"{len(names)} steps are too many: {MAX_STEPS} at most", "split the flow", "steps")
        for step in names[:MAX_STEPS]:
            if (inner := steps_table.table(step)) is not None:
                steps[step] = read_step(inner, step, steps_table)
    start = table.string("start", next(iter(steps), ""))
    if steps_table is not None and start and start not in steps_table.keys():  # noqa: SIM118 - a Table is no dict
        near = nearest(start, steps)
        hint = f'did you mean "{near}" (line {steps[near].mark.line})?' if near else "steps: " + ", ".join(steps)
        table.problem(f'there is no step "{start[:40]}"', hint, "start")
    flow = Flow(name, table.mark, start, steps, _timers(table), table.text("invite"))
    table.finish()
    return flow


def _timers(flow: Table) -> Timers:
    table = flow.table("timers")
    if table is None:
        return Timers()
    timers = Timers(
        remind_after=table.duration("remind_after"),
        remind_max=table.integer("remind_max", 1, 0, 10),
        abandon_after=table.duration("abandon_after"),
        quiet=_quiet(table),
        remind_say=table.text("remind_say"),
    )
    if 0 < timers.abandon_after <= timers.remind_after and timers.remind_max:
        message = "the chat is abandoned before its first reminder"
        table.problem(message, "make abandon_after longer than remind_after", "remind_after", "warning")
    table.finish()
    return timers


def _quiet(table: Table) -> Quiet | None:
    written = table.string("quiet")
    if not written:
        return None
    clock = [_CLOCK.fullmatch(part.strip()) for part in written.replace("–", "-").split("-")]
    minutes = [int(match[1]) * 60 + int(match[2]) for match in clock if match]
    if len(clock) != 2 or len(minutes) != 2 or minutes[0] == minutes[1]:
        table.problem(f'"{written[:40]}" is not a span of the day', 'quiet: "21:00-08:30"', "quiet")
        return None
    return Quiet(minutes[0], minutes[1])
