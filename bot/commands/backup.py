"""`chatsurvey backup FILE`: everything worth keeping in one archive, while the service runs."""

import argparse
import os
from pathlib import Path

from bot.errors import UserMistake
from bot.settings import load
from bot.store.backup import save

RESTORE = """\
to restore:
  stop the service, then unpack into an EMPTY folder and serve from it:
    mkdir -m 700 restored
    tar -xzf FILE -C restored
    DATA_DIR=restored chatsurvey serve
  (Never unpack over a folder in use: a database's -wal file of another day would be applied to it.)
  The archive holds personal data and the signing key. Keep it as you would keep both.
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
    target: Path = args.file
    saved = save(settings.store_file, others, target.absolute(), force=args.force)
    print(f"{target}  {saved.size:,} bytes: {', '.join(saved.names)}")
    return 0


def _responses(folder: Path) -> list[Path]:
    """The files of responses. Raises UserMistake where the folder cannot be looked at."""
    try:
        return [path for suffix in ("jsonl", "csv") for path in sorted(folder.glob(f"responses*.{suffix}"))]
    except OSError as error:
        raise UserMistake(f"cannot look into {folder}: {error.strerror}", "name another DATA_DIR") from error
