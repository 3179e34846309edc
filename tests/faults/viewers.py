"""Viewers of pages: separate processes with threads that send requests.

A process reads one order a line, `{"cookie": …, "paths": […], "threads": n, "seconds":
s, "pause": s}`, looks for that long, and writes `{path: [[status, seconds], …]}`.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import django

Answers = dict[str, list[tuple[int, float]]]


class Viewers:
    """One process of viewers, from outside."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def look(self, **order: Any) -> None:
        """Have them look; `answers` waits for the end."""
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def answers(self) -> Answers:
        """Return the status and duration in seconds of every request, by path."""
        line = self._process.stdout.readline()
        assert line, "The process of viewers has died."
        found: Answers = json.loads(line)
        return found


@contextmanager
def running_viewers(env: dict[str, str]) -> Iterator[Viewers]:
    """A process of viewers with these settings, ready to look."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.viewers"],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "nsadmin.settings", **env},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Viewers(process)
        process.stdin.close()


def _look(order: dict[str, Any], found: Answers) -> None:
    from django.db import connection
    from django.test import Client

    client = Client()
    client.cookies["sessionid"] = order["cookie"]
    until = time.monotonic() + order["seconds"]
    while time.monotonic() < until:
        for path in order["paths"]:
            began = time.monotonic()
            response = client.get(path, headers=order["headers"])
            took = time.monotonic() - began
            found[path].append((response.status_code, took))
        time.sleep(order["pause"])
    connection.close()


def _serve() -> None:
    from django.conf import settings

    settings.SECURE_SSL_REDIRECT = False
    settings.ALLOWED_HOSTS = ["*"]
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {
            "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        },
    }
    django.setup()
    for line in sys.stdin:
        order = json.loads(line)
        found: Answers = {path: [] for path in order["paths"]}
        threads = [
            threading.Thread(target=_look, args=(order, found))
            for _ in range(order["threads"])
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    _serve()
