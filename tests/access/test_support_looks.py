"""What staff look at is in the customer's audit; without a session they get nothing."""

import json
import time
from typing import Any

import pytest
from django.db import connection
from django.urls import get_resolver

from nsadmin.access.models import Organization, SupportSession
from nsadmin.access.support import listing, looks, words
from nsadmin.access.support.words import PAGES, Visit
from nsadmin.audit import record, verify
from nsadmin.audit.models import AuditEvent, Outcome
from nsadmin.comparison.start import start
from nsadmin.health.sampling.sampler import sample
from nsadmin.jobs.models import Job
from nsadmin.namespaces.read import snapshots
from nsadmin.pages.urls import urlpatterns
from tests.access.marked import WORD, mark
from tests.access.matrix import MATRIX
from tests.access.test_isolation import BESIDE, FOR_ALL, filled
from tests.access.test_matrix import BODIES
from tests.cast import Cast, make_job, make_namespace
from tests.hostile.walk import signed_in
from tests.pages.test_compare import kept


class Staff:
    """A person of the platform: a browser that shows Northlight, and a key."""

    def __init__(self, cast: Cast, role: str = "support") -> None:
        self._key = cast.bearer(role)
        self.client = signed_in(cast, role)

    def page(self, path: str, **headers: str) -> Any:
        return self.client.get(path, headers=headers)

    def api(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return self.client.generic(
            method,
            path,
            "" if body is None else json.dumps(body),
            content_type="application/json",
            headers={**self._key, **headers},
        )


def seen(organization: Organization) -> list[AuditEvent]:
    rows = AuditEvent.objects.filter(organization_id=organization.organization_id)
    return list(rows.filter(action__in=(words.VIEWED, words.OPENED)).order_by("pk"))


def summaries(organization: Organization) -> list[str]:
    return [event.summary for event in seen(organization)]


# Rows --------------------------------------------------------------------------------


def test_each_page_that_support_opens_is_a_row_of_the_customer(cast: Cast) -> None:
    session = cast.open_session("support", cast.northlight)
    staff, at = Staff(cast), f"/namespaces/{cast.own.namespace_id}/"
    for path in (at, f"{at}indexes/", "/namespaces/", "/organization/keys/", at):
        assert staff.page(path).status_code == 200
    name = cast.own.name
    assert summaries(cast.northlight) == [
        f"Support viewed the overview of namespace {name}.",
        f"Support viewed the payload indexes of namespace {name}.",
        "Support viewed the list of namespaces.",
        "Support viewed the API keys.",
        f"Support viewed the overview of namespace {name}.",
    ]
    events = seen(cast.northlight)
    assert {e.support_session for e in events} == {session.session_id}
    assert {e.actor_label for e in events} == {cast.users["support"].email}
    assert [e.namespace_id for e in events[:3]] == [cast.own.namespace_id] * 2 + [""]
    assert seen(cast.halden) == []
    assert seen(cast.operator) == []
    assert not verify.verify(cast.northlight.organization_id).faults


def test_what_needs_no_session_is_no_row(cast: Cast) -> None:
    cast.open_session("support", cast.northlight)
    staff = Staff(cast)
    for path in (
        f"/namespaces/{cast.system.namespace_id}/",
        f"/namespaces/{cast.foreign.namespace_id}/",
        "/support/",
        "/support/new/",
        "/styleguide/",
        "/jobs/badge/",
    ):
        staff.page(path)
    assert seen(cast.northlight) == []


def test_what_needs_a_session_says_so_without_telling_what_is_there(cast: Cast) -> None:
    staff, told = Staff(cast), []
    for own_id in (cast.own.namespace_id, "ns_doesnotexist"):
        answer = staff.api("GET", f"/v1/namespaces/{own_id}")
        assert answer.status_code == 404
        error = json.loads(answer.content)["error"]
        assert "only during a support session" in error["message"]
        assert error["details"].pop("id") == own_id
        del error["details"]["request_id"]
        told.append(error)
    assert told[0] == told[1]
    member = staff.client.get(
        "/v1/namespaces/ns_doesnotexist", headers=cast.bearer("member")
    )
    assert member.status_code == 404
    assert "support session" not in member.content.decode()


def test_members_leave_no_row(cast: Cast) -> None:
    cast.open_session("support", cast.northlight)
    at = f"/namespaces/{cast.own.namespace_id}/"
    member = cast.browser("viewer")
    assert member.get(at).status_code == 200
    assert member.get(f"{at}settings/").status_code == 403
    assert seen(cast.northlight) == []


def test_a_refused_page_is_a_row_that_says_so_and_was_not_seen(cast: Cast) -> None:
    session = cast.open_session("support", cast.northlight)
    staff, at = Staff(cast), f"/namespaces/{cast.own.namespace_id}/"
    assert staff.page(at).status_code == 200
    for page in ("settings", "delete", "clone"):
        assert staff.page(f"{at}{page}/").status_code == 403
    name = cast.own.name
    viewed, *refused = seen(cast.northlight)
    assert viewed.outcome == Outcome.DONE
    assert {event.outcome for event in refused} == {Outcome.REFUSED}
    assert {event.namespace_id for event in refused} == {cast.own.namespace_id}
    assert [event.summary for event in refused] == [
        f"Support was refused the settings of namespace {name}.",
        f"Support was refused the deletion form of namespace {name}.",
        f"Support was refused the clone form of namespace {name}.",
    ]
    assert [view.pages for view in listing.views([session])] == [1]


def test_an_error_of_the_api_that_shows_settings_is_a_row(cast: Cast) -> None:
    cast.open_session("platform_admin", cast.northlight)
    staff = Staff(cast, "platform_admin")
    path = f"/v1/namespaces/{cast.own.namespace_id}"
    refused = staff.api("PATCH", path, {"description": "x"}, **{"If-Match": '"r99"'})
    assert refused.status_code == 412
    [event] = seen(cast.northlight)
    assert event.namespace_id == cast.own.namespace_id


def test_a_replayed_answer_is_a_row(cast: Cast) -> None:
    cast.open_session("platform_admin", cast.northlight)
    staff = Staff(cast, "platform_admin")
    path = f"/v1/templates/namespaces/from-namespace/{cast.own.namespace_id}"
    for count in (1, 2):
        kept = {"Idempotency-Key": "seen"}
        staff.api("POST", path, {"template_name": "kept"}, **kept)
        assert len(seen(cast.northlight)) == count


def test_a_part_that_renews_itself_is_one_row(cast: Cast) -> None:
    cast.open_session("support", cast.northlight)
    staff, path = Staff(cast), f"/namespaces/{cast.own.namespace_id}/health/"
    for _ in range(4):
        assert staff.page(path, **{"HX-Request": "true"}).status_code == 200
    assert len(seen(cast.northlight)) == 1


def test_other_views_of_one_address_are_rows_of_their_own(cast: Cast) -> None:
    cast.open_session("support", cast.northlight)
    staff, part = Staff(cast), {"HX-Request": "true"}
    path = f"/namespaces/{cast.own.namespace_id}/audit/"
    for query in ("text=a", "text=b", "text=b&seen=1"):
        assert staff.page(f"{path}?{query}", **part).status_code == 200
    assert len(seen(cast.northlight)) == 2


def test_a_job_is_seen_by_its_own_organization_alone(cast: Cast) -> None:
    cast.open_sessions("support")
    job = make_job(cast.halden)
    assert Staff(cast).page(f"/jobs/{job.job_id}/").status_code == 200
    assert summaries(cast.halden) == [f"Support viewed job {job.job_id}."]
    assert seen(cast.northlight) == []


def test_the_api_leaves_rows_too(cast: Cast) -> None:
    cast.open_sessions("support")
    staff, at = Staff(cast), f"/v1/namespaces/{cast.own.namespace_id}"
    assert staff.api("GET", at).status_code == 200
    by_name = staff.api("GET", f"/v1/namespaces/{cast.own.name}")
    assert by_name.status_code == 200
    said = f"Support viewed namespace {cast.own.name} through the API (GET "
    assert [text.startswith(said) for text in summaries(cast.northlight)] == [True] * 2
    assert seen(cast.halden) == []
    assert staff.api("POST", "/v1/namespaces/list", {}).status_code == 200
    for customer in (cast.northlight, cast.halden):
        assert summaries(customer)[-1] == (
            "Support viewed data through the API (POST /v1/namespaces/list)."
        )


def test_a_look_that_cannot_be_recorded_is_refused(cast: Cast) -> None:
    cast.open_session("support", cast.northlight)
    staff, at = Staff(cast), f"/namespaces/{cast.own.namespace_id}/"
    with connection.cursor() as cursor:
        table = connection.ops.quote_name("audit_chainentry")
        cursor.execute(f"ALTER TABLE {table} RENAME TO audit_chainentry_away")
        for response in (
            staff.page(at),
            staff.api("GET", f"/v1{at.rstrip('/')}"),
        ):
            assert response.status_code >= 500
            assert cast.own.name not in response.content.decode()
        away = connection.ops.quote_name("audit_chainentry_away")
        cursor.execute(f"ALTER TABLE {away} RENAME TO audit_chainentry")
    assert seen(cast.northlight) == []


def test_what_a_platform_admin_changes_names_the_session(cast: Cast) -> None:
    session = cast.open_session("platform_admin", cast.northlight)
    staff = Staff(cast, "platform_admin")
    at = f"/v1/namespaces/{cast.own.namespace_id}"
    assert staff.api("PATCH", at, {"description": "changed"}).status_code == 200
    events = AuditEvent.objects.filter(action="namespace:update")
    assert [e.support_session for e in events] == [session.session_id]


def test_fleet_is_a_row_of_those_whose_namespaces_it_lists(cast: Cast) -> None:
    cast.open_session("support", cast.northlight)
    staff = Staff(cast)
    sample()
    snapshots.record_silence([cast.foreign.namespace_id], "Qdrant does not answer.")
    assert staff.page("/fleet/").status_code == 200
    assert summaries(cast.northlight) == []
    snapshots.record_silence([cast.own.namespace_id], "Qdrant does not answer.")
    assert staff.page("/fleet/").status_code == 200
    said = "Support viewed Fleet, with this organization's namespaces."
    assert summaries(cast.northlight) == [said]
    assert summaries(cast.halden) == []


def test_a_document_is_named() -> None:
    visit = Visit(
        door="page",
        method="GET",
        path="/x",
        route="document",
        names={"namespace_id": "ns_1", "document_id": "doc_7"},
        namespace="films",
    )
    assert words.action_of(visit) == "support:open"
    assert words.sentence_of(visit) == (
        "Support opened document doc_7 of namespace films."
    )


def test_a_page_without_words_of_its_own_is_named_by_its_route() -> None:
    visit = Visit("page", "GET", "/x", "odd_page", {}, "films")
    assert words.sentence_of(visit) == (
        "Support viewed the page “odd page” of namespace films."
    )


def test_a_repeat_is_counted_anew_after_a_while(monkeypatch, cast: Cast) -> None:
    cast.open_session("support", cast.northlight)
    staff, path = Staff(cast), f"/namespaces/{cast.own.namespace_id}/health/"
    now = time.time()
    for later in (0, looks.REPEATS_WITHIN_S):
        monkeypatch.setattr(time, "time", lambda later=later: now + later)
        staff.page(path, **{"HX-Request": "true"})
    assert len(seen(cast.northlight)) == 2


def test_a_list_of_comparisons_is_a_row_of_each_whose_names_are_in_it(
    cast: Cast,
) -> None:
    cast.open_sessions("platform_admin")
    other = make_namespace(cast.northlight, "films two", in_qdrant=False)
    staff = Staff(cast, "platform_admin")
    assert staff.page("/compare/").status_code == 200
    assert seen(cast.halden) == []
    kept(cast, cast.own, cast.foreign, whose="operator")
    kept(cast, cast.own, other)
    text = staff.page("/compare/").content.decode()
    assert "films two" in text
    assert len(seen(cast.halden)) == 1
    assert seen(cast.northlight)


def test_events_of_a_customer_beside_a_system_namespace_are_a_row(cast: Cast) -> None:
    cast.open_sessions("support")
    staff, at = Staff(cast), f"/namespaces/{cast.system.namespace_id}/audit/"
    assert staff.page(at).status_code == 200
    assert seen(cast.halden) == []
    record.record(
        action="namespace:clone",
        summary="Clone it.",
        actor=cast.actor("stranger"),
        organization_id=cast.halden.organization_id,
        namespace_id=cast.system.namespace_id,
        namespace_name=cast.system.name,
    )
    assert "Clone it." in staff.page(at).content.decode()
    assert len(seen(cast.halden)) == 1
    assert staff.page(f"{at}?format=csv").status_code == 200
    assert len(seen(cast.halden)) == 2
    assert seen(cast.northlight) == []


def test_a_template_of_a_customers_configuration_is_in_their_audit(cast: Cast) -> None:
    cast.open_session("platform_admin", cast.northlight)
    path = f"/v1/templates/namespaces/from-namespace/{cast.own.namespace_id}"
    staff = Staff(cast, "platform_admin")
    assert staff.api("POST", path, {"template_name": "taken"}).status_code == 201
    rows = AuditEvent.objects.filter(action="template:create")
    owners = {row.organization_id: row.summary for row in rows}
    assert set(owners) == {
        cast.operator.organization_id,
        cast.northlight.organization_id,
    }
    assert "taken" not in owners[cast.northlight.organization_id]


def test_the_job_of_a_comparison_by_staff_keeps_no_name(cast: Cast) -> None:
    cast.open_sessions("platform_admin")
    left, right = cast.own.namespace_id, cast.system.namespace_id
    started = start(cast.actor("platform_admin"), left, right, "sample")
    job = Job.objects.get(pk=started.comparison_id)
    assert job.title == f"Compare {left} with “{cast.system.name}”"


# The end -----------------------------------------------------------------------------


def test_the_next_request_after_the_end_is_refused(cast: Cast) -> None:
    session = cast.open_session("support", cast.northlight)
    staff, at = Staff(cast), f"/namespaces/{cast.own.namespace_id}/"
    poll = {"HX-Request": "true"}
    asked = [
        lambda: staff.page(at),
        lambda: staff.page(f"{at}health/", **poll),
        lambda: staff.api("GET", f"/v1{at.rstrip('/')}"),
        lambda: staff.api("GET", f"/v1{at.rstrip('/')}/stats"),
    ]
    assert [ask().status_code for ask in asked] == [200] * 4
    admin = cast.browser("admin")
    form = {"act": "end", "session_id": session.session_id}
    assert admin.post("/organization/support/", form).status_code == 302
    count = len(seen(cast.northlight))
    assert [ask().status_code for ask in asked] == [404] * 4
    assert len(seen(cast.northlight)) == count


def test_the_list_shows_the_operator_again_and_says_that_it_ended(cast: Cast) -> None:
    cast.open_session("support", cast.northlight)
    staff = Staff(cast)
    assert cast.own.name in staff.page("/namespaces/").content.decode()
    SupportSession.objects.update(ends_at="2020-01-01T00:00:00Z")
    text = staff.page("/namespaces/").content.decode()
    assert cast.own.name not in text
    assert "Your support session for Northlight Media has ended." in text
    assert "has ended" not in staff.page("/namespaces/").content.decode()


def test_a_kept_answer_ends_with_the_session(cast: Cast) -> None:
    session = cast.open_session("platform_admin", cast.northlight)
    staff = Staff(cast, "platform_admin")
    at = f"/v1/templates/namespaces/from-namespace/{cast.own.namespace_id}"
    body = {"template_name": "kept"}

    def ask() -> int:
        headers = {"Idempotency-Key": "once"}
        return int(staff.api("POST", at, body, **headers).status_code)

    first = ask()
    assert first in (200, 201)
    assert ask() == first
    SupportSession.objects.filter(pk=session.pk).update(ended_at="2020-01-01T00:00:00Z")
    assert ask() == 404


# The link of an invitation says whose it is.
ELSEWHERE = ("/join/<secret>/",)


# Without a session -------------------------------------------------------------------


@pytest.mark.parametrize("role", ["support", "platform_admin"])
def test_without_a_session_no_answer_to_staff_tells_of_a_customer(
    cast: Cast, role: str, subtests
) -> None:
    values = {
        **mark(cast),
        **FOR_ALL,
        "<session_id>": "sup_none",
        "{id}": cast.own.namespace_id,
        "{name}": f"films {WORD}",
        "{org}": cast.northlight.organization_id,
    }
    # Staff know which organizations there are, and nothing of what is in them.
    Organization.objects.filter(pk=cast.northlight.pk).update(name="Northlight")
    asked: list[tuple[str, str, Any]] = list(BESIDE)
    for method, address in MATRIX:
        where = "#<namespace_id>" if "/analytics/" in address else ""
        body = BODIES.get((method, address), {} if method != "GET" else None)
        asked.append((method, f"/{address}{where}", body))
    # Last, because the operator's audit keeps the words of a search by staff.
    asked.sort(key=lambda call: call[1].startswith("/search/"))
    staff = Staff(cast, role)
    for method, address, body in asked:
        if address in ELSEWHERE:
            continue
        with subtests.test(f"{method} {address}"):
            sent = json.loads(filled(json.dumps(body), values))
            path, _, header = filled(address, values).partition("#")
            if path.startswith("/v1/"):
                named = {"X-Namespace": header} if header else {}
                response = staff.api(method, path, sent, **named)
            else:
                response = getattr(staff.client, method.lower())(path, sent or {})
            assert response.status_code < 500
            text = response.getvalue().decode() + str(response.headers)
            if WORD not in address + json.dumps(sent) + path:
                assert WORD not in text
    assert len(asked) > 100


def test_a_missing_page_leads_staff_to_the_form_and_tells_nothing(cast: Cast) -> None:
    staff, member = Staff(cast), cast.browser("stranger")
    taken = staff.page(f"/namespaces/{cast.own.namespace_id}/").content.decode()
    free = staff.page("/namespaces/ns_nothing/").content.decode()
    for text in (taken, free):
        assert "/support/new/" in text
        assert "only during a support session" in text
    theirs = member.get(f"/namespaces/{cast.own.namespace_id}/").content.decode()
    assert "/support/new/" not in theirs


def test_the_words_are_of_routes_that_exist_or_will() -> None:
    names = {getattr(p, "name", None) for p in get_resolver().url_patterns}
    for pattern in get_resolver().url_patterns:
        names |= {
            getattr(p, "name", None) for p in getattr(pattern, "url_patterns", ())
        }
    later = {"documents", "resources", "map", "comparison", "search"}
    assert set(words.PAGES) - names <= later


# Pages without data of one organization, and those that are named by what they open.
WORDLESS = {
    "account",  # their own
    "own_name",
    "account_notifications",
    "single_sign_on",
    "sso_confirm",
    "mfa_index",
    "mfa_list_webauthn",
    "organization_leave",
    "sessions",
    "search_suggestions",
    "organization_options",
    "styleguide",
    "jobs-badge",
    "platform_organization_new",
}


def test_every_page_is_named_in_words() -> None:
    names = {
        pattern.name
        for pattern in urlpatterns
        if pattern.callback.declared.door == "page"
        and not getattr(pattern.callback, "is_post_only", False)
        and pattern.name not in ("document", "support")
        and not pattern.name.startswith(("support_", "document_"))
    }
    assert len(names) > 50
    assert {name for name in names - WORDLESS if name not in PAGES} == set()


def test_two_that_are_compared_are_both_named(cast: Cast) -> None:
    cast.open_session("support", cast.northlight)
    other = make_namespace(cast.northlight, "films two", in_qdrant=False)
    pair = f"left={cast.own.namespace_id}&right={other.namespace_id}"
    assert Staff(cast).page(f"/compare/?{pair}").status_code == 200
    [event] = seen(cast.northlight)
    assert "a comparison of settings of namespace" in event.summary
    assert cast.own.name in event.summary
    assert "films two" in event.summary


def test_a_list_by_the_api_counts_as_documents(cast: Cast) -> None:
    cast.open_session("support", cast.northlight)
    path = f"/v1/namespaces/{cast.own.namespace_id}/documents/list"
    assert Staff(cast).api("POST", path, {}).status_code == 200
    [event] = seen(cast.northlight)
    assert event.action == "support:open"
    assert "read a list of documents of namespace" in event.summary
