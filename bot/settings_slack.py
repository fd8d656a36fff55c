"""Slack in the settings: tokens from the environment, choices from the section `slack:` of the settings file.

SLACK_BOT_TOKEN and SLACK_APP_TOKEN          one workspace, over a socket (the usual)
SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET     one workspace, over HTTP at PUBLIC_URL
SLACK_CLIENT_ID and SLACK_CLIENT_SECRET      in place of SLACK_BOT_TOKEN: many workspaces, each by itself
"""

from dataclasses import dataclass, field, replace

from bot.flows.nodes import Table
from bot.settings_env import Environment, is_url
from bot.settings_reader import Reader

API = "https://slack.com/api/"
VARIABLES = (
    *("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"),
    "SLACK_API_URL",
)


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """Its repr shows no secret."""

    bot_token: str = field(default="", repr=False)
    app_token: str = field(default="", repr=False)
    signing_secret: str = field(default="", repr=False)
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    api_url: str = API
    """With a slash at the end."""
    flow: str = ""
    """That is begun where none is named; empty: the file's first."""
    first_message: bool = False
    """Whether whoever writes to the app without having been asked is asked."""
    command: str = "/survey"

    @property
    def enabled(self) -> bool:
        """Whether anything of Slack is served."""
        return bool(self.bot_token or self.client_id)

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.bot_token, self.app_token, self.signing_secret, self.client_secret)))


def read_choices(table: Table | None, env: Environment) -> SlackSettings:
    """The section of the file; without tokens yet."""
    found = SlackSettings()
    if table is None:
        return found
    reader = Reader(table, env)
    command = reader.string(table, "command") or found.command
    if not command.startswith("/") or not command[1:].replace("-", "").replace("_", "").isalnum() or len(command) > 32:
        table.problem(f'"{command}" is not a slash command', "for example  command: /survey", "command")
    found = replace(
        found, flow=reader.string(table, "flow"), first_message=table.flag("first_message"), command=command
    )
    table.finish()
    return found


def with_tokens(choices: SlackSettings, env: Environment) -> SlackSettings:
    """The whole: what is wrong is reported to `env`, never with a token's value."""
    for name, start in (("SLACK_BOT_TOKEN", "xoxb-"), ("SLACK_APP_TOKEN", "xapp-")):
        if name in env and not env.get(name).startswith(start):
            env.problem(name, f"it does not begin with {start}", "chatsurvey slack manifest  says where to find it")
    found = replace(
        choices,
        bot_token=env.get("SLACK_BOT_TOKEN"),
        app_token=env.get("SLACK_APP_TOKEN"),
        signing_secret=env.get("SLACK_SIGNING_SECRET"),
        client_id=env.get("SLACK_CLIENT_ID"),
        client_secret=env.get("SLACK_CLIENT_SECRET"),
        api_url=_api(env),
    )
    if bool(found.client_id) != bool(found.client_secret):
        missing = "SLACK_CLIENT_SECRET" if found.client_id else "SLACK_CLIENT_ID"
        env.problem(missing, "it is not set, and its other half is", "several workspaces need both")
    ways = bool(found.app_token or found.signing_secret)
    if found.enabled and not ways:
        hint = "set SLACK_APP_TOKEN (Socket Mode, no public address) or SLACK_SIGNING_SECRET (HTTP)"
        env.problem("SLACK_APP_TOKEN", "nothing that happens in Slack would reach this service", hint)
    elif ways and not found.enabled:
        hint = "set SLACK_BOT_TOKEN, or SLACK_CLIENT_ID and SLACK_CLIENT_SECRET for several workspaces"
        env.problem("SLACK_BOT_TOKEN", "nothing could be said in Slack", hint)
    return found


def _api(env: Environment) -> str:
    value = env.get("SLACK_API_URL", API)
    if not is_url(value, bare=True):
        env.problem("SLACK_API_URL", f'"{value}" is not a web address', f"for example SLACK_API_URL={API}")
        return API
    return value.rstrip("/") + "/"
