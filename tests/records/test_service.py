"""The whole service with its records in PostgreSQL: chats in Redis or in a file, commands beside it, and an outage."""

import asyncio
import csv
import io
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from bot import app_warm
from bot.app import clock
from bot.records.base import Delivery, Filters
from bot.records.sql import SqlRecords
from tests.desk.visitor import Visitor
from tests.harness.commands import in_folder
from tests.harness.flows import SMALL
from tests.harness.postgres_server import postgres
from tests.harness.redis_server import single
from tests.harness.responses import NOON
from tests.harness.service import serving
from tests.harness.working import until

KEY = "a-secret-key-of-the-tests-0123456789"


@pytest.fixture
def url() -> Iterator[str]:
    server = postgres()
    made = server.database()
    yield made
    if not server.running:
        server.start()
    server.drop(made)


@pytest.fixture(params=["redis", "file"])
def environ(request: pytest.FixtureRequest, url: str) -> dict[str, str]:
    """Of a service whose chats are there."""
    found = {"DATABASE_URL": url, "SECRET_KEY": KEY}
    if request.param == "redis":
        with closing(single().client()) as client:
            client.flushall()
        found["REDIS_URL"] = single().url
    return found


async def scored(url: str, score: int) -> str:
    """Somebody gives a score and leaves; their chat."""
    async with Visitor(url) as visitor:
        await visitor.opens()
        await visitor.answers(value=score)
        return visitor.chat


async def served(folder: Path, environ: dict[str, str]) -> list[str]:
    """A service that runs until two scores are recorded; their chats."""
    async with serving(folder, SMALL, clock, **environ) as service:
        chats = [await scored(service.url, score) for score in (2, 10)]
        records = SqlRecords(environ["DATABASE_URL"])
        await until(lambda: len(list(records.responses(Filters()))) == 2, 10)
        await records.keep([Delivery("crm", chats[0], 1, "in_doubt", 1, NOON, doubt="the note may be there twice")])
        await records.close()
    return chats


def test_commands_read_what_a_service_recorded(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chats = asyncio.run(served(tmp_path, environ))
    assert not (tmp_path / "data" / "records.db").exists()
    folder = in_folder(tmp_path, monkeypatch, capsys)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    found = json.loads(folder.run("export"))
    assert [(one["chat"], one["score"]) for one in found] == list(zip(chats, (2, 10), strict=True))
    table = csv.DictReader(io.StringIO(folder.run("export", "--format", "csv", "--segment", "promoter")))
    assert [row["score"] for row in table] == ["10"]
    assert "the note may be there twice" in folder.run("jobs", "doubts")
    assert "in_doubt" in folder.run("jobs", "show", chats[0])
    postgres().stop()
    for words in (("export",), ("jobs", "doubts"), ("jobs", "show", chats[0])):
        folder.run(*words, code=1)
        assert "error  the records cannot be used now" in folder.err
    folder.run("jobs")


async def test_turns_go_on_while_it_is_away_and_records_catch_up(
    tmp_path: Path, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(tmp_path, DATABASE_URL=url) as service, aiohttp.ClientSession() as http:
        chats = [await scored(service.url, 9)]
        await until(lambda: not waiting(tmp_path), 10)
        postgres().stop()
        chats += [await scored(service.url, score) for score in range(8)]
        assert await said(http, service.url, "/readyz", "the records cannot be used now") == 200
        assert "chatsurvey_records_away_seconds 0.0\n" not in await text(http, service.url, "/metrics")
        postgres().start()
        records = SqlRecords(url)
        await until(lambda: len(list(records.responses(Filters()))) == 9, 20)
        assert [response.chat for response in records.responses(Filters())] == chats
        await records.close()
        assert await said(http, service.url, "/readyz", '"records":"ok"') == 200
    told = [record.getMessage() for record in caplog.records if record.name.startswith("bot.")]
    assert [line.partition(",")[0] for line in told] == ["responses wait", "the records can be used again"]


async def test_a_password_that_is_wrong_is_told_at_the_start_and_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(app_warm, "AFTER", 0.0)
    async with (
        serving(tmp_path, DATABASE_URL=postgres().url("postgres", password="hush")) as service,
        aiohttp.ClientSession() as http,
    ):
        assert await said(http, service.url, "/readyz", "it does not know this user or password") == 200
        await scored(service.url, 3)
    assert "it does not know this user or password" in caplog.text
    assert "hush" not in caplog.text


def waiting(folder: Path) -> bool:
    return not (folder / "data" / "responses.jsonl").exists()


async def text(http: aiohttp.ClientSession, url: str, path: str) -> str:
    async with http.get(url + path) as answer:
        return await answer.text()


async def said(http: aiohttp.ClientSession, url: str, path: str, words: str) -> int:
    """The status, once these words are in the answer."""

    async def there() -> bool:
        return words in await text(http, url, path)

    await until(there, 20)
    async with http.get(url + path) as answer:
        return answer.status
