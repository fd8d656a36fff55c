"""Who may serve together from one Redis, and what is known of those that do."""

import asyncio
import os
import socket
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from bot import app
from bot.app_members import GROUP, Member, join, living, member_of, pids_of, records_of, refuse, sign
from bot.app_opening import opened, place_of
from bot.commands.serve import known_secrets
from bot.errors import FileProblems, UserMistake
from bot.obs import Meters
from bot.settings import Settings, load, with_secrets
from tests.harness.fleet import database
from tests.harness.redis_server import Server, free_port, replica
from tests.harness.service import command, get, lay, serving

KEY, NEWER, STRANGER = "k" * 32, "n" * 32, "s" * 32
POSTGRES = "postgresql://reports:hunter2@db.example.com:5432/nps"


def settings_of(folder: Path, **environ: str) -> Settings:
    folder.mkdir(exist_ok=True)
    return load({"SECRET_KEY": KEY, "DATA_DIR": str(folder / "data")} | environ, folder)


def member(folder: Path, **environ: str) -> Member:
    settings = settings_of(folder, **environ)
    settings.data_dir.mkdir(exist_ok=True)
    return member_of(settings, 0)


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (KEY, KEY),
        (f"{KEY},{NEWER}", KEY),  # the new key becomes known to all
        (f"{NEWER},{KEY}", f"{KEY},{NEWER}"),  # then it signs
        (NEWER, f"{NEWER},{KEY}"),  # then the old one goes
    ],
)
def test_a_key_is_rotated_by_steps_each_of_which_fits_the_one_before(mine: str, theirs: str, tmp_path: Path) -> None:
    one, other = member(tmp_path, SECRET_KEY=mine), member(tmp_path, SECRET_KEY=theirs)
    assert fit(one, other)
    assert fit(other, one)


def fit(one: Member, other: Member) -> bool:
    try:
        refuse(one, other)
    except UserMistake:
        return False
    return True


@pytest.mark.parametrize(
    ("mine", "theirs"), [(KEY, STRANGER), (f"{NEWER},{KEY}", KEY), (NEWER, f"{KEY},{NEWER}"), (KEY, f"{NEWER},{KEY}")]
)
def test_whoever_signs_with_a_key_that_another_does_not_know_is_refused(mine: str, theirs: str, tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match="another SECRET_KEY") as refused:
        refuse(member(tmp_path, SECRET_KEY=mine), member(tmp_path, SECRET_KEY=theirs))
    assert "set one SECRET_KEY for all" in refused.value.hint


def test_records_are_in_one_database(tmp_path: Path) -> None:
    mine = member(tmp_path / "one")
    refuse(mine, member(tmp_path / "one"))
    for other in (member(tmp_path / "two"), member(tmp_path / "one", DATABASE_URL=POSTGRES)):
        with pytest.raises(UserMistake, match="each would have a part of them") as refused:
            refuse(mine, other)
        assert "DATABASE_URL" in refused.value.hint
    refuse(member(tmp_path / "one", DATABASE_URL=POSTGRES), member(tmp_path / "two", DATABASE_URL=POSTGRES))


def test_a_sign_of_life_holds_no_secret(tmp_path: Path) -> None:
    sign = msgspec.json.encode(member(tmp_path, DATABASE_URL=POSTGRES)).decode()
    for secret in (KEY, "hunter2", "reports", "db.example.com"):
        assert secret not in sign


def test_a_file_is_known_by_its_folder_however_that_is_named(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    settings.data_dir.mkdir()
    (tmp_path / "link").symlink_to(settings.data_dir)
    assert records_of(replace(settings, data_dir=tmp_path / "link")) == records_of(settings)


async def test_a_second_host_without_database_url_is_refused_and_leaves_no_trace(tmp_path: Path) -> None:
    lay(tmp_path / "two", None)
    redis = database(9)
    async with serving(tmp_path / "one", REDIS_URL=redis, SECRET_KEY=KEY) as first:
        ended = await asyncio.to_thread(
            command, tmp_path / "two", "serve", PORT="0", REDIS_URL=redis, SECRET_KEY=KEY, DATA_DIR=str(tmp_path / "2")
        )
        assert ended.returncode == 1
        assert f"process {os.getpid()} on {socket.gethostname()} serves from this Redis" in ended.stderr
        assert "set the same DATABASE_URL (PostgreSQL) for all" in ended.stderr
        assert [one.pid for one in (await living(first.store)).values()] == [os.getpid()]
        assert b"chatsurvey_processes 1.0" in await first.meters.scrape()
        store = await opened(first.settings, app.clock)
    assert await living(store) == {}, "who leaves takes the sign along"
    await store.close()


@pytest.mark.parametrize(
    ("pid", "pids", "in_the_way"),
    [
        (os.getppid(), pids_of(), True),
        (2**22 + 1, pids_of(), False),
        (os.getpid(), pids_of(), False),
        (2**22 + 1, "of another machine", True),
        (os.getpid(), "of another container", True),
    ],
    ids=["of one that lives", "of nobody", "of ours", "of a machine of the same name", "of the first of a container"],
)
async def test_a_sign_that_a_killed_process_of_this_host_left_is_in_nobodys_way(
    pid: int, pids: str, in_the_way: bool, tmp_path: Path
) -> None:
    """A machine that was made from the same image has the same name; its processes cannot be seen from here."""
    redis = database(9)
    settings = load({"PORT": "0", "HOST": "127.0.0.1", "REDIS_URL": redis, "SECRET_KEY": KEY}, tmp_path)
    store = await opened(settings, app.clock)
    theirs = Member(socket.gethostname(), pid, 0, "0.1.0", "file:elsewhere", ("another",), pids, serving=True)
    await store.mark(GROUP, "theirs", msgspec.json.encode(theirs), 60_000)
    try:
        if in_the_way:
            with pytest.raises(UserMistake, match=f"process {pid} on"):
                await app.start(settings)
        else:
            await (await app.start(settings)).stop()
    finally:
        await store.close()


async def test_each_knows_what_kinds_of_jobs_the_others_do(tmp_path: Path) -> None:
    settings = load({"PORT": "0", "HOST": "127.0.0.1", "REDIS_URL": database(9), "SECRET_KEY": KEY}, tmp_path)
    store = await opened(settings, app.clock)
    await sign(store, "theirs", msgspec.structs.replace(member_of(with_secrets(settings), 0), does=("write.crm",)))
    membership = await join(store, with_secrets(settings), "mine", 0, Meters())
    membership.does(["timer"])
    assert await membership.done_elsewhere() == {"write.crm"}
    await membership.leave()
    await store.close()


@pytest.mark.parametrize("url", ["localhost:6379", "http://app:hunter2@db/0", "redis:/db"])
def test_an_address_of_something_else_is_told_with_the_other_settings(url: str, tmp_path: Path) -> None:
    with pytest.raises(FileProblems, match="it is no address of a Redis") as wrong:
        load({"REDIS_URL": url, "PORT": "abc"}, tmp_path)
    assert len(wrong.value.problems) == 2
    assert "hunter2" not in str(wrong.value)


def test_passwords_in_addresses_never_reach_a_log(tmp_path: Path) -> None:
    settings = load({"REDIS_URL": "rediss://app:p%40ssword@db/0", "DATABASE_URL": POSTGRES}, tmp_path)
    assert {"p%40ssword", "p@ssword", "hunter2"} <= set(known_secrets(settings))


async def test_a_redis_that_is_away_at_the_start_is_waited_for_and_then_named_without_its_password(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"redis://user:hunter2@127.0.0.1:{free_port()}/3"
    with pytest.raises(UserMistake, match=r"redis://127\.0\.0\.1:") as away:
        await opened(load({"REDIS_URL": url}, tmp_path), app.clock, patience=1.5)
    assert "hunter2" not in str(away.value) + caplog.text
    assert caplog.text.count("it is waited for") == 1
    assert place_of(url).endswith("/3")


async def test_replicas_that_a_commit_waits_for_are_waited_for_at_the_start_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server()
    url = f"{server.url}?replicas=1"
    monkeypatch.setattr(app, "PATIENCE", 0)
    with pytest.raises(UserMistake, match="too few replicas of Redis") as short:
        await app.start(load({"PORT": "0", "HOST": "127.0.0.1", "REDIS_URL": url, "SECRET_KEY": KEY}, tmp_path))
    assert "lower ?replicas=" in short.value.hint
    monkeypatch.setattr(app, "PATIENCE", 30)
    starting = asyncio.create_task(asyncio.to_thread(replica, server))
    async with serving(tmp_path, REDIS_URL=url) as service:
        assert await asyncio.to_thread(get, f"{service.url}/readyz") == 200
    await starting
    server.stop()


async def test_a_process_whose_redis_goes_away_says_so_and_serves_again_when_it_is_back(tmp_path: Path) -> None:
    server = Server()
    async with serving(tmp_path, REDIS_URL=server.url) as service:
        assert await asyncio.to_thread(get, f"{service.url}/readyz") == 200
        server.stop()
        assert await asyncio.to_thread(get, f"{service.url}/readyz") == 503
        assert await asyncio.to_thread(get, f"{service.url}/healthz") == 200
        assert await asyncio.to_thread(get, f"{service.url}/metrics") == 200
        server.start()
        assert await asyncio.to_thread(get, f"{service.url}/readyz") == 200
