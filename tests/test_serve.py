"""`chatsurvey serve` as a process: what it says, what it refuses, how it reloads and how it stops."""

import asyncio
import json
import os
import signal
import socket
from pathlib import Path

import aiohttp
import pytest

from tests.harness.flows import BROKEN, OTHER, SMALL
from tests.harness.service import Service, clean, command, get, serving, wait_until


async def open_chat(http: aiohttp.ClientSession, url: str) -> dict[str, object]:
    async with http.post(f"{url}/api/v1/chats", json={}) as answer:
        assert answer.status == 201, await answer.text()
        opened: dict[str, object] = await answer.json()
        return opened


async def words_of(url: str) -> str:
    """The first question of a new chat."""
    async with aiohttp.ClientSession() as http:
        entries = (await open_chat(http, url))["entries"]
    assert isinstance(entries, list)
    return str(entries[0]["text"])


def test_it_starts_without_any_setting_and_says_where_it_is(tmp_path: Path) -> None:
    with Service(tmp_path, flows=None) as service:
        for path in ("/", "/chat/nps", "/widget.js", "/healthz", "/api/v1/openapi.json", "/metrics"):
            assert get(service.url + path) == 200, path
        for words in (f"http://localhost:{service.port}/", "/chat/nps", "widget.js", "shipped survey", "data"):
            assert words in service.out
        assert service.err == ""
    assert service.code == 0
    assert (service.data / "chats.db").exists()


def test_a_taken_port_is_a_clear_error_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with socket.create_server(("0.0.0.0", 0)) as other:
        port = other.getsockname()[1]
        ended = command(tmp_path, "serve", PORT=str(port))
    assert ended.returncode == 1
    assert f"port {port} is taken" in ended.stderr
    assert f"PORT={port + 1}" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_second_server_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with Service(tmp_path) as first:
        second = command(tmp_path, "serve", PORT="0")
        assert second.returncode == 1
        assert str(first.data) in second.stderr
        assert "Traceback" not in second.stderr
        assert get(f"{first.url}/readyz") == 200


def test_a_flow_file_with_errors_starts_nothing(tmp_path: Path) -> None:
    (tmp_path / "flows.yaml").write_text(BROKEN.replace("kind: nps", "kind: npps"))
    ended = command(tmp_path, "serve", PORT="0")
    assert ended.returncode == 1
    for words in ("flows.yaml:11", 'did you mean "nps"', "flows.yaml:13", 'did you mean "reason"'):
        assert words in ended.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["flows.yaml"]


def test_wrong_settings_are_told_all_at_once(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("timezone: Mars\n")
    (tmp_path / ".env").write_text("PORT=abc\n")
    ended = command(tmp_path, "serve", LOG_LEVEL="loud")
    assert ended.returncode == 1
    for words in ("settings.yaml:1:11", ".env:1", "environment", "LOG_LEVEL"):
        assert words in ended.stderr
    assert not (tmp_path / "data").exists()


def test_a_data_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = command(tmp_path, "serve", PORT="0", DATA_DIR="file/data")
    assert ended.returncode == 1
    assert "DATA_DIR" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_dotenv_is_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DATA_DIR=elsewhere\n")
    with Service(tmp_path) as service:
        assert (tmp_path / "elsewhere" / "chats.db").exists()
        assert not service.data.exists()


async def test_an_edit_is_live_for_new_chats_and_one_with_errors_is_not(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        before = await words_of(service.url)
        (tmp_path / "flows.yaml").write_text(BROKEN)
        wait_until(lambda: "goes on serving" in service.out, "the errors to be told")
        assert 'did you mean "reason"' in service.out
        assert await words_of(service.url) == before
        (tmp_path / "flows.yaml").unlink()
        (tmp_path / "flows.yaml").write_text(OTHER)
        wait_until(lambda: "is live for new chats" in service.out, "the edit to be live")
        assert (await words_of(service.url)).startswith("On a scale")


async def test_a_chat_goes_on_in_its_version_after_a_restart_on_another_one(tmp_path: Path) -> None:
    fresh = aiohttp.TCPConnector(force_close=True)
    with Service(tmp_path) as service:
        async with aiohttp.ClientSession(connector=fresh) as http:
            opened = await open_chat(http, service.url)
            service.stop()
            (tmp_path / "flows.yaml").write_text(OTHER.replace("What is the reason?", "Why?"))
            service.start()
            url = f"{service.url}/api/v1/chats/{opened['chat']}/messages"
            headers = {"Authorization": f"Bearer {opened['token']}"}
            message = {"id": "m1", "cursor": 1, "fence": 1, "value": 3}
            async with http.post(url, json=message, headers=headers) as answer:
                entries = (await answer.json())["entries"]
    assert [entry["text"] for entry in entries] == ["3", "What is the reason?"]


async def answer_until_refused(
    http: aiohttp.ClientSession, service: Service, acknowledged: dict[str, str], many: asyncio.Event
) -> None:
    """Open chats and score them until the service is gone; keep what was acknowledged."""
    while True:
        try:
            opened = await open_chat(http, service.url)
            url = f"{service.url}/api/v1/chats/{opened['chat']}/messages"
            message = {"id": "m1", "cursor": 1, "fence": 1, "value": 7}
            async with http.post(url, json=message, headers={"Authorization": f"Bearer {opened['token']}"}) as answer:
                if answer.status == 200:
                    acknowledged[str(opened["chat"])] = str(opened["token"])
            if len(acknowledged) >= 50:
                many.set()
        except aiohttp.ClientError:
            return


async def test_sigterm_under_load_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    acknowledged: dict[str, str] = {}
    many = asyncio.Event()
    with Service(tmp_path) as service:
        async with aiohttp.ClientSession() as http:
            load = asyncio.gather(*(answer_until_refused(http, service, acknowledged, many) for _ in range(16)))
            await asyncio.wait_for(many.wait(), 30)
            service.signal(signal.SIGTERM)
            await load
            assert await asyncio.to_thread(service.wait) == 0
        service.start()
        async with aiohttp.ClientSession() as http:
            for chat, token in acknowledged.items():
                async with http.post(f"{service.url}/api/v1/chats", json={"chat": token}) as answer:
                    assert answer.status == 200
                    texts = [entry["text"] for entry in (await answer.json())["entries"]]
                    assert texts.count("7") == 1, chat
        exported = command(tmp_path, "export", "--format", "jsonl")
    assert exported.returncode == 0, exported.stderr
    assert {json.loads(line)["chat"] for line in exported.stdout.splitlines()} >= set(acknowledged)


SETTINGS = """
writers:
  slow: {kind: webhook, url: "${HOOK}", secret: "${SECRET}", allow_private: true, samples: true}
"""


async def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text(SETTINGS)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        hook = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        with Service(tmp_path, HOOK=hook, SECRET="whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz") as service:
            async with aiohttp.ClientSession() as http:
                opened = await open_chat(http, service.url)
                url = f"{service.url}/api/v1/chats/{opened['chat']}/messages"
                message = {"id": "m1", "cursor": 1, "fence": 1, "value": 7}
                await http.post(url, json=message, headers={"Authorization": f"Bearer {opened['token']}"})
            deaf.settimeout(30)
            connection, _ = await asyncio.to_thread(deaf.accept)
            with connection:
                service.signal(signal.SIGTERM)
                wait_until(lambda: "stopping" in service.out, "the first signal to be heard")
                service.signal(signal.SIGTERM)
                assert await asyncio.to_thread(service.wait) == 128 + signal.SIGTERM


def test_a_hang_up_changes_nothing_and_is_told(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        service.signal(signal.SIGHUP)
        wait_until(lambda: "SIGHUP changes nothing" in service.err, "a line that says so")
        assert get(f"{service.url}/readyz") == 200
        assert service.stop() == 0


def test_a_terminal_that_is_gone_ends_it(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    service = Service(tmp_path)
    service.stdin = theirs
    with os.fdopen(theirs), os.fdopen(ours), service:
        service.signal(signal.SIGHUP)
        assert service.wait() == -signal.SIGHUP


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
async def test_the_service_runs_in_a_loop_of_its_user_too(tmp_path: Path, host: str) -> None:
    async with serving(tmp_path, HOST=host) as service:
        assert await words_of(service.url) == "How likely are you to recommend Acme?"
        assert str(service.settings.port) in service.settings.public_url


def test_an_address_of_another_machine_is_refused(tmp_path: Path) -> None:
    ended = command(tmp_path, "serve", PORT="0", HOST="192.0.2.1")
    assert ended.returncode == 1
    assert "192.0.2.1" in ended.stderr


def test_no_setting_of_the_developer_reaches_a_process_of_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", "/elsewhere")
    assert "DATA_DIR" not in clean({})
    assert SMALL != OTHER
