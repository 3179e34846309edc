"""The end of a web server: it answers what it has begun to read before it stops."""

import signal
import time
from threading import Event
from typing import Any

# Seconds that requests may still take; an orchestrator kills after 30.
DRAIN_S = 25.0
# Seconds without a byte after which a connection is closed while the server ends.
_QUIET_S = 1.0
_TURN_S = 0.1


def run_until_signal(server: Any) -> None:
    """Answer requests until SIGTERM or SIGINT, and then those that are under way.

    `server` is a server of waitress. New connections are left to the process that
    holds the listening socket too: another child, systemd, or the server that follows.
    """
    stopping = Event()

    def stop(*_: object) -> None:
        stopping.set()
        server.pull_trigger()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    while not stopping.is_set():
        _turn(server, server.adj.asyncore_loop_timeout)
    _drain(server)


def _drain(server: Any) -> None:
    server.draining = True  # each answer now closes its connection
    server.accepting = False
    server.del_channel()
    server.socket.close()
    deadline = time.monotonic() + DRAIN_S
    while server.active_channels and time.monotonic() < deadline:
        for channel in list(server.active_channels.values()):
            if _is_quiet(channel):
                channel.will_close = True
        _turn(server, _TURN_S)
    server.task_dispatcher.shutdown()


def _turn(server: Any, timeout: float) -> None:
    server.asyncore.loop(
        timeout=timeout,
        map=server.channels,
        use_poll=server.adj.asyncore_use_poll,
        count=1,
    )


def _is_quiet(channel: Any) -> bool:
    """Whether nothing was asked on the connection and nothing is left to be sent."""
    is_busy = channel.requests or channel.request or channel.total_outbufs_len
    return not is_busy and channel.last_activity < time.time() - _QUIET_S
