"""`chatsurvey backup FILE`: everything worth keeping in one archive, while the service runs."""

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from bot.app_opening import place_of
from bot.errors import UserMistake
from bot.settings import Settings, load
from bot.store.backup import databases_of, save

RESTORE = """\
to restore:
  stop the service, then unpack into an EMPTY folder and serve from it:
    mkdir -m 700 restored
    tar -xzf FILE -C restored
    DATA_DIR=restored chatsurvey serve
  (Never unpack over a folder in use: a database's -wal file of another day would be applied to it.)
  The archive holds personal data and the signing key. Keep it as you would keep both.

with REDIS_URL or DATABASE_URL:
  what is kept there is not in the archive, which says so. Redis: copy its snapshot
  (redis-cli --rdb chats.rdb) or let it be copied where it is hosted. PostgreSQL: pg_dump.
  Take Redis first: what its jobs have still to do for the records is done again.
"""


def add(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Write the databases, the files of responses and the signing key in DATA_DIR into one .tar.gz. The service may "
        "run meanwhile; the copy is consistent and is checked before it appears under its name."
    )
    parser.epilog = RESTORE
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("file", metavar="FILE", type=Path, help="the archive to write, e.g. backup-2026-11-30.tar.gz")
    parser.add_argument("--force", action="store_true", help="replace FILE where it exists")


def run(args: argparse.Namespace) -> int:
    settings = load(os.environ, Path.cwd())
    others = (*_responses(settings.data_dir), settings.secret_file)
    databases = _databases(settings)
    if not databases and not any(path.is_file() for path in others):
        hint = "run this on a host that serves; Redis and the database of DATABASE_URL are backed up where they run"
        raise UserMistake(f"there is nothing of this service in {settings.data_dir}", hint)
    target: Path = args.file
    saved = save(databases, others, target.absolute(), force=args.force)
    print(f"{target}  {saved.size:,} bytes: {', '.join(saved.names)}")
    for line in _elsewhere(settings):
        print(f"note   {line}", file=sys.stderr)
    return 0


def _databases(settings: Settings) -> tuple[Path, ...]:
    """Those that are files and in use. With Redis, chats that lie in the folder are of another day."""
    here = () if settings.redis_url else databases_of(settings.store_file)
    records = settings.records_file
    return here if records is None or records in here or not records.is_file() else (*here, records)


def _elsewhere(settings: Settings) -> Iterator[str]:
    if settings.redis_url:
        yield f"chats and jobs are in {place_of(settings.redis_url)} and not in this file:  redis-cli --rdb chats.rdb"
    if settings.records_file is None:
        yield f"the records are in {place_of(settings.database)} and not in this file:  pg_dump"


def _responses(folder: Path) -> list[Path]:
    """The files of responses. Raises UserMistake where the folder cannot be looked at."""
    try:
        return [path for suffix in ("jsonl", "csv") for path in sorted(folder.glob(f"responses*.{suffix}"))]
    except OSError as error:
        raise UserMistake(f"cannot look into {folder}: {error.strerror}", "name another DATA_DIR") from error
