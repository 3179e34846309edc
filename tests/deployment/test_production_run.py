"""README's production section works: from the wheel, on PostgreSQL, without rights.

It is up, signs a person in, clones a namespace, and every process starts again under
load without a request that fails.
"""

import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import psycopg
import pytest

from tests import postgres
from tests.deployment import commands, wheels
from tests.deployment.installation import HOST, PASSWORD, Installation, settings
from tests.deployment.load import load
from tests.deployment.web import held_socket
from tests.embedded_servers import running_mongodb, running_qdrant, running_redis

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1200)]
PROXIED = {
    "host": HOST,
    "x-forwarded-proto": "https",
    "x-forwarded-for": "198.51.100.7",
}
READY_S = 120
CLONE_S = 180
MAKE_KEY = """
from nsadmin.access.models import Organization, User
from nsadmin.access.keys.keys import create_key
from nsadmin.access.permissions import Role
owner = Organization.objects.get(name="Northlight Media")
creator = User.objects.get(email="mara@northlight.example")
print(create_key(owner, name="script", role=Role.ADMIN, creator=creator)[1])
"""


@pytest.fixture(scope="module")
def installed() -> Iterator[Installation]:
    """An installation with its stores, prepared and running."""
    if wheels.uv() is None:
        pytest.skip("uv, which installs from the lock, is not on this machine")
    try:
        postgres.programs()
    except SystemExit as missing:
        pytest.skip(str(missing))
    with ExitStack() as stack:
        named = tempfile.TemporaryDirectory(prefix="nsadmin-production-")
        folder = Path(stack.enter_context(named))
        made = Installation(folder, settings(_stores(stack, folder)))
        made.install(wheels.build(folder / "dist"))
        made.prepare()
        stack.callback(made.kill)
        made.start(stack.enter_context(held_socket()))
        yield made


def _stores(stack: ExitStack, folder: Path) -> dict[str, str]:
    """The settings of stores that are started here."""
    sql = stack.enter_context(postgres.running_postgresql())
    server = sql.url.replace("/nsadmin", "/postgres")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE nsadmin")
    for name in ("mongodb", "redis", "qdrant"):
        (folder / name).mkdir()
    mongo, redis, qdrant = (
        stack.enter_context(start(folder / name))
        for name, start in (
            ("mongodb", running_mongodb),
            ("redis", running_redis),
            ("qdrant", running_qdrant),
        )
    )
    return {
        "DATABASE_URL": sql.url,
        "NSADMIN_MONGODB_URL": f"{mongo.url.rstrip('/')}/nsadmin",
        "NSADMIN_REDIS_URL": redis.url,
        "NSADMIN_QDRANT_URL": qdrant.url,
    }


@pytest.fixture(scope="module")
def url(installed: Installation) -> str:
    """The address of the web server, once it is ready."""
    host, port = installed.listener.getsockname()
    found = f"http://{host}:{port}"
    wait_for(lambda: httpx.get(f"{found}/readyz", timeout=60).status_code == 200)
    return found


@pytest.fixture(scope="module")
def key(installed: Installation) -> str:
    """An API key of an admin of the organization that README makes."""
    return installed.run(["nsadmin", "shell", "-v", "0", "-c", MAKE_KEY]).strip()


def wait_for(holds, seconds: float = READY_S) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.3)


def api(url: str, key: str) -> httpx.Client:
    headers = {**PROXIED, "authorization": f"Bearer {key}"}
    return httpx.Client(base_url=f"{url}/v1", headers=headers, timeout=60)


def test_the_processes_cannot_write_to_the_installation(
    installed: Installation,
) -> None:
    refused = installed.run(
        ["sh", "-c", f"touch {installed.program}/x 2>/dev/null || echo refused"]
    )
    assert refused.strip() == "refused"


def test_a_person_signs_in_through_the_proxy(url: str) -> None:
    with httpx.Client(base_url=url, headers=PROXIED, timeout=60) as client:
        page = client.get("/accounts/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[1]
        csrf = re.search(r"csrftoken=([^;]+)", page.headers["set-cookie"])[1]
        answer = client.post(
            "/accounts/login/",
            data={
                "login": "mara@northlight.example",
                "password": PASSWORD,
                "csrfmiddlewaretoken": token,
            },
            headers={
                "cookie": f"csrftoken={csrf}",
                "referer": f"https://{HOST}/accounts/login/",
            },
        )
        assert answer.status_code == 302, answer.text[:2000]
        assert "Secure" in answer.headers["set-cookie"]
        style = re.search(r'href="(/static/[^"]+\.css)"', page.text)[1]
        assert client.get(style).status_code == 200


def clone(client: httpx.Client, source: str, name: str) -> str:
    """Clone a namespace; the id of the clone once its job is done."""
    answer = client.post(f"/namespaces/{source}/clone", json={"namespace_name": name})
    assert answer.status_code == 200, answer.text
    started = answer.json()

    def is_done() -> bool:
        task = client.get(f"/tasks/{started['task_id']}").json()
        assert task["status"] not in {"FAILED", "CANCELED"}, task
        return task["status"] == "COMPLETED"

    wait_for(is_done, CLONE_S)
    return started["namespace"]["namespace_id"]


def test_a_namespace_is_made_and_cloned(url: str, key: str) -> None:
    with api(url, key) as client:
        made = client.post("/namespaces", json={"namespace_name": "films"})
        assert made.status_code == 200, made.text
        copy = clone(client, made.json()["namespace_id"], "films-staging")
        found = client.get(f"/namespaces/{copy}").json()
        assert found["namespace_name"] == "films-staging", found


def test_every_process_starts_again_under_load(
    installed: Installation, url: str, key: str
) -> None:
    paths = ("/healthz", "/accounts/login/", "/v1/namespaces/films", "/readyz")
    headers = {**PROXIED, "authorization": f"Bearer {key}"}
    with api(url, key) as client, load(url, paths, headers) as outcomes:
        for line in sorted(commands.running(), key=lambda x: "serve" not in x):
            installed.restart(line)
            if "serve" in line:
                before = outcomes.statuses[200]
                wait_for(lambda seen=before: outcomes.statuses[200] > seen + 40)
        clone(client, "films", "films-again")
    assert outcomes.failures == []
    assert outcomes.statuses[200] > 80


def test_every_process_ends_when_it_is_asked(installed: Installation) -> None:
    codes = {line: installed.stop(line) for line in sorted(installed.processes)}
    assert len(codes) == 9
    assert set(codes.values()) == {0}, codes
