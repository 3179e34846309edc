"""The heartbeat of a worker, beat or the mirror: a file that its main loop renews.

A loop that stands still renews it no more, whatever other threads of the process do.
`nsadmin.observability.liveness` reads it.
"""

from contextlib import suppress
from pathlib import Path
from typing import Final

from django.conf import settings

# The seconds between two renewals by a loop that has to be told how often.
EVERY_S: Final = 5


def renew() -> None:
    """Give NSADMIN_HEARTBEAT_FILE the time of now; does nothing without the setting.

    A file that cannot be written is a heartbeat that stops, and no error of the loop.
    """
    if settings.NSADMIN_HEARTBEAT_FILE:
        with suppress(OSError):
            Path(settings.NSADMIN_HEARTBEAT_FILE).touch()
