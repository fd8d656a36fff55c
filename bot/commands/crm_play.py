"""A writer played against a stand-in of its CRM in this process: what it would send, request by request.

The writer is the real one with the mapping of the settings file. Only where it goes and how it logs in are the
stand-in's; in what is shown, the real addresses stand again. Nothing leaves this machine.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Protocol, TypeVar, cast
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from bot.app_writers import config_of
from bot.commands.crm_example import Life, earlier
from bot.crm.base import Event, Parcel, Preparing, Receipt, Writer
from bot.crm.config import WriterConfig
from bot.crm.mapping.mapped import moments
from bot.crm.spec import Spec
from bot.crm.table import KINDS, make
from bot.sandbox.crm.standin import Exchange, StandIn
from bot.sandbox.crms import stand_in
from bot.settings import load
from bot.writing_remote import Remote, after, news_of, parcel_of

T = TypeVar("T")

HIDDEN = "***"
SHORTEST = 4
"""Characters of a secret that is masked; a shorter one is none, and would be found everywhere."""
SHOWN_HEADERS = ("authorization", "content-type", "if-match", "prefer", "cache-control", "x-api-key")
"""And whatever begins with `webhook-` or `sforce-`."""


class Request(Struct, frozen=True):
    method: str
    url: str
    headers: Mapping[str, str]
    body: str


class Played(Struct, frozen=True):
    """What one revision of a response makes the writer do."""

    about: str
    revision: int
    moments: tuple[Event, ...]
    """What has come since the revision before; none where it is a later answer only."""
    told: tuple[Event, ...] = ()
    """Of which the writer is told."""
    requests: tuple[Request, ...] = ()
    lines: tuple[str, ...] = ()
    """Of a file."""
    outcome: str = ""
    """What the writer said of it; empty where it was simply written."""


def spec_of(kind: str) -> Spec:
    return cast("Spec", import_module(KINDS[kind]).SPEC)


class Tape(Protocol):
    """What went out, since it was last asked."""

    def sent(self) -> tuple[tuple[Request, ...], tuple[str, ...]]:
        """Requests, and lines of files."""


async def play(
    config: WriterConfig, lives: Sequence[Life], clock: Callable[[], int], *, unknown: bool = False
) -> tuple[Played, ...]:
    """All revisions of these lives, in order. `unknown`: the person is not in the CRM."""
    crm = stand_in(config.kind)
    with tempfile.TemporaryDirectory(prefix="chatsurvey-preview-") as folder:
        if crm is None:
            config = replace(config, folder=Path(folder))
            return await _play(make(config, clock), lives, _Files(Path(folder)))
        async with crm:
            demo = _demo(crm, config.kind, Path(folder))
            there = _at(config, demo)
            crm.learn(there)
            if not unknown:
                await _introduce(there, lives, clock)
            writer = make(there, clock)
            if isinstance(writer, Preparing):
                await writer.setup(make=True)
            tape = _Wire(crm, _addresses(config, demo), _hidden(config, there))
            tape.sent()
            return await _play(writer, lives, tape)


async def _play(writer: Writer, lives: Sequence[Life], tape: Tape) -> tuple[Played, ...]:
    played = []
    try:
        for life in lives:
            remote, seen = Remote(), frozenset[Event]()
            for response in life.responses:
                fresh = tuple(event for event in moments(response) if event not in {*seen, "answered"})
                seen |= set(moments(response))
                news = news_of(writer.wants(response), remote, response.revision)
                if not news:
                    why = "nothing is sent: no moment of `on` is new, or `when` does not hold"
                    played.append(Played(life.about, response.revision, fresh, outcome=why))
                    continue
                parcel = parcel_of(response, news, remote, doubt=False)
                (receipt,) = await writer.write([parcel])
                remote = after(remote, parcel, receipt)
                played.append(Played(life.about, response.revision, fresh, news, *tape.sent(), _said(receipt)))
    finally:
        await writer.close()
    return tuple(played)


def _said(receipt: Receipt) -> str:
    if receipt.error is not None:
        return f"the stand-in refused it: {receipt.error}"
    return f"skipped: {receipt.skipped}" if receipt.skipped else "; ".join(receipt.doubts)


async def _introduce(config: WriterConfig, lives: Sequence[Life], clock: Callable[[], int]) -> None:
    """Let the CRM know the person: another chat of theirs is written there with `unknown: create`."""
    spec = spec_of(config.kind)
    known = next((life.responses[-1] for life in lives if life.responses), None)
    if not spec.matches or known is None:
        return
    mapping = replace(config.mapping, unknown="create", when=None)
    writer = make(replace(config, mapping=mapping), clock)
    try:
        if isinstance(writer, Preparing):
            await writer.setup(make=True)
        response = earlier(known)
        await writer.write([Parcel(response, f"resp_{response.chat}_1", ("scored",))])
    finally:
        await writer.close()


def _demo(crm: StandIn, kind: str, folder: Path) -> WriterConfig:
    """What leads to the stand-in, as its own settings say."""
    (folder / "settings.yaml").write_text(crm.settings(), "utf-8")
    settings = load({**crm.environment(), "DATA_DIR": str(folder)}, folder)
    return next(config_of(one, settings) for one in settings.writers if one.kind == kind)


def _at(config: WriterConfig, demo: WriterConfig) -> WriterConfig:
    """The same writer, but there: connection, log-in and addresses are the stand-in's."""
    spec = spec_of(config.kind)
    theirs = {key.name for login in spec.logins for key in login.keys}
    theirs |= {key.name for key in spec.keys if key.type == "url"}

    def mixed(mine: Mapping[str, T], other: Mapping[str, T]) -> Mapping[str, T]:
        kept = {name: value for name, value in mine.items() if name not in theirs}
        return kept | {name: value for name, value in other.items() if name in theirs}

    return replace(
        config,
        login=demo.login,
        options=mixed(config.options, demo.options),
        secrets=mixed(config.secrets, demo.secrets),
        connection=demo.connection,
    )


def _addresses(config: WriterConfig, demo: WriterConfig) -> Mapping[str, str]:
    """Address at the stand-in -> the real one."""
    found = {demo.connection.base_url: config.connection.base_url}
    for key in spec_of(config.kind).keys:
        if key.type == "url" and key.name in demo.options:
            found[demo.text(key.name)] = config.text(key.name)
    return {here: there for here, there in found.items() if here and there}


def _hidden(*configs: WriterConfig) -> Sequence[str]:
    secrets = (secret for config in configs for several in config.secrets.values() for secret in several)
    return [secret for secret in secrets if len(secret) >= SHORTEST]


class _Wire:
    """The requests to a stand-in, as they would go to the real one."""

    def __init__(self, crm: StandIn, addresses: Mapping[str, str], hidden: Sequence[str]) -> None:
        self._crm, self._addresses, self._hidden = crm, addresses, hidden

    def sent(self) -> tuple[tuple[Request, ...], tuple[str, ...]]:
        found = tuple(self._shown(one) for one in self._crm.exchanges)
        self._crm.exchanges.clear()
        return found, ()

    def _shown(self, one: Exchange) -> Request:
        url = self._crm.url + (one.raw_path or one.path)
        url += f"?{urlencode(one.pairs)}" if one.pairs else ""
        here = max((address for address in self._addresses if url.startswith(address)), key=len, default="")
        url = self._addresses[here] + url.removeprefix(here) if here else url.removeprefix(self._crm.url)
        headers = {name.lower(): self._masked(value, name) for name, value in one.headers.items() if _is_shown(name)}
        return Request(one.method, self._masked(url), headers, self._masked(_pretty(one)))

    def _masked(self, text: str, header: str = "") -> str:
        if header.lower() in ("authorization", "x-api-key"):
            return f"{text.partition(' ')[0]} {HIDDEN}" if " " in text else HIDDEN
        for secret in self._hidden:
            text = text.replace(secret, HIDDEN)
        return text


def _is_shown(name: str) -> bool:
    name = name.lower()
    return name in SHOWN_HEADERS or name.startswith(("webhook-", "sforce-"))


def _pretty(one: Exchange) -> str:
    try:
        return msgspec.json.format(one.body, indent=2).decode() if one.body else ""
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return one.body.decode("utf-8", "replace")


class _Files:
    """The lines that a writer of files adds to those in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, int] = {}

    def sent(self) -> tuple[tuple[Request, ...], tuple[str, ...]]:
        lines: list[str] = []
        for path in sorted(one for one in self._folder.rglob("*") if one.is_file()):
            whole = path.read_text("utf-8-sig").splitlines()
            lines += whole[self._read.get(path, 0) :]
            self._read[path] = len(whole)
        return (), tuple(lines)
