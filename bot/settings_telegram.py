"""What can be set of Telegram: the token and the address of the Bot API in the environment, choices in the file."""

from dataclasses import dataclass, field, replace

from bot.flows.nodes import Table
from bot.settings_env import Environment, is_url

API_URL = "https://api.telegram.org"
STARTS = ("any", "command")
UPDATES = ("auto", "polling", "webhook")


@dataclass(frozen=True, slots=True)
class TelegramSettings:
    token: str = field(default="", repr=False)
    """Empty: Telegram is not served."""
    api_url: str = API_URL
    start: str = "any"
    """`any` first message begins a chat, or only /start and links do (`command`)."""
    flow: str = ""
    """The flow that begins; empty: the file's first."""
    updates: str = "auto"
    """`auto`: by web hook where PUBLIC_URL is https, else by polling."""

    @property
    def bot(self) -> int:
        """The bot's own number, the first part of its token."""
        return int(self.token.partition(":")[0])

    def by_hook(self, public_url: str) -> bool:
        return self.updates == "webhook" or (self.updates == "auto" and public_url.startswith("https://"))


def read_environment(env: Environment, chosen: TelegramSettings) -> TelegramSettings:
    """With the token and the address; `chosen` is what the file says."""
    token = env.get("TELEGRAM_TOKEN")
    number, _, secret = token.partition(":")
    if token and not (number.isascii() and number.isdigit() and len(secret) >= 20 and "/" not in token):
        hint = "copy it whole from @BotFather: digits, a colon, and about 35 letters, digits, - and _"
        env.problem("TELEGRAM_TOKEN", "it is not a bot's token", hint)
        token = ""
    url = env.get("TELEGRAM_API_URL", API_URL).rstrip("/")  # with a path, where a proxy has one
    if not is_url(url, bare=True):
        env.problem("TELEGRAM_API_URL", "it is not a web address", f"for example TELEGRAM_API_URL={API_URL}")
    return replace(chosen, token=token, api_url=url)


def read_section(table: Table | None) -> TelegramSettings:
    """The section `telegram:` of the settings file, where there is one."""
    if table is None:
        return TelegramSettings()
    start, updates = (_word(table, key, known) for key, known in (("start", STARTS), ("updates", UPDATES)))
    found = TelegramSettings(start=start, updates=updates, flow=table.string("flow"))
    table.finish()
    return found


def _word(table: Table, key: str, known: tuple[str, ...]) -> str:
    value = table.string(key) or known[0]
    if value not in known:
        table.problem(f'"{value}" is none of {", ".join(known)}', f"for example  {key}: {known[0]}", key)
        return known[0]
    return value
