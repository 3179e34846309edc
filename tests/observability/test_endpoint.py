"""`/metrics` is for the key alone, and tells what all processes of a machine counted."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest
from django.test import Client
from prometheus_client import CONTENT_TYPE_LATEST

from nsadmin.embedded.supervision.ports import free_port
from tests.cast import Cast
from tests.observability.scraping import BEARER, KEY, Scrape
from tests.production_check import SETTINGS
from tests.silent_database import silent_database

pytestmark = pytest.mark.usefixtures("offered")
ROOT = Path(__file__).parents[2]


def test_without_the_setting_there_is_none(settings) -> None:
    settings.NSADMIN_METRICS_KEY = ""
    response = Client().get("/metrics", headers={"Authorization": "Bearer "})
    assert response.status_code == 404


@pytest.mark.parametrize(
    "given",
    ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {KEY}", KEY, f"Bearer {KEY}é"],
)
def test_without_the_key_nothing_is_told(given: str) -> None:
    response = Client().get("/metrics", headers={"Authorization": given})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.content == b""


def test_with_the_key_all_is_told() -> None:
    response = Client().get("/metrics", headers=BEARER)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == CONTENT_TYPE_LATEST
    assert "no-cache" in response.headers["Cache-Control"]
    assert "nsadmin_store_up" in Scrape(response.content.decode()).names
    assert Client().post("/metrics", headers=BEARER).status_code == 405


def test_the_database_is_not_asked_who_is_signed_in(cast: Cast) -> None:
    browser = cast.browser()
    with silent_database():
        response = browser.get("/metrics", headers=BEARER)
    assert response.status_code == 200
    assert "nsadmin_store_up" in Scrape(response.content.decode()).names


def ask(port: int, path: str, **headers: str) -> tuple[int, str]:
    """The status and body of a GET; 0 while nothing listens."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read().decode()
    except OSError:
        return 0, ""
    finally:
        connection.close()


def until(holds: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    give_up = time.monotonic() + 120
    while not holds():
        assert process.poll() is None
        assert time.monotonic() < give_up
        time.sleep(0.1)


@contextmanager
def running(*command: str, **env: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A process of the program, which ends with the block."""
    given = {**SETTINGS, "PATH": os.environ["PATH"], **env}
    with subprocess.Popen([sys.executable, *command], cwd=ROOT, env=given) as process:
        try:
            yield process
        finally:
            process.terminate()


def test_both_processes_of_the_web_server_count_together(tmp_path) -> None:
    web, port = free_port(), free_port()
    options = (f"--port={web}", "--processes=2", "--threads=1")
    env = {
        "NSADMIN_ALLOWED_HOSTS": "127.0.0.1",
        "NSADMIN_INSECURE_HTTP": "1",
        "NSADMIN_METRICS_KEY": KEY,
        "NSADMIN_METRICS_PORT": str(port),
        "NSADMIN_METRICS_DIR": str(tmp_path / "metrics"),
        "DATABASE_URL": f"sqlite:///{tmp_path}/none/db.sqlite3",
        "NSADMIN_MONGODB_URL": "mongodb://127.0.0.1:9/none",
        "NSADMIN_REDIS_URL": "redis://127.0.0.1:9/0",
    }
    with running("-m", "nsadmin.serve", *options, **env) as process:
        until(lambda: ask(web, "/healthz")[0] == 200, process)
        for _ in range(30):
            assert ask(web, "/healthz")[0] == 200
        until(lambda: ask(port, "/metrics")[0] == 401, process)
        assert ask(port, "/anything", **BEARER)[0] == 404
        for place in (web, port):
            status, text = ask(place, "/metrics", **BEARER)
            assert status == 200
            found = Scrape(text)
            labels = {"route": "healthz", "method": "GET", "status": "200"}
            assert found.value("nsadmin_http_requests_total", **labels) == 31
            # No store is there: the rest is told all the same.
            assert found.value("nsadmin_store_up", store="database") == 0
            assert found.value("nsadmin_figures_up", source="jobs") == 0
    written = {path.name for path in (tmp_path / "metrics").iterdir()}
    assert len(written) >= 4  # a file for counters, one for histograms, of each process


def test_a_worker_tells_its_own_on_its_port(servers) -> None:
    port = free_port()
    env = {
        "NSADMIN_METRICS_PORT": str(port),
        "NSADMIN_REDIS_URL": servers.redis_url,
        "NSADMIN_MONGODB_URL": servers.mongodb_url,
    }
    options = ("--queues", "control", "--pool", "threads", "--concurrency", "1")
    worker = ("-m", "celery", "-A", "nsadmin", "worker", *options)
    with running(*worker, **env) as process:
        until(lambda: ask(port, "/metrics")[0] == 200, process)
        found = Scrape(ask(port, "/metrics")[1])
        assert found.value("nsadmin_store_up", store="namespace_store") == 1
        assert found.value("nsadmin_store_up", store="redis") == 1
        seconds = "nsadmin_mongodb_command_seconds_count"
        assert found.value(seconds, command="ping") >= 1
