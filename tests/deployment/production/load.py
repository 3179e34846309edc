"""People and programs that ask a web server all the time, through one proxy."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count

import httpx

# Two askers with the same key, and a third in passing, stay below the limit of a key.
PAUSE_S = 0.4
Ask = Callable[[], httpx.Response]


@dataclass
class Outcomes:
    """How requests ended: how many of each were answered, and what failed."""

    answered: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def add(self, name: str, answer: httpx.Response) -> None:
        """Count an answer; a 503 that says when to come back is no failure."""
        self.answered[name] += answer.status_code == 200
        may_come_back = answer.status_code == 503 and "retry-after" in answer.headers
        if answer.status_code != 200 and not may_come_back:
            self.failures.append(f"{name}: {answer.status_code} {answer.text[:200]}")


def getting(url: str, paths: Sequence[str], headers: dict[str, str]) -> dict[str, Ask]:
    """Requests for these paths, each on a connection of its own."""
    ask = partial(httpx.get, headers=headers, timeout=60)
    return {path: partial(ask, url + path) for path in paths}


def describing(url: str, path: str, headers: dict[str, str]) -> dict[str, Ask]:
    """Requests that write another description of the namespace at a path each time."""
    numbers = count(1)

    def ask() -> httpx.Response:
        body = {"description": f"Description {next(numbers)}."}
        return httpx.patch(url + path, json=body, headers=headers, timeout=60)

    return {f"PATCH {path}": ask}


@contextmanager
def load(asks: Mapping[str, Ask]) -> Iterator[Outcomes]:
    """Make each of the requests again and again."""
    outcomes = Outcomes()
    over = threading.Event()

    def go_on(name: str, ask: Ask) -> None:
        while not over.is_set():
            try:
                outcomes.add(name, ask())
            except httpx.HTTPError as error:
                outcomes.failures.append(f"{name}: {error!r}")
            time.sleep(PAUSE_S)

    threads = [threading.Thread(target=go_on, args=one) for one in asks.items()]
    for thread in threads:
        thread.start()
    try:
        yield outcomes
    finally:
        over.set()
        for thread in threads:
            thread.join()
