"""DATABASE_URL: which databases there are, and what is wrong with an address, without importing any of them."""

from urllib.parse import urlsplit

from bot.errors import UserMistake

EXAMPLES = "postgresql://user:password@host/database, or sqlite:////srv/chatsurvey/records.db"
POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")


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
    return rest
