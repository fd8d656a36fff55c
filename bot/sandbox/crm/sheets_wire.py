"""What Google Sheets is sent, and the key of the one service account that the stand-in knows."""

import json
from functools import cache

import msgspec

from bot.sandbox.crm.sheets_tab import Value

ADDRESS = "chatsurvey@acme-nps.iam.gserviceaccount.com"
SCOPE = "https://www.googleapis.com/auth/spreadsheets"
HOUR = 3_600
AUDIENCE = "https://oauth2.googleapis.com/token"


class Rows(msgspec.Struct):
    values: list[list[Value]] = []
    range: str = ""


class Batch(msgspec.Struct):
    data: list[Rows]
    valueInputOption: str = ""  # noqa: N815 - as Google spells it


class Properties(msgspec.Struct):
    title: str = ""


class Add(msgspec.Struct):
    properties: Properties


class More(msgspec.Struct):
    length: int
    dimension: str
    sheetId: int = 0  # noqa: N815 - as Google spells it


class Request(msgspec.Struct):
    addSheet: Add | None = None  # noqa: N815 - as Google spells it
    appendDimension: More | None = None  # noqa: N815 - as Google spells it


class Change(msgspec.Struct):
    requests: list[Request]


@cache
def private_key() -> str:
    """One a process: it takes 100 ms."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - only where a stand-in is asked for it
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 - likewise

    return (
        rsa.generate_private_key(65_537, 2_048)
        .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        .decode()
    )


def key_file() -> str:
    """The key as Google's console gives it."""
    return json.dumps(
        {
            "type": "service_account",
            "project_id": "acme-nps",
            "private_key_id": "0f1e2d3c",
            "private_key": private_key(),
            "client_email": ADDRESS,
            "client_id": "108000000000000000000",
            "token_uri": AUDIENCE,
        }
    )


@cache  # reading it checks its primes, which takes 70 ms
def _public_key() -> str:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - only where somebody logs in

    public = serialization.load_pem_private_key(private_key().encode(), None).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return public.public_bytes(serialization.Encoding.PEM, form).decode()


def assertion_fault(assertion: str) -> str:
    """The OAuth error word for an assertion that is not signed with the key, or asks for something else."""
    import jwt  # noqa: PLC0415 - only where somebody logs in

    try:
        claims = jwt.decode(
            assertion, _public_key(), ["RS256"], audience=AUDIENCE,
            options={"verify_iat": False, "verify_exp": False},  # tests live in times of their own
        )  # fmt: skip
    except jwt.PyJWTError:
        return "invalid_grant"
    if not 0 < claims.get("exp", 0) - claims.get("iat", 0) <= HOUR:
        return "invalid_grant"
    return "" if (claims.get("iss"), claims.get("scope")) == (ADDRESS, SCOPE) else "invalid_scope"
