"""Two processes on one Redis: how soon an agent's line that arrives at one is in the stream of a visitor at the other.

With hints, and with every hint lost: there the visitor's process has a Redis user who may not listen to any channel, so
it finds out by looking at the versions of the chats that it has streams of.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass

from bench.desk import agents_lines, quantiles
from bench.http import DRIVER_CORE, free_port, pin, server
from bench.redis import SECRET, valkey
from bot.sandbox.slack.server import Slack
from tests.harness.redis_server import Server, command


@dataclass(frozen=True, slots=True)
class Row:
    what: str
    lines: int
    p50: float
    """Milliseconds."""
    p99: float


@contextlib.asynccontextmanager
async def _stage(redis: Server, user: str) -> AsyncIterator[tuple[Slack, str]]:
    """Slack, whose events go to one process, and the address of the other, which talks to Redis as `user`."""
    async with Slack() as slack:
        slack.add_user("maya", real_name="Maya Roy")
        slack.add_channel("nps-alerts", "maya")
        here, there = free_port(), free_port()
        slack.use_http(f"http://127.0.0.1:{here}/slack/events")
        environ = {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_SIGNING_SECRET": slack.signing_secret,
            "SLACK_API_URL": slack.api_url,
            "SLACK_ALERT_CHANNEL": "#nps-alerts",
            "SECRET_KEY": SECRET,
            "LOG_LEVEL": "error",
        }
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            for port, login in ((here, ""), (there, user)):
                url = f"redis://{login}127.0.0.1:{redis.port}"
                words = ("-m", "bot", "serve")
                running = server(*words, port=port, ready="/api/v1/chats", folder=folder, REDIS_URL=url, **environ)
                await asyncio.to_thread(stack.enter_context, running)
            yield slack, f"http://127.0.0.1:{there}"
            await asyncio.to_thread(stack.close)


async def _measured(redis: Server, what: str, user: str, each: int) -> Row:
    async with _stage(redis, user) as (slack, url):
        taken = sorted(1000 * seconds for seconds in await agents_lines(slack, url, each))
    return Row(what, len(taken), *quantiles(taken))


def run(quick: bool = False) -> list[Row]:
    pin(DRIVER_CORE)
    rows = []
    for what, user in (("with hints", ""), ("every hint lost", "deaf:x@")):
        with valkey() as redis, closing(redis.client()) as client:
            command(client, "ACL", "SETUSER", "deaf", "on", ">x", "~*", "+@all", "resetchannels")
            rows.append(asyncio.run(_measured(redis, what, user, 10 if quick else 50)))
    return rows


if __name__ == "__main__":
    for row in run(quick=True):
        print(row)
