"""The web server behind the proxy of `deploy/proxy/Caddyfile`."""

import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest

from nsadmin.embedded.supervision.ports import free_port
from nsadmin.settings.security import MAX_BODY_BYTES
from tests.deployment.commands import PROXY
from tests.deployment.tools import needs
from tests.deployment.web import activated, held_socket
from tests.embedded_servers import running_redis
from tests.faults import database
from tests.faults.database import Rows
from tests.production_check import ROOT, SETTINGS, environment

pytestmark = pytest.mark.django_db

SIGN_IN = "/accounts/login/"
# Seconds within which the proxy has asked for the health of its upstream again.
PROBED_S = 7


@pytest.fixture(scope="module")
def upstream(
    empty_rows: Rows, django_db_blocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The host and port of a web server whose MongoDB is away."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "redis").mkdir()
    with (
        django_db_blocker.unblock(),
        database.copy(empty_rows) as rows,
        running_redis(folder / "redis") as redis,
        held_socket() as listener,
    ):
        env = {
            **environment(),
            **SETTINGS,
            "DATABASE_URL": rows.url,
            "NSADMIN_REDIS_URL": redis.url,
            "NSADMIN_MONGODB_URL": "mongodb://127.0.0.1:9/nsadmin",
            "NSADMIN_ALLOWED_HOSTS": "127.0.0.1:*",
            "NSADMIN_INSECURE_HTTP": "1",
            "NSADMIN_PROXY_COUNT": "1",
            "NSADMIN_STATIC_ROOT": str(folder / "static"),
        }
        collect = [sys.executable, "-m", "nsadmin", "collectstatic", "--noinput"]
        subprocess.run(collect, cwd=ROOT, env=env, check=True, capture_output=True)
        process = activated(listener, env)
        try:
            host, port = listener.getsockname()
            yield f"{host}:{port}"
        finally:
            process.terminate()
            process.wait()


@pytest.fixture(scope="module")
def proxy(upstream: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of Caddy in front of it, with the file as it is delivered."""
    caddy = needs("caddy")
    folder = tmp_path_factory.mktemp("caddy")
    url = f"http://127.0.0.1:{free_port()}"
    env = {
        **environment(),
        "HOME": str(folder),
        "CADDY_ADMIN": f"unix//{folder}/admin",
        "NSADMIN_HOST": url,
        "NSADMIN_UPSTREAM": upstream,
    }
    file = ("--adapter", "caddyfile", "--config", str(PROXY / "Caddyfile"))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [caddy, "run", *file], env=env, stdout=log, stderr=log
        )
    try:
        with httpx.Client(transport=httpx.HTTPTransport(retries=10)) as client:
            assert client.get(f"{url}/healthz", timeout=60).status_code == 200
        yield url
    finally:
        process.terminate()
        process.wait()


@pytest.mark.faults
def test_pages_come_through_while_mongodb_is_away(upstream: str, proxy: str) -> None:
    ready = httpx.get(f"http://{upstream}/readyz", timeout=60)
    assert ready.json()["silent"] == ["namespace store"]
    time.sleep(PROBED_S)
    answer = httpx.get(proxy + SIGN_IN, timeout=10)
    assert answer.status_code == 200
    assert "password" in answer.text


@pytest.mark.parametrize(
    ("size", "status"),
    [
        (8_000_001, 401),
        (MAX_BODY_BYTES - 1, 401),
        (MAX_BODY_BYTES, 413),
        (2 * MAX_BODY_BYTES, 413),
    ],
)
def test_a_body_has_the_limit_of_the_web_server(
    upstream: str, proxy: str, size: int, status: int
) -> None:
    """What the web server takes, of which it asks for a key, the proxy passes on."""
    for url in (f"http://{upstream}", proxy):
        answer = httpx.post(
            f"{url}/v1/namespaces/list", content=b" " * size, timeout=60
        )
        assert answer.status_code == status, url
