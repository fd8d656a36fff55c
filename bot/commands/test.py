"""`chatsurvey test`: plays recorded conversations against a flow file and says what has changed for whom.

Exit codes: 0 all as expected, 1 otherwise. `--json` prints one object for scripts.
"""

import argparse
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from time import perf_counter

from bot import settings
from bot.errors import UserMistake
from bot.flows.cases import Case, read_case
from bot.flows.load import load
from bot.flows.machine import Program, compile_book
from bot.flows.playing import Coverage, Played, coverage, play
from bot.flows.spec import Book
from bot.settings import Settings

CASES = "tests/flows/cases"


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("cases", nargs="*", type=Path, help=f"case files or folders of them (default: {CASES})")
    parser.add_argument("--flows", type=Path, help="the flow file (default: as for serve)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    began = perf_counter()
    known = settings.load()
    file: Path = args.flows or known.flows
    book, programs = _programs(file, known)
    cases = [_read(path) for path in _files(args.cases, file)]
    played = [_play(case, book, programs, known) for case in cases]
    own = [one for one in played if not one.case.flows]
    flows = sorted({one.case.flow or next(iter(book.flows)) for one in own})
    covered = {flow: coverage(programs[flow], own) for flow in flows}
    failed = [one for one in played if one.failure]
    if args.json:
        print(json.dumps(_as_json(book, played, covered), ensure_ascii=False))
    else:
        print(_report(file.name, book, played, covered))
        print(f"\n{len(played) - len(failed)} passed, {len(failed)} failed in {perf_counter() - began:.2f} s")
    return 1 if failed else 0


def _files(given: Iterable[Path], flows: Path) -> list[Path]:
    places = list(given)
    if not places:
        nearby = [Path(CASES), flows.parent / CASES]
        places = [place for place in nearby if place.is_dir()][:1]
    found: list[Path] = []
    for place in places:
        if not place.exists():
            raise UserMistake(f'there is no file or folder "{place}"', "chatsurvey test tests/flows/cases")
        found += sorted(place.glob("*.yaml")) if place.is_dir() else [place]
    if not found:
        raise UserMistake(
            "there are no cases to play", "record one:  chatsurvey try --record tests/flows/cases/my.yaml"
        )
    return found


def _read(path: Path) -> Case:
    return read_case(path.read_text("utf-8-sig"), str(path))


def _programs(file: Path, known: Settings) -> tuple[Book, Mapping[str, Program]]:
    try:
        book = load(file.read_bytes(), file.name)
    except OSError as error:
        raise UserMistake(f'"{file}" cannot be read: {error.strerror}', "name a flow file with --flows") from None
    return book, compile_book(book, known.hours, known.timezone)


def _play(case: Case, book: Book, programs: Mapping[str, Program], known: Settings) -> Played:
    if case.flows:
        book, programs = _programs(Path(case.file).parent / case.flows, known)
    name = case.flow or next(iter(book.flows))
    if name not in programs:
        raise UserMistake(f'{case.file}: there is no flow "{name}"', "flows: " + ", ".join(programs))
    return play(case, programs[name])


def _report(file: str, book: Book, played: list[Played], covered: Mapping[str, Coverage]) -> str:
    lines = [f"{file}  {book.version[:6]}", ""]
    flows = [(one.case.flow or next(iter(book.flows)))[:12] for one in played]
    names = [one.case.name[:40] for one in played]
    first, second = max(map(len, flows)), max(map(len, names))
    for one, flow, name in zip(played, flows, names, strict=True):
        verdict = "ok  " if one.failure is None else "FAIL"
        lines.append(f"  {flow:<{first}}   {name:<{second}}   {verdict}  {_length(one)}")
    for one in played:
        if one.failure is not None:
            failure = one.failure
            where = f"turn {failure.turn}" if failure.turn else "opening"
            lines += [
                "",
                f"  {one.case.name}, {where}   {failure.mark.file}:{failure.mark.line}",
                f"    visitor   {failure.visitor or '(opens the chat)'}",
                f"    expected  {failure.expected or '(nothing)'}",
                f"    got       {failure.got or '(nothing)'}",
                f"    because   {failure.because}",
            ]
    for flow, sum_ in covered.items():
        missing = f" (missing: {', '.join(sum_.missing)})" if sum_.missing else ""
        lines += [
            "",
            f"  covered: {sum_.steps} of {sum_.all_steps} steps, {sum_.outcomes} of {sum_.all_outcomes} outcomes"
            f"{f' of {flow}' if len(covered) > 1 else ''}{missing}",
        ]
    return "\n".join(lines)


def _length(one: Played) -> str:
    if one.failure is not None:
        return f"turn {one.failure.turn}"
    hours = one.waited // 3_600_000
    waited = f", {hours // 24} days" if hours >= 48 else f", {hours} h" if hours else ""
    return f"{one.turns} turns{waited}"


def _as_json(book: Book, played: list[Played], covered: Mapping[str, Coverage]) -> dict[str, object]:
    return {
        "flow": next(iter(book.flows)),
        "version": book.version,
        "passed": sum(one.failure is None for one in played),
        "failed": sum(one.failure is not None for one in played),
        "cases": [
            {
                "name": one.case.name,
                "file": one.case.file,
                "flow": one.case.flow or next(iter(book.flows)),
                "ok": one.failure is None,
                "turns": one.turns,
                "waited_ms": one.waited,
                "failure": None
                if one.failure is None
                else {
                    "turn": one.failure.turn,
                    "line": one.failure.mark.line,
                    "visitor": one.failure.visitor,
                    "expected": one.failure.expected,
                    "got": one.failure.got,
                    "because": one.failure.because,
                },
            }
            for one in played
        ],
        "coverage": {
            flow: {
                "steps": sum_.steps,
                "of_steps": sum_.all_steps,
                "outcomes": sum_.outcomes,
                "of_outcomes": sum_.all_outcomes,
                "missing": list(sum_.missing),
            }
            for flow, sum_ in covered.items()
        },
    }
