"""The CRMs of the sandbox: a stand-in for each kind of writer that has one, the settings that lead there, their acts.

The stand-in of a kind is the one StandIn of `bot.sandbox.crm.<kind>`; a kind without such a module (files) has none.
The CSV file that the service writes beside them is shown as a table too.
"""

import csv
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from msgspec import Struct

from bot.crm.table import KINDS
from bot.sandbox.crm.standin import StandIn, Table, status
from bot.sandbox.slack.types import Json

HEAD = "writers:\n"
CSV = "  csv: {}\n"
SHOWN = 200
"""Rows of a table, the newest."""
WAIT = 3
"""Seconds that a throttled CRM asks to wait."""


class OnCrm(Struct, frozen=True, tag_field="on", tag="crm"):
    """What a person does to a CRM; `to` is its kind."""

    to: str
    do: Literal["up", "down", "throttled", "lock", "unlock"]


def stand_in(kind: str) -> StandIn | None:
    """A new one, not started; None for a kind that has none."""
    name = f"bot.sandbox.crm.{kind}"
    if find_spec(name) is None:
        return None
    made = [one for one in vars(import_module(name)).values() if isinstance(one, type) and one.__module__ == name]
    return next((one() for one in made if issubclass(one, StandIn)), None)


class Crms:
    """Several stand-ins, by kind. They listen from entering on, on ports of their own."""

    def __init__(self, all_of: Mapping[str, StandIn], folder: Path | None = None) -> None:
        """`folder` is DATA_DIR, where the CSV files are."""
        self.all = dict(all_of)
        self.folder = folder
        self._down: set[str] = set()
        self._stack = AsyncExitStack()

    @classmethod
    def of(cls, kinds: Sequence[str] = tuple(KINDS)) -> "Crms":
        found = {kind: stand_in(kind) for kind in kinds}
        return cls({kind: one for kind, one in found.items() if one is not None})

    async def __aenter__(self) -> "Crms":
        for one in self.all.values():
            await self._stack.enter_async_context(one)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def settings(self) -> str:
        """A settings file with a writer for each of them."""
        parts = [one.settings() for one in self.all.values()]
        if wrong := [part for part in parts if not part.startswith(HEAD)]:
            raise ValueError(f"the settings of a stand-in do not begin with `writers:`: {wrong[0][:40]}")
        return HEAD + "".join(part.removeprefix(HEAD).rstrip("\n") + "\n" for part in parts) + CSV

    def environment(self) -> Mapping[str, str]:
        return {name: value for one in self.all.values() for name, value in one.environment().items()}

    def view(self) -> Json:
        """Their records, as the CRMs would show them."""
        shown = [
            {
                "kind": kind,
                "title": one.title,
                "up": kind not in self._down,
                "locked": one.locked,
                "requests": len(one.exchanges),
                "tables": [_shown(table) for table in one.tables()],
            }
            for kind, one in self.all.items()
        ]
        if self.all and self.folder is not None:
            files = [_shown(_table(path)) for path in sorted(self.folder.glob("*.csv"))]
            shown.append({"kind": "csv", "title": "CSV file", "file": True, "tables": files})
        return {"all": shown}

    async def perform(self, act: OnCrm) -> None:
        """Raises LookupError where there is no such CRM."""
        crm = self.all.get(act.to)
        if crm is None:
            raise LookupError("there is no such CRM")
        match act.do:
            case "down":
                self._down.add(act.to)
                await crm.down()
            case "up":
                await crm.up()
                self._down.discard(act.to)
            case "throttled":
                crm.fails(status(429, {"retry-after": str(WAIT)}))
            case "lock" | "unlock":
                crm.lock_out(act.do == "lock")


def _shown(table: Table) -> Json:
    rows = [[str(cell) for cell in row] for row in table.rows]
    return {"title": table.title, "columns": list(table.columns), "rows": rows[-SHOWN:], "count": len(rows)}


def _table(path: Path) -> Table:
    with path.open(encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file) if path.stat().st_size else ([],)
    return Table(path.name, tuple(head), rows)
