"""`chatsurvey keys`: made once, listed without the secret, revoked; beside a running server."""

import json
from pathlib import Path

import pytest

from bot.keys import Keys
from bot.store.sqlite import SqliteStore
from tests.harness.commands import Folder, in_folder
from tests.harness.working import Clock


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Folder:
    return in_folder(tmp_path, monkeypatch, capsys)


def known(folder: Folder, key: str) -> bool:
    """Whether a service on this folder would take the key."""
    found: list[bool] = []

    async def ask(store: SqliteStore, _: object) -> None:
        found.append(await Keys(store).known(key))

    folder.lay(ask, Clock())
    return found[0]


def test_a_key_is_made_shown_once_and_works(folder: Folder) -> None:
    key = folder.run("keys", "add", "shop").strip()
    assert key.startswith("cs_")
    assert "not shown again" in folder.err
    assert known(folder, key)
    assert not known(folder, key + "x")
    listed = folder.run("keys")
    assert "shop" in listed
    assert key not in listed
    assert listed.split()[-1] == key[-4:]


def test_the_store_holds_no_key(folder: Folder) -> None:
    key = folder.run("keys", "add", "shop").strip()
    data = b"".join(file.read_bytes() for file in folder.settings.data_dir.iterdir() if file.is_file())
    assert b"shop" in data
    assert key.encode() not in data


def test_scripts_read_json(folder: Folder) -> None:
    assert json.loads(folder.run("keys", "list", "--json")) == []
    made = json.loads(folder.run("keys", "add", "shop", "--json"))
    (listed,) = json.loads(folder.run("keys", "--json"))
    assert (listed["name"], listed["ends_in"], set(listed)) == (
        "shop",
        made["key"][-4:],
        {"name", "created", "ends_in"},
    )
    assert json.loads(folder.run("keys", "revoke", "shop", "--json")) == {"name": "shop", "revoked": True}


def test_a_revoked_key_is_gone_and_its_name_is_free(folder: Folder) -> None:
    first = folder.run("keys", "add", "shop").strip()
    assert folder.run("keys", "revoke", "shop") == "revoked  shop\n"
    assert not known(folder, first)
    second = folder.run("keys", "add", "shop").strip()
    assert second != first
    assert known(folder, second)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("add", "shop"), 'there is a key named "shop"'),
        (("add", "a shop"), "is no name for a key"),
        (("add", "x" * 65), "is no name for a key"),
        (("revoke", "nobody"), 'there is no key named "nobody"'),
    ],
)
def test_a_mistake_is_told_in_a_sentence(folder: Folder, words: tuple[str, ...], told: str) -> None:
    folder.run("keys", "add", "shop")
    assert folder.run("keys", *words, code=1) == ""
    assert told in folder.err


@pytest.mark.parametrize("words", [("list",), ("revoke", "shop")])
def test_a_command_that_only_looks_makes_no_folder(folder: Folder, words: tuple[str, ...]) -> None:
    folder.run("keys", *words, code=0 if words == ("list",) else 1)
    assert not folder.settings.data_dir.exists()
