"""Logging in to Salesforce: the token endpoint of one's My Domain (`/services/oauth2/token`).

Four of its OAuth flows, the ones that the contract knows. simple-salesforce's own logins are not used: its SOAP login
is no part of the contract and has an end announced, and with login data in its hands it renews a session by itself,
again and again. Here it gets the session alone, and the renewing is ours: once, and bounded (`http/oauth.py`).
"""

from collections.abc import Callable

from bot.crm.config import WriterConfig
from bot.crm.http.oauth import Grant, OAuth, client_credentials, jwt_bearer, refresh_token
from bot.crm.spec import Key, Login

TOKEN = "/services/oauth2/token"  # noqa: S105 - a path

LOGINS = (
    Login(
        "password",
        (
            Key("client_id", "secret", required=True, example="${SF_CLIENT_ID}"),
            Key("client_secret", "secret", required=True, example="${SF_CLIENT_SECRET}"),
            Key("username", required=True, example="survey@acme.example"),
            Key("password", "secret", required=True, example="${SF_PASSWORD}"),
            Key("security_token", "secret", example="${SF_SECURITY_TOKEN}"),
        ),
    ),
    Login(
        "refresh_token",
        (
            Key("client_id", "secret", required=True, example="${SF_CLIENT_ID}"),
            Key("refresh_token", "secret", required=True, example="${SF_REFRESH_TOKEN}"),
            Key("client_secret", "secret", example="${SF_CLIENT_SECRET}"),
        ),
    ),
    Login(
        "jwt",
        (
            Key("client_id", "secret", required=True, example="${SF_CLIENT_ID}"),
            Key("username", required=True, example="survey@acme.example"),
            Key("private_key", "secret", required=True, example="${SF_PRIVATE_KEY}"),
            Key("audience", "url", default="https://login.salesforce.com", example="https://test.salesforce.com"),
        ),
    ),
    Login(
        "client_credentials",
        (
            Key("client_id", "secret", required=True, example="${SF_CLIENT_ID}"),
            Key("client_secret", "secret", required=True, example="${SF_CLIENT_SECRET}"),
        ),
    ),
)


def oauth(config: WriterConfig, clock: Callable[[], int]) -> OAuth:
    return OAuth(config.connection, TOKEN, _grant(config), name="Salesforce", clock=clock)


def secrets(config: WriterConfig) -> tuple[str, ...]:
    return tuple(one for values in config.secrets.values() for one in values)


def _grant(config: WriterConfig) -> Grant:
    client, secret = config.secret("client_id"), config.secret("client_secret")
    match config.login:
        case "password":
            # The security token is typed behind the password, where the address of this service is not a trusted one.
            password = config.secret("password") + config.secret("security_token")
            form = {
                "grant_type": "password",
                "client_id": client,
                "client_secret": secret,
                "username": config.text("username"),
                "password": password,
            }
            return Grant(lambda _now, _newest: form, secrets(config))
        case "refresh_token":
            return refresh_token(config.secret("refresh_token"), client, secret)
        case "jwt":
            audience = config.text("audience") or "https://login.salesforce.com"
            key = config.secret("private_key").replace("\\n", "\n")
            return jwt_bearer(key, issuer=client, subject=config.text("username"), audience=audience)
        case _:
            return client_credentials(client, secret)
