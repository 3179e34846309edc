"""Every route times every role times every target, over the real URLconf."""

import hashlib
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.cached_db import SessionStore
from django.http import HttpResponse
from django.test import Client
from django.urls import get_resolver, path
from django.utils import timezone
from ninja.operation import PathView

from nsadmin.access.actor import SYSTEM
from nsadmin.access.models import (
    ApiKey,
    DeactivatedMember,
    Organization,
    ServiceAccount,
    SupportSession,
)
from nsadmin.access.organization.invitations import IssuedInvitation
from nsadmin.access.permissions import Action
from nsadmin.access.web import step_up
from nsadmin.access.web.gate import public
from nsadmin.access.web.middleware import ORGANIZATION_SESSION_KEY
from nsadmin.api.api import api
from nsadmin.api.urls import declared_by
from nsadmin.audit.record import RecordedActor, record
from nsadmin.bulk.asked import Asked
from nsadmin.bulk.models import BulkChange
from nsadmin.comparison.models import Comparison
from nsadmin.namespaces.models import SavedView
from nsadmin.namespaces.schema.creation import parse_new
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.notifications.kinds import TEST
from nsadmin.notifications.models import Delivery, Event, Webhook
from nsadmin.notifications.sealing import sealed
from nsadmin.plans import service
from nsadmin.plans.creating import CreationChange
from nsadmin.reprocessing.models import ReprocessRequest
from nsadmin.stores.webhook import new_secret
from nsadmin.templates.configuration import configuration_of
from nsadmin.templates.models import NamespaceTemplate
from tests.access.matrix import (
    GUARDED_ELSEWHERE,
    MATRIX,
    STEP_UP,
    Route,
    routes,
    undeclared,
    unlisted,
)
from tests.api.endpoints import TOKEN
from tests.cast import Cast, invite, make_job, make_resources
from tests.people import BACKEND

BODIES: dict[Route, Any] = {
    ("POST", "v1/namespaces/<identifier>/clone"): {"namespace_name": "a clone"},
    ("PATCH", "v1/namespaces/<identifier>"): {"description": "changed"},
    ("POST", "v1/namespaces/<identifier>/extend"): {"ttl_seconds": 3600},
    ("POST", "v1/namespaces/<identifier>/config"): {
        "config": "schema: nsadmin/namespace/v1\ndescription: changed\n"
    },
    ("POST", "v1/templates/namespaces/from-namespace/<identifier>"): {
        "template_name": "a template"
    },
    ("POST", "v1/templates/namespaces/<template_id>/instantiate"): {
        "namespace_name": "from-a-template"
    },
    ("POST", "v1/namespaces/<identifier>/reprocess"): {
        "feature_extractor_id": "face_identity_extractor_v1"
    },
    ("POST", "v1/bulk/namespaces"): {"namespace_ids": ["gone"], "kind": "auto_on"},
    ("POST", "v1/views/namespaces"): {"name": "a view"},
    ("POST", "v1/reprocess/claim"): {"worker": "w", "claim_token": TOKEN},
    ("POST", "v1/reprocess/<request_id>/progress"): {"claim_token": TOKEN},
    ("POST", "v1/reprocess/<request_id>/done"): {"claim_token": TOKEN},
    ("POST", "v1/reprocess/<request_id>/failed"): {
        "claim_token": TOKEN,
        "error": "The model is gone.",
    },
    ("POST", "v1/namespaces/<identifier>/filter-usage"): {
        "fields": [{"field_name": "title"}]
    },
}
LET_THROUGH = (200, 201, 204, 302, 303, 409, 422)


class Visitor:
    """One role: a key, and a browser that is signed in where there are pages to see."""

    def __init__(self, cast: Cast, role: str, *, sees_pages: bool = True) -> None:
        self.cast, self.role = cast, role
        self.client = Client(raise_request_exception=False)
        if sees_pages and role != "anonymous":
            self.client.force_login(cast.users[role], BACKEND)
            session = self.client.session
            session[ORGANIZATION_SESSION_KEY] = cast.northlight.organization_id
            session[step_up.SESSION_KEY] = time.time()
            session.save()

    def outcome(self, route: Route, address: str, namespace_id: str) -> str:
        """Go there; say what happened in the words of the matrix."""
        response = self._send(route[0], f"/{address}", route, namespace_id)
        location = response.headers.get("Location", "")
        if response.status_code == 302 and location.startswith("/accounts/login/"):
            return "login"
        if response.status_code in LET_THROUGH:
            return "in"
        return str(response.status_code)

    def _send(
        self, method: str, address: str, route: Route, namespace_id: str
    ) -> HttpResponse:
        if not address.startswith("/v1/"):
            form = {"organization_id": self._home()} if method == "POST" else {}
            return getattr(self.client, method.lower())(address, form)
        headers = {} if self.role == "anonymous" else self.cast.bearer(self.role)
        if "/analytics/" in address:
            headers = {**headers, "X-Namespace": namespace_id}
        response: Any = self.client.generic(
            method,
            address,
            json.dumps(BODIES.get(route, {})),
            content_type="application/json",
            headers=headers,
        )
        return response

    def _home(self) -> str:
        staff = self.role in ("support", "platform_admin")
        home = self.cast.operator if staff else self.cast.northlight
        return home.organization_id


def _job(cast: Cast, whose: str) -> str:
    organization = {"own": cast.northlight, "foreign": cast.halden}.get(
        whose, cast.operator
    )
    job = make_job(organization)
    return str(job.job_id)


def _comparison(cast: Cast, whose: str) -> str:
    """A comparison of an organization's namespace with the system's."""
    organization = cast.halden if whose == "foreign" else cast.northlight
    own = getattr(cast, "own" if whose == "system" else whose)
    row = Comparison.objects.create(
        organization_id=organization.organization_id,
        internal_id=organization.internal_id,
        actor_label="somebody",
        left_id=own.namespace_id,
        left_name=own.name,
        right_id=cast.system.namespace_id,
        right_name=cast.system.name,
        mode="sample",
        expires_at=timezone.now() + timedelta(days=1),
    )
    return str(row.comparison_id)


def _reprocess_request(cast: Cast, whose: str) -> str:
    """A request for a namespace that a worker has claimed with the token of TOKEN."""
    namespace = getattr(cast, whose)
    row, _ = ReprocessRequest.objects.update_or_create(
        namespace_id=namespace.namespace_id,
        extractor_id="face_identity_extractor_v1",
        defaults={
            "organization_id": cast.northlight.organization_id,
            "internal_id": namespace.internal_id,
            "state": "claimed",
            "claim_ends_at": timezone.now() + timedelta(hours=1),
            "token_hash": hashlib.sha256(TOKEN.encode()).hexdigest(),
            "ended_by": "",
        },
    )
    return str(row.request_id)


def _template(cast: Cast, whose: str) -> str:
    organization = cast.halden if whose == "foreign" else cast.northlight
    return NamespaceTemplate.objects.create(
        organization_id=organization.organization_id,
        creator="key:k",
        name="a template",
        configuration=configuration_of(cast.own),
    ).template_id


def _bulk(cast: Cast, whose: str) -> str:
    organization = cast.halden if whose == "foreign" else cast.northlight
    return BulkChange.objects.create(
        organization_id=organization.organization_id,
        internal_id=organization.internal_id,
        asked=Asked("auto_on").to_json(),
    ).bulk_id


def _saved_view(cast: Cast) -> str:
    """A view of the admin's, also for the admin's key."""
    key_id = cast.keys["admin"].split("_")[1]
    ApiKey.objects.filter(key_id=key_id).update(creator=cast.users["admin"])
    view, _ = SavedView.objects.get_or_create(
        person=str(cast.users["admin"].pk),
        organization_id=cast.northlight.organization_id,
        name="mine",
        name_key="mine",
    )
    return view.view_id


def _people(cast: Cast, whose: str) -> dict[str, Callable[[], str]]:
    """Somebody of the organization, a key, an invitation; `system` has none."""
    who = {"own": "viewer", "foreign": "stranger"}.get(whose)
    if who is None:
        return {}
    organization = cast.northlight if whose == "own" else cast.halden

    def invited() -> IssuedInvitation:
        return invite(organization, "nele@example.org")

    return {
        "<invitation_id>": lambda: str(invited().invitation.pk),
        "<secret>": lambda: invited().secret,
        "deactivated/<member_id>": lambda: f"deactivated/{_deactivated(cast, whose)}",
        "<member_id>": lambda: str(cast.users[who].memberships.get().pk),
        "<account_id>": lambda: _service_account(organization),
        "<key_id>": lambda: str(
            ApiKey.objects.get(key_id=cast.keys[who].split("_")[1]).key_id
        ),
    }


def _webhook(cast: Cast, whose: str) -> Webhook:
    organization = cast.halden if whose == "foreign" else cast.northlight
    row = Webhook(organization=organization, name="hook", origin="https://a.example")
    row.address = sealed(row, "address", "https://a.example/hook")
    row.secret = sealed(row, "secret", new_secret())
    row.save()
    return row


def _delivery(cast: Cast, whose: str) -> str:
    """A delivery that has ended, to a webhook of the organization."""
    hook, key = _webhook(cast, whose), uuid4().hex
    organization_id = hook.organization_id
    event = Event.objects.create(
        kind=TEST,
        key=key,
        organization_id=organization_id,
        fanned_out_at=timezone.now(),
    )
    row = Delivery.objects.create(
        event=event, webhook=hook, organization_id=organization_id, state="sent"
    )
    return str(row.pk)


def _deactivated(cast: Cast, whose: str) -> str:
    organization = cast.halden if whose == "foreign" else cast.northlight
    row, _ = DeactivatedMember.objects.get_or_create(
        user=cast.users["support"],
        organization=organization,
        defaults={"role": "viewer", "joined_at": timezone.now()},
    )
    return str(row.pk)


def _service_account(organization: Organization) -> str:
    row, _ = ServiceAccount.objects.get_or_create(
        organization=organization,
        name="ingest",
        defaults={"account_id": f"svc_{organization.organization_id[4:]}"},
    )
    return row.account_id


def _session(cast: Cast, whose: str) -> str:
    """The session of the support person, which runs in this organization."""
    organization = cast.halden if whose == "foreign" else cast.northlight
    rows = SupportSession.objects.filter(organization=organization)
    found = rows.filter(user=cast.users["support"]).first()
    return found.session_id if found else "sup_none"


def _change(cast: Cast, namespace_id: str) -> str:
    """An audit row of the namespace, as a change of its description leaves it."""
    step = {"kind": "set_field", "field": "description", "before": None, "after": "x"}
    row = record(
        action="namespace:update",
        summary="Set the description.",
        actor=RecordedActor("user", "1", "somebody"),
        organization_id=cast.northlight.organization_id,
        namespace_id=namespace_id,
        changes=[step],
    )
    return row.op_id


def _plan(namespace_id: str) -> str:
    """A kept plan of the namespace that changes its description."""
    wanted = parse_patch({"description": "planned"})
    return service.keep(SYSTEM, namespace_id, wanted, source="api").plan_id


def _new_plan(cast: Cast, whose: str) -> str:
    """A kept plan of a new namespace of the organization."""
    actor = cast.actor("stranger" if whose == "foreign" else "admin")
    wanted = parse_new({"namespace_name": f"planned {uuid4().hex[:8]}"})
    change = CreationChange(wanted, uuid4(), actor.organization_id)
    shown = change.preview(actor, "")
    return service.keep_shown(actor, shown, change, source="api").plan_id


def _signed_in_session(cast: Cast) -> str:
    """Make a session of the admin, signed in elsewhere."""
    store = SessionStore()
    store.create()
    row = UserSession.objects.create(
        user=cast.users["admin"], ip="192.0.2.1", session_key=store.session_key
    )
    return str(row.pk)


def _address(cast: Cast, address: str, whose: str) -> str:
    """Put what is `whose` in an address; only what it names is made."""
    namespace_id = getattr(cast, whose).namespace_id
    makers: dict[str, Callable[[], str]] = {
        "<namespace_id>": lambda: namespace_id,
        "<identifier>": lambda: namespace_id,
        "<job_id>": lambda: _job(cast, whose),
        "<task_id>": lambda: _job(cast, whose),
        "<comparison_id>": lambda: _comparison(cast, whose),
        "<template_id>": lambda: _template(cast, whose),
        "<bulk_id>": lambda: _bulk(cast, whose),
        "<view_id>": lambda: _saved_view(cast),
        "<op_id>": lambda: _change(cast, namespace_id),
        "<extractor_id>": lambda: "face_identity_extractor_v1",
        "<request_id>": lambda: _reprocess_request(cast, whose),
        "<feature_extractor_id>": lambda: "face_identity_extractor_v1",
        "<session_pk>": lambda: _signed_in_session(cast),
        "<session_id>": lambda: _session(cast, whose),
        "<document_id>": lambda: "doc_1",
        "<plan_id>": lambda: (
            _new_plan(cast, whose)
            if address.startswith(("namespaces/plans/", "v1/plans/"))
            else _plan(namespace_id)
        ),
        "<name>": lambda: "purge",
        "<organization_id>": lambda: cast.northlight.organization_id,
        "<kind>": lambda: "purge",
        "<webhook_id>": lambda: _webhook(cast, whose).webhook_id,
        "<delivery_id>": lambda: _delivery(cast, whose),
        "<resource_kind>": lambda: "buckets",
        "<resource_id>": lambda: make_resources(getattr(cast, whose)),
        **_people(cast, whose),
    }
    for placeholder, make in makers.items():
        if placeholder in address:
            address = address.replace(placeholder, make())
    return address


@pytest.mark.parametrize("route", MATRIX, ids=" /".join)
def test_the_outcome_for_every_role_and_target(cast: Cast, route: Route) -> None:
    cast.open_sessions()
    sees_pages = not route[1].startswith("v1/")
    visitors: dict[str, Visitor] = {}
    expected, seen = {}, {}
    for target, role, outcome in MATRIX[route].outcomes():
        if role not in visitors:
            visitors[role] = Visitor(cast, role, sees_pages=sees_pages)
        address = _address(cast, route[1], target)
        namespace_id = getattr(cast, target).namespace_id
        expected[target, role] = outcome
        seen[target, role] = visitors[role].outcome(route, address, namespace_id)
    assert seen
    assert seen == expected


OF_CUSTOMERS = [route for route, row in MATRIX.items() if row.foreign]


@pytest.mark.parametrize("route", OF_CUSTOMERS, ids=" /".join)
def test_staff_without_a_session_reach_nothing_of_a_customer(
    cast: Cast, route: Route
) -> None:
    expected, seen = {}, {}
    for target, role, outcome in MATRIX[route].without_session():
        visitor = Visitor(cast, role, sees_pages=not route[1].startswith("v1/"))
        address = _address(cast, route[1], target)
        namespace_id = getattr(cast, target).namespace_id
        expected[target, role] = outcome
        seen[target, role] = visitor.outcome(route, address, namespace_id)
    assert len(seen) == 4
    assert seen == expected


# Nothing is forgotten ----------------------------------------------------------------


def test_every_route_is_in_the_matrix() -> None:
    assert unlisted(get_resolver().url_patterns, MATRIX) == set()


def test_every_row_is_a_route() -> None:
    known = {route for route, _ in routes(get_resolver().url_patterns)}
    assert {route for _, route in MATRIX} <= known
    assert known >= GUARDED_ELSEWHERE


def test_every_route_declares_its_access() -> None:
    assert undeclared(get_resolver().url_patterns) == set()


def test_a_page_answers_to_the_listed_methods_and_no_other(cast: Cast) -> None:
    listed: dict[str, set[str]] = {}
    for method, route in MATRIX:
        listed.setdefault(route, set()).add(method)
    visitor = Visitor(cast, "platform_admin")
    for route, view in routes(get_resolver().url_patterns):
        if route in GUARDED_ELSEWHERE or hasattr(view, "declarations"):
            continue
        address = _address(cast, route, "own")
        response = visitor.client.generic("PROPFIND", f"/{address}")
        assert response.status_code == 405, route
        allowed = {m.strip() for m in response.headers["Allow"].split(",")}
        assert allowed - {"HEAD", "OPTIONS"} == listed[route], route


def test_what_sign_in_guards_lets_nobody_else_in(stores: object) -> None:
    for route in sorted(GUARDED_ELSEWHERE):
        if route.startswith("accounts/") and "^" not in route:
            response = Client().get(f"/{route.replace('<pk>', '1')}")
            assert response.status_code in (200, 302), route


def test_every_operation_of_the_document_is_in_the_matrix() -> None:
    document = api.get_openapi_schema(path_prefix="/v1/")
    operations = {
        (
            method.upper(),
            "v1/" + path.removeprefix("/v1/").replace("{", "<").replace("}", ">"),
        )
        for path, methods in document["paths"].items()
        for method in methods
    }
    assert operations
    listed = {row for row in MATRIX if row[1].startswith("v1/")}
    assert operations == listed - {("GET", "v1/docs"), ("GET", "v1/openapi.json")}


def test_support_is_refused_wherever_something_is_written() -> None:
    views = dict(routes(get_resolver().url_patterns))
    unsafe = 0
    for (method, route), row in MATRIX.items():
        operations = getattr(views[route], "declarations", None)
        declared = operations[method] if operations else views[route].declared
        is_there = set(row.own.split()) != {"404"}
        if method == "GET" or declared.effect == "read" or not is_there:
            continue
        unsafe += 1
        for _, role, outcome in row.outcomes():
            if role == "support":
                assert outcome == "403", (method, route)
    assert unsafe > 10


def test_the_password_is_asked_for_where_it_is_listed_and_nowhere_else() -> None:
    asking = {
        route
        for route, view in routes(get_resolver().url_patterns)
        if getattr(view, "declared", None) and view.declared.step_up
    }
    assert asking == STEP_UP
    assert {("POST", route) for route in STEP_UP} <= set(MATRIX)


# And it would be noticed -------------------------------------------------------------


def test_a_route_that_is_not_listed_is_noticed() -> None:
    @public
    def view(request: object) -> None: ...

    patterns = get_resolver().url_patterns
    more = [*patterns, path("forgotten/", view)]
    assert unlisted(more, MATRIX) - unlisted(patterns, MATRIX) == {"forgotten/"}


def test_a_row_that_is_missing_is_noticed() -> None:
    patterns = get_resolver().url_patterns
    for route in MATRIX:
        fewer = [other for other in MATRIX if other != route]
        alone = not any(other[1] == route[1] for other in fewer)
        expected = {route[1]} if alone or route[1].startswith("v1/") else set()
        assert unlisted(patterns, fewer) - unlisted(patterns, MATRIX) == expected


def test_a_view_that_declares_nothing_is_noticed() -> None:
    def view(request: object) -> None: ...

    assert undeclared([path("open-to-all/", view)]) == {"open-to-all/"}


def test_an_operation_that_declares_nothing_cannot_load() -> None:
    def forgotten(request: object) -> None: ...

    view = PathView()
    view.add_operation("/forgotten", ["POST"], forgotten)
    with pytest.raises(
        TypeError, match=f"forgotten has no @operation\\({Action.__name__}"
    ):
        declared_by(view)
