"""`chatsurvey check [FILE]`: read and prove a flow file and the settings file, and say what is wrong, all at once.

It only reads. Exit code 0 where a server would take the file (warnings included), 1 where it would not.
"""

import argparse
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from bot import resources, settings
from bot.app_writers import unfit
from bot.commands.crm_live import Live, live
from bot.errors import FileProblems, Problem, UserMistake
from bot.flows.lint import FlowFacts, Proof
from bot.flows.load import Checked, examine, version_of
from bot.flows.report import Paint, counted, shown, tell
from bot.settings_reader import texts_of


@dataclass(frozen=True, slots=True)
class Findings:
    """What was checked, and everything that was found."""

    file: str
    version: str
    settings: str
    """The settings file's name, where there is one without a problem."""
    checked: Checked
    problems: tuple[Problem, ...]
    fit: tuple[str, ...] = ()
    """Writers whose CRM says that everything of their mapping fits."""

    def count(self, level: str) -> int:
        return sum(problem.level == level for problem in self.problems)


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", metavar="FILE", help="the flow file; by default the one that would serve")
    parser.add_argument("--live", action="store_true", help="ask the CRMs too whether the fields of the mappings fit")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")


def run(args: argparse.Namespace) -> int:
    known, of_settings = _settings()
    path = Path(args.file) if args.file else known.flows if known else _default()
    name = _name(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UserMistake(f"{name} cannot be read: {error.strerror}", "chatsurvey check path/to/flows.yaml") from error
    checked = examine(raw, name, known.hours if known else ())
    problems = (*of_settings, *(p for p in checked.problems if known or not p.path.endswith(" / hours")))
    if known and checked.book:
        problems += unfit(known, checked.book)
    asked = live(known, checked.book) if args.live and known else Live()
    problems += asked.problems
    settled = _name(known.file) if known and known.file else ""
    found = Findings(name, version_of(raw), settled, checked, problems, asked.fit)
    if args.json:
        text = json.dumps(_as_json(found), ensure_ascii=False, indent=2)
    else:
        color = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        sources = {name: raw.decode("utf-8-sig", "replace")} | texts_of(problems, name)
        text = _report(found, sources, Paint(color))
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding))
    return 1 if found.count("error") else 0


def _settings() -> tuple[settings.Settings | None, tuple[Problem, ...]]:
    try:
        return settings.load(os.environ, Path.cwd()), ()
    except FileProblems as wrong:
        return None, wrong.problems


def _default() -> Path:
    """The flow file where the settings cannot say which."""
    own = Path(os.environ.get("FLOWS") or "flows.yaml")
    return own if own.is_file() else resources.flows()


def _name(path: Path) -> str:
    """As a person would name it: relative to the working folder where it lies in it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _report(found: Findings, sources: dict[str, str], paint: Paint) -> str:
    both = f"{counted(found.count('error'), 'error')}, {counted(found.count('warning'), 'warning')}"
    proof, errors = found.checked.proof, found.count("error")
    parts = [f"{shown(found.file)}  {both}"]
    if proof and not errors:
        facts = _facts(proof) + ([f"{found.settings} is fit for use"] if found.settings else [])
        facts += [f"{name}: the CRM has every field of the mapping, and they fit" for name in found.fit]
        parts = [_head(found.file, proof), "\n".join(f"  {paint('ok', 'ok')}  {fact}" for fact in facts)]
    if found.problems:
        parts.append(tell(found.problems, sources, paint))
    if errors and all(p.mark.file != found.file for p in found.problems if p.level == "error"):
        last = "Not fit to go live. Settings are read at the start: a server that runs\ngoes on with those that it has."
    elif errors:
        last = "Not fit to go live. A server that runs keeps its last good version,\nand running chats are not touched."
    else:
        last = f"{both}. Fit to go live as version {found.version[:7]}:\n"
        last += "a server that runs on this file takes it for new chats by itself."
    return "\n\n".join((*parts, last))


def _head(name: str, proof: Proof) -> str:
    flows = ", ".join(flow.name for flow in proof.flows[:5]) + (", ..." if len(proof.flows) > 5 else "")
    steps = counted(sum(flow.steps for flow in proof.flows), "step")
    languages = counted(len(proof.languages), "language")
    return f"{shown(name)}  {counted(len(proof.flows), 'flow')} ({shown(flows)}), {steps}, {languages}"


def _facts(proof: Proof) -> list[str]:
    """What was proved, a line each."""
    told = []
    if any(flow.scored for flow in proof.flows):
        told.append("every score is covered once: 0-6 detractor, 7-8 passive, 9-10 promoter")
    told += [(f"{flow.name}: " if len(proof.flows) > 1 else "") + _ways(flow) for flow in proof.flows]
    codes = proof.languages
    names = codes[0] if len(codes) == 1 else f"{', '.join(codes[:-1])} and {codes[-1]}"
    each = " each" if len(codes) > 1 else ""
    told.append(f"{names} {'is' if len(codes) == 1 else 'are'} complete ({counted(proof.texts, 'text')}{each})")
    told.append("no text uses a value before it is set, unless it says what stands in")
    return told


def _ways(flow: FlowFacts) -> str:
    if flow.paths is None:
        return "every outcome leads somewhere, every chat can end (a question may come again)"
    many = flow.paths >= 1_000_000
    number = "all ways (over a million)" if many else "its one path" if flow.paths == 1 else f"all {flow.paths:,} paths"
    verb = "ends" if flow.paths == 1 else "end"
    return f"every outcome leads somewhere, {number} {verb}, the longest asks {flow.longest}"


def _as_json(found: Findings) -> dict[str, object]:
    proof = found.checked.proof
    return {
        "file": found.file,
        "ok": not found.count("error"),
        "version": found.version,
        "live": list(found.fit),
        "errors": found.count("error"),
        "warnings": found.count("warning"),
        "languages": list(proof.languages) if proof else [],
        "texts": proof.texts if proof else 0,
        "flows": [
            {"name": flow.name, "steps": flow.steps, "paths": flow.paths, "longest": flow.longest}
            for flow in (proof.flows if proof else ())
        ],
        "problems": [
            {
                "level": p.level,
                "file": p.mark.file,
                "line": p.mark.line,
                "column": p.mark.column,
                "path": p.path,
                "message": p.message,
                "hint": p.hint,
            }
            for p in found.problems
        ],
    }
