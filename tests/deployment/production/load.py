"""People and programs that ask a web server all the time, through one proxy."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

# Four requests a second stay below the limit of a key.
PAUSE_S = 0.25


@dataclass
class Outcomes:
    """How requests ended: by status, and as errors that are none of HTTP."""

    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def add(self, path: str, answer: httpx.Response) -> None:
        """Count an answer; a 503 that says when to come back is no failure."""
        self.statuses[answer.status_code] += 1
        may_come_back = answer.status_code == 503 and "retry-after" in answer.headers
        if answer.status_code != 200 and not may_come_back:
            self.failures.append(f"{path}: {answer.status_code} {answer.text[:200]}")


@contextmanager
def load(url: str, paths: Sequence[str], headers: dict[str, str]) -> Iterator[Outcomes]:
    """Ask for each path again and again, each time on a connection of its own."""
    outcomes = Outcomes()
    over = threading.Event()

    def ask(path: str) -> None:
        while not over.is_set():
            try:
                outcomes.add(path, httpx.get(url + path, headers=headers, timeout=60))
            except httpx.HTTPError as error:
                outcomes.failures.append(f"{path}: {error!r}")
            time.sleep(PAUSE_S)

    threads = [threading.Thread(target=ask, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    try:
        yield outcomes
    finally:
        over.set()
        for thread in threads:
            thread.join()
