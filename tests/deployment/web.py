"""The production web server on a socket that stays open, as systemd keeps one."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.production_check import ROOT

COMMAND = (sys.executable, "-m", "nsadmin", "serve")


@contextmanager
def held_socket() -> Iterator[socket.socket]:
    """A listening socket; its connections wait while no server takes them."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        yield listener


def activated(
    listener: socket.socket,
    env: Mapping[str, str],
    command: Sequence[str] = COMMAND,
    folder: Path = ROOT,
) -> "subprocess.Popen[bytes]":
    """Start a server with this environment, and the socket as descriptor 3."""
    descriptor = os.dup(listener.fileno())
    os.set_inheritable(descriptor, True)
    # The shell becomes the server, so its own number is that of the server.
    line = f'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3<&{descriptor} {descriptor}<&-'
    try:
        return subprocess.Popen(
            ["/bin/bash", "-c", line, "bash", *command],
            env=dict(env),
            pass_fds=[descriptor],
            cwd=folder,
            start_new_session=True,
        )
    finally:
        os.close(descriptor)
