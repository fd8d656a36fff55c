"""Mappings as a person writes them in a settings file, read by a kind of writer that can have everything."""

import sys
from pathlib import Path
from textwrap import dedent

import pytest

from bot.crm.mapping.expr import compile_value
from bot.crm.mapping.mapped import Expr, Mapped, Out
from bot.crm.mapping.sources import Scene
from bot.crm.mapping.syntax import Fault
from bot.crm.spec import Fault as Wrong
from bot.crm.spec import Key, Login, Section, Spec
from bot.crm.table import KINDS
from bot.errors import FileProblems, Mark
from bot.flows.report import place_of
from bot.flows.tree import Scalar
from bot.model import Response
from bot.settings import load
from bot.settings_types import WriterSettings

SPEC = Spec(
    kind="acme",
    title="Acme",
    base_url="https://api.acme.example",
    logins=(
        Login("app", (Key("client_id", required=True), Key("client_secret", "secret", required=True))),
        Login("password", (Key("user", required=True), Key("password", "secret", required=True), Key("realm"))),
    ),
    keys=(
        Key("region", "choice", "eu", choices=("eu", "us")),
        Key("depth", "integer", 3, low=1, high=9),
        Key("quiet", "flag", False),
        Key("signing", "secrets"),
        Key("hook", "url"),
        Key("key_file", "file"),
        Key("note", default="-"),
    ),
    targets=("Contact", "Lead"),
    matches=("Contact", "Lead"),
    free=True,
    sections=(
        Section("case", (Key("queue", required=True, example="nps"), Key("urgent", "flag")), on=("case_opened",)),
        Section("events", (Key("event", required=True),), several=True),
    ),
)


def faults(options: dict[str, str | int | bool], secrets: dict[str, tuple[str, ...]]) -> list[Wrong]:
    """A thing that only two keys together say."""
    us = options.get("region") == "us" and "signing" not in secrets
    return [Wrong("region", "us wants a signing key", "add  signing: ${SIGNING}")] if us else []


HEAD = """\
writers:
  acme:
    login: {client_id: me, client_secret: "${SECRET}"}
"""
ENVIRON = {"SECRET": "s3cr3t-s3cr3t", "OTHER": "0th3r"}


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a kind `acme`."""
    monkeypatch.setitem(KINDS, "acme", sys.modules[__name__].__name__)


def section(body: str, folder: Path, head: str = HEAD) -> WriterSettings:
    """The one section of the kind, read. `body` stands under its log-in, in a file of its own."""
    (folder / "settings.yaml").write_text(written(body, head), "utf-8")
    return load(ENVIRON, folder).writers[-1]


def written(body: str, head: str = HEAD) -> str:
    return head + "".join(f"    {line}\n" for line in dedent(body).strip("\n").splitlines())


def problems(body: str, folder: Path, head: str = HEAD) -> list[str]:
    """`line:column path: message | hint` of each."""
    (folder / "settings.yaml").write_text(written(body, head), "utf-8")
    with pytest.raises(FileProblems) as caught:
        load(ENVIRON, folder)
    return [f"{place_of(p.mark)[14:]} {p.path[17:]}: {p.message} | {p.hint}" for p in caught.value.problems]


def expr(text: str) -> Expr:
    """One value as it stands behind a field: in double quotes it is a text. Raises Fault."""
    quoted = text.startswith('"')
    return compile_value(Scalar(text[1:-1] if quoted else text, Mark("settings.yaml", 1, 1), quoted))


def value(text: str, response: Response, link: str = "", mapped: Mapped | None = None) -> Out | None:
    chosen = mapped or Mapped()
    scene = Scene(response, link, claimed=chosen.trust == "claimed", timezone=chosen.timezone)
    return expr(text).run(scene)


def fault(text: str) -> Fault:
    with pytest.raises(Fault) as caught:
        expr(text)
    return caught.value
