"""What `chatsurvey serve` says: where it is and what it serves, and what becomes of an edited flow file."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bot import __version__
from bot.app_opening import place_of
from bot.errors import Problem
from bot.flows.report import Paint, counted, shown
from bot.flows.report import place_of as place_in
from bot.flows.report import tell as report
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.app import Service

MOST = 5
"""Warnings on mappings that the start shows in full."""


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


def nothing(_sentence: str, _problems: tuple[Problem, ...]) -> None:
    """For a process beside one that says it."""


def banner(service: "Service", processes: int = 1) -> str:
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
        *_data(settings),
    ]
    if processes > 1:
        lines.append(f"  serves     {processes} processes; SIGHUP to {os.getppid()} replaces them one by one")
    if also := "; ".join(_also(settings)):
        lines.append(f"  also in    {also}")
    if settings.file is not None:
        lines.append(f"  settings   {settings.file}")
    if settings.desk.to and not settings.slack.enabled:
        lines.append("  !!         alerts and cases go to Slack, which is not set up: see docs/slack.md")
    lines += _warned(service.warnings)
    return "\n".join([*lines, "", "Ctrl-C stops it."])


def _data(settings: Settings) -> Iterator[str]:
    yield f"  data       {settings.data_dir}"
    if settings.redis_url:
        yield f"             chats and jobs in {place_of(settings.redis_url)}"
    if settings.database:
        yield f"             records in {place_of(settings.database)}"


def _warned(problems: tuple[Problem, ...]) -> Iterator[str]:
    """Of the flow how many; what does not fit in a mapping is said, since it may be lost meanwhile."""
    mappings = [problem for problem in problems if problem.path.startswith("writers / ")]
    if len(problems) > len(mappings):
        yield f"  !!         {counted(len(problems) - len(mappings), 'warning')} on the flow:  chatsurvey check"
    for problem in mappings[:MOST]:
        yield f"  !!         {place_in(problem.mark)}  {shown(problem.path)}: {shown(problem.message)}"
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
