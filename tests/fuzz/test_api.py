"""Requests made up from the OpenAPI document: what it allows and what it does not.

Whatever is sent, by whomever: no fault of ours, one envelope for every error, and an
answer of the shape that the document gives. 1,000 requests in `make test`, the same
ones each time; 20,000 new ones in `make fuzz`. One request in four is a usual one
of our admin over what exists, so that success does not depend on what is drawn.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from uuid import uuid4

import pytest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nsadmin.access.actor import SYSTEM
from nsadmin.api import docs_page
from nsadmin.bulk import making
from nsadmin.bulk import service as bulk
from nsadmin.bulk.asked import Asked
from nsadmin.jobs.models import Job
from nsadmin.namespaces.models.saved_views import SavedView
from nsadmin.namespaces.schema.creation import parse_new
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.plans import service
from nsadmin.plans.creating import CreationChange
from nsadmin.templates.configuration import configuration_of
from nsadmin.templates.models import NamespaceTemplate
from tests.api.endpoints import ENDPOINTS, Endpoint
from tests.cast import Cast
from tests.fuzz.nearness import nearer
from tests.reprocessing.appended import claimed_request

FEW, MANY = 500, 20_000
ROLES = ("admin", "member", "viewer", "stranger", "support", "platform_admin")
# Those who may do most are asked most; a few come without a key, or with a wrong one.
WHO = st.sampled_from(["admin"] * 7 + ["platform_admin"] * 3 + [*ROLES, "", "wrong"])
TAGS = st.sampled_from([None] * 6 + ['"r1"', '"r2"', "*", "r1", "W/"])
KEYS = st.sampled_from([None] * 6 + ["again", "k" * 256, "with space"])
USUAL = st.sampled_from([False] * 3 + [True])  # what is first is drawn more often


@lru_cache(maxsize=1)
def schemas() -> tuple[Any, ...]:
    """The document as it is and with nearer words; made late, the library is slow."""
    import schemathesis

    written = docs_page.schema()
    found = [schemathesis.openapi.from_dict(d) for d in (written, nearer(written))]
    for schema in found:
        schema.app = get_wsgi_application()
    return tuple(found)


def cases(endpoint: Endpoint) -> st.SearchStrategy[Any]:
    """Requests to one operation: most of them near, and half of them allowed."""
    from schemathesis.generation import GenerationMode

    exact, near = (s[f"/v1{endpoint.path}"][endpoint.method] for s in schemas())
    allowed, not_allowed = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
    return st.one_of(
        *[near.as_strategy(allowed)] * 2,
        exact.as_strategy(allowed),
        exact.as_strategy(not_allowed),
        near.as_strategy(not_allowed),
    )


def require_as_described(case: Any, answered: Any) -> None:
    """Hold an answer to the document, and an error to its one shape."""
    from schemathesis.specs.openapi import checks

    assert answered.status_code < 500, answered.text
    case.validate_response(
        answered,
        checks=[
            checks.status_code_conformance,
            checks.content_type_conformance,
            checks.response_schema_conformance,
        ],
    )
    if answered.status_code < 400:
        return
    content = answered.json()
    assert set(content) == {"success", "status", "error"}, content
    assert (content["success"], content["status"]) == (False, answered.status_code)
    error = content["error"]
    assert set(error) == {"message", "type", "code", "details"}, error
    assert error["message"]
    assert error["code"]
    assert [error["details"]["request_id"]] == answered.headers["x-request-id"]


def plan_for(cast: Cast, path: str) -> str:
    """Keep a plan that the path may name: of the namespace, or of a new one."""
    if not path.startswith("/plans/"):
        wanted = parse_patch({"description": "planned"})
        return service.keep(SYSTEM, cast.own.namespace_id, wanted, source="api").plan_id
    admin = cast.actor("admin")
    new = parse_new({"namespace_name": "planned"})
    change = CreationChange(new, uuid4(), admin.organization_id)
    shown = change.preview(admin, "")
    return service.keep_shown(admin, shown, change, source="api").plan_id


def bulk_for(cast: Cast, path: str) -> str:
    """Plan a change of several namespaces, confirmed where the path goes on with it."""
    admin, own = cast.actor("admin"), cast.own.namespace_id
    change = making.make(admin, admin, Asked("auto_on"), [own])
    if path.endswith("/continue"):
        bulk.confirm(admin, change, [own], [])
    return change.bulk_id


def view_for(cast: Cast) -> str:
    """Keep a view of the admin's key."""
    view = SavedView.objects.create(
        person=cast.keys["admin"].split("_")[1],
        organization_id=cast.northlight.organization_id,
        name="mine",
        name_key="mine",
    )
    return view.view_id


def places(cast: Cast, path: str) -> dict[str, list[str]]:
    """What an id or name may stand for, beside what is made up; first: one that is ours."""
    owner = cast.northlight
    job = Job.objects.create(
        kind="clone",
        organization_id=owner.organization_id,
        internal_id=owner.internal_id,
        title="Clone",
        actor_kind="key",
        actor_id="k",
        actor_label="key k",
    )
    template = NamespaceTemplate.objects.create(
        organization_id=owner.organization_id,
        creator="key:k",
        name="a template",
        configuration=configuration_of(cast.own),
    )
    own = cast.own.namespace_id
    others = [cast.foreign.namespace_id, cast.system.namespace_id, "ns_nobody"]
    return {
        "identifier": [own, own, own, "film%20archive", *others],
        "namespace": [own, own, own, "film archive", *others],
        "organization_id": [owner.organization_id, cast.halden.organization_id, ""],
        "task_id": [str(job.job_id), "6f1c1f0e-0000-4000-8000-000000000000", "task_1"],
        "template_id": [template.template_id, "tmpl_000000000000"],
        "feature_extractor_id": ["face_identity_extractor_v1", "no_such_v1"],
        "request_id": [str(claimed_request(cast.own).pk), "6f1c1f0e", "no-id"],
        "plan_id": [plan_for(cast, path), "plan_0000000000000000"],
        "bulk_id": [bulk_for(cast, path), "bulk_0000000000000000"],
        "view_id": [view_for(cast), "view_000000000000"],
        "document_id": ["doc_1", "doc_1", "1", "no_such_document"],
    }


def make_usual(case: Any, endpoint: Endpoint, known: dict[str, list[str]]) -> None:
    """Turn a request into one that our admin may make and that names what exists."""
    case.path_parameters = {name: known[name][0] for name in case.path_parameters}
    case.query = {"namespace": known["namespace"][0]} if endpoint.query else {}
    case.headers.clear()
    case.cookies.clear()
    if endpoint.body is not None:
        case.body, case.media_type = endpoint.body, "application/json"


def vary(case: Any, endpoint: Endpoint, known: dict[str, list[str]], draw: Any) -> None:
    """Let some of a made-up request's ids be known ones, and its body a usual one."""
    if endpoint.query:  # these want it in the query or a header
        case.query = {"namespace": "", **case.query}
    for part in (case.path_parameters, case.query):
        for name in sorted(set(part) & set(known)):
            part[name] = draw(st.sampled_from([*known[name], part[name]]), name)
    if endpoint.body is not None and draw(st.integers(0, 5), "usual body") == 5:
        case.body, case.media_type = endpoint.body, "application/json"


@pytest.fixture
def kept_connection() -> Iterator[None]:
    """As in Django's own client: a request does not end the test's transaction."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
@pytest.mark.parametrize(
    "requests",
    [
        pytest.param(FEW, id="few"),
        pytest.param(MANY, id="many", marks=pytest.mark.fuzz),
    ],
)
def test_no_request_is_a_fault_of_ours(
    cast: Cast, kept_connection: None, endpoint: Endpoint, requests: int
) -> None:
    cast.open_sessions()
    known = places(cast, endpoint.path)
    share = -(-requests // len(ENDPOINTS))
    seen: list[int] = []

    def send(case: Any, data: st.DataObject) -> None:
        usual = data.draw(USUAL, "usual")
        if usual:
            make_usual(case, endpoint, known)
        else:
            vary(case, endpoint, known, data.draw)
        who = endpoint.role if usual else data.draw(WHO, "who")
        for header, value in {
            "Authorization": f"Bearer {cast.keys.get(who, who)}" if who else None,
            "If-Match": None if usual else data.draw(TAGS, "If-Match"),
            "Idempotency-Key": None if usual else data.draw(KEYS, "Idempotency-Key"),
        }.items():
            case.headers.pop(header, None)
            if value is not None:
                case.headers[header] = value
        answered = case.call(base_url="http://testserver")
        seen.append(answered.status_code)
        require_as_described(case, answered)

    run = given(case=cases(endpoint), data=st.data())(send)
    settings(
        max_examples=share,
        deadline=None,
        database=None,
        derandomize=requests == FEW,
        suppress_health_check=list(HealthCheck),
    )(run)()
    print(endpoint, {status: seen.count(status) for status in sorted(set(seen))})
    assert len(seen) >= share
    assert {200, 201} & set(seen)  # some of it did something
    assert set(seen) & {401, 403, 404, 422}
