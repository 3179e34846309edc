"""`nsadmin alive`: whether a worker, beat or the mirror hangs; for an orchestrator.

Its heartbeat (`nsadmin.heartbeat`) is renewed while its main loop turns, idle or not.
While a store is away, a loop may wait for it, and a new process would wait as well. So
a process hangs whose heartbeat stopped although every store answers.
"""

import argparse
import sys
import threading
import time
from pathlib import Path
from typing import Final

from nsadmin.settings.environment import NSADMIN_HEARTBEAT_FILE

# Seconds after which a heartbeat has stopped: no turn of a loop takes that long.
_STOPPED_S: Final = 120
# Seconds in which the stores have to answer.
_STORES_S: Final = 10.0


def main(arguments: list[str]) -> None:
    """Exit with 0, or with 1 and a sentence if the process hangs."""
    argparse.ArgumentParser(prog="nsadmin alive").parse_args(arguments)
    if not NSADMIN_HEARTBEAT_FILE:
        sys.exit("nsadmin alive: NSADMIN_HEARTBEAT_FILE is not set.")
    file = Path(NSADMIN_HEARTBEAT_FILE)
    if not _is_renewed(file) and _stores_answer():
        sys.exit(
            f"nsadmin alive: {file} was not renewed for {_STOPPED_S} s, although every "
            "store answers."
        )


def _is_renewed(file: Path) -> bool:
    try:
        return time.time() - file.stat().st_mtime <= _STOPPED_S
    except OSError:  # the process has not begun
        return False


def _stores_answer() -> bool:
    """Whether all of them can be used; one that is silent for long cannot."""
    import django

    django.setup()
    from nsadmin.health import readiness

    told: list[dict[str, str]] = []
    asking = threading.Thread(
        target=lambda: told.append(readiness.failures()), daemon=True
    )
    asking.start()
    asking.join(_STORES_S)
    return told == [{}]
