"""`chatsurvey serve`: start the service, print where it is, run until it is told to stop.

SIGTERM stops it gracefully: it drains (`bot.app_drain`), and what is in hand is finished; so does Ctrl-C, without the
drain. A second one ends it at once, which loses nothing either. SIGHUP, which makes a supervisor replace its processes,
changes nothing here; on a terminal it means that the terminal is gone, and ends it as ever. With `--workers N` this
process is the supervisor of N others (`serve_many.py`), each of which is this command again (`serve_child.py`).
"""

import argparse
import asyncio
import gc
import logging
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from bot.app_place import ALONE
from bot.commands.serve_child import LEAVE, MISTAKEN, NOW, READY, STOP, Line, Post, post
from bot.commands.serve_words import banner, nothing, tell
from bot.errors import ChatsurveyError, UserMistake
from bot.obs_log import log_to
from bot.settings import Settings, load

if TYPE_CHECKING:
    from bot.app import Service

log = logging.getLogger(__name__)

DRAIN = 3.0
"""Seconds, where several processes may serve: a load balancer that looks every second has seen it by then."""
MOST_WORKERS = 64
HANG_UP = "SIGHUP changes nothing: restart this process (it replaces those of --workers, one after the other)"
LAST_MOMENT = 1.0
"""Seconds at most for connections that were made just before the port was left."""


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workers", type=int, default=1, metavar="N", help="processes behind the port (needs REDIS_URL)"
    )
    parser.add_argument(
        "--drain",
        type=float,
        metavar="SECONDS",
        help="how long to answer after SIGTERM while /readyz says 503, for load balancers to look "
        f"(default: {DRAIN:.0f} with REDIS_URL, else 0)",
    )
    parser.epilog = (
        "The environment, a file .env and settings.yaml say how (see settings.example.yaml); without any of them it "
        "starts with the shipped survey on port 8080 and keeps its data in ./data."
    )


def run(args: argparse.Namespace) -> int:
    mine = post()
    if mine is None:
        return _supervise(args) if args.workers != 1 else _alone(args)
    line = Line(mine.line)
    try:
        settings = _read(args)
        return asyncio.run(_serve(settings, _drain(args, settings), mine, line))
    except ChatsurveyError:
        line.say(MISTAKEN)
        raise
    finally:
        line.close()


def _alone(args: argparse.Namespace) -> int:
    settings = _read(args)
    return asyncio.run(_serve(settings, _drain(args, settings)))


def _read(args: argparse.Namespace) -> Settings:
    settings = load()
    if not 1 <= args.workers <= MOST_WORKERS:
        raise UserMistake(f"--workers {args.workers} is not within 1 and {MOST_WORKERS}", "one for each core is enough")
    if args.drain is not None and not 0 <= args.drain <= 600:
        raise UserMistake(f"--drain {args.drain:g} is not within 0 and 600 seconds")
    on_a_terminal = sys.stderr.isatty()
    log_to(
        level=settings.log_level,
        form="plain" if on_a_terminal else "json",
        secrets=known_secrets(settings),
        process=os.getpid() if args.workers > 1 else 0,
    )
    return settings


def _drain(args: argparse.Namespace, settings: Settings) -> float:
    usual = DRAIN if settings.redis_url else 0.0
    return usual if args.drain is None else float(args.drain)


def _supervise(args: argparse.Namespace) -> int:
    if os.name != "posix":
        raise UserMistake("--workers needs Linux or macOS", "start several services on ports of their own")
    from bot.app_sockets import bind, release  # noqa: PLC0415 - a child is given its own
    from bot.commands.serve_many import Supervisor  # noqa: PLC0415 - only where there are several

    settings = _read(args)
    if not settings.redis_url:
        raise UserMistake(
            f"--workers {args.workers} needs a store that several processes share",
            "set REDIS_URL, or serve from one process: it is one file's only writer",
        )
    sockets, _ = bind(settings)
    folder = Path(tempfile.mkdtemp(prefix="chatsurvey-"))
    try:
        code = Supervisor(sockets, args.workers, _drain(args, settings), folder).run()
    finally:
        release(sockets)
        shutil.rmtree(folder, ignore_errors=True)
    if code == 0:
        print("stopped", flush=True)
    return code


def known_secrets(settings: Settings) -> tuple[str, ...]:
    """What must never be in a log line, wherever it comes from."""
    writers = (secret for writer in settings.writers for secret in writer.hidden)
    web = (*settings.web.identity_keys, settings.web.metrics_token)
    tokens = (settings.telegram.token, *settings.slack.secrets)
    return (*settings.secrets, *web, *writers, *tokens, *passwords(settings.redis_url, settings.database))


def passwords(*urls: str) -> Iterator[str]:
    """As they stand in these addresses, and as they are."""
    for url in urls:
        with suppress(ValueError):
            if secret := urlsplit(url).password:
                yield from (secret, unquote(secret))


async def _serve(settings: Settings, drain: float, mine: Post | None = None, line: Line | None = None) -> int:
    from bot import app  # noqa: PLC0415 - a mistake in the settings is told without loading the service

    stop = asyncio.Event()
    heard = [] if line is not None else obey(stop)
    if line is not None:
        line.obey(stop)
    speaks, place = mine is None or mine.speaks, ALONE if mine is None else mine.place
    service = await _until(stop, app.start(settings, tell if speaks else nothing, place=place))
    if service is None:
        return 0
    # What a start makes stays for ever: 70,000 objects that each full collection would walk again for 20 ms.
    # A turn leaves no cycles behind, so looking for them after every 700 objects finds nothing for a tenth of its time.
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
    try:
        said = banner(service, place.of)
        if line is None:
            print(said, flush=True)
        else:
            line.say(READY, said)
            line.beat()
        await stop.wait()
        if line is None:
            print("stopping: requests in hand are finished first", flush=True)
        word = line.word if line is not None else NOW if heard == [signal.SIGINT] else STOP
        await service.drain(*_patience(word, drain))
    finally:
        await service.stop()
    if line is None:
        print("stopped", flush=True)
    return 0


async def _until(stop: asyncio.Event, start: Coroutine[None, None, "Service"]) -> "Service | None":
    """The started service; None where it was told to stop before, and what was begun is undone."""
    starting, stopping = asyncio.ensure_future(start), asyncio.ensure_future(stop.wait())
    await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if starting.done():
        return starting.result()
    starting.cancel()
    with suppress(asyncio.CancelledError):
        await starting
    return None


def _patience(word: bytes, drain: float) -> tuple[float, float]:
    """Seconds for new connections, and for those that are open."""
    if word == NOW:
        return 0.0, 0.0
    if word == LEAVE:  # others take the new ones
        return 0.0, max(drain, LAST_MOMENT)
    return drain, min(drain, LAST_MOMENT)


def obey(stop: asyncio.Event) -> Sequence[int]:
    """The first signal sets `stop`; the next one ends the process where it stands, as SIGKILL would. The signals that
    came."""
    loop, heard = asyncio.get_running_loop(), list[int]()

    def told(number: signal.Signals) -> None:
        if stop.is_set():
            os._exit(128 + number)
        heard.append(number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told, number)
    if not os.isatty(0):
        loop.add_signal_handler(signal.SIGHUP, log.warning, "%s", HANG_UP)
    return heard
