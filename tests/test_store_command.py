"""`chatsurvey store`: a folder's chats go to Redis and back, and whoever answers next goes on where they were."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from subprocess import DEVNULL, Popen

import aiohttp
import pytest

from bot import app_warm
from bot.app import Service
from bot.errors import UserMistake
from bot.model import Job
from bot.records.sql import SqlRecords
from bot.store.base import Dead
from bot.store.sqlite import SqliteStore
from tests.harness import working
from tests.harness.commands import Folder, in_folder
from tests.harness.fleet import database
from tests.harness.redis_server import reaching, until
from tests.harness.service import clean, serving
from tests.harness.soak import examples
from tests.harness.working import Clock
from tests.store.stores import a_turn

HOUR = 3_600_000
SECRET = "s" * 32
MANY = 300


@pytest.fixture
def redis() -> Iterator[str]:
    """A database of its own on the server that all share."""
    yield database(7)
    database(7)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], redis: str) -> Folder:
    monkeypatch.setenv("REDIS_URL", redis)
    return in_folder(tmp_path, monkeypatch, capsys)


class Visitor:
    """Of the small flow, on the web."""

    def __init__(self) -> None:
        self.chat = self.token = ""
        self.fence = self.cursor = 0

    async def opens(self, service: Service) -> None:
        await self._sent(service, "/api/v1/chats", {})

    async def answers(self, service: Service, **said: object) -> str:
        """The last words of the bot."""
        body = {"id": f"m{self.cursor}", "cursor": self.cursor, "fence": self.fence, **said}
        return await self._sent(service, f"/api/v1/chats/{self.chat}/messages", body)

    async def _sent(self, service: Service, path: str, body: object) -> str:
        head = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with aiohttp.ClientSession() as http, http.post(service.url + path, json=body, headers=head) as answer:
            assert answer.status < 300, await answer.text()
            found = await answer.json()
        self.chat, self.token = found.get("chat", self.chat), found.get("token", self.token)
        self.cursor = found["cursor"]
        self.fence = found["ask"]["fence"] if found["ask"] else 0
        return str(found["entries"][-1]["text"])


async def ran(folder: Folder, *words: str, code: int = 0) -> str:
    return await asyncio.to_thread(folder.run, *words, code=code)


async def reminded(service: Service, chat: str) -> None:
    """Wait until the bot has said a second line without being asked."""

    async def is_said() -> bool:
        return len(await service.store.entries(chat)) >= 4

    await working.until(is_said, what="a reminder")


async def test_who_answers_next_goes_on_where_they_were_in_redis_and_back(folder: Folder, redis: str) -> None:
    now, one, other = Clock(time.time_ns() // 1_000_000), Visitor(), Visitor()
    async with serving(folder.path, now=now, SECRET_KEY=SECRET) as service:
        await one.opens(service)
        await other.opens(service)
        assert await one.answers(service, value=3) == "What is the reason?"
        later = now.now + 30 * HOUR
        jobs = [Job("old:gone", "gone", 1), Job("old:held", "held", later)]
        await service.store.commit(a_turn("old", jobs=jobs, aliases=["card"], event="update-1"))
        claimed = await service.store.claim(later, 2, HOUR, ["gone", "held"])
        await service.store.settle([(claimed[0], Dead("no such place"))], 2)
    report = await ran(folder, "store", "move", "--to", "redis")
    assert f"from {folder.settings.data_dir} to {redis}, and read back" in report
    assert "has not the text of version f00d of the flows, which 1 of its chats need" in folder.err
    now.now += 21 * HOUR
    async with serving(folder.path, now=now, SECRET_KEY=SECRET, REDIS_URL=redis) as service:
        await reminded(service, one.chat)
        assert await one.answers(service, text="Too slow.") == "Thank you."
        assert await service.store.resolve("card") == "old"
        views = {view.job.id: view for view in await service.store.jobs(limit=99)}
        assert (views["old:gone"].state, views["old:gone"].error) == ("dead", "no such place")
        assert views["old:held"].state == "waiting"
    assert "Moved from redis" in await ran(folder, "store", "move", "--to", "folder")
    async with serving(folder.path, now=now, SECRET_KEY=SECRET) as service:
        assert await other.answers(service, value=10) == "Thank you."
        answers = (await service.store.load_id(one.chat), await service.store.load_id(other.chat))
        assert [chat and chat.score for chat in answers] == [3, 10]
    kept = list(folder.settings.data_dir.glob("chats.db.before-*"))
    assert len(kept) == 1, "as it was before it was replaced"


async def test_whoever_serves_the_wrong_end_is_told(folder: Folder, redis: str) -> None:
    async with serving(folder.path, SECRET_KEY=SECRET) as service:
        await Visitor().opens(service)
        await ran(folder, "store", "move", "--to", "redis", code=1)
        assert "another chatsurvey serves from" in folder.err
    await ran(folder, "store", "move", "--to", "redis")
    with pytest.raises(UserMistake, match="moved from here to redis://"):
        async with serving(folder.path, SECRET_KEY=SECRET):
            pass
    async with serving(folder.path, SECRET_KEY=SECRET, REDIS_URL=redis):
        await ran(folder, "store", "move", "--to", "folder", code=1)
        assert "is served by 1 process\n" in folder.err


def test_info_counts_what_is_there(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as without:
        without.delenv("REDIS_URL")
        folder.run("store", code=1)
        assert "there is no data" in folder.err
        asyncio.run(lived(folder))
        here = json.loads(folder.run("store", "info", "--json"))
        assert "2 open" in folder.run("store")
    folder.run("store", "move", "--to", "redis")
    there = json.loads(folder.run("store", "info", "--json"))
    assert here["jobs"].pop("x") == {"running": 1, "waiting": 1}
    assert there["jobs"].pop("x") == {"waiting": 2}, "whoever had one in hand is gone"
    assert here.pop("store") != there.pop("store")
    assert here.pop("bytes") > 0
    assert there.pop("bytes") > 0
    assert here == there
    assert (here["chats"], here["open_chats"], here["flows"]) == (2, 2, 1)


async def lived(folder: Folder) -> None:
    async with serving(folder.path, SECRET_KEY=SECRET) as service:
        await service.store.commit(a_turn("a", jobs=[Job("a:x", "x", 1), Job("b:x", "x", 2)]))
        await service.store.commit(a_turn("b"))
        await service.store.claim(1, 1, HOUR, ["x"])


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "REDIS_URL is not set"),
        ("http://user:hush@nowhere/", "it is no address of a Redis"),
        ("redis://user:hush@127.0.0.1:1/0", "Redis cannot be reached (ConnectionError): redis://127.0.0.1:1/0"),
    ],
)
def test_a_url_that_leads_nowhere_is_told_without_its_password(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, url: str, words: str
) -> None:
    asyncio.run(lived(folder))
    monkeypatch.setenv("REDIS_URL", url)
    folder.run("store", "move", "--to", "redis", code=1)
    assert words in folder.err
    assert "hush" not in folder.err
    assert "Traceback" not in folder.err


def test_what_was_moved_away_is_served_again_where_that_is_said(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(lived(folder))
    folder.run("store", "move", "--to", "redis")
    assert "Nothing was done" in folder.run("store", "move", "--to", "redis")
    monkeypatch.delenv("REDIS_URL")
    folder.run("jobs", code=1)
    assert "store reopen" in folder.err
    assert "Do not serve both" in folder.run("store", "reopen")
    assert "a:x" in folder.run("jobs")
    assert "Nothing was done" in folder.run("store", "reopen")


def test_records_go_along_where_that_is_said(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """DATABASE_URL names a file here; `tests/records` copies into a PostgreSQL and back."""
    asyncio.run(answered(folder))
    folder.run("store", "move", "--to", "redis", "--records", code=1)
    assert "DATABASE_URL is not set" in folder.err
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{folder.path / 'elsewhere.db'}")
    told = json.loads(folder.run("store", "move", "--to", "redis", "--records", "--json"))
    assert told["records"] == {"responses": 1, "deliveries": 1}
    assert "They were left alone" in folder.run("store", "move", "--to", "redis", "--records")
    (response,) = json.loads(folder.run("export", "--format", "json"))
    assert response["score"] == 3


def test_records_that_were_left_behind_are_told_until_they_are_taken_along(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("REDIS_URL")
    monkeypatch.setattr(app_warm, "AFTER", 0.0)
    asyncio.run(answered(folder))
    database = f"sqlite:///{folder.path / 'elsewhere.db'}"
    asyncio.run(warmed(folder, database))
    assert "records.db has responses, the database of DATABASE_URL none" in caplog.text
    folder.run("store", "records", "--to", "database", code=1)
    assert "DATABASE_URL is not set" in folder.err
    monkeypatch.setenv("DATABASE_URL", database)
    assert "responses             1   records" in folder.run("store", "records", "--to", "database")
    assert json.loads(folder.run("store", "records", "--to", "folder", "--json"))["records"]["responses"] == 1
    caplog.clear()
    asyncio.run(warmed(folder, database))
    assert "has responses" not in caplog.text


async def warmed(folder: Folder, database: str) -> None:
    """A service that has looked at what comes after its start."""
    async with serving(folder.path, SECRET_KEY=SECRET, DATABASE_URL=database):
        (task,) = [one for one in asyncio.all_tasks() if one.get_name() == "loading of what comes first"]
        await task


async def answered(folder: Folder) -> None:
    async with serving(folder.path, SECRET_KEY=SECRET) as service:
        visitor = Visitor()
        await visitor.opens(service)
        await visitor.answers(service, value=3)

        async def is_at_rest() -> bool:
            return not [view for view in await service.store.jobs() if view.job.kind != "timer"]

        await working.until(is_at_rest, what="all jobs to be done")


@pytest.mark.parametrize("keys", range(4, 4 * examples(1) + 1, 4))
def test_a_killed_move_is_repeated_by_the_same_command(folder: Folder, redis: str, keys: int) -> None:
    """Wherever it is killed (when Redis holds that much): the folder has all chats until Redis has them."""
    asyncio.run(lived(folder))
    folder.lay(many, Clock(1))
    command = [sys.executable, "-m", "bot", "store", "move", "--to", "redis"]
    with Popen(command, env=clean({"REDIS_URL": redis}), stdout=DEVNULL, stderr=DEVNULL) as killed:
        with closing(reaching(redis)) as client:
            until(lambda: int(client.dbsize()) >= keys or killed.poll() is not None)
        os.kill(killed.pid, signal.SIGKILL)
    assert folder.run("store", "move", "--to", "redis")
    assert json.loads(folder.run("store", "--json"))["chats"] == 2 + MANY


async def many(store: SqliteStore, _records: SqlRecords) -> None:
    await asyncio.gather(*(store.commit(a_turn(f"many{n}", aliases=[f"name{n}"])) for n in range(MANY)))
