"""Acts of several people at the same moment."""

import threading
from collections.abc import Callable

from django.db import connections


def at_once(*acts: Callable[[], object]) -> list[str]:
    """Do all at the same moment; return the name of each one's error, or ""."""
    begin, results = threading.Barrier(len(acts)), list[str]()

    def run(act: Callable[[], object]) -> None:
        begin.wait()
        try:
            act()
            results.append("")
        except Exception as error:  # noqa: BLE001 - the test looks at it
            results.append(type(error).__name__)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results)
