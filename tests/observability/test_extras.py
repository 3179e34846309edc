"""Traces and error reports arrive, without secrets; without their extra the program says so."""

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import brotli  # type: ignore[import-untyped]
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)

from nsadmin.observability.scrubbing import REMOVED, scrubbed
from tests.conftest import Servers
from tests.production_check import SETTINGS

ROOT = Path(__file__).parents[2]
# Planted where a secret may stand; none may arrive.
PLANTED = {
    "NSADMIN_QDRANT_API_KEY": "canary-of-the-qdrant-key",
    "NSADMIN_MONGODB_URL": "mongodb://mongo:canary-of-mongodb@127.0.0.1:9/none",
    "NSADMIN_REDIS_URL": "redis://:canary-of-redis@127.0.0.1:9/0",
    "NSADMIN_QDRANT_URL": "http://127.0.0.1:9",
    "NSADMIN_ALLOWED_HOSTS": "testserver",
    "NSADMIN_INSECURE_HTTP": "1",
}
PROGRAM = """
import django
django.setup()
import structlog
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from nsadmin.jobs.tasks import run_job
from nsadmin.stores import redis
from nsadmin.stores.mongo import connection, namespaces
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared

settings.STORAGES = {
    **settings.STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
call_command("migrate", verbosity=0)
client = Client(raise_request_exception=False)
bearer = {"authorization": "Bearer sk_canary_of_a_key"}
client.get("/v1/docs?token=canary-of-a-query", headers=bearer)
client.get("/v1/docs", headers={"host": "foreign.example"})
client.post("/join/canary-of-a-link/", {"password": "canary-of-a-body"})
for call in (
    lambda: connection.ping() or namespaces.get("canary-of-an-id"),
    redis.check_writable,
    lambda: collections.names(shared()),
    lambda: run_job.apply(args=["00000000-0000-4000-8000-00000000cafe", 1]),
):
    try:
        call()
    except Exception:
        pass
try:
    hidden = "canary-of-a-variable"
    raise RuntimeError("https://a:canary-of-an-address@host/x?k=canary-of-an-url failed")
except RuntimeError:
    structlog.get_logger("nsadmin").exception(
        "job_broke", reference="abc123", given="Bearer sk_canary_of_a_line", path="/join/canary-of-a-path/"
    )
"""


_UNPACKED = {None: bytes, "gzip": gzip.decompress, "br": brotli.decompress}


class Receiver(ThreadingHTTPServer):
    """Keeps what is sent to it, unpacked, as (path, body)."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.taken: list[tuple[str, bytes]] = []
        self.place = f"127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        unpack = _UNPACKED[self.headers.get("Content-Encoding")]
        self.server.taken.append((self.path, unpack(body)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Keep the output clean."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    with Receiver() as receiver:
        threading.Thread(
            target=receiver.serve_forever, args=(0.01,), daemon=True
        ).start()
        yield receiver
        receiver.shutdown()


def run(*arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """Run Python with the settings of production, the canaries and these."""
    given = {**SETTINGS, **PLANTED, "PATH": os.environ["PATH"], **env}
    given["DJANGO_SETTINGS_MODULE"] = "nsadmin.settings"
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=given,
        capture_output=True,
        text=True,
        check=False,
    )


def run_program(folder: Path, **env: str) -> str:
    """Run the program and return its log."""
    done = run("-c", PROGRAM, DATABASE_URL=f"sqlite:///{folder}/db.sqlite3", **env)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_traces_arrive_without_secrets(tmp_path: Path, servers: Servers) -> None:
    """A real MongoDB answers, since its driver tells of no command that it cannot send."""
    with receiving() as receiver:
        run_program(
            tmp_path,
            NSADMIN_OTEL_ENDPOINT=f"http://{receiver.place}",
            NSADMIN_MONGODB_URL=servers.mongodb_url,
        )
    assert {path for path, _ in receiver.taken} == {"/v1/traces"}
    spans = {
        (scope.scope.name.rpartition(".")[2], span.name): span
        for _, body in receiver.taken
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    }
    assert {scope for scope, _ in spans} == {
        *("django", "celery", "pymongo", "httpx", "redis"),
    }
    request = spans["django", "GET v1/docs"]
    attributes = {a.key: a.value for a in request.attributes}
    assert attributes["http.route"].string_value == "v1/docs"
    assert ("django", "POST join/<str:secret>/") in spans
    assert ("celery", "run/nsadmin.jobs.run") in spans
    database = urlsplit(servers.mongodb_url).path.strip("/")
    assert ("pymongo", f"{database}.find") in spans
    for _, body in receiver.taken:
        assert b"canary" not in body
        assert b"00000000cafe" not in body  # of the task's argument


def test_unexpected_errors_arrive_without_secrets(tmp_path: Path) -> None:
    with receiving() as receiver:
        run_program(tmp_path, NSADMIN_SENTRY_DSN=f"http://a@{receiver.place}/1")
    sent = [body.decode() for path, body in receiver.taken if "/envelope/" in path]
    [report] = [body for body in sent if "job_broke" in body]
    assert "RuntimeError" in report
    assert '"reference":"abc123"' in report.replace(" ", "")
    for body in sent:
        assert "canary" not in body


def test_a_foreign_host_is_one_warning_and_no_report(tmp_path: Path) -> None:
    with receiving() as receiver:
        log = run_program(tmp_path, NSADMIN_SENTRY_DSN=f"http://a@{receiver.place}/1")
    [line] = [json.loads(one) for one in log.splitlines() if "foreign.example" in one]
    assert line["level"] == "warning"
    assert "exception" not in line
    assert line["request_id"].startswith("req_")
    assert receiver.taken
    for _, body in receiver.taken:
        assert b"foreign.example" not in body


def test_nothing_is_imported_unless_it_is_wanted() -> None:
    code = "import sys, django; django.setup(); print(*sys.modules)"
    loaded = set(run("-c", code).stdout.split())
    assert "nsadmin.observability.extras" in loaded
    # The client of Redis imports OpenTelemetry's SDK where it is installed.
    assert not {"sentry_sdk", "opentelemetry.exporter"} & loaded
    assert not {"opentelemetry.instrumentation"} & loaded


@pytest.mark.parametrize(
    ("setting", "extra", "package"),
    [
        ("NSADMIN_OTEL_ENDPOINT", "opentelemetry", "opentelemetry"),
        ("NSADMIN_SENTRY_DSN", "sentry", "sentry_sdk"),
    ],
)
def test_without_the_extra_the_program_refuses(
    setting: str, extra: str, package: str
) -> None:
    """Its packages are hidden, as they are where the extra was not installed."""
    code = (
        "import sys\n"
        "from importlib.machinery import PathFinder\n"
        "found = PathFinder.find_spec\n"
        f"PathFinder.find_spec = lambda name, *rest: None if name == {package!r} "
        "else found(name, *rest)\n"
        "import nsadmin.wsgi\n"
    )
    done = run("-c", code, **{setting: "http://a@127.0.0.1:9/1"})
    assert done.returncode != 0
    assert f"{setting} is set, but the extra “{extra}” is not installed." in done.stderr
    assert f"pip install nsadmin[{extra}]" in done.stderr


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("no secret: 12:30", "no secret: 12:30"),
        ("redis://:pw@host/0 is away", f"redis://{REMOVED}@host/0 is away"),
        ("GET https://host/a?b=c done", f"GET https://host/a?{REMOVED} done"),
        ("key sk_abc_def-1", f"key {REMOVED}"),
        ("Authorization: Bearer abc.def", f"Authorization: Bearer {REMOVED}"),
        ("whsec_AAAA/B+=", REMOVED),
        ("/join/abcdef/", "/join/…/"),
        ("/password/reset/key/1-abc/", "/password/reset/key/…/"),
        ("a pepper", f"a {REMOVED}"),
    ],
)
def test_secrets_are_taken_out(text: str, left: str, settings) -> None:
    settings.NSADMIN_KEY_PEPPER = "pepper"
    assert scrubbed(text) == left


@pytest.mark.parametrize("word", ["p@ss word", "p%40ss%20word", "s&word", "s%26word"])
def test_the_passwords_of_sentinels_are_taken_out(word: str, settings) -> None:
    settings.NSADMIN_REDIS_URL = (
        "rediss+sentinel://me:p%40ss%20word@one,[::1]:26380/main"
        "?sentinel_password=s%26word"
    )
    assert scrubbed(f"It is {word}.") == f"It is {REMOVED}."


@pytest.mark.parametrize("address", ["redis+sentinel://[::1/main", "redis://h\u2100/0"])
def test_a_wrong_address_hinders_no_report(address: str, settings) -> None:
    settings.NSADMIN_REDIS_URL = address
    assert scrubbed("no secret") == "no secret"
