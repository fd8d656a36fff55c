"""Every call of the Bot API against the vendor's contract: for `Telegram(check=telegram_contract.faults)`.

A form's values are held to the same schema as JSON, since the stand-in has read them as they are meant; so a misspelt
argument, a button's data that is too long or a keyboard of the wrong shape is found in either. Methods that the
contract does not have are told at the end of the run, as an absent contract is.
"""

from collections.abc import Sequence
from contextlib import suppress
from functools import cache

from openapi_schema_validator import OAS31Validator

from bot.sandbox.telegram import text as telegram_text
from bot.sandbox.telegram.errors import Refusal
from bot.sandbox.telegram.server import Call
from tests.harness import contracts

NAME = "telegram/openapi.json"


@cache
def _validator(method: str) -> OAS31Validator | None:
    document = contracts.load(NAME)
    if document is None:
        return None
    path = document["paths"].get(f"/bot{{token}}/{method}")
    if path is None:
        contracts.not_checked.add(f"{NAME} {method}")
        return None
    schema = path["post"]["requestBody"]["content"]["application/json"]["schema"]
    return OAS31Validator(
        {**schema, "components": document["components"]}, format_checker=OAS31Validator.FORMAT_CHECKER
    )


def faults(call: Call) -> Sequence[str]:
    """What the contract has against this call; nothing where there is no contract."""
    validator = _validator(call.method)
    if validator is None:
        return ()
    params = dict(call.params)
    if call.words("parse_mode"):  # "1-4096 characters after entities parsing"
        with suppress(Refusal):  # entities that cannot be read are the stand-in's to refuse
            params["text"], _ = telegram_text.read(call.text, call.words("parse_mode"))
    errors = validator.iter_errors(params)
    return [f"{'/'.join(map(str, error.absolute_path))} {error.message[:300]}".strip() for error in errors]
