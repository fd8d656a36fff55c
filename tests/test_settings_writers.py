"""The sections under `writers:`: read by what their kind says of itself, every mistake with its place and a hint."""

import sys
from pathlib import Path

import pytest

from bot import settings
from bot.app_writers import configs, unfit, warned
from bot.commands.serve import known_secrets
from bot.crm.config import Connection
from bot.crm.table import KINDS
from bot.errors import FileProblems
from bot.flows.load import load as load_flows
from bot.settings_reader import IN_CLEAR, texts_of
from bot.settings_types import JSONL
from tests.harness.commands import in_folder
from tests.harness.mappings import ENVIRON, acme, problems, section, written
from tests.harness.service import Service

__all__ = ["acme"]


def test_a_section_says_everything_that_its_kind_knows(acme: None, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("key")
    (tmp_path / "ca.pem").write_text("ca")
    body = """
        region: us
        depth: 9
        quiet: true
        signing: ["${OTHER}", "${SECRET}"]
        hook: "${ADDRESS}"
        key_file: key.pem
        base_url: https://eu.acme.example/
        proxy: http://proxy.example:3128
        ca: ca.pem
        timeout: 5s
        samples: true
        """
    (tmp_path / "settings.yaml").write_text(written(body))
    found = settings.load(ENVIRON | {"ADDRESS": "https://x.example/hook?key=1"}, tmp_path)
    assert found.writers[0] == JSONL
    config = configs(found)[1]
    assert (config.kind, config.name, config.login, config.folder) == ("acme", "acme", "app", tmp_path / "data")
    assert config.options == {
        "client_id": "me", "region": "us", "depth": 9, "quiet": True, "hook": "https://x.example/hook?key=1",
        "key_file": str(tmp_path / "key.pem"), "note": "-",
    }  # fmt: skip
    assert config.secrets == {"client_secret": (ENVIRON["SECRET"],), "signing": (ENVIRON["OTHER"], ENVIRON["SECRET"])}
    assert config.connection == Connection(
        "https://eu.acme.example", "http://proxy.example:3128", tmp_path / "ca.pem", timeout=5.0
    )
    assert config.samples
    shown = repr((found, config))
    assert [secret for secret in (*ENVIRON.values(), "key=1") if secret in shown] == []


def test_what_a_writer_knows_of_secrets_is_kept_out_of_logs(acme: None, tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text(written("proxy: ${PROXY}"))
    found = settings.load(ENVIRON | {"PROXY": "http://me:secret@proxy.example"}, tmp_path)
    assert {ENVIRON["SECRET"], "http://me:secret@proxy.example"} <= set(known_secrets(found))


def test_what_a_section_does_not_say_is_as_its_kind_says(acme: None, tmp_path: Path) -> None:
    found = section("", tmp_path)
    assert found.options == {"client_id": "me", "region": "eu", "depth": 3, "quiet": False, "note": "-"}
    assert (found.connection, found.samples) == (Connection("https://api.acme.example"), False)


@pytest.mark.parametrize(
    ("login", "way"),
    [
        ("{client_id: me, client_secret: ${SECRET}}", "app"),
        ("{user: me, password: ${SECRET}}", "password"),
        ("{user: me, password: ${SECRET}, realm: x}", "password"),
    ],
)
def test_the_first_way_to_log_in_that_is_whole_is_taken(login: str, way: str, acme: None, tmp_path: Path) -> None:
    assert section("", tmp_path, f"writers:\n  acme:\n    login: {login}\n").login == way


@pytest.mark.parametrize(
    ("login", "told"),
    [
        ("{client_id: me}", "3:5 login: client_secret is missing | add  client_secret: ${CLIENT_SECRET}\nways to"),
        ("{password: ${SECRET}}", "login: user is missing | add  user: ..."),
        ("{}", "login: client_id and client_secret are missing"),
        ("{client_id: a, client_secret: b}", "3:42 login / client_secret: a secret stands here in clear"),
        ("{client_id: a, client_secret: ${NOPE}}", "client_secret: NOPE is not set | set NOPE in the environment"),
        ("{client_id: a, client_secret: ${SECRET}, user: b}", '"user" is not used: the log-in is app | it belongs'),
        ("{client_id: a, client_secret: ${SECRET}, usr: b}", '"usr" is not known here | did you mean "user"?'),
        ("{client_id: a${SECRET}, client_secret: ${SECRET}}", "a variable stands here alone or not at all"),
        ("{client_id: ${SECRET}/x, client_secret: ${SECRET}}", "a variable stands here alone or not at all"),
        ("me", "login: a table is expected here"),
    ],
)  # fmt: skip
def test_a_log_in_that_is_not_whole(login: str, told: str, acme: None, tmp_path: Path) -> None:
    found = problems("", tmp_path, f"writers:\n  acme:\n    login: {login}\n")
    assert any(told in problem for problem in found), found


def test_a_log_in_that_is_missing_is_shown(acme: None, tmp_path: Path) -> None:
    (found,) = problems("region: eu", tmp_path, "writers:\n  acme:\n")
    assert '"login" is missing | add it:  login: {client_id: ..., client_secret: ${CLIENT_SECRET}}' in found


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("region: asia", '4:13 region: "asia" is none of them | one of eu, us'),
        ("region: us", "4:13 region: us wants a signing key | add  signing: ${SIGNING}"),
        ("depth: 10", "4:12 depth: 10 is not allowed here | depth is from 1 to 9"),
        ("depth: deep", 'depth: "deep" is not a whole number'),
        ("quiet: maybe", 'quiet: "maybe" is neither true nor false'),
        ("signing: [in-clear]", "4:15 signing: a secret stands here in clear"),
        ("hook: ftp://x.example", "hook: it is not a web address"),
        ("hook: http://x.example", "hook: answers would travel in clear: it is not https | https://..., or  allow"),
        ("hook: https://a:b@x.example", "a name and password do not belong in an address"),
        ("hook: ${NOPE}", "NOPE is not set"),
        ("key_file: nothing.pem", '4:15 key_file: "nothing.pem" cannot be read: No such file or directory'),
        ("base_url: acme.example", "4:15 base_url: it is not a web address | for example  base_url: https://api.acme.ex"),
        ("base_url: http://acme.example", "base_url: answers would travel in clear"),
        ("proxy: proxy.example", "proxy: it is not a web address"),
        ("proxy: http://a:b@proxy.example", "4:12 proxy: a secret stands here in clear"),
        ("ca: nothing.pem", "ca: \"nothing.pem\" cannot be read"),
        ("timeout: 40s", "timeout: it is not within 1s and 24s | for example  timeout: 20s"),
        ("timeout: soon", 'timeout: "soon" is not a length of time'),
        ("allow_private: perhaps", "allow_private"),
        ("regoin: eu", '4:5 : "regoin" is not known here | did you mean "region"?'),
        ("transcript: true", '"transcript" is not known here'),
    ],
)  # fmt: skip
def test_a_key_that_is_wrong(body: str, told: str, acme: None, tmp_path: Path) -> None:
    found = problems(body, tmp_path)
    assert any(told in problem for problem in found), found


@pytest.mark.parametrize("address", ["http://10.0.0.7:8080", "http://localhost:1"])
def test_plain_http_is_for_who_allows_it(address: str, acme: None, tmp_path: Path) -> None:
    found = section(f"allow_private: true\nbase_url: {address}/\ntimeout: 3", tmp_path)
    assert found.connection == Connection(address, allow_private=True, timeout=3.0)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("acme: {kind: intercom}", 'writers of kind "intercom" come later'),
        ("mailchimp: {}", 'writers of kind "mailchimp" come later'),
        ("mine: {kind: acm}", 'did you mean "acme"?'),
        ("dynamics: {}", "known kinds: "),
        ("questionpro: {kind: acme}", '"questionpro" is the name of another writer'),
        ("jsonl: {kind: acme}", '"jsonl" is the name of another writer'),
        ("Sales: {kind: acme}", '"Sales" cannot be a name'),
        ("acme: yes", "a table is expected here"),
        ("jsonl: {fields: {a: score}}", "a JSONL file is written whole: there is no mapping | remove  fields"),
        ("jsonl: {base_url: https://x.example}", '"base_url" is not known here'),
    ],
)
def test_a_writer_that_there_is_not(source: str, told: str, acme: None, tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text(f"writers: {{{source}}}\n")
    with pytest.raises(FileProblems) as caught:
        settings.load(ENVIRON, tmp_path)
    assert any(told in f"{p.message} | {p.hint}" for p in caught.value.problems), caught.value.problems


def test_a_writer_that_is_switched_off_may_be_unfinished(acme: None, tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("writers: {acme: {enabled: false, login: {}}, jsonl: {enabled: false}}")
    assert settings.load({}, tmp_path).writers == ()


def test_one_kind_may_stand_there_twice(acme: None, tmp_path: Path) -> None:
    login = 'login: {user: me, password: "${SECRET}"}'
    (tmp_path / "settings.yaml").write_text(f"writers:\n  fr: {{kind: acme, {login}}}\n  de: {{kind: acme, {login}}}\n")
    found = settings.load(ENVIRON, tmp_path).writers
    assert [(one.kind, one.name) for one in found] == [("jsonl", "jsonl"), ("acme", "fr"), ("acme", "de")]


def test_a_kind_is_loaded_only_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in KINDS.values():
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert settings.load({}, tmp_path).writers == (JSONL,)
    assert [name for name in KINDS.values() if name in sys.modules] == []


def test_secrets_in_clear_are_masked_wherever_the_line_is_shown(
    acme: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "settings.yaml").write_text(
        written("proxy: http://a:hidden@p.example\nsigning: [also-hidden, '${OTHER}']")
    )
    with pytest.raises(FileProblems) as caught:
        settings.load(ENVIRON, tmp_path)
    assert [p.message for p in caught.value.problems] == [IN_CLEAR, IN_CLEAR]
    shown = "".join(texts_of(caught.value.problems).values())
    assert "hidden" not in shown
    assert "proxy: ••••" in shown
    assert "hidden" not in repr(caught.value.problems)


FLOWS = """\
version: 1
brand: {name: Acme}
flows:
  nps:
    steps:
      score: {kind: nps, say: Would you?, then: reason}
      reason: {kind: text, say: Why?, optional: true, then: bye}
      bye: {kind: message, say: Bye, end: completed}
"""
BODY = "match: {Email: contact.email}\nfields: {Reason: answers.reasons, Score: score}"


def test_a_server_warns_of_what_check_refuses(acme: None, tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text(written(BODY))
    found, book = settings.load(ENVIRON, tmp_path), load_flows(FLOWS)
    assert [(p.level, p.mark.line) for p in unfit(found, book)] == [("warning", 4), ("error", 5)]
    assert {p.level for p in warned(found, book)} == {"warning"}
    assert [p.message for p in warned(found, book)] == [p.message for p in unfit(found, book)]


@pytest.mark.parametrize(("written_as", "code"), [("answers.reasons", 1), ("answers.reason", 0)])
def test_check_reads_the_mapping_against_the_flows(
    written_as: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    body = f"writers: {{file: {{kind: csv, fields: {{Reason: {written_as}}}}}}}\n"
    (tmp_path / "settings.yaml").write_text(body)
    (tmp_path / "flows.yaml").write_text(FLOWS)
    told = in_folder(tmp_path, monkeypatch, capsys).run("check", code=code)
    assert ("settings.yaml:1:46" in told) is bool(code)
    assert ('did you mean "answers.reason"?' in told) is bool(code)


def test_a_server_starts_and_says_what_of_a_mapping_does_not_fit(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("writers: {file: {kind: csv, fields: {Reason: answers.reasons}}}\n")
    with Service(tmp_path, flows=FLOWS) as service:
        told = (
            '!!         settings.yaml:1:46  writers / file / fields / row / Reason: no step saves an answer "reasons"'
        )
        assert told in service.out
