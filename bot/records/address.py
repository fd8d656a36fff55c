"""DATABASE_URL: which databases there are, and what is wrong with an address, without importing any of them."""

from difflib import get_close_matches
from urllib.parse import parse_qsl, urlsplit

from bot.errors import UserMistake

EXAMPLES = "postgresql://user:password@host/database, or sqlite:////srv/chatsurvey/records.db"
POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")
PARAMETERS = frozenset({
    "application_name", "channel_binding", "client_encoding", "connect_timeout", "dbname",
    "fallback_application_name", "gssdelegation", "gssencmode", "gsslib", "host", "hostaddr", "keepalives",
    "keepalives_count", "keepalives_idle", "keepalives_interval", "krbsrvname", "load_balance_hosts",
    "max_protocol_version", "min_protocol_version", "oauth_client_id", "oauth_client_secret", "oauth_issuer",
    "oauth_scope", "options", "passfile", "password", "port", "replication", "require_auth", "requirepeer",
    "scram_client_key", "scram_server_key", "service", "ssl_max_protocol_version", "ssl_min_protocol_version",
    "sslcert", "sslcertmode", "sslcompression", "sslcrl", "sslcrldir", "sslkey", "sslkeylogfile", "sslmode",
    "sslnegotiation", "sslpassword", "sslrootcert", "sslsni", "target_session_attrs", "tcp_user_timeout", "user",
})  # fmt: skip
"""What libpq takes behind `?` (a test asks it: loading it here would take as long as all else at the start)."""


def checked(url: str) -> str:
    """The address as SQLAlchemy takes it. Raises UserMistake, which never quotes the address: it may hold a
    password."""
    kind, found, rest = url.partition("://")
    kind = kind.lower() if found else ""
    if kind == "sqlite":
        if not rest.strip("/") or not rest.startswith("/") or ":memory:" in rest:
            raise UserMistake("it names no file", f"for example {EXAMPLES}")
        return f"sqlite://{rest}"
    if kind not in POSTGRESQL:
        if kind.partition("+")[0] in POSTGRESQL:
            raise UserMistake("the driver is always psycopg", f"for example {EXAMPLES}")
        name = kind.partition("+")[0]
        said = f"{name} is not supported" if name.isascii() and name.isidentifier() else ""
        raise UserMistake(said or "it is no address of a database", f"for example {EXAMPLES}")
    return f"postgresql+psycopg://{_postgresql(rest)}"


def _postgresql(rest: str) -> str:
    hint = f"for example {EXAMPLES}; in a password, write / as %2F, @ as %40, : as %3A, # as %23, ? as %3F, % as %25"
    try:
        parts = urlsplit(f"postgresql://{rest}")
        parts.port  # noqa: B018 - reading it checks it
    except ValueError:
        raise UserMistake("its host and port cannot be read", hint) from None
    if parts.fragment or "@" in parts.path:
        raise UserMistake("its parts cannot be told apart", hint)
    if not parts.path.strip("/"):
        raise UserMistake("it names no database", hint)
    for name, _ in parse_qsl(parts.query, keep_blank_values=True):
        if name not in PARAMETERS:
            raise _unknown(name, hint)
    return rest


def _unknown(name: str, hint: str) -> UserMistake:
    """The name itself may be a part of a password, where a ? in it was not written as %3F."""
    close = get_close_matches(name, PARAMETERS, 1)
    meant = f"{close[0]} perhaps; " if close else ""
    return UserMistake("what stands behind its ? is no parameter of PostgreSQL", meant + hint)
