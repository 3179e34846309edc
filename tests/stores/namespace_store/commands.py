"""The commands that this process sends to the namespace store, as the driver does."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymongo import monitoring

from nsadmin.stores.mongo import connection


class Commands(monitoring.CommandListener):
    """Every command in order, with its body."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name != "endSessions":  # a client that is closed says so
            self.sent.append({**event.command})

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing: a command counts when it starts."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing: a command counts when it starts."""


@contextmanager
def monitored() -> Iterator[Commands]:
    """Listen to clients that are opened meanwhile."""
    commands = Commands()
    connection.close()
    monitoring.register(commands)
    try:
        yield commands
    finally:
        monitoring._LISTENERS.command_listeners.remove(commands)
        connection.close()
