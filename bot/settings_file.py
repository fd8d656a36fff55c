"""The settings file: what is a choice. Checked like a flow file: every problem at once, with line, path and hint.

A secret is written as `${NAME}` and read from the environment; a secret in clear, a missing name, and `${NAME}`
anywhere else are problems. settings.example.yaml shows every key.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.desk.policy import Policy
from bot.errors import Problem
from bot.flows.nodes import Table, read_yaml
from bot.flows.spec import OpenHours
from bot.settings_desk import read_desk
from bot.settings_env import SHORTEST_KEY, Environment, is_url
from bot.settings_hours import read_hours, usual_hours
from bot.settings_reader import CLOSE, NAMED, OPEN, Reader
from bot.settings_slack import SlackSettings, read_choices
from bot.settings_telegram import TelegramSettings, read_section
from bot.settings_types import JSONL, Limit, WebSettings, WriterSettings
from bot.settings_writers import Place, read_writers


@dataclass(frozen=True, slots=True)
class FileSettings:
    timezone: str = "UTC"
    hours: Mapping[str, OpenHours] = field(default_factory=lambda: {"office": usual_hours("UTC")})
    web: WebSettings = field(default_factory=WebSettings)
    writers: tuple[WriterSettings, ...] = (JSONL,)
    slack: SlackSettings = field(default_factory=SlackSettings)
    telegram: TelegramSettings = field(default_factory=TelegramSettings)
    desk: Policy = field(default_factory=Policy)
    problems: tuple[Problem, ...] = ()


def read_file(path: Path, name: str, env: Environment, here: Path) -> FileSettings:
    """Read the file; what is wrong in it is in `problems`, in the order of the file. Paths in it start at `here`."""
    problems: list[Problem] = []
    try:
        source = NAMED.sub(lambda m: f"${OPEN}{m[1]}{CLOSE}", path.read_bytes().decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        env.problem("SETTINGS", f"{path} cannot be read: {error}")
        return FileSettings()
    found = FileSettings()
    said = any(line.strip() and not line.lstrip().startswith("#") for line in source.splitlines())
    table = read_yaml(source, name, problems) if said else None
    if table is not None:
        found = _File(table, env, here).read()
    return replace(
        found, problems=tuple(_plain(p) for p in sorted(problems, key=lambda p: (p.mark.line, p.mark.column)))
    )


def _plain(problem: Problem) -> Problem:
    def shown(text: str) -> str:
        return text.replace(OPEN, "{").replace(CLOSE, "}")

    return replace(problem, path=shown(problem.path), message=shown(problem.message), hint=shown(problem.hint))


class _File(Reader):
    """One reading of one file."""

    def __init__(self, table: Table, env: Environment, here: Path) -> None:
        super().__init__(table, env)
        self.here = here

    def read(self) -> FileSettings:
        table = self.table
        timezone = self.zone(table, "timezone", "UTC")
        hours = {"office": usual_hours(timezone)} | dict(self.hours(timezone))
        web = self.web()
        writers = read_writers(table.table("writers"), Place(self.env, timezone, self.here))
        slack = read_choices(table.table("slack"), self.env)
        telegram = read_section(table.table("telegram"))
        desk = read_desk(table, timezone)
        table.finish()
        return FileSettings(timezone, hours, web, writers, slack=slack, telegram=telegram, desk=desk)

    def hours(self, timezone: str) -> Iterator[tuple[str, OpenHours]]:
        inner = self.table.table("hours")
        for name in inner.keys() if inner is not None else ():
            hours = inner.table(name) if inner is not None else None
            if hours is not None:
                yield name, read_hours(hours, self.zone(hours, "timezone", timezone))

    def web(self) -> WebSettings:
        table = self.table.table("web")
        if table is None:
            return WebSettings()
        usual = WebSettings()
        hide, limits = table.table("hide"), table.table("limits")
        found = replace(
            usual,
            origins=tuple(self.origins(table)),
            identity_keys=tuple(self.keys(table)),
            metrics_token=self.secret(table, "metrics_token"),
        )
        if hide is not None:
            closed, answered = hide.duration("closed", 30 * DAY), hide.duration("answered", 90 * DAY)
            hide.finish()
            found = replace(found, hide_closed=closed // DAY, hide_answered=answered // DAY)
        if limits is not None:
            chat = self.limit(limits, "chat", usual.chat_limit)
            address = self.limit(limits, "address", usual.address_limit)
            limits.finish()
            found = replace(found, chat_limit=chat, address_limit=address)
        table.finish()
        return found

    def origins(self, table: Table) -> Iterator[str]:
        for found in table.scalars("origins"):
            origin = found.value.rstrip("/").lower()
            plain = origin.replace("://*.", "://any.", 1)
            if origin == "*" or (is_url(plain, bare=True) and plain.count("/") == 2 and "*" not in plain):
                yield origin
            else:
                hint = "scheme and host alone, for example  origins: [https://www.example.com]"
                table.problem(f'"{found.value}" is not an origin', hint, "origins", mark=found.mark)

    def keys(self, table: Table) -> Iterator[str]:
        for found in table.scalars("identity_keys"):
            key = self.named(table, "identity_keys", found)
            if key and len(key) < SHORTEST_KEY:
                hint = "make one with:  openssl rand -hex 32"
                table.problem(f"it has fewer than {SHORTEST_KEY} characters", hint, "identity_keys", mark=found.mark)
            if key:
                yield key

    def limit(self, table: Table, key: str, usual: Limit) -> Limit:
        inner = table.table(key)
        if inner is None:
            return usual
        found = Limit(
            inner.integer("burst", usual.burst, 1, 1_000_000),
            inner.integer("per_second", usual.per_second, 1, 1_000_000),
        )
        inner.finish()
        return found


DAY = 86_400_000
