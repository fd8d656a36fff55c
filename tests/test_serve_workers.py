"""`chatsurvey serve --workers N`: one port, several processes, and what happens to it while they come and go."""

import asyncio
import json
import os
import signal
from contextlib import ExitStack
from pathlib import Path
from urllib.request import urlopen

import aiohttp
import pytest

from tests.harness.fleet import People, alive, children, database, database_again, figures
from tests.harness.flows import BROKEN
from tests.harness.service import PATIENCE, Service, command, get, wait_until, within

TWO = ("--workers", "2")
CHATS = 'chatsurvey_chats_opened_total{flow="nps"}'


def serving(service: Service, many: int) -> None:
    """Wait until so many are there."""

    def said() -> str:
        with urlopen(f"{service.url}/metrics", timeout=5) as answer:
            return str(answer.read().decode())

    wait_until(lambda: f"chatsurvey_processes {many}.0" in said(), f"{many} processes")


async def until_counted(url: str, chats: int) -> dict[str, float]:
    """The figures, as soon as they know of so many chats: what a process beside the one asked counted last is told a
    second later."""
    async with within(PATIENCE, f"figures that know of {chats} chats"):
        while True:
            counted = await figures(url)
            if counted[CHATS] == chats:
                return counted
            assert counted[CHATS] < chats
            await asyncio.sleep(0.05)


async def test_nobody_is_refused_while_each_process_is_replaced_or_dies(tmp_path: Path) -> None:
    with Service(tmp_path, words=(*TWO, "--drain", "1"), REDIS_URL=database(8)) as service:
        assert service.out.count("answers at") == 1
        assert "2 processes" in service.out
        serving(service, 2)
        first = children(service.pid)
        async with People(service.url) as people:
            await people.more()
            service.signal(signal.SIGHUP)
            await asyncio.to_thread(
                wait_until, lambda: not set(first) & set(children(service.pid)), "the old ones gone"
            )
            assert people.failed == []
            await people.more()
        assert people.failed == []
        assert set(people.statuses) == {201}
        counted = await until_counted(service.url, people.answered)  # those that have gone stay counted
        assert counted["chatsurvey_processes"] == 2

        doomed = children(service.pid)[0]
        os.kill(doomed, signal.SIGKILL)
        wait_until(lambda: len(children(service.pid)) == 2 and doomed not in children(service.pid), "another one")
        assert f"process {doomed} ended: signal 9" in service.err
        said = {json.loads(line)["facts"]["process"] for line in service.err.splitlines()}
        assert {service.pid, first[0]} <= said
        assert (await figures(service.url))[CHATS] == people.answered
        assert service.stop() == 0
        assert service.out.endswith("stopped\n")


async def score(http: aiohttp.ClientSession, url: str) -> str:
    async with http.post(f"{url}/api/v1/chats", json={}) as answer:
        opened = await answer.json()
    headers, message = {"Authorization": f"Bearer {opened['token']}"}, {"id": "m1", "cursor": 1, "fence": 1, "value": 7}
    async with http.post(f"{url}/api/v1/chats/{opened['chat']}/messages", json=message, headers=headers) as answer:
        assert answer.status == 200
    return str(opened["chat"])


async def test_processes_of_one_host_share_the_file_of_records_and_that_of_responses(tmp_path: Path) -> None:
    """Both are made here by three at once."""
    with Service(tmp_path, words=("--workers", "3", "--drain", "0"), REDIS_URL=database(8)) as service:
        serving(service, 3)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as http:
            chats = await asyncio.gather(*(score(http, service.url) for _ in range(90)))
        lines = service.data / "responses.jsonl"
        wait_until(lambda: lines.exists() and lines.read_text().count("\n") == 90, "a line for each")
        exported = command(tmp_path, "export", "--format", "jsonl", REDIS_URL=database_again(8))
    for text in (exported.stdout, lines.read_text()):
        assert sorted(json.loads(line)["chat"] for line in text.splitlines()) == sorted(chats)
    assert "ERROR" not in service.err.upper()


async def test_a_load_balancer_has_time_to_see_that_one_of_two_services_stops(tmp_path: Path) -> None:
    with ExitStack() as stack:
        redis = database(8)
        words = ("--drain", "1")
        one, other = (
            stack.enter_context(Service(tmp_path, words=words, REDIS_URL=redis, DATA_DIR="shared", PORT="0"))
            for _ in range(2)
        )
        async with People(one.url, other.url) as people:
            await people.more()
            one.signal(signal.SIGTERM)
            wait_until(lambda: get(f"{one.url}/readyz") == 503, "it to say that it stops")
            assert get(f"{one.url}/healthz") == 200
            people.urls = [other.url]  # what a load balancer does now
            await asyncio.to_thread(one.wait)
            await people.more()
        assert people.failed == []
        assert one.code == 0


async def test_streams_end_at_once_and_answers_close_their_connections_while_it_drains(tmp_path: Path) -> None:
    with Service(tmp_path, words=("--drain", "5"), REDIS_URL=database(8)) as service:
        async with aiohttp.ClientSession() as http:
            async with http.post(f"{service.url}/api/v1/chats", json={}) as answer:
                opened = await answer.json()
                assert "Connection" not in answer.headers
            headers = {"Authorization": f"Bearer {opened['token']}"}
            async with http.get(f"{service.url}/api/v1/chats/{opened['chat']}/events", headers=headers) as stream:
                await stream.content.readuntil(b"\n\n")
                service.signal(signal.SIGTERM)
                await asyncio.wait_for(stream.read(), 3)
            for path in ("/healthz", "/widget.js"):
                async with http.get(service.url + path) as answer:
                    assert (answer.status, answer.headers["Connection"]) == (200, "close")
            async with http.post(f"{service.url}/api/v1/chats", json={}) as answer:
                assert (answer.status, answer.headers["Connection"]) == (201, "close")
        service.signal(signal.SIGTERM)
        assert service.wait() == 128 + signal.SIGTERM, "a second signal waits for nothing"


def test_ctrl_c_waits_for_no_load_balancer(tmp_path: Path) -> None:
    with Service(tmp_path, words=("--drain", "60")) as service:
        service.signal(signal.SIGINT)
        assert service.wait() == 0


def test_a_replacement_that_cannot_start_replaces_nobody_and_orphans_stop_by_themselves(tmp_path: Path) -> None:
    with Service(tmp_path, words=(*TWO, "--drain", "0"), REDIS_URL=database(8)) as service:
        serving(service, 2)
        orphans = children(service.pid)
        (tmp_path / "flows.yaml").write_text(BROKEN)
        service.signal(signal.SIGHUP)
        wait_until(lambda: "did not become ready (exit code 1): the old ones go on" in service.err, "the new one's end")
        assert children(service.pid) == orphans
        service.kill()
        wait_until(lambda: not any(map(alive, orphans)), "both to go")
        wait_until(lambda: service.err.count("the supervisor has died; this process stops") == 2, "both to say so")


def test_what_the_first_one_cannot_do_is_told_once_and_ends_all(tmp_path: Path) -> None:
    (tmp_path / "flows.yaml").write_text(BROKEN)
    ended = command(tmp_path, "serve", *TWO, PORT="0", REDIS_URL=database(8))
    assert ended.returncode == 1
    assert ended.stderr.count('did you mean "reason"') == 1
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--workers", "2"), "needs a store that several processes share"),
        (("--workers", "0"), "--workers 0 is not within 1 and 64"),
        (("--drain", "-1"), "--drain -1 is not within 0 and 600 seconds"),
    ],
)
def test_what_cannot_be_is_refused(words: tuple[str, ...], told: str, tmp_path: Path) -> None:
    ended = command(tmp_path, "serve", *words, PORT="0")
    assert ended.returncode == 1
    assert told in ended.stderr
    assert list(tmp_path.iterdir()) == []
