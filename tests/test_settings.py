"""Settings: everything starts without any; every problem comes at once with its place; nothing shows a secret."""

import os
import re
import stat
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from bot import resources, settings
from bot.app_writers import unfit
from bot.crm.table import KINDS
from bot.errors import FileProblems, UserMistake
from bot.flows.load import load as load_flows
from bot.flows.report import place_of
from bot.flows.spec import OpenHours
from bot.settings import Limit, load, with_secrets
from bot.settings_types import JSONL
from tests.harness.service import command

KEY = "0123456789abcdef0123456789abcdef"
HOOK = "whsec_" + "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"


def problems(environ: dict[str, str], folder: Path) -> list[str]:
    with pytest.raises(FileProblems) as caught:
        load(environ, folder)
    return [f"{place_of(p.mark)} {p.path}: {p.message} | {p.hint}" for p in caught.value.problems]


def test_everything_starts_without_any_setting(tmp_path: Path) -> None:
    found = load({}, tmp_path)
    assert (found.host, found.port, found.public_url) == ("0.0.0.0", 8080, "http://localhost:8080")
    assert (found.data_dir, found.file, found.timezone) == (tmp_path / "data", None, "UTC")
    assert (found.flows, found.flows_are_shipped) == (resources.flows(), True)
    assert found.hours["office"].days == (((540, 1080),),) * 5 + ((), ())
    assert (found.writers, found.secrets, found.web.origins) == ((JSONL,), (), ())
    assert list(tmp_path.iterdir()) == []


def test_the_environment_says_what_differs_from_place_to_place(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("version: 1\n")
    environ = {
        "HOST": "::1",
        "PORT": "0",
        "TRUSTED_PROXIES": "10.1.2.3/8, 192.0.2.7",
        "DATA_DIR": "elsewhere",
        "FLOWS": "mine.yaml",
        "SECRET_KEY": f"{KEY}, {KEY[::-1]}",
        "LOG_LEVEL": "DEBUG",
        "REDIS_URL": "redis://localhost",
    }
    found = load(environ, tmp_path)
    assert (found.host, found.port, found.public_url) == ("::1", 0, "http://[::1]:0")
    assert found.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("192.0.2.7/32"))
    assert (found.data_dir, found.flows) == (tmp_path / "elsewhere", tmp_path / "mine.yaml")
    assert (found.flows_are_shipped, found.secrets) == (False, (KEY, KEY[::-1]))
    assert (found.log_level, found.redis_url) == ("debug", "redis://localhost")
    assert load({"PUBLIC_URL": "https://nps.example.com/"}, tmp_path).public_url == "https://nps.example.com"


def test_a_flow_file_in_the_folder_is_taken_before_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "flows.yaml").write_text("version: 1\n")
    found = load({}, tmp_path)
    assert (found.flows, found.flows_are_shipped) == (tmp_path / "flows.yaml", False)


def test_dotenv_fills_in_what_the_environment_leaves_open(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text('# ports\nPORT=9000\nBASE=example.com\nexport PUBLIC_URL="https://${BASE}"\n')
    assert load({}, tmp_path).port == 9000
    assert load({}, tmp_path).public_url == "https://example.com"
    assert load({"PORT": "9001"}, tmp_path).port == 9001


def test_bad_values_come_all_at_once_with_the_line_in_dotenv(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("\n# comment\n\nPORT=abc\nthis is no line\nLOG_LEVEL=loud\n")
    environ = {
        "PUBLIC_URL": "nps.example.com",
        "TRUSTED_PROXIES": "10.0.0.0/8, proxy1",
        "SECRET_KEY": "short",
        "FLOWS": "none.yaml",
        "SETTINGS": "gone.yaml",
    }
    found = problems(environ, tmp_path)
    assert len(found) == 8
    for place, words in [
        (".env:4 PORT", '"abc" is not a whole number from 0 to 65535 | for example PORT=8080'),
        (".env:5", "not a line of the form NAME=value"),
        (".env:6 LOG_LEVEL", '"loud" is none of debug, info, warning, error'),
        ("environment PUBLIC_URL", "is not a web address"),
        ("environment TRUSTED_PROXIES", '"proxy1" is neither an address nor a network'),
        ("environment SECRET_KEY", "fewer than 32 characters"),
        ("environment FLOWS", "there is no file"),
        ("environment SETTINGS", "there is no file"),
    ]:
        assert any(line.startswith(place) and words in line for line in found), (place, found)
    assert not any("short" in line.split("fewer")[0] for line in found)


def test_a_report_masks_secrets_that_stand_in_the_settings_file(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text(
        f'web:\n  metrics_token: {KEY}\n  identity_keys: [a-{KEY}, "b-{KEY}"]\n  orgins: [x]\n', "utf-8"
    )
    ended = command(tmp_path, "serve")
    assert (ended.returncode, KEY in ended.stderr) == (1, False)
    assert ended.stderr.count("a secret stands here in clear") == 3
    assert "metrics_token: ••" in ended.stderr
    assert 'did you mean "origins"?' in ended.stderr


def test_a_file_that_cannot_be_looked_at_is_none(tmp_path: Path) -> None:
    found = problems({"FLOWS": "x" * 300, "SETTINGS": "y" * 300}, tmp_path)
    assert [line.split(" | ")[0].count("there is no file") for line in found] == [1, 1]


def test_a_report_shows_no_line_of_dotenv_since_its_neighbours_are_secrets(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"SECRET_KEY={KEY}\nPORT=abc\n=={KEY}\n")
    ended = command(tmp_path, "serve")
    assert (ended.returncode, KEY in ended.stderr) == (1, False)
    assert ".env:2  PORT" in ended.stderr
    assert ".env:3" in ended.stderr


@pytest.mark.parametrize("port", ["65536", "-1", "8080.0", "1e3", "٣", "0x50"])
def test_a_port_is_a_plain_number(port: str, tmp_path: Path) -> None:
    assert "environment PORT" in problems({"PORT": port}, tmp_path)[0]


@pytest.mark.parametrize(
    "url",
    ["ftp://a.example", "https://", "http://a b", "https://a.example?x=1", "https://a.example/nps", "http://[::1"],
)
def test_a_public_address_is_http_and_bare(url: str, tmp_path: Path) -> None:
    assert "environment PUBLIC_URL" in problems({"PUBLIC_URL": url}, tmp_path)[0]


FILE = """
timezone: Europe/Paris
hours:
  office: {mon-fri: ["09:00-12:30", "14:00-18:00"], closed: [2026-12-25], slot: 20m, notice: 1h, ahead: 5d}
  night: {timezone: America/New_York, fri-sun: 22:00-24:00}
web:
  origins: [https://Shop.example/, "https://*.example.org"]
  hide: {closed: 7d}
  limits: {chat: {burst: 5, per_second: 1}}
  identity_keys: [${ID_KEY}]
writers:
  jsonl: {enabled: false}
  crm: {kind: webhook, url: https://crm.example/hook, secret: ${HOOK_SECRET}, samples: true}
  zap: {kind: webhook, url: "${ZAP_URL}", secret: ["${HOOK_SECRET}", ${OLD_SECRET}]}
"""


def test_the_settings_file_says_what_is_a_choice(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text(FILE)
    found = load(
        {"ID_KEY": KEY, "HOOK_SECRET": HOOK, "OLD_SECRET": HOOK[:-8], "ZAP_URL": "https://zap.example/x?key=1"},
        tmp_path,
    )
    day = ((540, 750), (840, 1080))
    assert found.timezone == "Europe/Paris"
    office = OpenHours("Europe/Paris", (day,) * 5 + ((), ()), ("2026-12-25",), 20 * 60_000, 3_600_000, 5 * 86_400_000)
    assert found.hours["office"] == office
    night = found.hours["night"]
    assert (night.timezone, night.days) == ("America/New_York", ((),) * 4 + (((1320, 1440),),) * 3)
    assert found.web.origins == ("https://shop.example", "https://*.example.org")
    assert (found.web.hide_closed, found.web.hide_answered) == (7, 90)
    assert (found.web.chat_limit, found.web.address_limit) == (Limit(5, 1), Limit(60, 1))
    assert found.web.identity_keys == (KEY,)
    crm, zap = found.writers
    assert (crm.name, crm.options["url"], crm.secrets["secret"]) == ("crm", "https://crm.example/hook", (HOOK,))
    assert (zap.options["url"], zap.secrets["secret"]) == ("https://zap.example/x?key=1", (HOOK, HOOK[:-8]))
    assert (crm.samples, zap.connection.allow_private) == (True, False)


def test_no_secret_is_in_the_repr(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text(FILE)
    environ = {
        "ID_KEY": KEY,
        "HOOK_SECRET": HOOK,
        "OLD_SECRET": HOOK[:-8],
        "ZAP_URL": "https://zap.example/x?key=1",
        "SECRET_KEY": KEY[::-1],
    }
    shown = repr(load(environ, tmp_path))
    assert [secret for secret in (KEY, KEY[::-1], HOOK, "key=1") if secret in shown] == []


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("timezone: Europe/Pari", 1, 'no time zone "Europe/Pari"'),
        ("time-zone: UTC", 1, 'did you mean "timezone"'),
        ("a: 1\ntimezone: UTC\ntimezone: UTC", 3, "timezone"),
        ("hours: {office: {mon-fri: 18:00-09:00}}", 1, "is not a span of a day"),
        ("hours: {office: {mon-fri: [09:00-12:00, 11:00-13:00]}}", 1, "begins before"),
        ("hours: {office: {mon-fri: 9:00-12:00, wed: 9:00-12:00}}", 1, "wed is said twice"),
        ("hours: {office: {closed: [2026-12-25]}}", 1, "no day has opening hours"),
        ("hours: {office: {mon: 9:00-12:00, closed: [25.12.2026]}}", 1, "is not a date"),
        ("hours: {office: {mon: 9:00-12:00, slot: 1m}}", 1, "shorter than 5 minutes"),
        ("hours: {office: {mon: 9:00-12:00, tuesday: 9:00-12:00}}", 1, '"tuesday" is not known here'),
        ("web: {origins: [https://a.example/path]}", 1, "is not an origin"),
        ("web: {origins: ['https://*']}", 1, "is not an origin"),
        ("web:\n  limits: {chat: {burst: 0}}", 2, "0 is not allowed here"),
        ("web: {metrics_token: in-clear}", 1, "a secret stands here in clear"),
        ("web: {metrics_token: ${NOT_SET}}", 1, "set NOT_SET in the environment"),
        ("web: {identity_keys: [${PORT}]}", 1, "fewer than 32 characters"),
        ("timezone: ${PORT}", 1, '"${PORT}" is only read where a secret is expected'),
        ("writers: {crm: {kind: webhook, secret: ${KEY}}}", 1, "url"),
        ("writers: {crm: {kind: webhook, url: 'http://[::1', secret: ${KEY}}}", 1, "not a web address"),
        ("writers: {crm: {kind: webhook, url: crm.example, secret: ${KEY}}}", 1, "not a web address"),
        ("writers: {crm: {kind: webhook, url: https://x.example}}", 1, "secret"),
        ("writers: {crm: {kind: webhook, url: https://x.example, secret: ${PORT}}}", 1, "not a signing secret"),
        ("writers: {crm: {kind: webhook, url: http://x.example, secret: ${KEY}}}", 1, "it is not https"),
        ("writers: {crm: {kind: webhook, url: https://a:b@x.example/y@z, secret: ${KEY}}}", 1, "name and password"),
        ("writers: {jsonl: {kind: webhook, url: https://x.example, secret: ${KEY}}}", 1, "name of another writer"),
        ("writers: {CRM!: {kind: webhook, url: https://x.example, secret: ${KEY}}}", 1, "cannot be a name"),
        ("writers: {dynamics: {}}", 1, 'no writer of kind "dynamics"'),
        ("writers: {hook: {kind: webhok}}", 1, 'did you mean "webhook"'),
        ("web: [1]", 1, "a table is expected"),
        ("timezone: UTC\nweb: {origins: [\n", 3, ""),
        ("- a", 1, "not a table"),
    ],
)
def test_each_mistake_in_the_file_has_its_line_and_a_hint(source: str, line: int, words: str, tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text(source)
    found = problems({"PORT": "1234", "KEY": HOOK}, tmp_path)
    assert any(text.startswith(f"settings.yaml:{line}:") and words in text for text in found), found


def test_file_and_environment_are_wrong_together_and_told_together(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("timezone: Mars\nweb: {hide: {closed: soon}}\n")
    assert len(problems({"PORT": "x"}, tmp_path)) == 3


@pytest.mark.parametrize("source", ["", "# nothing yet\n", "\ufeff# with a mark\n"])
def test_an_empty_file_is_no_file(source: str, tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text(source)
    assert load({}, tmp_path).timezone == "UTC"


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_bytes(b"timezone: \xff\xfe")
    assert "cannot be read" in problems({}, tmp_path)[0]


def test_the_example_file_is_right(tmp_path: Path) -> None:
    """It has a section for every kind of writer, and their mappings fit the survey that is shipped."""
    example = Path(settings.__file__).parent.parent / "settings.example.yaml"
    names = re.findall(r"\$\{(\w+)\}", example.read_text("utf-8"))
    found = load(dict.fromkeys(names, HOOK) | {"SETTINGS": str(example)}, tmp_path)
    assert (found.file, found.timezone) == (example, "Europe/Paris")
    assert {one.kind for one in found.writers} == set(KINDS)
    unfitting = unfit(found, load_flows(resources.flows().read_bytes()))
    assert [(p.mark.line, p.message) for p in unfitting if p.level == "error"] == []


def test_the_signing_key_is_made_once_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    unsigned = replace(load({}, tmp_path), data_dir=tmp_path)
    first = with_secrets(unsigned)
    assert len(first.secrets) == 1
    assert len(first.secrets[0]) >= 32
    assert with_secrets(unsigned).secrets == first.secrets
    assert stat.S_IMODE(unsigned.secret_file.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secret.key"]


def test_a_key_is_rotated_by_a_line_above(tmp_path: Path) -> None:
    unsigned = replace(load({}, tmp_path), data_dir=tmp_path)
    (old,) = with_secrets(unsigned).secrets
    unsigned.secret_file.write_text(f"{KEY}\n{old}\n")
    assert with_secrets(unsigned).secrets == (KEY, old)


def test_a_key_of_the_environment_leaves_the_folder_alone(tmp_path: Path) -> None:
    assert with_secrets(load({"SECRET_KEY": KEY}, tmp_path)).secrets == (KEY,)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("held", "told"),
    [(b"", "holds no key"), (b"\xff\xfe\x00 of something else", "holds no key"), (b"hunter2\n", "fewer than 32")],
    ids=["empty", "no text", "short"],
)
def test_a_file_that_holds_no_good_key_is_a_mistake_and_is_not_replaced(held: bytes, told: str, tmp_path: Path) -> None:
    unsigned = replace(load({}, tmp_path), data_dir=tmp_path)
    unsigned.secret_file.write_bytes(held)
    with pytest.raises(UserMistake, match=told) as caught:
        with_secrets(unsigned)
    assert "hunter2" not in str(caught.value) + caught.value.hint
    assert unsigned.secret_file.read_bytes() == held


def test_a_folder_that_cannot_hold_the_key_is_told(tmp_path: Path) -> None:
    unsigned = replace(load({}, tmp_path), data_dir=tmp_path / "missing")
    with pytest.raises(UserMistake, match="cannot keep the signing key") as caught:
        with_secrets(unsigned)
    assert "SECRET_KEY" in caught.value.hint


def test_the_process_environment_is_read_by_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PORT", "8123")
    assert "PORT" in os.environ
    assert load().port == 8123
