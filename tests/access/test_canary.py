"""A secret planted through both doors is found nowhere in plain, and sealed but once."""

import json
import logging

import pytest
from django.db import connection
from django.test import Client

from nsadmin.namespaces import document, heal, mirror, placement
from nsadmin.stores import redis
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo.connection import database
from tests.cast import PASSWORD, Cast
from tests.dedicated import KEY, READ_ONLY_KEY, OwnCluster

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
CANARIES = (KEY, READ_ONLY_KEY)


class Recorder:
    """Everything that anybody was told: answers, headers, logs."""

    def __init__(self, cast: Cast) -> None:
        self.cast, self.told = cast, ""
        self.browser = Client(raise_request_exception=False)
        self.browser.force_login(cast.users["admin"], BACKEND)

    def page(self, method: str, path: str, fields: dict[str, str] | None = None):
        """Ask for a page and go on with every form it shows."""
        send = getattr(self.browser, method)
        return self._keep(send(path, fields or {}))

    def api(self, method: str, path: str, body: object = None, role: str = "admin"):
        """Ask the API."""
        return self._keep(
            Client(raise_request_exception=False).generic(
                method,
                f"/v1{path}",
                json.dumps(body) if body is not None else "",
                content_type="application/json",
                headers=self.cast.bearer(role),
            )
        )

    def _keep(self, response):
        self.told += response.content.decode(errors="replace")
        self.told += str(response.headers) + str(response.cookies)
        return response


def everything_stored() -> dict[str, str]:
    """Every row of SQL, every document of MongoDB, every value of Redis, as text."""
    rows = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            name = connection.ops.quote_name(table)
            cursor.execute(f"SELECT * FROM {name}")  # noqa: S608 - our own tables
            rows[table] = str(cursor.fetchall())
    for name in database().list_collection_names():
        rows[f"mongodb {name}"] = str(list(database()[name].find({})))
    client = redis.client()
    for key in client.scan_iter(count=1000):
        kind = client.type(key)
        rows[f"redis {key!r}"] = str(
            client.dump(key) if kind != b"string" else client.get(key)
        )
    return rows


@pytest.fixture
def logged(caplog) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    return caplog


def test_a_planted_key_is_nowhere(
    cast: Cast, own_cluster: OwnCluster, logged: pytest.LogCaptureFixture
) -> None:
    own_cluster.receive(cast.own)
    found = Recorder(cast)
    at = cast.own.namespace_id
    here, api = f"/namespaces/{at}/", f"/namespaces/{at}"
    wanted = own_cluster.body()

    # Refused in every way, through the API: dry, wrong, unlisted, by who may not.
    found.api("PATCH", f"{api}?dry_run=true", {"infrastructure": wanted})
    found.api("PATCH", api, {"infrastructure": {**wanted, "compute_tier": KEY}})
    found.api(
        "PATCH", api, {"infrastructure": {**wanted, "qdrant_url": f"http://{KEY}"}}
    )
    found.api("PATCH", api, {"infrastructure": {**wanted, "speed": 1}})
    found.api("PATCH", api, {"infrastructure": wanted}, role="viewer")
    found.api("PATCH", api, {"infrastructure": wanted}, role="stranger")
    weak = {**wanted, "qdrant_api_key": READ_ONLY_KEY}
    assert found.api("PATCH", api, {"infrastructure": weak}).status_code == 422
    # Planted by the API, replaced by the page, by way of the password and the plan.
    assert found.api("PATCH", api, {"infrastructure": wanted}).status_code == 200
    fields = {k: str(v) for k, v in wanted.items()} | {"max_workers": "7"}
    found.page("post", f"{here}infrastructure/", fields)
    fields |= {"step_up_password": PASSWORD}
    found.page("post", f"{here}infrastructure/", {**fields, "step": "check"})
    found.page("post", f"{here}infrastructure/", {**fields, "min_workers": "99"})
    found.page("post", f"{here}infrastructure/", fields)

    # Looked at from everywhere, cloned, healed, mirrored.
    found.api("GET", api)
    found.api("POST", "/namespaces/list", {})
    found.api("POST", f"{api}/clone", {"namespace_name": "a clone"})
    for path in ("", "infrastructure/", "settings/", "audit/", "clone/", "health/"):
        found.page("get", f"{here}{path}")
    found.page("get", "/organization/")
    found.page("get", "/jobs/")
    mirror.reconcile()
    heal.heal()

    said = {"answers": found.told, "logs": logged.text, **everything_stored()}
    leaks = [where for where, text in said.items() for c in CANARIES if c in text]
    assert leaks == []
    namespace = document.read(store.get(at))
    key = placement.stored_key(namespace)
    assert key is not None
    assert key.reveal() == KEY
    box = namespace.infrastructure["qdrant_api_key_sealed"]["box"]
    holders = [where for where, text in said.items() if box in text]
    assert holders == ["mongodb namespaces"]
