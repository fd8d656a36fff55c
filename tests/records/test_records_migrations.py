"""The tables of the records: how they come to be on both databases, by whom, and from which version."""

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.engine import make_url

from bot.errors import Retryable
from bot.records.address import checked
from bot.records.base import Delivery, Filters
from bot.records.database import Database, open_engine
from bot.records.migrations import HEAD, upgrade
from bot.records.schema import metadata
from bot.records.sql import SqlRecords
from tests.harness.responses import NOON, a_response


def engine_of(url: str) -> Engine:
    return open_engine(make_url(checked(url)))


async def test_records_survive_a_restart_without_alembic(records: SqlRecords, url: str) -> None:
    await records.upsert([a_response()])
    assert opened_elsewhere(url) == ["1", "False"]


def opened_elsewhere(url: str) -> list[str]:
    """How many responses another process finds, and whether it needed Alembic."""
    program = (
        "import asyncio, sys; from bot.records.sql import SqlRecords; from bot.records.base import Filters\n"
        f"records = SqlRecords({url!r})\n"
        "assert not {'sqlalchemy', 'psycopg'} & set(sys.modules)\n"
        "asyncio.run(records.ready())\n"
        "print(len(list(records.responses(Filters()))), 'alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_the_migrations_lead_to_the_tables(empty: str) -> None:
    Database(empty).close()
    engine = engine_of(empty)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert ScriptDirectory.from_config(upgrade.config(connection)).get_heads() == [HEAD]
    engine.dispose()


def test_a_migration_that_is_interrupted_leaves_nothing(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = upgrade.upgrade

    def killed(connection: Connection) -> None:
        real(connection)
        raise KeyboardInterrupt

    with monkeypatch.context() as crash:
        crash.setattr(upgrade, "upgrade", killed)
        with pytest.raises(KeyboardInterrupt):
            Database(empty)
    engine = engine_of(empty)
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == []
    engine.dispose()
    Database(empty).close()


def test_several_that_migrate_at_once_end_with_one_set_of_tables(empty: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        for opened in pool.map(lambda _: Database(empty), range(4)):
            opened.close()
    assert version_in(empty) == HEAD


def version_in(url: str) -> str:
    engine = engine_of(url)
    with engine.connect() as connection:
        found = str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar())
    engine.dispose()
    return found


ROW = (
    "INSERT INTO responses (chat, revision, flow, flow_version, channel, locale, timezone, score, segment, outcome, "
    "sample, visitor, contact, context, clicks, started_at, updated_at, counted_at) VALUES ('c1', 2, 'nps', 'f00d', "
    "'web', 'en', 'Europe/Paris', 3, 'detractor', '', false, 'v1', '{}', '{}', '[]', {at}, {at}, {at})"
)
NOTE = (
    "INSERT INTO deliveries (writer, chat, revision, delivered, state, attempts, error, remote, tried_at) "
    "VALUES ('crm', 'c1', 2, 2, 'delivered', 1, '', 'r-1', {at})"
)
AT = "'2025-10-09 08:53:20.000000'"


@pytest.mark.parametrize("step", ["0001", "0002", "0003"])
async def test_what_an_older_version_wrote_is_there_after_each_migration(empty: str, step: str) -> None:
    engine = engine_of(empty)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        command.upgrade(upgrade.config(connection), step)
        for statement in (ROW, NOTE):
            connection.exec_driver_sql(statement.replace("{at}", AT))
    engine.dispose()
    records = SqlRecords(empty)
    (found,) = await asyncio.to_thread(lambda: list(records.responses(Filters())))
    assert (found.chat, found.revision, found.started, found.visitor, found.case) == ("c1", 2, NOON, "v1", None)
    assert records.deliveries("c1") == [Delivery("crm", "c1", 2, "delivered", 1, NOON, remote="r-1", delivered=2)]
    await records.upsert([a_response("c1", 3)])
    assert [r.revision for r in records.responses(Filters())] == [3]
    await records.close()


def test_the_migrations_are_numbered_in_a_row(url: str) -> None:
    engine = engine_of(url)
    with engine.connect() as connection:
        scripts = ScriptDirectory.from_config(upgrade.config(connection))
    engine.dispose()
    numbers = sorted(script.revision for script in scripts.walk_revisions())
    assert all(int(after) == int(before) + 1 for before, after in pairwise(numbers))


def test_records_of_a_newer_version_are_left_alone(url: str) -> None:
    Database(url).close()
    engine = engine_of(url)
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Retryable, match="newer chatsurvey"):
        Database(url)
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{HEAD}'")
    engine.dispose()
    Database(url).close()
