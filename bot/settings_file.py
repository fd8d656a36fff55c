"""The settings file: what is a choice. Checked like a flow file: every problem at once, with line, path and hint.

A secret is written as `${NAME}` and read from the environment; a secret in clear, a missing name, and `${NAME}`
anywhere else are problems. settings.example.yaml shows every key.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from bot.desk.policy import Policy
from bot.errors import Problem
from bot.flows.nodes import Table, nearest, read_yaml
from bot.flows.spec import OpenHours
from bot.settings_desk import read_desk
from bot.settings_env import SHORTEST_KEY, Environment, is_url
from bot.settings_hours import read_hours, usual_hours
from bot.settings_reader import CLOSE, NAMED, OPEN, Reader
from bot.settings_slack import SlackSettings, read_choices
from bot.settings_telegram import TelegramSettings, read_section
from bot.settings_types import Limit, Webhook, WebSettings

KINDS = ("jsonl", "webhook")


@dataclass(frozen=True, slots=True)
class FileSettings:
    timezone: str = "UTC"
    hours: Mapping[str, OpenHours] = field(default_factory=lambda: {"office": usual_hours("UTC")})
    web: WebSettings = field(default_factory=WebSettings)
    webhooks: tuple[Webhook, ...] = ()
    jsonl: bool = True
    slack: SlackSettings = field(default_factory=SlackSettings)
    telegram: TelegramSettings = field(default_factory=TelegramSettings)
    desk: Policy = field(default_factory=Policy)
    problems: tuple[Problem, ...] = ()


def read_file(path: Path, name: str, env: Environment) -> FileSettings:
    """Read the file; what is wrong in it is in `problems`, in the order of the file."""
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
        found = _File(table, env).read()
    return replace(
        found, problems=tuple(_plain(p) for p in sorted(problems, key=lambda p: (p.mark.line, p.mark.column)))
    )


def _plain(problem: Problem) -> Problem:
    def shown(text: str) -> str:
        return text.replace(OPEN, "{").replace(CLOSE, "}")

    return replace(problem, path=shown(problem.path), message=shown(problem.message), hint=shown(problem.hint))


class _File(Reader):
    """One reading of one file."""

    def read(self) -> FileSettings:
        table = self.table
        timezone = self.zone(table, "timezone", "UTC")
        hours = {"office": usual_hours(timezone)} | dict(self.hours(timezone))
        web = self.web()
        jsonl, webhooks = self.writers()
        slack = read_choices(table.table("slack"), self.env)
        telegram = read_section(table.table("telegram"))
        desk = read_desk(table, timezone)
        table.finish()
        return FileSettings(timezone, hours, web, webhooks, jsonl, slack=slack, telegram=telegram, desk=desk)

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

    def writers(self) -> tuple[bool, tuple[Webhook, ...]]:
        table = self.table.table("writers")
        jsonl, webhooks = True, []
        for name in table.keys() if table is not None else ():
            inner = table.table(name) if table is not None else None
            if inner is None:
                continue
            kind = self.string(inner, "kind") or name
            if kind == "jsonl":
                jsonl = inner.flag("enabled", True)
                inner.finish()
            elif kind == "webhook":
                webhooks.append(self.webhook(name, inner))
            else:
                near = nearest(kind, KINDS)
                hint = f'did you mean "{near}"?' if near else f"known kinds: {', '.join(KINDS)}"
                inner.problem(f'there is no writer of kind "{kind}" in this version', hint)
        return jsonl, tuple(webhooks)

    def webhook(self, name: str, table: Table) -> Webhook:
        if name in KINDS and name != "webhook":
            table.problem(
                f'"{name}" is the name of another writer', "give this one a name of its own, for example  crm:"
            )
        elif not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", name):
            table.problem(f'"{name}" cannot be a name', "small letters, digits, - and _ (40 at most)")
        url, secrets, private = self.address(table), self.signing(table), table.flag("allow_private")
        if url.startswith("http://") and not private:
            hint = "https://..., or  allow_private: true  for a receiver in your own network"
            table.problem("answers would travel in clear: it is not https", hint, "url")
        found = Webhook(
            name,
            url,
            secrets,
            allow_private=private,
            samples=table.flag("samples", default=True),
            transcript=table.flag("transcript"),
        )
        table.finish()
        return found

    def signing(self, table: Table) -> tuple[str, ...]:
        """`${NAME}`, or a list of them: the newest first."""
        scalars = table.scalars("secret", required=True)
        secrets = [(scalar, self.named(table, "secret", scalar)) for scalar in scalars]
        for scalar, secret in secrets:
            if secret and not _signs(secret):
                hint = 'make one with:  echo "whsec_$(openssl rand -base64 32)"'
                message = "it is not a signing secret: whsec_ and 16 bytes or more in base64"
                table.problem(message, hint, "secret", mark=scalar.mark)
        return tuple(secret for _, secret in secrets)

    def address(self, table: Table) -> str:
        """The URL of a receiver, in clear or as `${NAME}`."""
        found = table.scalar("url", required=True, example="https://example.com/hook")
        if found is None:
            return ""
        url = self.named(table, "url", found) if OPEN in found.value else found.value
        if url and not is_url(url):
            table.problem("it is not a web address", "for example  url: https://example.com/hook", "url")
        elif "@" in urlsplit(url).netloc:
            table.problem("a name and password do not belong in an address", "sign with `secret` instead", "url")
        return url


DAY = 86_400_000


def _signs(secret: str) -> bool:
    try:
        return len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) >= 16
    except binascii.Error:
        return False
