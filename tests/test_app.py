"""The composition root in the test's own loop: readiness, reload while the store fails, and a start that fails."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from bot import app
from bot.app_flows import FlowFile, keep_again, watch
from bot.app_sockets import bind, release
from bot.app_writers import configs, writers
from bot.commands import serve_words
from bot.errors import FileProblems, Problem, StoreUnavailable, UserMistake
from bot.flows.catalog import Catalog
from bot.flows.load import load as load_flows
from bot.settings import load
from tests.harness.flows import BROKEN, OTHER, SMALL
from tests.harness.service import serving
from tests.harness.working import until

HOOK = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"


async def readiness(service: app.Service) -> tuple[int, dict[str, str]]:
    async with aiohttp.ClientSession() as http, http.get(f"{service.url}/readyz") as answer:
        return answer.status, (await answer.json())["parts"]


async def test_readiness_names_the_part_that_cannot_serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never() -> bool:
        return False

    async with serving(tmp_path) as service:
        assert await readiness(service) == (200, {"store": "ok", "jobs": "ok", "records": "ok"})
        with monkeypatch.context() as broken:
            broken.setattr(service.store, "writable", never)
            full = {"store": "it cannot be written now", "jobs": "ok", "records": "ok"}
            assert await readiness(service) == (503, full)
        assert (await readiness(service))[0] == 200
        working = next(task for task in asyncio.all_tasks() if task.get_name() == "worker")
        working.cancel()
        await asyncio.wait([working])
        stopped = {"store": "ok", "jobs": "the worker has stopped", "records": "ok"}
        assert await readiness(service) == (503, stopped)


async def test_a_part_that_ends_by_itself_is_said_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_self: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("bot.jobs.Worker.run", fail)
    async with serving(tmp_path) as service:
        assert (await readiness(service))[0] == 503
    assert "the worker ended" in caplog.text


async def test_a_start_that_fails_gives_everything_back(tmp_path: Path) -> None:
    (tmp_path / "flows.yaml").write_text(SMALL)
    (tmp_path / "data").mkdir()
    broken = tmp_path / "data" / "chats.db"
    broken.write_bytes(b"this is no database, and long enough to be looked at " * 99)
    settings = load({"HOST": "127.0.0.1", "PORT": "0"}, tmp_path)
    with pytest.raises(UserMistake):
        await app.start(settings)
    broken.unlink()
    service = await app.start(settings)
    assert (await readiness(service))[0] == 200
    await service.stop()
    await service.stop()


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("nowhere.invalid", 'HOST "nowhere.invalid" cannot be found'),
        ("192.0.2.1", "cannot listen on 192.0.2.1:0"),
    ],
)
def test_an_address_that_is_not_ours_is_a_mistake(host: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match=told):
        bind(load({"HOST": host, "PORT": "0"}, tmp_path))


def test_a_port_is_taken_on_every_address_or_on_none(tmp_path: Path) -> None:
    settings = load({"HOST": "localhost", "PORT": "0"}, tmp_path)
    sockets, real = bind(settings)
    assert {one.getsockname()[1] for one in sockets} == {real.port}
    assert real.public_url == f"http://localhost:{real.port}"
    with pytest.raises(UserMistake, match=f"port {real.port} is taken") as taken:
        bind(real)
    assert f"PORT={real.port + 1}" in taken.value.hint
    release(sockets)
    again, _ = bind(real)
    release(again)


async def test_what_is_printed_says_where_and_what(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("timezone: Europe/Paris")
    async with serving(tmp_path, PUBLIC_URL="https://nps.example.com") as service:
        told = serve_words.banner(service)
        for words in ("https://nps.example.com/chat/nps", '<chat-survey flow="nps"', "settings.yaml"):
            assert words in told
        assert service.url in told
        assert "warning" in told  # the small flow offers its review link to promoters alone


def test_an_edit_is_reported_with_the_lines_that_are_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flows.yaml").write_text(BROKEN)
    with pytest.raises(FileProblems) as errors:
        FlowFile(tmp_path / "flows.yaml", ()).read()
    serve_words.tell("flows.yaml has errors.", errors.value.problems)
    told = capsys.readouterr().out
    for words in ("flows.yaml has errors.", "running chats", "flows.yaml:13:44", "raeson", "^^^^^^ there is no step"):
        assert words.lower() in told.lower()


class Shelf:
    """A store of flow versions that fails as long as it is told to."""

    def __init__(self) -> None:
        self.kept: list[str] = []
        self.failure: Exception | None = None
        self.failed = asyncio.Event()

    async def keep_flow(self, version: str, source: str) -> None:
        if self.failure is not None:
            self.failed.set()
            raise self.failure
        self.kept.append(version)


class Edited:
    """A flow file that is watched."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "flows.yaml"
        self.path.write_text(SMALL)
        self.shelf = Shelf()
        self.told: list[tuple[str, tuple[Problem, ...]]] = []
        self.heard = asyncio.Event()
        self.file = FlowFile(self.path, ())
        self.catalog = Catalog({}, "UTC")
        self.catalog.add(self.file.read()[0])

    def tell(self, sentence: str, problems: tuple[Problem, ...]) -> None:
        self.told.append((sentence, problems))
        self.heard.set()

    async def hears(self, edit: Callable[[], object]) -> str:
        """Edit, and wait for what is said of it."""
        self.heard.clear()
        edit()
        await asyncio.wait_for(self.heard.wait(), 30)
        return self.told[-1][0]


async def test_a_reload_waits_for_the_store_and_tries_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    edited = Edited(tmp_path)
    # The shelf is the part of a store that is asked for here.
    watching = asyncio.create_task(watch(edited.file, edited.shelf, edited.catalog, edited.tell, 0.01))  # type: ignore[arg-type]
    small, other = load_flows(SMALL).version, load_flows(OTHER).version

    edited.shelf.failure = StoreUnavailable("the disk is full")
    assert "the disk is full" in await edited.hears(lambda: edited.path.write_text(OTHER))
    assert edited.catalog.live.version == small
    edited.shelf.failure = None
    assert f"live for new chats as version {other[:7]}" in await edited.hears(lambda: None)
    assert (edited.catalog.live.version, edited.shelf.kept) == (other, [other])

    assert "goes on serving" in await edited.hears(lambda: edited.path.write_text(BROKEN))
    assert any(problem.level == "error" for problem in edited.told[-1][1])
    edited.shelf.failure = RuntimeError("a bug")
    edited.shelf.failed.clear()
    edited.path.write_text(SMALL)
    await asyncio.wait_for(edited.shelf.failed.wait(), 30)
    edited.shelf.failure = None
    edited.path.unlink()
    assert "live" in await edited.hears(lambda: edited.path.write_text(SMALL + "\n"))
    assert "could not be reloaded" in caplog.text
    watching.cancel()


async def test_a_store_that_has_lost_the_live_version_gets_it_again(tmp_path: Path) -> None:
    edited = Edited(tmp_path)
    edited.shelf.failure = StoreUnavailable("it is away")
    keeping = asyncio.create_task(keep_again(edited.shelf, edited.catalog, 0.001))  # type: ignore[arg-type] # as above
    await asyncio.wait_for(edited.shelf.failed.wait(), 30)
    edited.shelf.failure = None
    await until(lambda: len(edited.shelf.kept) >= 2)
    assert set(edited.shelf.kept) == {load_flows(SMALL).version}
    keeping.cancel()


def test_a_file_that_cannot_be_read_is_a_problem_of_that_file(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="cannot be read"):
        FlowFile(tmp_path, ()).read()


def test_writers_are_made_as_the_settings_say(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text(
        "writers: {crm: {kind: webhook, url: https://crm.example/x, secret: ${HOOK}, transcript: true, samples: false}}"
    )
    settings = load({"HOOK": HOOK}, tmp_path)
    jsonl, crm = configs(settings)
    assert (jsonl.kind, jsonl.folder, crm.kind, crm.name) == ("jsonl", settings.data_dir, "webhook", "crm")
    assert (crm.text("url"), crm.secret("secret")) == ("https://crm.example/x", HOOK)
    assert (crm.transcript, crm.samples) == (True, False)
    assert [writer.name for writer in writers(settings, app.clock)] == ["jsonl", "crm"]
