"""The whole way: a visitor answers; the response is recorded, exported, written to the file and sent, signed."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.harness.receiver import SECRET, Answer, Receiver
from tests.harness.service import Service, command, serving
from tests.harness.visitor import Visitor
from tests.harness.working import until

# `allow_private`: the receiver of these tests is on loopback and plain http.
SETTINGS = """
writers:
  crm: {{kind: webhook, url: "{url}", secret: "${{HOOK_SECRET}}", allow_private: true}}
"""


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as found:
        yield found


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as found:
        yield found


def settle_in(folder: Path, receiver: Receiver) -> None:
    (folder / "settings.yaml").write_text(SETTINGS.format(url=receiver.url), "utf-8")


def revisions(folder: Path) -> list[int]:
    lines = (folder / "data" / "responses.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["revision"] for line in lines]


async def run(folder: Path, *words: str) -> str:
    ended = await asyncio.to_thread(command, folder, *words, HOOK_SECRET=SECRET)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


async def test_a_response_grows_at_the_receiver_in_the_file_and_in_the_export(
    tmp_path: Path, receiver: Receiver, http: aiohttp.ClientSession
) -> None:
    settle_in(tmp_path, receiver)
    async with serving(tmp_path, HOOK_SECRET=SECRET) as service:
        visitor = await Visitor(http, service.url).open()
        await visitor.say(value=3)
        exported = json.loads(await run(tmp_path, "export"))
        assert [(r["chat"], r["score"], r["outcome"]) for r in exported] == [(visitor.id, 3, None)]
        await receiver.until(lambda r: len(r.events) == 1)
        await visitor.say(text="too slow")
        await receiver.until(lambda r: len(r.events) == 2)
        await until(lambda: len(revisions(tmp_path)) == 2)
    first, last = receiver.events
    assert (first.type, first.data["score"], last.type) == ("response.scored", 3, "response.completed")
    assert [answer["value"] for answer in last.data["answers"]] == [3, "too slow"]
    assert first.id == f"resp_{visitor.id}_1"
    assert receiver.faults == []
    assert revisions(tmp_path) == [1, last.data["revision"]]
    (row,) = json.loads(await run(tmp_path, "export", "--segment", "detractor"))
    assert row == {key: value for key, value in last.data.items() if key != "type"}


async def test_an_event_outlives_a_killed_service_and_a_receiver_that_was_away(
    tmp_path: Path, receiver: Receiver, http: aiohttp.ClientSession
) -> None:
    settle_in(tmp_path, receiver)
    service = Service(tmp_path, HOOK_SECRET=SECRET)
    await asyncio.to_thread(service.start)
    try:
        await receiver.down()
        visitor = await Visitor(http, service.url).open()
        await visitor.say(value=9)

        async def has_failed() -> bool:
            jobs = json.loads(await run(tmp_path, "jobs", "--kind", "write.crm", "--json"))
            return [job["attempts"] > 0 for job in jobs] == [True]

        await until(has_failed, 30)
        await asyncio.to_thread(service.kill)
        await receiver.up()
        await asyncio.to_thread(service.start)
        await run(tmp_path, "jobs", "retry", "--all", "--state", "waiting", "--kind", "write")
        await receiver.until(lambda r: len(r.events) == 1)
        shown = json.loads(await run(tmp_path, "jobs", "show", visitor.id, "--json"))
        assert {d["writer"]: d["state"] for d in shown["deliveries"]} == {"crm": "delivered", "jsonl": "delivered"}
    finally:
        await asyncio.to_thread(service.stop)
    assert [event.data["score"] for event in receiver.events] == [9]


async def test_a_slow_receiver_is_never_in_the_visitors_way(
    tmp_path: Path, receiver: Receiver, http: aiohttp.ClientSession
) -> None:
    settle_in(tmp_path, receiver)
    receiver.answers = [Answer(hang=True)]
    async with serving(tmp_path, HOOK_SECRET=SECRET) as service:
        slow = await Visitor(http, service.url).open()
        await slow.say(value=3)
        await receiver.until(lambda r: r.requests == 1)
        other = await Visitor(http, service.url).open()
        await other.say(value=8)
        await receiver.until(lambda r: len(r.events) > 0)
        assert [event.data["chat"] for event in receiver.events] == [other.id]
        await until(lambda: len(revisions(tmp_path)) == 2)
        await receiver.down()
    assert revisions(tmp_path) == [1, 1]
