"""Everything that can be set, read once into one frozen `Settings`; all problems at once, nothing created or changed.

The environment (and `.env` in the working folder, which never overrides it) holds what differs from place to place;
an optional YAML file holds what is a choice (`bot.settings_file`). Without either, everything starts.
`load` only reads. `with_secrets` makes the signing key in DATA_DIR where there is none, so that only a command that
serves ever creates that folder.
"""

import os
import secrets as random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from bot import resources
from bot.errors import FileProblems, UserMistake
from bot.records.address import checked
from bot.settings_desk import with_channel
from bot.settings_env import SHORTEST_KEY, Environment
from bot.settings_file import FileSettings, read_file
from bot.settings_slack import with_tokens
from bot.settings_telegram import read_environment
from bot.settings_types import SECRET_FILE, Limit, Settings, WebSettings, WriterSettings

__all__ = ["SECRET_FILE", "Limit", "Settings", "WebSettings", "WriterSettings", "load", "with_secrets"]

LEVELS = ("debug", "info", "warning", "error")
REDIS = ("redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel")


def load(environ: Mapping[str, str] | None = None, cwd: Path | None = None) -> Settings:
    """Read environment, `.env` and settings file. Raises FileProblems with everything that is wrong."""
    here = (cwd or Path.cwd()).absolute()
    env = Environment(os.environ if environ is None else environ, here / ".env")
    path, chosen = env.path("SETTINGS", here), "SETTINGS" in env
    if path is None:
        path = here / "settings.yaml"
    file = FileSettings()
    if _is_file(path):
        file = read_file(path, _shown(path, here), env, here)
    elif chosen:
        env.problem("SETTINGS", f'there is no file "{path}"', "name an existing file, or unset SETTINGS")
    flows, shipped = _flows(env, here)
    host, port = env.get("HOST", "0.0.0.0"), env.integer("PORT", 8080, 0, 65_535)  # noqa: S104 - a public service
    slack = with_tokens(file.slack, env)
    settings = Settings(
        host=host,
        port=port,
        public_url=env.url("PUBLIC_URL") or f"http://{_name_of(host)}:{port}",
        trusted_proxies=env.networks("TRUSTED_PROXIES"),
        data_dir=env.path("DATA_DIR", here) or here / "data",
        flows=flows,
        flows_are_shipped=shipped,
        file=path if _is_file(path) else None,
        timezone=file.timezone,
        hours=file.hours,
        redis_url=_redis(env),
        database=_database(env),
        log_level=env.word("LOG_LEVEL", LEVELS, "info"),
        web=file.web,
        writers=file.writers,
        slack=slack,
        telegram=read_environment(env, file.telegram),
        desk=with_channel(file.desk, env, several=bool(slack.client_id) and not slack.bot_token),
        secrets=env.secrets("SECRET_KEY"),
    )
    problems = (*env.problems, *file.problems)
    if problems:
        raise FileProblems(problems)
    return settings


def with_secrets(settings: Settings) -> Settings:
    """The same settings with at least one signing key: SECRET_KEY, else the file in DATA_DIR, else a new one there.

    DATA_DIR must exist. The file appears whole or not at all, readable by its owner only; of two processes that make
    it at once, both use the one that came first. Raises UserMistake where it cannot be read or written.
    """
    if settings.secrets:
        return settings
    file = settings.secret_file
    try:
        keys = _keys(file) if file.exists() else _make(file)
    except OSError as error:
        raise UserMistake(
            f"cannot keep the signing key in {file}: {error.strerror}",
            "make DATA_DIR writable, or set SECRET_KEY",
        ) from error
    except UnicodeDecodeError:
        keys = ()
    if not keys:
        raise UserMistake(f"{file} holds no key", "restore it from a backup; without it, chats that are open are lost")
    if any(len(key) < SHORTEST_KEY for key in keys):
        raise UserMistake(
            f"a key in {file} has fewer than {SHORTEST_KEY} characters and could be guessed",
            "make one with:  openssl rand -hex 32",
        )
    return replace(settings, secrets=keys)


def _keys(file: Path) -> tuple[str, ...]:
    return tuple(line.strip() for line in file.read_text("utf-8").splitlines() if line.strip())


def _make(file: Path) -> tuple[str, ...]:
    draft = file.with_name(f".{file.name}.{random.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(random.token_urlsafe(32) + "\n")
            out.flush()
            os.fsync(out.fileno())
        with suppress(FileExistsError):
            os.link(draft, file)  # unlike a rename, this never replaces a key that another process just made
    finally:
        draft.unlink()
    return _keys(file)


def _flows(env: Environment, here: Path) -> tuple[Path, bool]:
    named = env.path("FLOWS", here)
    if named is not None:
        if not _is_file(named):
            env.problem("FLOWS", f'there is no file "{named}"', "name a flow file, or unset FLOWS")
        return named, False
    own = here / "flows.yaml"
    if _is_file(own):
        return own, False
    return resources.flows(), True


def _redis(env: Environment) -> str:
    """The rest of it is read where it is used (`bot.store.redis_url`). It is not quoted: it may hold a password."""
    url = env.get("REDIS_URL")
    if url and url.partition("://")[0].lower() not in REDIS:
        hint = "for example REDIS_URL=redis://user:secret@host:6379/0, or rediss:// for TLS"
        env.problem("REDIS_URL", "it is no address of a Redis", hint)
        return ""
    return url


def _database(env: Environment) -> str:
    url = env.get("DATABASE_URL")
    try:
        return checked(url) if url else ""
    except UserMistake as mistake:
        env.problem("DATABASE_URL", str(mistake), mistake.hint)
        return ""


def _is_file(path: Path) -> bool:
    """One that this user may not see is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def _shown(path: Path, here: Path) -> str:
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _name_of(host: str) -> str:
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 - compared, not bound
        return "localhost"
    return f"[{host}]" if ":" in host else host
