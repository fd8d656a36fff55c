"""The story of an unhappy customer while the process is killed in the middle of each step, at moments nobody chose.

`STORIES` says how often it is told (once in `make test`, 30 times in `make soak`, channel after channel), as far as its
share of a bounded run goes (`tests/harness/soak.py`).
"""

import asyncio
import os
import random
import sys
import time
from pathlib import Path

import pytest

from tests.harness.soak import SOAK, share
from tests.harness.soak import done as parts
from tests.story.test_story import CHANNELS, STEPS, Story, check, export_of, told

STORIES = int(os.environ.get("STORIES", "1"))
SEED = int(os.environ.get("SEED", "0")) or random.randrange(1, 10**6)


async def test_the_story_outlives_kills_at_any_moment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = random.Random(SEED)
    until = time.monotonic() + share("stories")
    done = kills = 0
    while done < STORIES and (not done or time.monotonic() < until):
        channel = CHANNELS[(SEED + done) % len(CHANNELS)]
        async with told(tmp_path / str(done), channel) as story:
            kills += await killed_while(story, rng)
            # Telegram cannot be asked whether a message came: each kill may leave one that comes again.
            check(story, await export_of(story), doubtful=float("inf") if channel == "telegram" else 1)
        done += 1
    assert done > 0
    parts.append(f"{done} stories, {kills} kills, seed {SEED}")
    with capsys.disabled():
        sys.stdout.write(f"\n{parts[-1]}\n")


async def killed_while(story: Story, rng: random.Random) -> int:
    """Tell the story, with a kill somewhere in each step; in `make test` in three of them. How often it was killed."""
    chosen = STEPS if SOAK else rng.sample(STEPS, 3)
    for step in STEPS:
        if step not in chosen:
            await step(story)
            continue
        telling = asyncio.ensure_future(step(story))
        await asyncio.sleep(rng.uniform(0.0, 0.3))  # how far the step gets is what the seed decides
        await asyncio.to_thread(story.service.kill)
        await asyncio.to_thread(story.service.start)
        await telling
    return len(chosen)
