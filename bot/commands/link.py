"""`chatsurvey link telegram`: a deep link that begins a chat with a flow, a language, a campaign, for one person.

Flow, language and campaign travel in the link, signed. What is said of a person does not: it is stored, and the link
carries a name for it.
"""

import argparse
import asyncio
import re
import secrets
from collections.abc import Sequence

from bot.app_flows import FlowFile
from bot.channels.telegram.links import DOC, DeepLink, packed, payload_of, stored_payload
from bot.channels.verify import MOST_FACTS, fact_text, is_fact_name
from bot.commands.data import has_data, has_key, with_store
from bot.errors import UserMistake
from bot.model import Doc, DocChange
from bot.settings import Settings, load, with_secrets
from bot.store.base import Store

NAME_BYTES = 15
"""Random, so that no link can be guessed: 20 characters."""


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("channel", choices=("telegram",))
    parser.add_argument("--flow", default="", help="default: the one that the settings name, else the file's first")
    parser.add_argument("--language", default="", help="of the chat; default: the person's own")
    parser.add_argument("--campaign", default="", help="where the link is used; kept with the response")
    parser.add_argument(
        "--contact",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a fact about the one person that this link is for; may be given several times",
    )
    parser.add_argument("--bot", default="", metavar="NAME", help="the bot's user name; else Telegram is asked")


def run(args: argparse.Namespace) -> int:
    settings = load()
    if not settings.telegram.token and not args.bot:
        raise UserMistake("TELEGRAM_TOKEN is not set", "set it in the environment or in .env, or name the bot by --bot")
    if not has_key(settings):
        hint = "start the service once, or set SECRET_KEY as the service has it"
        raise UserMistake(f"there is no signing key in {settings.data_dir} yet", hint)
    link = _link(settings, args)
    secret = with_secrets(settings).secrets[0]
    payload = payload_of(link, secret) or _stored(settings, link, secret)
    name = str(args.bot).removeprefix("@") or asyncio.run(_name(settings))
    print(f"https://t.me/{name}?start={payload}")
    return 0


def _link(settings: Settings, args: argparse.Namespace) -> DeepLink:
    book, _ = FlowFile(settings.flows, settings.hours).read()
    if args.flow and args.flow not in book.flows:
        raise UserMistake(f'there is no flow "{args.flow}"', f"known flows: {', '.join(book.flows)}")
    if args.language and args.language.partition("-")[0] not in book.languages:
        raise UserMistake(f'no flow speaks "{args.language}"', f"known languages: {', '.join(book.languages)}")
    if not re.fullmatch(r"[^\x00-\x1f]{0,100}", args.campaign):
        raise UserMistake("a campaign has at most 100 characters, on one line")
    return DeepLink(args.flow, args.language, args.campaign, _facts(args.contact))


def _facts(given: Sequence[str]) -> dict[str, str]:
    facts = {}
    for fact in given:
        name, _, value = fact.partition("=")
        if not is_fact_name(name) or not fact_text(value):
            raise UserMistake(f'"{name}" is not NAME=VALUE', "for example  --contact email=ana@example.com")
        facts[name] = fact_text(value)
    if len(facts) > MOST_FACTS:
        raise UserMistake(f"a link has at most {MOST_FACTS} facts")
    return facts


def _stored(settings: Settings, link: DeepLink, secret: str) -> str:
    if not has_data(settings):
        raise UserMistake(f"there is no data in {settings.data_dir} yet", "start the service first, or set DATA_DIR")
    name = secrets.token_urlsafe(NAME_BYTES)

    async def keep(store: Store) -> None:
        await store.put(DocChange(Doc(DOC, name, 1, packed(link)), 0))

    with_store(settings, keep)
    return stored_payload(name, secret)


async def _name(settings: Settings) -> str:
    from bot.channels.telegram.api import TelegramApi  # noqa: PLC0415 - loads the client library

    api = TelegramApi(settings.telegram.token, settings.telegram.api_url)
    try:
        return (await api.me()).username
    finally:
        await api.close()
