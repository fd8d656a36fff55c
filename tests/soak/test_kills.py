"""SIGKILL at random moments under load: no acknowledged answer lost, none doubled, no web hook event lost.

`KILLS` says how often (5 in `make test`, 200 in `make soak`), as far as its share of a bounded run goes
(`tests/harness/soak.py`).
"""

import asyncio
import json
import os
import random
import sys
import time
from collections import Counter
from pathlib import Path

import aiohttp
import pytest

from tests.harness.receiver import SECRET, Receiver
from tests.harness.service import Service, wait_until
from tests.harness.soak import done as parts
from tests.harness.soak import share
from tests.soak.customers import Customers, Witness

KILLS = int(os.environ.get("KILLS", "5"))
SEED = int(os.environ.get("SEED", "0")) or random.randrange(1, 10**6)

SETTINGS = """
writers:
  hook: {{kind: webhook, url: "{url}", secret: "${{HOOK_SECRET}}", allow_private: true}}
"""


async def test_a_killed_process_loses_and_doubles_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = random.Random(SEED)
    async with Receiver() as receiver:
        (tmp_path / "settings.yaml").write_text(SETTINGS.format(url=receiver.url), "utf-8")
        service = Service(tmp_path, None, HOOK_SECRET=SECRET)
        try:
            await asyncio.to_thread(service.start)
            customers = Customers(service.url, SEED, 24)
            load = asyncio.create_task(customers.run())
            until = time.monotonic() + share("kills")
            done = 0
            while done < KILLS and time.monotonic() < until and not load.done():
                await asyncio.sleep(rng.uniform(0.05, 1.0))  # how far the load gets is what the seed decides
                await asyncio.to_thread(service.kill)
                await asyncio.to_thread(service.start)
                done += 1
            customers.stop()
            await asyncio.wait_for(load, 60)
            witnesses = customers.witnesses
            parts.append(f"{done} kills, seed {SEED}: {len(witnesses)} chats, {resent(witnesses)} answers sent again")
            with capsys.disabled():
                sys.stdout.write(f"\n{parts[-1]}\n")
            assert done == KILLS or time.monotonic() >= until, f"seed {SEED}: {done} kills"
            await check_logs(service.url, witnesses)
            await check_hook(receiver, witnesses)
            await asyncio.to_thread(wait_until, lambda: not missing_lines(tmp_path, witnesses), "the last lines")
            check_lines(tmp_path)
            assert await asyncio.to_thread(service.stop) == 0
        finally:
            await asyncio.to_thread(service.end)


def resent(witnesses: list[Witness]) -> int:
    return sum(witness.resent for witness in witnesses)


async def check_logs(base: str, witnesses: list[Witness]) -> None:
    """The log of every chat: dense, and the visitor's lines are what was acknowledged, once and in order."""
    async with aiohttp.ClientSession() as session:
        for witness in witnesses:
            async with session.post(f"{base}/api/v1/chats", json={"chat": witness.token}) as response:
                assert response.status == 200, f"seed {SEED}: chat {witness.chat}: {response.status}"
                state = await response.json()
            assert [entry["seq"] for entry in state["entries"]] == list(range(1, state["cursor"] + 1)), f"seed {SEED}"
            said = [entry["text"] for entry in state["entries"] if entry["author"] == "visitor"]
            assert witness.finished
            assert said == witness.said, f"seed {SEED}: chat {witness.chat}"
            assert state["status"] == "ended"


async def check_hook(receiver: Receiver, witnesses: list[Witness]) -> None:
    """The last word of every response reached the receiver; the same event always came under the same id."""
    wanted = {witness.chat for witness in witnesses}

    def arrived(receiver: Receiver) -> bool:
        return wanted <= {event.data["chat"] for event in receiver.events if event.data["ended_at"]}

    await receiver.until(arrived, 60)
    assert not receiver.faults, f"seed {SEED}: {receiver.faults[:3]}"
    scores = {event.data["chat"]: event.data["score"] for event in receiver.events}
    assert {witness.chat: witness.score for witness in witnesses} == {chat: scores[chat] for chat in wanted}
    told: dict[str, set[tuple[str, int]]] = {}
    for event in receiver.events:
        told.setdefault(event.id, set()).add((event.data["chat"], event.data["revision"]))
    assert all(len(what) == 1 for what in told.values()), f"seed {SEED}: one id for two events"


def lines(folder: Path) -> list[dict[str, object]]:
    file = folder / "data" / "responses.jsonl"
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


def missing_lines(folder: Path, witnesses: list[Witness]) -> set[str]:
    ended = {str(line["chat"]) for line in lines(folder) if line["ended_at"]}
    return {witness.chat for witness in witnesses} - ended


def check_lines(folder: Path) -> None:
    """One line a revision: none twice, although the process was killed between the write and its settling."""
    counted = Counter((line["chat"], line["revision"]) for line in lines(folder))
    assert not [key for key, times in counted.items() if times > 1], f"seed {SEED}"
