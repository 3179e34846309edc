"""Ports of the web server and of the embedded servers."""

import errno
import random
import socket
from collections.abc import Iterable

from nsadmin.embedded.supervision.errors import StartError

HOST = "127.0.0.1"
# Below the ephemeral range, so that no outgoing connection sits on a remembered port.
INNER_PORTS = range(21_000, 29_000)


def is_free(port: int) -> bool:
    """Whether a server could listen on the port of the loopback address."""
    return _why_taken(port) is None


def check_web_port(port: int) -> None:
    """Refuse a port on which the pages could not be served."""
    if not 1 <= port <= 65_535:
        raise StartError(f"--port {port} is not a port: give one from 1 to 65535.")
    match _why_taken(port):
        case None:
            return
        case errno.EACCES:
            raise StartError(
                f"Port {port} is reserved for root: choose one from 1024 with --port."
            )
        case _:
            raise StartError(
                f"Port {port} is taken by another program: stop it, or choose another "
                "port with --port."
            )


def remembered_ports(
    names: Iterable[str], known: dict[str, int], *, fixed: Iterable[str] = ()
) -> dict[str, int]:
    """A port for each name: the known one if it is free, else a new one.

    The ports of `fixed` names are written down elsewhere (the address of a dedicated
    cluster stands in the documents of its namespaces), so a taken one is an error.
    """
    ports: dict[str, int] = {}
    for name in names:
        port = known.get(name)
        if port is not None and not is_free(port):
            if name in fixed:
                raise StartError(
                    f"Port {port}, at which the namespaces of this data directory look "
                    f"for {name}, is taken by another program: stop it, or begin anew "
                    "with another --data-dir."
                )
            port = None
        ports[name] = port or free_port(taken={*ports.values(), *known.values()})
    return ports


def free_port(*, taken: Iterable[int] = ()) -> int:
    """A free port, searched from a random start so that two demos rarely collide."""
    unwanted = set(taken)
    offset = random.randrange(len(INNER_PORTS))
    for step in range(len(INNER_PORTS)):
        port = INNER_PORTS[(offset + step) % len(INNER_PORTS)]
        if port not in unwanted and is_free(port):
            return port
    raise StartError(
        f"No port from {INNER_PORTS[0]} to {INNER_PORTS[-1]} is free: stop a program "
        "that listens there."
    )


def _why_taken(port: int) -> int | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen()
        except OSError as error:
            return error.errno
    return None
