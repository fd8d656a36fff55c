"""The port, taken before anything else is made, so that a taken one is told at once and leaves nothing behind.

Of several processes of one `serve` none takes it itself: they inherit the supervisor's listening sockets, so the port
is never left while one of them is replaced, and the kernel's queue of connections is theirs together.
"""

import errno
import socket
from collections.abc import Sequence
from dataclasses import replace

from bot.errors import UserMistake
from bot.settings import Settings

BACKLOG = 1024
ANY = ("0.0.0.0", "::", "")  # noqa: S104 - compared and shown, not bound here


def bind(settings: Settings) -> tuple[tuple[socket.socket, ...], Settings]:
    """Listen on every address that HOST stands for, and the settings with the real port (PORT=0 takes a free one).

    Raises UserMistake where the port is taken or not ours to take.
    """
    host, port = settings.host, settings.port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise UserMistake(f'HOST "{host}" cannot be found: {error.strerror}', "for example  HOST=127.0.0.1") from error
    bound: list[socket.socket] = []
    try:
        for family, kind, _, _, address in found:
            bound.append(socket.socket(family, kind))
            if family == socket.AF_INET6:
                bound[-1].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(host not in ANY))
            bound[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound[-1].bind((address[0], port, *address[2:]))
            bound[-1].listen(BACKLOG)
            port = port or bound[-1].getsockname()[1]
    except OSError as error:
        release(tuple(bound))
        raise _mistake(settings, error) from error
    return tuple(bound), _with_port(settings, port)


def _with_port(settings: Settings, port: int) -> Settings:
    public = settings.public_url
    if settings.port == 0 and public.endswith(":0"):
        public = f"{public[:-1]}{port}"
    return replace(settings, port=port, public_url=public)


class Shared(socket.socket):
    """A listening socket that several processes take connections from. asyncio takes as many in one go as its backlog
    says, so one process would have all of a burst: it is told 1, and the kernel's queue stays as long as it is."""

    def listen(self, backlog: int = BACKLOG, /) -> None:
        super().listen(BACKLOG)


def inherit(handles: Sequence[int], settings: Settings) -> tuple[tuple[socket.socket, ...], Settings]:
    """As `bind`, of sockets that listen already."""
    sockets = tuple(Shared(fileno=handle) for handle in handles)
    return sockets, _with_port(settings, sockets[0].getsockname()[1])


def backlog(one: socket.socket) -> int:
    """What to tell asyncio about it."""
    return 1 if isinstance(one, Shared) else BACKLOG


def release(sockets: tuple[socket.socket, ...]) -> None:
    for one in sockets:
        one.close()


def local_url(settings: Settings) -> str:
    """Where this process is reached from its own machine."""
    host = "localhost" if settings.host in ANY else settings.host
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def _mistake(settings: Settings, error: OSError) -> UserMistake:
    port = settings.port
    if error.errno == errno.EADDRINUSE:
        return UserMistake(
            f"port {port} is taken: another program, or another chatsurvey, answers there",
            f"stop it, or take another port:  PORT={port + 1 if port < 65_535 else 8080}",
        )
    if error.errno == errno.EACCES:
        return UserMistake(f"port {port} is not ours to take", "ports below 1024 need rights; for example  PORT=8080")
    return UserMistake(f"cannot listen on {settings.host}:{port}: {error.strerror}", "set HOST and PORT")
