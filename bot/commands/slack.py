"""`chatsurvey slack manifest`: the app as Slack is told of it, made from the settings, to be pasted once."""

import argparse
import json
import sys

from bot.channels.slack.manifest import manifest
from bot.settings import Settings, load

SHORTCUT = "survey_start"
STEPS_SOCKET = (
    "1  https://api.slack.com/apps > Create New App > From a manifest: choose the workspace, paste the JSON above",
    "2  Install App > Install to Workspace: set SLACK_BOT_TOKEN to the token that begins with xoxb-",
    "3  Basic Information > App-Level Tokens > Generate, scope connections:write: set SLACK_APP_TOKEN (xapp-)",
)
STEPS_HTTP = (
    STEPS_SOCKET[0],
    STEPS_SOCKET[1],
    "3  Basic Information > App Credentials: set SLACK_SIGNING_SECRET; start the service; Event Subscriptions > Retry",
)
STEPS_INSTALL = (
    STEPS_SOCKET[0],
    "2  Basic Information > App Credentials: set SLACK_CLIENT_ID and SLACK_CLIENT_SECRET (and SLACK_SIGNING_SECRET "
    "without Socket Mode), and not SLACK_BOT_TOKEN",
    "3  Manage Distribution > Activate; each workspace then installs it at {url}/slack/install",
)


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="manifest", required=True)
    one = actions.add_parser("manifest", help="print the app's manifest as JSON, and what to do with it")
    one.add_argument("--name", default="chatsurvey", help="of the app, as people see it")
    one.add_argument("--http", action="store_true", help="events over HTTP at PUBLIC_URL in place of Socket Mode")
    one.add_argument("--workspaces", action="store_true", help="several workspaces, each by itself (OAuth)")


def run(args: argparse.Namespace) -> int:
    settings = load()
    install = args.workspaces or bool(settings.slack.client_id)
    over_http = args.http or bool(settings.slack.signing_secret and not settings.slack.app_token)
    found = manifest(
        args.name,
        command=settings.slack.command,
        shortcut=SHORTCUT,
        public_url=settings.public_url,
        socket=not over_http,
        install=install,
    )
    print(json.dumps(found, indent=2, ensure_ascii=False))
    print("\n".join(_steps(settings, over_http=over_http, install=install)), file=sys.stderr)
    return 0


def _steps(settings: Settings, *, over_http: bool, install: bool) -> list[str]:
    steps = STEPS_INSTALL if install else STEPS_HTTP if over_http else STEPS_SOCKET
    found = [step.format(url=settings.public_url) for step in steps]
    if (over_http or install) and not settings.public_url.startswith("https://"):
        found.append(f"!! Slack reaches only https addresses, and PUBLIC_URL is {settings.public_url}")
    return [*found, "Then: chatsurvey doctor slack"]
