"""`manage.py mirror`: follow the namespace store, until a signal comes."""

import os
import signal
import socket
import threading
import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from nsadmin import store_checks
from nsadmin.namespaces.mirror.follower import Follower


class Command(BaseCommand):
    """The process that keeps the mirror up to date; of several one leads."""

    help = "Follow MongoDB, so that lists show changes within seconds."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the option that leaves change streams out."""
        parser.add_argument(
            "--no-change-streams",
            action="store_true",
            help="look for changes every 2 seconds instead, by an index on updated_at",
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Follow until SIGTERM or SIGINT.

        Raises SystemCheckError if Redis cannot be used as it is set up.
        """
        if not options["skip_checks"]:
            self.check(tags=[store_checks.ASKING], include_deployment_checks=True)
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        holder = f"{socket.gethostname()[:24]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        use_streams = not options["no_change_streams"]
        Follower(holder, use_streams=use_streams).run(stop)
