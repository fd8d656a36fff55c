"""`chatsurvey serve`: start the service, print where it is, run until it is told to stop.

The first SIGTERM or Ctrl-C stops it gracefully; a second one ends it at once, which loses nothing either.
"""

import argparse
import asyncio
import gc
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bot import __version__, obs
from bot.errors import Problem
from bot.flows.report import Paint, counted, place_of, shown
from bot.flows.report import tell as report
from bot.settings import Settings, load

if TYPE_CHECKING:
    from bot.app import Service

MOST = 5
"""Warnings on mappings that the start shows in full."""


def add(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "The environment, a file .env and settings.yaml say how (see settings.example.yaml); without any of them it "
        "starts with the shipped survey on port 8080 and keeps its data in ./data."
    )


def run(_args: argparse.Namespace) -> int:
    settings = load()
    on_a_terminal = sys.stderr.isatty()
    obs.log_to(level=settings.log_level, form="plain" if on_a_terminal else "json", secrets=known_secrets(settings))
    return asyncio.run(_serve(settings))


def known_secrets(settings: Settings) -> tuple[str, ...]:
    """What must never be in a log line, wherever it comes from."""
    writers = (secret for writer in settings.writers for secret in writer.hidden)
    web = (*settings.web.identity_keys, settings.web.metrics_token)
    return (*settings.secrets, *web, *writers, settings.telegram.token, *settings.slack.secrets)


async def _serve(settings: Settings) -> int:
    from bot import app  # noqa: PLC0415 - a mistake in the settings is told without loading the service

    stop = asyncio.Event()
    obey(stop)
    service = await app.start(settings, tell)
    # What a start makes stays for ever: 70,000 objects that each full collection would walk again for 20 ms.
    # A turn leaves no cycles behind, so looking for them after every 700 objects finds nothing for a tenth of its time.
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
    try:
        show(service)
        await stop.wait()
        print("stopping: requests in hand are finished first", flush=True)
    finally:
        await service.stop()
    print("stopped", flush=True)
    return 0


def obey(stop: asyncio.Event) -> None:
    """The first signal sets `stop`; the next one ends the process where it stands, as SIGKILL would."""
    loop = asyncio.get_running_loop()

    def told(number: signal.Signals) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told, number)


def tell(sentence: str, problems: tuple[Problem, ...]) -> None:
    """What becomes of an edited flow file, with the full report, for the person who edits it."""
    print(f"\n{sentence}\nRunning chats are not touched." + _report(problems), flush=True)


def _report(problems: tuple[Problem, ...]) -> str:
    if not problems:
        return ""
    names = {problem.mark.file for problem in problems}
    sources = {name: Path(name).read_text("utf-8", "replace") for name in names if Path(name).is_file()}
    color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return "\n\n" + report(problems, sources, Paint(color)) + "\n"


def show(service: "Service") -> None:
    """Where it is, what it serves, where its data are."""
    settings, book = service.settings, service.catalog.live
    base = settings.public_url
    flow = next(iter(book.flows))
    file = "the shipped survey; a flows.yaml in this folder takes its place at the next start"
    if not settings.flows_are_shipped:
        file = f"{settings.flows}; edits are live for new chats within a second"
    lines = [
        f"chatsurvey {__version__} answers at {service.url}",
        "",
        f"  demo shop  {base}/",
        f"  full page  {base}/chat/{flow}",
        f"  API        {base}/api/v1/openapi.json",
        f'  embed      <script src="{base}/widget.js" async></script>',
        f'             <chat-survey flow="{flow}" mode="popin"></chat-survey>',
        "",
        f"  flow       {', '.join(book.flows)} in {', '.join(book.languages)}, version {book.version[:7]}",
        f"             {file}",
        f"  data       {settings.data_dir}",
    ]
    if also := "; ".join(_also(settings)):
        lines.append(f"  also in    {also}")
    if settings.file is not None:
        lines.append(f"  settings   {settings.file}")
    if settings.desk.to and not settings.slack.enabled:
        lines.append("  !!         alerts and cases go to Slack, which is not set up: see docs/slack.md")
    lines += _warned(service.warnings)
    print("\n".join([*lines, "", "Ctrl-C stops it."]), flush=True)


def _warned(problems: tuple[Problem, ...]) -> Iterator[str]:
    """Of the flow how many; what does not fit in a mapping is said, since it may be lost meanwhile."""
    mappings = [problem for problem in problems if problem.path.startswith("writers / ")]
    if len(problems) > len(mappings):
        yield f"  !!         {counted(len(problems) - len(mappings), 'warning')} on the flow:  chatsurvey check"
    for problem in mappings[:MOST]:
        yield f"  !!         {place_of(problem.mark)}  {shown(problem.path)}: {shown(problem.message)}"
    if len(mappings) > MOST:
        yield f"  !!         and {counted(len(mappings) - MOST, 'more warning')} on the mappings:  chatsurvey check"


def _also(settings: Settings) -> Iterator[str]:
    """The channels beside the web, and where cases go."""
    if settings.telegram.token:
        yield f"Telegram, by {'web hook' if settings.telegram.by_hook(settings.public_url) else 'long polling'}"
    if settings.slack.enabled:
        yield f"Slack, by {'socket' if settings.slack.app_token else f'{settings.public_url}/slack/events'}"
        if settings.desk.to:
            yield f"cases in {settings.desk.to}"
