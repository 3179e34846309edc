"""A secret planted through both doors is found nowhere in plain, and sealed but once."""

import json
import logging
import re

import pytest
from django.db import connection
from django.test import Client

from nsadmin.namespaces.change import recovery
from nsadmin.namespaces.mirror import comparison
from nsadmin.namespaces.placement import clusters
from nsadmin.namespaces.schema import document
from nsadmin.stores import redis
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo.connection import database
from tests.cast import Cast
from tests.dedicated import KEY, READ_ONLY_KEY, OwnCluster
from tests.people import PASSWORD

CANARIES = (KEY, READ_ONLY_KEY)


class Recorder:
    """Everything that anybody was told: answers, headers, logs."""

    def __init__(self, cast: Cast) -> None:
        self.cast, self.told = cast, ""
        self.browser = cast.browser("admin")

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
            if table == "search_trigrams":
                continue  # an index without content, which cannot be read row by row
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
    for path in (
        "",
        "documents/",
        "documents/doc_1/?tab=neighbors",
        "infrastructure/",
        "settings/",
        "audit/",
        "clone/",
        "health/",
    ):
        found.page("get", f"{here}{path}")
    for path in ("buckets/", "map/", "objects/?search=a"):
        found.page("get", f"{here}resources/{path}")
    found.page("get", "/organization/")
    found.page("get", "/jobs/")
    comparison.reconcile()
    recovery.heal()

    said = {"answers": found.told, "logs": logged.text, **everything_stored()}
    leaks = [where for where, text in said.items() for c in CANARIES if c in text]
    assert leaks == []
    namespace = document.read(store.get(at))
    key = clusters.stored_key(namespace)
    assert key is not None
    assert key.reveal() == KEY
    box = namespace.infrastructure["qdrant_api_key_sealed"]["box"]
    holders = [where for where, text in said.items() if box in text]
    assert holders == ["mongodb namespaces"]


def test_a_secret_misplaced_in_the_query_is_nowhere(
    cast: Cast, logged: pytest.LogCaptureFixture
) -> None:
    found = Recorder(cast)
    at = cast.own.namespace_id
    key = cast.keys["admin"][-43:]
    for secret in (KEY, key):
        for query in (f"?qdrant_api_key={secret}", f"?{secret}", f"?dry_run={secret}"):
            body = {"description": "x"}
            answer = found.api("PATCH", f"/namespaces/{at}{query}", body)
            assert answer.status_code == 422
        assert found.api("GET", f"/namespaces?token={secret}").status_code == 422
        found.api("GET", f"/nothing?token={secret}")
        found.page("get", f"/namespaces/{at}/?token={secret}")
        Client().get(f"/namespaces/?token={secret}")
        Client().get(f"/healthz?token={secret}")

    assert f"PATCH /v1/namespaces/{at}" in logged.text
    assert "GET /v1/namespaces" in logged.text
    stored = everything_stored()
    assert [c for c in (KEY, key) if c in logged.text] == []
    assert [where for where, text in stored.items() if KEY in text or key in text] == []


def test_a_key_a_link_and_a_password_are_nowhere(
    cast: Cast, logged: pytest.LogCaptureFixture
) -> None:
    found = Recorder(cast)
    sure = {"step_up_password": PASSWORD}
    role = {"role": "viewer"}
    made = found.browser.get("/organization/keys/new/").content.decode()
    once = re.search(r'name="once" value="([^"]+)"', made)
    form = {"once": once[1], "name": "import", "expires": "90", **role, **sure}
    form["scopes"] = ["read"]
    sent = found.browser.post("/organization/keys/new/", form)
    waiting = everything_stored()  # while the key waits to be shown
    page = found.browser.get(sent.headers["Location"]).content.decode()
    key = re.search(r"sk_\w{12}_[\w-]{43}", page)[0]
    made = found.browser.get("/organization/members/new/").content.decode()
    once = re.search(r'name="once" value="([^"]+)"', made)
    person = {
        "once": once[1],
        "email": "nele@northlight.example",
        "name": "Nele",
        **role,
        **sure,
    }
    sent = found.browser.post("/organization/members/new/", person)
    between = everything_stored()  # while the link waits to be shown
    page = found.browser.get(sent.headers["Location"]).content.decode()
    link = re.search(r"/join/([\w-]{43})/", page)

    password = "nele-likes-namespaces-7719"
    theirs = Client(raise_request_exception=False)
    words = {"password1": password, "password2": password + "?"}
    assert theirs.post(link[0], words).status_code == 422
    assert theirs.get(f"/accounts/login/?next={link[0]}").status_code == 200
    words["password2"] = password
    assert theirs.post(link[0], words).status_code == 302
    login = {"login": person["email"], "password": password}
    assert theirs.post("/accounts/login/", login).status_code == 302
    # Used, sent where it does not belong, and looked for on every page that tells of it.
    headers = {"authorization": f"Bearer {key}"}
    assert Client().get("/v1/namespaces", headers=headers).status_code == 200
    Client().get("/v1/namespaces", headers={"authorization": f"Bearer {key}x"})
    wrong = {"login": person["email"], "password": password + "!"}
    Client(raise_request_exception=False).post("/accounts/login/", wrong)
    for path in ("", "keys/", "audit/", "plan/", "keys/new/"):
        found.page("get", f"/organization/{path}")

    secret = key[-43:]
    token = link[1]
    assert [where for where, text in between.items() if token in text] == []
    assert [where for where, text in waiting.items() if secret in text] == []
    said = {"answers": found.told, "logs": logged.text, **everything_stored()}
    assert "POST /join/…/" in logged.text
    leaks = [
        (where, what)
        for where, text in said.items()
        for what, canary in {"key": secret, "link": token, "password": password}.items()
        if canary in text
    ]
    assert leaks == []
    assert Client().get(link[0]).status_code == 404
