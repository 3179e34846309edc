"""A production web server over stores of its own, and people who ask it all the time."""

import http.client
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.test import Client

from nsadmin.access.keys.keys import create_key
from nsadmin.access.models import Membership, Organization, User
from nsadmin.access.permissions import Role
from nsadmin.embedded.supervision.ports import free_port
from tests.bench.idle import spent
from tests.bench.rounds import TABLE, Row, p95
from tests.faults.plant import Plant
from tests.people import BACKEND

# A person who opens one page after the other.
PAUSE_S = 0.2


@dataclass(frozen=True)
class Guest:
    """A person with a session and a key, who asks the server at a port."""

    port: int
    headers: dict[str, str]

    def ask(self, path: str) -> int:
        """Ask over a new connection; return the status."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path, headers=self.headers)
            response = connection.getresponse()
            response.read()
            return response.status
        finally:
            connection.close()


@dataclass(frozen=True)
class WebServer:
    """The web server at a port."""

    port: int
    pid: int

    def cpu_s(self) -> float:
        """Seconds of CPU that all its processes have used."""
        return spent({"web": self.pid})["web"]


def guest(port: int, organization: Organization) -> Guest:
    """Sign in an admin of the organization, with a key for its API."""
    address = f"{organization.organization_id.replace('_', '-')}@bench.example"
    person = User.objects.create_user(address, "a-long-enough-password")
    Membership.objects.create(
        user=person,
        organization_id=organization.organization_id,
        role=Role.ADMIN.value,
    )
    _, key = create_key(organization, name="bench", role=Role.MEMBER)
    browser = Client()
    browser.force_login(person, BACKEND)
    cookies = "; ".join(f"{k}={m.value}" for k, m in browser.cookies.items())
    return Guest(port, {"Cookie": cookies, "Authorization": f"Bearer {key}"})


@contextmanager
def web(plant: Plant) -> Iterator[WebServer]:
    """The web server with the processes and threads that it has in production."""
    port = free_port()
    static = tempfile.mkdtemp()
    env = {
        **os.environ,
        **plant.env,
        "NSADMIN_STATIC_ROOT": static,
        "NSADMIN_INSECURE_HTTP": "1",
        "NSADMIN_RATE_LIMIT": "1000000/minute",
        "NSADMIN_ORGANIZATION_RATE_LIMIT": "1000000/minute",
    }
    collect = [sys.executable, "manage.py", "collectstatic", "--no-input", "-v0"]
    subprocess.run(collect, env=env, check=True)
    command = [sys.executable, "-m", "nsadmin.serve", f"--port={port}"]
    with subprocess.Popen(command, env=env) as process:
        try:
            _wait_until_ready(Guest(port, {}), process)
            yield WebServer(port, process.pid)
        finally:
            process.terminate()
            shutil.rmtree(static)


def _wait_until_ready(someone: Guest, process: "subprocess.Popen[bytes]") -> None:
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up and process.poll() is None:
        try:
            status = someone.ask("/healthz")
        except OSError:
            time.sleep(0.1)
            continue
        assert status == 200
        return
    raise AssertionError("The web server does not answer.")


@contextmanager
def crowd(someone: Guest, paths: list[str], *, people: int) -> Iterator[None]:
    """People who open these paths in turn until the block ends."""
    is_over = threading.Event()

    def visit() -> None:
        while True:
            for path in paths:
                if is_over.wait(PAUSE_S):
                    return
                someone.ask(path)

    threads = [threading.Thread(target=visit) for _ in range(people)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def times(call: Callable[[], object], *, count: int) -> list[float]:
    """Seconds of each of `count` calls."""
    found = []
    for _ in range(count):
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
    return found


def note(
    what: str, with_it: list[float], without: list[float], cpu: float | None = None
) -> float:
    """Add a row with the ratio of the two 95th percentiles; return the ratio.

    `cpu` is the ratio of the times of CPU.
    """
    ours_s, peer_s = p95(with_it), p95(without)
    texts = (f"{ours_s * 1000:.1f} ms", f"{peer_s * 1000:.1f} ms")
    spread = (max(with_it) - min(with_it)) / ours_s
    TABLE.append(Row(what, *texts, ours_s / peer_s, "1.5", spread, cpu))
    return ours_s / peer_s
