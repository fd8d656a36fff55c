"""DATABASE_URL: what is one, and what is said of what is none."""

import pytest
from psycopg.pq import Conninfo

from bot.errors import FileProblems, Retryable, UserMistake
from bot.records.address import PARAMETERS, checked
from bot.records.base import Filters
from bot.records.sql import SqlRecords
from bot.settings import load
from tests.harness.postgres_server import OWNER, PASSWORD, postgres
from tests.harness.redis_server import free_port

PLACE = "survey:se%2Fcret@db.example:5433/records?sslmode=require"


@pytest.mark.parametrize("kind", ["postgresql", "postgres", "postgresql+psycopg", "POSTGRESQL"])
def test_postgresql_has_several_names(kind: str) -> None:
    assert checked(f"{kind}://{PLACE}") == f"postgresql+psycopg://{PLACE}"


def test_a_file_and_a_socket_are_addresses_too() -> None:
    assert checked("sqlite:////srv/records.db") == "sqlite:////srv/records.db"
    assert checked("postgresql:///records?host=/run/postgresql").startswith("postgresql+psycopg:///records?")


MISTAKES = [
    ("mysql://me:hush@db/records", "mysql is not supported"),
    ("mysql+pymysql://me:hush@db/records", "mysql is not supported"),
    ("postgresql+asyncpg://me:hush@db/records", "the driver is always psycopg"),
    ("postgressql://me:hush@db/records", "postgressql is not supported"),
    ("postgresql://me:hush@db", "it names no database"),
    ("postgresql://me:hush@db:54x/records", "its host and port cannot be read"),
    ("postgresql://me:hu#sh@db/records", "cannot be"),
    ("postgresql://db/records#1", "its parts cannot be told apart"),
    ("postgresql://me:hu/sh@db/records", "cannot be"),
    ("sqlite://", "it names no file"),
    ("sqlite:///:memory:", "it names no file"),
    ("hush", "it is no address of a database"),
    ("postgresql://me:hush@db/records?sslmod=require", "is no parameter of PostgreSQL"),
    ("postgresql://db/records?hush=@db", "is no parameter of PostgreSQL"),
    ("postgresql://db/records?prepare_threshold=0", "is no parameter of PostgreSQL"),
]


@pytest.mark.parametrize(("url", "said"), MISTAKES)
def test_what_is_wrong_is_told_without_the_password(url: str, said: str) -> None:
    with pytest.raises(UserMistake, match=said) as told:
        checked(url)
    with pytest.raises(FileProblems, match=said) as shown:
        load({"DATABASE_URL": url})
    for text in (str(told.value), told.value.hint, str(shown.value)):
        assert "hush" not in text
        assert "hu#sh" not in text


def test_a_parameter_is_told_that_was_meant() -> None:
    with pytest.raises(UserMistake) as told:
        checked("postgresql://db/records?connect_timeout=3&sslmod=require")
    assert told.value.hint.startswith("sslmode perhaps; for example")


def test_whatever_libpq_takes_is_taken() -> None:
    assert {option.keyword.decode() for option in Conninfo.get_defaults()} <= PARAMETERS


REFUSALS = [
    ("postgres", OWNER, "hush", "it does not know this user or password"),
    ("postgres", "nobody-we-know", "hush", "it does not know this user or password"),
    ("not_there", OWNER, PASSWORD, "there is no such database; make it with CREATE DATABASE"),
]


@pytest.mark.parametrize(("database", "user", "password", "said"), REFUSALS)
async def test_what_the_server_refuses_is_told(database: str, user: str, password: str, said: str) -> None:
    await refused(postgres().url(database, user=user, password=password), said)


async def test_a_server_that_is_not_there_is_told() -> None:
    await refused(postgres().url("postgres", password="hush", port=free_port()), "refused")


async def test_a_user_without_rights_is_told_which_they_need() -> None:
    url = postgres().database("template0")
    name = url.rpartition("/")[2]
    postgres().execute(f"CREATE ROLE reader_{name} LOGIN PASSWORD 'hush'")
    await refused(postgres().url(name, user=f"reader_{name}", password="hush"), "the user lacks rights; GRANT")
    postgres().drop(url)
    postgres().execute(f"DROP ROLE reader_{name}")


async def refused(url: str, said: str) -> None:
    records = SqlRecords(url)
    with pytest.raises(Retryable, match=said) as told:
        list(records.responses(Filters()))
    assert "hush" not in str(told.value)
    assert PASSWORD not in str(told.value)
    await records.close()
