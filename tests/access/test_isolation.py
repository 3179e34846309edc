"""Two organizations: neither learns anything of the other, and support writes nothing.

What Halden asks for of Northlight's is answered, byte for byte, like what does not
exist; and a word that is in everything Northlight has is in nothing Halden gets.
"""

import difflib
import json
import re
import time
from typing import Any
from urllib.parse import quote_plus

import pytest
from django.db import connection
from django.http import HttpResponse

from nsadmin.access.support.words import LOOKS
from nsadmin.access.web import step_up
from nsadmin.access.web.middleware import ORGANIZATION_SESSION_KEY
from nsadmin.audit.models import AuditEvent
from nsadmin.search import fill
from nsadmin.stores.mongo.connection import database
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import shared
from tests.access.marked import WORD, mark
from tests.access.matrix import MATRIX, Route
from tests.access.test_matrix import BODIES
from tests.cast import Cast

# Where each id of Northlight's is put beside a path: {id}, {name}, {org}, {job}.
BESIDE: list[tuple[str, str, Any]] = [
    ("GET", "/v1/analytics/indexes/usage?namespace={id}", None),
    ("GET", "/v1/analytics/indexes/suggestions?namespace={name}", None),
    ("GET", "/v1/namespaces/{name}", None),
    ("PATCH", "/v1/namespaces/{name}", {"description": "x"}),
    ("DELETE", "/v1/namespaces/{name}", None),
    ("GET", "/v1/namespaces/{id}?organization_id={org}", None),
    ("GET", "/v1/namespaces/{name}/documents/1", None),
    ("GET", "/v1/namespaces/{id}/documents/1?organization_id={org}", None),
    ("POST", "/v1/namespaces/{name}/documents/list?include_total=true", {}),
    (
        "POST",
        "/v1/namespaces/{id}/documents/list?organization_id={org}",
        {"filters": {"AND": [{"field": f"f_{WORD}", "value": WORD}]}},
    ),
    ("GET", f"/namespaces/{{id}}/documents/?f=f_{WORD}&o=is&v={WORD}", None),
    ("GET", "/namespaces/{id}/documents/1/", None),
    ("POST", "/namespaces/{id}/documents/export/", {}),
    ("GET", "/v1/namespaces?organization_id={org}", None),
    ("POST", "/v1/namespaces/list", {"search": WORD}),
    ("POST", "/v1/namespaces/list", {"filters": {"namespace_id": "{id}"}}),
    ("POST", "/v1/namespaces/list", {"filters": {"namespace_name": "{name}"}}),
    ("POST", "/v1/namespaces/stats/batch", {"namespace_ids": ["{id}"]}),
    ("POST", "/v1/tasks/list", {"filters": {"namespace_id": "{id}"}}),
    ("POST", "/v1/tasks/list", {"search": WORD}),
    (
        "POST",
        "/v1/namespaces/{id}/clone",
        {"namespace_name": "mine", "source_organization_id": "{org}"},
    ),
    ("GET", "/namespaces/?search=" + WORD, None),
    ("GET", "/namespaces/{id}/resources/buckets/?search=" + WORD, None),
    ("GET", "/namespaces/{id}/resources/objects/?bucket=" + WORD, None),
    ("GET", "/namespaces/{id}/resources/map/?focus=buckets/" + WORD, None),
    ("GET", "/compare/?left={id}", None),
    ("GET", "/compare/?left={id}&right={id}", None),
    ("POST", "/compare/run/", {"left": "{id}", "right": "{name}", "mode": "full"}),
    ("GET", "/search/?q=" + WORD, None),
    ("GET", "/search/?q={id}", None),
    ("GET", "/search/suggestions/?q=" + WORD, None),
    ("GET", "/search/suggestions/?q={id}", None),
    ("GET", "/jobs/?search=" + WORD, None),
    ("GET", "/jobs/?namespace={id}", None),
    ("GET", "/organization/audit/?search=" + WORD, None),
    ("GET", "/organization/audit/?namespace={id}", None),
    ("GET", "/organization/audit/?format=csv", None),
    ("POST", "/organization/switch/", {"organization_id": "{org}"}),
    ("POST", "/namespaces/due/release/", {"namespace_ids": "{id}"}),
    ("POST", "/namespaces/due/extend/", {"namespace_ids": "{id}"}),
]
# What belongs to nobody.
FOR_ALL = {
    "<feature_extractor_id>": "face_identity_extractor_v1",
    "<name>": "purge",
    "<kind>": "purge",
    "<resource_kind>": "buckets",
    "<document_id>": "1",
}
VARYING = re.compile(
    r"<time[^>]*>[^<]*</time>|req_[0-9a-f]+|bulk_[a-z0-9]{16}|[A-Za-z0-9]{64}|\d{4}-\d\d-\d\dT[\d:.+Z-]+|\d\d:\d\d(:\d\d)?|"
    r"name=\"(token|once)\" value=\"[^\"]+|just now|\d+\s[a-z]+\sago|X-RateLimit-\w+\": \"\d+\""
)
OWN_HEADERS = {"X-Request-Id", "Date", "Content-Length"}


class Halden:
    """Halden's admin: a browser that gave the password just now, and a key."""

    def __init__(self, cast: Cast, role: str = "stranger") -> None:
        self._key = cast.bearer(role)
        self._client = cast.browser(role)
        session = self._client.session
        session[step_up.SESSION_KEY] = time.time()
        if role != "stranger":  # staff look at Northlight
            session[ORGANIZATION_SESSION_KEY] = cast.northlight.organization_id
        session.save()

    def send(self, method: str, address: str, body: Any) -> HttpResponse:
        """Ask a page or the API."""
        if not address.startswith("/v1/"):
            return getattr(self._client, method.lower())(address, body or {})
        sent = "" if body is None else json.dumps(body)
        headers = {**self._key, "X-Namespace": address.rpartition("#")[2]}
        if "#" not in address:
            headers.pop("X-Namespace")
        response: Any = self._client.generic(
            method,
            address.partition("#")[0],
            sent,
            content_type="application/json",
            headers=headers,
        )
        return response


def filled(text: str, values: dict[str, str]) -> str:
    """Put the values where their placeholders are."""
    for placeholder, value in values.items():
        text = text.replace(placeholder, value)
    return text


def text_of(response: HttpResponse) -> str:
    """All of the answer: its status, headers and body."""
    content = response.getvalue().decode()
    headers = {k: v for k, v in response.headers.items() if k not in OWN_HEADERS}
    return json.dumps([response.status_code, headers]) + content


def plain(said: str, values: dict[str, str]) -> str:
    """Leave out what was asked for and what varies from answer to answer."""
    said = VARYING.sub("…", said)
    for placeholder, value in values.items():
        if len(value) > 6:  # the short ids of members would be found in every number
            said = said.replace(value, placeholder).replace(quote_plus(value), "+")
    return said


def unknown(values: dict[str, str]) -> dict[str, str]:
    """Ids of the same shape that nothing has."""

    def other(value: str) -> str:
        if value.isdigit():
            return str(int(value) + 900_000)
        return value[:-6] + ("000000" if not value.endswith("000000") else "111111")

    return {placeholder: other(value) for placeholder, value in values.items()}


@pytest.fixture
def marked(cast: Cast) -> dict[str, str]:
    """What leads to Northlight's things, all of which have the word in them."""
    values = mark(cast)
    fill.run()  # what can be searched
    return {
        **values,
        **FOR_ALL,
        "{id}": values["<namespace_id>"],
        "{name}": f"films {WORD}",
        "{org}": cast.northlight.organization_id,
    }


NAMING_NOTHING = {
    ("POST", "account/name/"),
    ("POST", "account/sessions/end-others/"),
    ("POST", "account/notifications/"),
}


def test_what_is_foreign_is_answered_like_what_does_not_exist(
    cast: Cast, marked: dict[str, str], subtests
) -> None:
    halden = Halden(cast)
    nothing = {
        **unknown(marked),
        "<feature_extractor_id>": "face_identity_extractor_v1",
        "<resource_kind>": "buckets",
    }
    nothing["{name}"] = f"films {WORD[::-1]}"
    asked: list[tuple[str, str, Any]] = list(BESIDE)
    for method, address in MATRIX:
        if (method, address) in NAMING_NOTHING:
            continue  # its message would stand on the next page
        body = BODIES.get((method, address), {} if method != "GET" else None)
        where = "#<namespace_id>" if "/analytics/" in address else ""
        asked.append((method, f"/{address}{where}", body))
    for method, address, body in asked:
        with subtests.test(f"{method} {address} {body}"):
            said = []
            for values in (marked, nothing):
                sent = json.loads(filled(json.dumps(body), values))
                response = halden.send(method, filled(address, values), sent)
                assert response.status_code < 500
                asked_for = filled(address, values)
                text = text_of(response).replace(asked_for, address)
                said.append(plain(text, values))
            assert said[0] == said[1], "\n".join(
                difflib.unified_diff(said[0].splitlines(), said[1].splitlines(), n=0)
            )
            if WORD not in address + json.dumps(body):
                assert WORD not in said[0]


def test_an_id_that_is_taken_is_all_that_one_learns(
    cast: Cast, marked: dict[str, str]
) -> None:
    body = {"namespace_name": "mine", "namespace_id": marked["{id}"]}
    response = Halden(cast).send("POST", "/v1/namespaces", body)
    assert response.status_code == 409
    assert WORD not in text_of(response)


def everything(others: frozenset[str]) -> dict[str, str]:
    """All that is stored: MongoDB, Qdrant, SQL; jobs and audit are tables of it.

    `others` are collections that are somebody else's, who may write to them meanwhile.
    """
    found = {}
    for name in sorted(database().list_collection_names()):
        found[f"mongodb {name}"] = str(list(database()[name].find({}).sort("_id")))
    for name in sorted(set(collections.names(shared())) - others):
        live = collections.get(shared(), name)
        found[f"qdrant {name}"] = str((live, points.page(shared(), name, limit=1000)))
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table == "search_trigrams":
                continue  # an index without content, which cannot be read row by row
            quoted = connection.ops.quote_name(table)
            cursor.execute(f"SELECT * FROM {quoted} ORDER BY 1")  # noqa: S608
            found[f"sql {table}"] = str(cursor.fetchall())
    return found


AUDIT_TABLES = ("auditevent", "chainentry", "chainhead")
# These POSTs only read, or keep how the person who asks wants to see things.
HARMLESS: set[Route] = {
    ("POST", "v1/namespaces/list"),
    ("POST", "v1/namespaces/stats/batch"),
    ("POST", "v1/namespaces/<identifier>/documents/list"),
    ("POST", "v1/tasks/list"),
    ("POST", "organization/switch/"),
    ("POST", "theme/"),
    # A person's own: the shape of a list, and which ends of one's jobs are read.
    ("POST", "namespaces/views/"),
    ("POST", "namespaces/views/<view_id>/"),
    ("POST", "v1/views/namespaces"),
    ("PATCH", "v1/views/namespaces/<view_id>"),
    ("DELETE", "v1/views/namespaces/<view_id>"),
    ("POST", "jobs/seen/"),
    # A person's own name, mails and sessions.
    ("POST", "account/name/"),
    ("POST", "account/notifications/"),
    ("POST", "account/sessions/end-others/"),
    ("POST", "account/sessions/<session_pk>/end/"),
    # A person's own membership, which staff have in no customer's organization: 404.
    ("POST", "account/organizations/<organization_id>/leave/"),
    # How a person signs in, here without a provider: 404.
    ("POST", "accounts/sso/"),
    ("POST", "accounts/sso/<provider_id>/start/"),
    ("POST", "accounts/sso/<provider_id>/confirm/"),
    ("POST", "accounts/sso/<provider_id>/acs/"),
    # How a person signs in to a demo, which this is not: 404.
    ("POST", "accounts/demo/"),
    ("POST", "support/new/"),
    ("POST", "support/<session_id>/end/"),
}


def test_support_is_refused_on_every_unsafe_route_and_nothing_is_written(
    cast: Cast, marked: dict[str, str], others: frozenset[str], subtests
) -> None:
    cast.open_sessions("support")
    support = Halden(cast, "support")
    support.send("GET", "/v1/namespaces", None)  # its key has been used by now
    before, began = everything(others), AuditEvent.objects.count()
    for route in MATRIX:
        method, address = route
        if method == "GET" or route in HARMLESS:
            continue
        with subtests.test(f"{method} {address}"):
            body = BODIES.get(route, {})
            response = support.send(method, f"/{filled(address, marked)}", body)
            assert response.status_code == 403
    after = everything(others)
    changed = {k for k in before | after if before.get(k) != after.get(k)}
    # A refusal that shows the namespace is a look, and nothing else is written.
    assert changed <= {f"sql audit_{name}" for name in AUDIT_TABLES}
    new = AuditEvent.objects.order_by("pk")[began:]
    assert {event.action for event in new} <= set(LOOKS)
