"""Calls of the API with a key, as a program makes them."""

import time
from collections.abc import Callable
from typing import Any

import httpx

from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.mongo import namespaces as store
from tests.deployment.production.browser import PROXIED
from tests.deployment.production.installation import Installation
from tests.faults import clones

MAKE_KEY = """
from nsadmin.access.models import Organization, User
from nsadmin.access.permissions import Role
try:
    from nsadmin.access.keys.keys import create_key
except ImportError:  # in the release before
    from nsadmin.access.organization.keys import create_key
owner = Organization.objects.get(name="Northlight Media")
creator = User.objects.get(email="mara@northlight.example")
print(create_key(owner, name="script", role=Role.ADMIN, creator=creator)[1])
"""
FACES = {"feature_extractor_name": "face_identity_extractor", "version": "v1"}
READY_S = 120
CLONE_S = 180


def new_key(installed: Installation) -> str:
    """A new key of an admin of the organization that README makes."""
    return installed.manage("shell", "-v", "0", "-c", MAKE_KEY).strip()


def bearing(key: str) -> dict[str, str]:
    """The headers of a call with a key through the proxy."""
    return {**PROXIED, "authorization": f"Bearer {key}"}


def api(url: str, key: str) -> httpx.Client:
    """A client of the API with a key."""
    return httpx.Client(base_url=f"{url}/v1", headers=bearing(key), timeout=60)


def wait_for(holds: Callable[[], bool], seconds: float = READY_S) -> None:
    """Wait until something holds; raise AssertionError if it does not in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.3)


def is_ready(url: str) -> bool:
    """Whether a web server is there, and says that its stores can be used."""
    try:
        answer = httpx.get(f"{url}/readyz", headers=PROXIED, timeout=60)
    except httpx.ConnectError:
        return False
    return answer.status_code == 200


def make_source(client: httpx.Client, name: str, *, count: int) -> Namespace:
    """Make a namespace; then documents and points are written to it by the platform."""
    body = {"namespace_name": name, "feature_extractors": [FACES]}
    made = client.post("/namespaces", json=body)
    assert made.status_code == 200, made.text
    namespace = document.read(store.get(made.json()["namespace_id"]))
    clones.fill(namespace, count=count)
    return namespace


def begin_clone(client: httpx.Client, source: Namespace, name: str) -> tuple[str, str]:
    """Ask for a clone with everything; the ids of its task and of the namespace."""
    included = dict.fromkeys(("collections", "retrievers", "taxonomies"), True)
    answer = client.post(
        f"/namespaces/{source.namespace_id}/clone",
        json={"namespace_name": name, "include_resources": included},
    )
    assert answer.status_code == 200, answer.text
    started = answer.json()
    return started["task_id"], started["namespace"]["namespace_id"]


def task(client: httpx.Client, task_id: str) -> dict[str, Any]:
    """A task that has not failed."""
    found: dict[str, Any] = client.get(f"/tasks/{task_id}").json()
    assert found["status"] not in {"FAILED", "CANCELED"}, found
    return found


def is_done(client: httpx.Client, task_id: str) -> bool:
    """Whether a task is completed; raise AssertionError if it has failed."""
    return bool(task(client, task_id)["status"] == "COMPLETED")


def require_clone(
    client: httpx.Client, source: Namespace, begun: tuple[str, str]
) -> None:
    """Wait for a clone; its report finds no difference, and neither does this process."""
    task_id, clone = begun
    wait_for(lambda: is_done(client, task_id), CLONE_S)
    [outputs] = task(client, task_id)["outputs"]
    assert outputs["proof"]
    assert [row for row in outputs["proof"] if not row["equal"]] == []
    clones.require_same(source, clone)
