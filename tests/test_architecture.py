"""Who may import whom (docs/architecture.md), what a pure module may touch, and how long a file or function may be.

Imports are read from the syntax tree, those inside functions and under TYPE_CHECKING included.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parent.parent
BOT = sorted((TOP / "bot").rglob("*.py"))
TESTS = sorted((TOP / "tests").rglob("*.py"))

L0 = ("bot", "bot.model", "bot.errors", "bot.ids", "bot.limits")
L1 = ("bot.flows", "bot.changes", "bot.desk", "bot.crm.mapping")
PORTS = ("bot.store.base", "bot.channels.base", "bot.crm.base", "bot.records.base", "bot.desk.base", "bot.desk.alarms")
L2 = ("bot.store", "bot.channels", "bot.crm", "bot.records", "bot.obs")
L3 = (
    *("bot.runtime", "bot.jobs", "bot.work", "bot.hub", "bot.lease", "bot.deliver", "bot.casework", "bot.keys"),
    *("bot.writing", "bot.alarms"),
)
L4 = ("bot.app", "bot.http", "bot.settings", "bot.cli", "bot.commands", "bot.sandbox", "bot.resources", "bot.__main__")

STRUCTS = ("msgspec",)
"""What the vocabulary is made of: its structs cost a tenth of a frozen dataclass, and every turn makes thirty."""
PARSERS = ("yaml", "jinja2", "markupsafe", "transitions", "text_to_num", "phonenumbers", "email_validator")
PURE_LIBRARIES = (*PARSERS, "dateparser", "rapidfuzz", "babel", "icalendar")
IMPURE = (
    *("asyncio", "threading", "multiprocessing", "concurrent", "subprocess", "signal", "selectors"),
    *("socket", "ssl", "http", "urllib.request", "sqlite3", "os", "time", "random", "secrets", "uuid", "logging"),
)
LONGER = {"bot.model": 400}
"""The vocabulary is read as one page; nothing in it is a function to speak of."""

SAVE = {"bot.flows.machine": ("logging",)}
"""It sets the level of the library that it wraps, which would else write lines in every turn."""
CLOCK = ("now", "utcnow", "today")


def module_of(file: Path) -> str:
    parts = file.relative_to(TOP).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(tree: ast.AST) -> Iterator[str]:
    """Every module named, wherever in the file; `from bot import x` counts as `bot.x` where that is a module."""
    known = {module_of(file) for file in BOT}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            inner = [f"{base}.{alias.name}" for alias in node.names]
            yield from (name if name in known else base for name in inner)


def within(module: str, roots: tuple[str, ...]) -> bool:
    return any(module == root or (root != "bot" and module.startswith(root + ".")) for root in roots)


def layer_of(module: str) -> str:
    """The innermost layer that names the module; `settings_env` belongs to `settings`, as helpers of one room do."""
    for name, roots in (("L0", L0), ("P", PORTS), ("L1", L1), ("L2", L2), ("L3", L3), ("L4", L4)):
        if within(module, roots):
            return name
    stem = ".".join(part.split("_")[0] for part in module.split("."))
    return layer_of(stem) if stem != module else ""


def may_import(module: str, other: str) -> bool:
    """Whether `module` may import `other`, both of ours."""
    mine, theirs = layer_of(module), layer_of(other)
    same_room = module.split(".")[1:2] == other.split(".")[1:2]
    match mine:
        case "L0" | "P":
            return theirs == "L0" or (theirs == mine == "P" and same_room)
        case "L1":
            return theirs in ("L0", "L1") or (theirs == "P" and same_room)
        case "L2":
            return theirs in ("L0", "P") or (theirs in ("L1", "L2") and same_room)
        case "L3":
            return theirs in ("L0", "L1", "P", "L3") or other in ("bot.obs", "bot.obs_log")
        case _:
            return True


def complaints(module: str, tree: ast.AST) -> list[str]:
    """What the file may not import, and why."""
    layer = layer_of(module)
    found = [] if layer else [f"{module} belongs to no layer: name it in this test and in docs/architecture.md"]
    for other in imports(tree):
        top = other.split(".")[0]
        if top == "bot":
            if not may_import(module, other):
                found.append(f"{module} ({layer}) imports {other} ({layer_of(other)})")
        elif layer in ("L0", "P") and top not in (*sys.stdlib_module_names, *STRUCTS):
            found.append(f"{module} ({layer}) imports {other}; here it is the standard library and structs only")
        elif layer == "L1" and within(other, IMPURE) and other not in SAVE.get(module, ()):
            found.append(f"{module} is pure and imports {other}")
        elif layer == "L1" and top not in (*sys.stdlib_module_names, *STRUCTS, *PURE_LIBRARIES):
            found.append(f"{module} is pure and imports {other}, which is no parsing library of ours")
    return found


def parse(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"), str(file))


@pytest.mark.parametrize("file", BOT, ids=module_of)
def test_imports_go_inwards(file: Path) -> None:
    assert complaints(module_of(file), parse(file)) == []


@pytest.mark.parametrize(
    ("module", "source", "words"),
    [
        ("bot.flows.engine", "def f():\n    import asyncio", "is pure and imports asyncio"),
        ("bot.flows.load", "from os import environ", "is pure and imports os"),
        ("bot.flows.answers.score", "import aiohttp", "no parsing library"),
        ("bot.changes", "from bot.store.sqlite import SqliteStore", "imports bot.store.sqlite"),
        ("bot.model", "import jinja2", "standard library and structs only"),
        ("bot.channels.web", "from bot import runtime", "imports bot.runtime"),
        ("bot.channels.web", "from bot.flows.spec import Book", "imports bot.flows.spec"),
        ("bot.store.sqlite", "def f():\n    from bot.crm import base, jsonl", "imports bot.crm"),
        ("bot.runtime", "from bot.store.sqlite import SqliteStore", "imports bot.store.sqlite"),
        ("bot.jobs", "from bot.settings_file import read_file", "imports bot.settings_file"),
        ("bot.sundries", "", "belongs to no layer"),
    ],
)
def test_the_gate_sees_what_it_must(module: str, source: str, words: str) -> None:
    assert any(words in line for line in complaints(module, ast.parse(source)))


@pytest.mark.parametrize("file", [f for f in BOT if layer_of(module_of(f)) == "L1"], ids=module_of)
def test_pure_modules_never_read_the_clock(file: Path) -> None:
    calls = [n.func for n in ast.walk(parse(file)) if isinstance(n, ast.Call)]
    read = [f"{f.attr}() in line {f.lineno}" for f in calls if isinstance(f, ast.Attribute) and f.attr in CLOCK]
    assert read == []


@pytest.mark.parametrize("file", [*BOT, *TESTS], ids=lambda f: str(f.relative_to(TOP)))
def test_files_and_functions_stay_small(file: Path) -> None:
    most = LONGER.get(module_of(file), 250 if file in BOT else 400)
    lines = file.read_text("utf-8").count("\n")
    assert lines <= most, f"{lines} lines; at most {most}: find the second subject in it and give it a file"
    for node in ast.walk(parse(file)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= 60, f"{node.name} (line {node.lineno}) has {length} lines; at most 60"
