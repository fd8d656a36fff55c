"""The keys of a writer's section: by type, as its `SPEC` says; its log-in; how its other side is reached.

A secret is `${NAME}` alone; texts, addresses and paths may be. No message quotes what may be a secret.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from bot.crm.config import Connection
from bot.crm.spec import Key, Login, Spec
from bot.errors import Mark
from bot.flows.nodes import Scalar, Table, nearest
from bot.settings_env import Environment, is_url
from bot.settings_reader import CLOSE, IN_CLEAR, OPEN, Reader

LONGEST_WAIT = 24
"""Seconds: a job may take 25."""


@dataclass(slots=True)
class Read:
    """What was read of one section so far."""

    options: dict[str, str | int | bool] = field(default_factory=dict)
    secrets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)
    """Of what a key says."""


class Keys(Reader):
    """One reading of one writer's section."""

    def __init__(self, table: Table, env: Environment, here: Path) -> None:
        super().__init__(table, env)
        self.here = here
        self.private = table.flag("allow_private")

    def read(self, table: Table, keys: tuple[Key, ...], found: Read) -> None:
        for key in keys:
            self.key(table, key, found)

    def key(self, table: Table, key: Key, found: Read) -> None:
        found.marks[key.name] = table.mark_of(key.name)
        if key.type in ("secret", "secrets"):
            secrets = self.secrets(table, key)
            if secrets:
                found.secrets[key.name] = secrets
            return
        value = self.option(table, key)
        value = key.default if value is None else value
        if value is not None:
            found.options[key.name] = value

    def secrets(self, table: Table, key: Key) -> tuple[str, ...]:
        if key.type == "secrets":
            written = table.scalars(key.name, required=key.required)
        else:
            one = table.scalar(key.name, key.required, key.example or f"${{{key.name.upper()}}}")
            written = () if one is None else (one,)
        usual = key.example[2:-1] if key.example.startswith("${") else ""
        found = (self.named(table, key.name, one, usual) for one in written)
        return tuple(value for value in found if value)

    def option(self, table: Table, key: Key) -> str | int | bool | None:
        if table.shape(key.name) == "missing" and key.name not in table.keys():  # noqa: SIM118 - a Table is no dict
            table.scalar(key.name, key.required, key.example or "...")
            return None
        match key.type:
            case "integer":
                usual = key.default if isinstance(key.default, int) else key.low
                return table.integer(key.name, usual, key.low, key.high)
            case "flag":
                return table.flag(key.name, bool(key.default))
            case "choice":
                return self.choice(table, key.name, key.choices, str(key.default or key.choices[0]))
            case "url":
                return self.address(table, key.name, key.example or "https://api.example.com")
            case "file":
                path = self.file(table, key.name)
                return None if path is None else str(path)
        return self.text(table, key.name, key.example)

    def choice(self, table: Table, key: str, choices: tuple[str, ...], default: str) -> str:
        value = table.string(key, default)
        if value not in choices:
            near = nearest(value, choices)
            hint = f'did you mean "{near}"?' if near else f"one of {', '.join(choices)}"
            table.problem(f'"{value[:40]}" is none of them', hint, key)
            return default
        return value

    def text(self, table: Table, key: str, example: str = "") -> str | None:
        found = table.scalar(key, example=example or "...")
        return None if found is None else self.filled(table, key, found)

    def filled(self, table: Table, key: str, found: Scalar) -> str:
        """What is written, or the value of the one variable it names."""
        if OPEN not in found.value:
            return found.value
        if not re.fullmatch(rf"\${OPEN}\w+{CLOSE}", found.value):
            hint = f"write  {key}: ${{{key.upper()}}}  alone, or the value itself"
            table.problem("a variable stands here alone or not at all", hint, key, mark=found.mark)
            return ""
        return self.named(table, key, found)

    def address(self, table: Table, key: str, example: str) -> str | None:
        """An http(s) address; plain http only where `allow_private` is set."""
        found = table.scalar(key, example=example)
        url = "" if found is None else self.filled(table, key, found)
        if not url:
            return None
        if not is_url(url):
            table.problem("it is not a web address", f"for example  {key}: {example}", key)
        elif "@" in urlsplit(url).netloc:
            table.problem("a name and password do not belong in an address", "they have keys of their own", key)
        elif url.startswith("http://") and not self.private:
            hint = "https://..., or  allow_private: true  for a receiver in your own network"
            table.problem("answers would travel in clear: it is not https", hint, key)
        return url

    def file(self, table: Table, key: str) -> Path | None:
        value = self.text(table, key)
        if not value:
            return None
        path = self.here / Path(value).expanduser()
        try:
            with path.open("rb"):
                pass
        except OSError as error:
            hint = f"a path, read from {self.here}"
            table.problem(f'"{value[:60]}" cannot be read: {error.strerror}', hint, key)
        return path

    # How the other side is reached

    def connection(self, spec: Spec, found: Read) -> Connection:
        if not reaches_out(spec):
            return Connection()
        own = any(key.name == "base_url" for key in spec.keys)
        given = "" if own else self.address(self.table, "base_url", spec.base_url or "https://api.example.com")
        base = str(found.options.get("base_url", "")) if own else given
        ca = self.file(self.table, "ca") if self.table.shape("ca") != "missing" else None
        return Connection(
            (base or spec.base_url).rstrip("/"), self.proxy(), ca, allow_private=self.private, timeout=self.timeout()
        )

    def proxy(self) -> str:
        table = self.table
        found = table.scalar("proxy", example="http://proxy.example.com:3128")
        url = "" if found is None else self.filled(table, "proxy", found)
        if found is not None and url and not is_url(url):
            table.problem("it is not a web address", "for example  proxy: http://proxy.example.com:3128", "proxy")
        elif found is not None and url == found.value and urlsplit(url).password:
            hint = "write  proxy: ${CRM_PROXY}  and set CRM_PROXY in the environment or in .env"
            table.problem(IN_CLEAR, hint, "proxy", mark=found.mark)
        return url

    def timeout(self) -> float:
        found = self.table.scalar("timeout", example="20s")
        if found is not None and re.fullmatch(r"[0-9]{1,9}", found.value):
            seconds = float(found.value)
        else:
            seconds = self.table.duration("timeout", 20_000) / 1000
        if not 1 <= seconds <= LONGEST_WAIT:
            self.table.problem("it is not within 1s and 24s", "for example  timeout: 20s", "timeout")
        return seconds

    # Log-ins

    def login(self, logins: tuple[Login, ...], found: Read) -> str:
        """The first way whose required keys are all given; its keys are read. Empty where there is none."""
        if not logins:
            return ""
        example = "{" + ", ".join(f"{k.name}: {_sample(k)}" for k in logins[0].keys if k.required) + "}"
        table = self.table.table("login", required=True, example=example)
        if table is None:
            return ""
        given = set(table.keys())
        whole = [login for login in logins if _needed(login) <= given]
        if whole:
            self.read(table, whole[0].keys, found)
            self._beside(table, whole[0], logins)
            return whole[0].name
        near = min(logins, key=lambda login: (len(_needed(login) - given), -len(given & _all(login))))
        missing = sorted(_needed(near) - given, key=[key.name for key in near.keys].index)
        added = ", ".join(f"{key.name}: {_sample(key)}" for key in near.keys if key.name in missing)
        ways = [f"{one.name} ({', '.join(key.name for key in one.keys if key.required)})" for one in logins]
        hint = f"add  {added}" + (f"\nways to log in: {'; '.join(ways)}" if len(ways) > 1 else "")
        table.problem(f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing", hint)
        self.read(table, tuple(key for key in near.keys if key.name in given), found)
        table.finish(*(name for login in logins for name in _all(login)))
        return ""

    def _beside(self, table: Table, taken: Login, logins: tuple[Login, ...]) -> None:
        """Keys of another way would be silently unused."""
        for name in table.keys():  # noqa: SIM118 - a Table is no dict
            other = next((login for login in logins if name in _all(login)), None)
            if name not in _all(taken) and other is not None:
                missing = " and ".join(sorted(_needed(other) - set(table.keys())))
                hint = f"it belongs to {other.name}" + (f", which lacks {missing}" if missing else "") + ": remove it"
                table.problem(f'"{name}" is not used: the log-in is {taken.name}', hint, mark=table.key_mark(name))
        table.finish(*(name for login in logins for name in _all(login)))


def reaches_out(spec: Spec) -> bool:
    """Whether there is another side that is reached over HTTP."""
    return bool(spec.base_url or spec.logins) or any(key.type == "url" for key in spec.keys)


def _needed(login: Login) -> set[str]:
    return {key.name for key in login.keys if key.required}


def _all(login: Login) -> set[str]:
    return {key.name for key in login.keys}


def _sample(key: Key) -> str:
    return key.example or (f"${{{key.name.upper()}}}" if key.type in ("secret", "secrets") else "...")
