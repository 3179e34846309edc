"""The web server of the demo: granian, with the application loaded before it forks.

    python -m nsadmin.embedded.servers.web PORT

Loading takes seconds of a processor. Done once and inherited, it is half the work at
the start, and a worker that died is back at once.
"""

import os
import sys

from granian import Granian
from granian.constants import Interfaces

from nsadmin.embedded.supervision.ports import HOST

APPLICATION = "nsadmin.wsgi"


def serve(port: int) -> None:
    """Serve until a signal comes; requests are handled in child processes."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nsadmin.settings")
    __import__(APPLICATION)
    Granian(
        f"{APPLICATION}:application",
        address=HOST,
        port=port,
        interface=Interfaces.WSGI,
        websockets=False,
        workers=2,
        blocking_threads=2,
        respawn_failed_workers=True,
        respawn_interval=0.5,
    ).serve()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
