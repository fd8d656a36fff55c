"""`chatsurvey sandbox`: the whole service against stand-ins of Slack, Telegram and the CRMs, with a page of both sides.

No account, token or network is needed. The first SIGTERM or Ctrl-C stops it and throws its data away, unless --data
says where they are to stay.
"""

import argparse
import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bot.commands.serve import obey
from bot.commands.serve_words import tell
from bot.obs_log import log_to

if TYPE_CHECKING:
    from bot.sandbox.app import Options, Sandbox

PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")
"""Slack's library would send even what is for this machine through them."""


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, metavar="DIR", help="keep the data here (default: thrown away)")
    parser.add_argument(
        "--flows", type=Path, metavar="FILE", help="the flow file (default: ./flows.yaml, or the shipped)"
    )
    parser.add_argument(
        "--settings", type=Path, metavar="FILE", help="a settings file; its writers are real, and no CRM is played"
    )
    parser.add_argument("--port", type=int, metavar="N", help="of the service (default: PORT, or 8080)")
    parser.add_argument("--page-port", type=int, metavar="N", help="of the page (default: the next one; 0: a free one)")
    parser.epilog = "Tokens in the environment or in .env are not used."


def run(args: argparse.Namespace) -> int:
    from bot.sandbox.app import Options  # noqa: PLC0415 - `--help` needs none of it

    log_to(level="warning", form="plain" if sys.stderr.isatty() else "json", secrets=())
    for name in PROXIES:
        os.environ.pop(name, None)
    given = os.environ.get("PORT", "")
    port = args.port if args.port is not None else int(given) if given.isdigit() else 8080
    page = args.page_port if args.page_port is not None else port + 1 if port else 0
    return asyncio.run(_run(Options(args.data, args.flows, args.settings, port, page)))


async def _run(options: "Options") -> int:
    from bot.sandbox.app import sandbox  # noqa: PLC0415 - as above

    stop = asyncio.Event()
    obey(stop)
    async with sandbox(options, tell) as running:
        show(running)
        await stop.wait()
        print("stopping", flush=True)
    return 0


def show(running: "Sandbox") -> None:
    """Where everything is."""
    lines = [
        f"chatsurvey sandbox: open {running.page.url}",
        "",
        f"  service    {running.service.url}",
        f"  Telegram   {running.telegram.url}  (a stand-in)",
        f"  Slack      {running.slack.api_url}  (a stand-in)",
        *(f"  CRM        {crm.url}  ({crm.title}, a stand-in)" for crm in running.crms.all.values()),
        f"  data       {running.data}",
        "",
        "Ctrl-C stops it.",
    ]
    print("\n".join(lines), flush=True)
