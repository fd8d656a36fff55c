"""The checks of Telegram: token, how updates come, whether they arrive, commands."""

import time
from collections.abc import Sequence
from urllib.parse import urlsplit

from bot.channels.telegram.errors import TokenRefused
from bot.channels.telegram.links import hook_names
from bot.commands.doctor_types import Check
from bot.errors import DeliveryError
from bot.settings import Settings, with_secrets

RECENT = 3600
"""Seconds for which an error of the web hook is worth a word."""
PORTS = (443, 80, 88, 8443)
"""Where the platform delivers web hooks to (core.telegram.org/bots/api#setwebhook)."""
TOKEN_HINT = "in Telegram open @BotFather, send /mybots, choose the bot, tap API Token; set TELEGRAM_TOKEN to it"  # noqa: S105 - a hint


def is_set(settings: Settings) -> bool:
    return bool(settings.telegram.token)


async def checks(settings: Settings) -> Sequence[Check]:
    from bot.channels.telegram.api import TelegramApi  # noqa: PLC0415 - loads the client library

    if not is_set(settings):
        new = "in Telegram open @BotFather, send /newbot, and set TELEGRAM_TOKEN to the token that it gives"
        return [Check("token", "error", "TELEGRAM_TOKEN is not set", new)]
    api = TelegramApi(settings.telegram.token, settings.telegram.api_url)
    try:
        me = await api.me()
        found = [Check("token", "ok", f"@{me.username} answers at {settings.telegram.api_url}")]
        hook = await api.hook()
        by_hook = settings.telegram.by_hook(settings.public_url)
        found += _by_hook(settings, hook.url) if by_hook else [_by_polling(hook.url)]
        found.append(_waiting(hook.pending_update_count))
        if by_hook:
            found.append(_last_error(hook.last_error_message, hook.last_error_date, hook.pending_update_count))
        found.append(_commands(await api.command_names()))
    except TokenRefused:
        return [
            Check("token", "error", "Telegram does not know this token: it was revoked, or is not whole", TOKEN_HINT)
        ]
    except DeliveryError as error:
        where = settings.telegram.api_url
        hint = f"see that this machine reaches {where}, or set TELEGRAM_API_URL to one that it reaches"
        return [Check("reach", "error", f"{where}: {error}", hint)]
    finally:
        await api.close()
    return found


def _by_polling(url: str) -> Check:
    if not url:
        return Check("updates", "ok", "by long polling; no web hook is in the way")
    hint = "a start of the service removes it; if another program uses this bot, make a bot of your own with @BotFather"
    return Check("updates", "error", f"a web hook is set (at {_host(url)}), so polling gets nothing", hint)


def _by_hook(settings: Settings, url: str) -> list[Check]:
    public, found = urlsplit(settings.public_url), []
    if public.scheme != "https" or (public.port or 443) not in PORTS:
        ports = ", ".join(map(str, PORTS))
        hint = f"set PUBLIC_URL to an https address (ports {ports}), or telegram: {{updates: polling}} in settings.yaml"
        found.append(
            Check("address", "!!", f"{settings.public_url} is one that api.telegram.org delivers nothing to", hint)
        )
    if not (settings.secrets or settings.secret_file.is_file()):
        return [
            *found,
            Check("updates", "error", "the service never ran here, so no web hook is set", "chatsurvey serve"),
        ]
    path, _ = hook_names(settings.telegram.token, with_secrets(settings).secrets[0])
    if url == f"{settings.public_url}/telegram/{path}":
        return [*found, Check("updates", "ok", f"by web hook, to {settings.public_url}")]
    where = f"the web hook leads to {_host(url)}, and not here" if url else "no web hook is set"
    hint = "start the service (chatsurvey serve), which sets it; one bot serves one installation"
    if url.startswith(settings.public_url):
        where = "the web hook is one of another signing key"
        hint = "start the service with the SECRET_KEY or DATA_DIR that it shall have; that sets it"
    return [*found, Check("updates", "error", where, hint)]


def _waiting(count: int) -> Check:
    if not count:
        return Check("waiting", "ok", "nothing waits to be fetched")
    return Check(
        "waiting", "!!", f"{count} update{'s' * (count > 1)} waiting", "is the service running? chatsurvey serve"
    )


def _last_error(message: str, at: int, waiting: int) -> Check:
    """The platform goes on naming an error that is over: with nothing left to deliver, it is."""
    ago = int(time.time()) - at
    if not message or ago > RECENT:
        return Check("delivery", "ok", "no error of the web hook within the last hour")
    if not waiting:
        return Check("delivery", "ok", f"nothing is left of an error of the web hook, {max(ago, 0) // 60} min ago")
    hint = f"the platform must reach PUBLIC_URL from outside; it says: {message[:200]}"
    return Check("delivery", "error", f"the web hook failed {max(ago, 0) // 60} min ago", hint)


def _commands(names: Sequence[str]) -> Check:
    if "stop" in names:
        return Check("commands", "ok", " ".join(f"/{name}" for name in names))
    return Check("commands", "!!", "the bot's menu is empty", "start the service (chatsurvey serve), which fills it")


def _host(url: str) -> str:
    """Not the whole address: its path is a secret of whoever set it."""
    return urlsplit(url).hostname or "somewhere"
